//! The desk: what the pages ask of the rest of the product.
//!
//! `cases` stands behind it in the daemon, a scripted one in the tests. The pages hand over what
//! a person sent and show what the desk tells them; they decide nothing about it.

mod cases;
mod lists;
mod packages;

use async_trait::async_trait;
use domain::form::FormEntry;
use domain::language::Locale;
use domain::regime::{DutyName, RequestName};
use domain::request::RequestState;
use domain::ticket::TicketState;
use domain::ticket_number::{StatusCode, TicketNumber};
use jiff::Timestamp;
use jiff::civil::Date;

pub use ::cases::identity::{ChallengeAnswer, ChallengeStanding, ChallengeView};
pub use ::cases::systems::{Callback as SystemMessage, CallbackAnswer as SystemMessageAnswer};

pub use lists::{
    Act, Agreed, ConfirmationState, ConfirmationView, ConfirmedList, LeavableList, LeaveAnswer,
    Leaving, OpenList, OpenLists, UnsubscribeView, Visit, Wish, WishAnswer,
};

pub use packages::{PackageFile, PackageStanding, PackageView};

/// What a person who has number and code may see of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusView {
    /// The number.
    pub ticket_number: TicketNumber,
    /// Where the ticket stands.
    pub state: TicketState,
    /// When the first submission was received.
    pub opened_at: Timestamp,
    /// The requests of the ticket, oldest first.
    pub requests: Vec<RequestView>,
}

/// One request as its person may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestView {
    /// What is asked for.
    pub name: RequestName,
    /// Where it stands.
    pub state: RequestState,
    /// What is still owed, with its legal date.
    pub owed: Vec<(DutyName, Date)>,
}

/// Whether the parts behind the pages work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Names of the parts that do not work, such as `database`; empty when all is well.
    pub failing: Vec<String>,
}

/// Why the desk did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// The database or the disk does not answer; the same may work in a moment.
    #[error("the desk is not available now")]
    Unavailable,
    /// Something is wrong that trying again will not mend; the desk has logged it.
    #[error("the desk failed")]
    Failed,
}

/// The rest of the product, as the pages see it.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Files a form entry: the same function as for mail, in one transaction. The same
    /// [`FormEntry::form_key`] twice is one submission. Nothing is told of the ticket: anybody
    /// can type somebody else's address, so number and code go to that address only, by mail.
    ///
    /// # Errors
    /// [`DeskError`]; nothing was filed then.
    async fn file_form(&self, entry: FormEntry) -> Result<(), DeskError>;

    /// Address and version of the policy that holds now in a language; `None` where none is
    /// written down: then the configured one stands beside the form.
    ///
    /// # Errors
    /// [`DeskError`].
    async fn policy_in_force(
        &self,
        _locale: Locale,
    ) -> Result<Option<(String, String)>, DeskError> {
        Ok(None)
    }

    /// The state of the ticket of that number, if the code is its code; `None` for a wrong
    /// number as for a wrong code, and after the same time.
    ///
    /// # Errors
    /// [`DeskError`].
    async fn request_status(
        &self,
        number: TicketNumber,
        code: StatusCode,
    ) -> Result<Option<StatusView>, DeskError>;

    /// What people can subscribe to now.
    ///
    /// # Errors
    /// [`DeskError`].
    async fn open_lists(&self, locale: Locale) -> Result<OpenLists, DeskError>;

    /// Takes a wish: a pending subscription and one confirmation mail, if all texts are the ones
    /// in force; nothing at all otherwise.
    ///
    /// # Errors
    /// [`DeskError`]; nothing was taken then.
    async fn subscribe(&self, wish: Wish) -> Result<WishAnswer, DeskError>;

    /// What the link of a confirmation mail stands for; changes nothing. `None` for a token that
    /// is none of ours.
    ///
    /// # Errors
    /// [`DeskError`].
    async fn confirmation(&self, token: &str) -> Result<Option<ConfirmationView>, DeskError>;

    /// Confirms what the link stands for, and shows it; confirming again changes nothing.
    ///
    /// # Errors
    /// [`DeskError`]; nothing was confirmed then.
    async fn confirm(
        &self,
        token: &str,
        visit: Visit,
    ) -> Result<Option<ConfirmationView>, DeskError>;

    /// What an unsubscribe token stands for; changes nothing. `None` for a token that is none of
    /// ours.
    ///
    /// # Errors
    /// [`DeskError`].
    async fn unsubscription(&self, token: &str) -> Result<Option<UnsubscribeView>, DeskError>;

    /// Leaves the list of the token, or everything; leaving again changes nothing.
    ///
    /// # Errors
    /// [`DeskError`]; nothing was left then.
    async fn unsubscribe(
        &self,
        token: &str,
        leaving: Leaving,
        visit: Visit,
    ) -> Result<LeaveAnswer, DeskError>;

    /// What the link of a challenge stands for; changes nothing. `None` for a token that is none
    /// of ours.
    ///
    /// # Errors
    /// [`DeskError`].
    async fn challenge(&self, token: &str) -> Result<Option<ChallengeView>, DeskError>;

    /// Takes the answer to a challenge, and shows it as it stands then; it counts once.
    ///
    /// # Errors
    /// [`DeskError`]; nothing was taken then.
    async fn answer_challenge(
        &self,
        token: &str,
        answer: ChallengeAnswer,
    ) -> Result<Option<ChallengeView>, DeskError>;

    /// The same by number and code; `None` for a wrong number, a wrong code and one that is over.
    ///
    /// # Errors
    /// [`DeskError`]; nothing was taken then.
    async fn answer_challenge_code(
        &self,
        number: TicketNumber,
        code: StatusCode,
        answer: ChallengeAnswer,
    ) -> Result<Option<ChallengeView>, DeskError>;

    /// Hears what a connected system says of a call. The signature is checked behind the desk.
    ///
    /// # Errors
    /// [`DeskError`]; nothing was written down then, the system is to say it again.
    async fn hear_system(
        &self,
        message: SystemMessage<'_>,
    ) -> Result<SystemMessageAnswer, DeskError>;

    /// What the link of a package stands for; changes nothing. `None` for a token that is none of
    /// ours.
    ///
    /// # Errors
    /// [`DeskError`].
    async fn package_link(&self, token: &str) -> Result<Option<PackageView>, DeskError>;

    /// Takes the file of a link and spends it; `None` when the link gives none.
    ///
    /// # Errors
    /// [`DeskError`]; nothing was spent then.
    async fn fetch_package(&self, token: &str) -> Result<Option<PackageFile>, DeskError>;

    /// Whether what is needed to file a form works.
    async fn health(&self) -> Health;
}
