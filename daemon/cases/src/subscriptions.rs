//! Subscriptions: asked for on a page, proven by one mail, left by a token.
//!
//! Called by `web` for the public pages and by filing for `unsub+token@` mails. A wish is pending
//! until it is confirmed by POST from the mailbox; only then there is a contact and a consent of
//! grade proven. Who asks learns nothing of an address: only its mailbox hears more.

mod asking;
mod confirming;
pub(crate) mod ending;
mod expiring;
pub(crate) mod leaving;

use domain::{
    address::EmailAddress,
    form::CapturePoint,
    ids::{ConsentTextId, ListId},
    language::Locale,
};

use crate::{Cases, CasesError};

pub use leaving::{Leaving, Left, Method, Reach};

/// A list that anybody may subscribe to, in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenList {
    /// Its row.
    pub id: ListId,
    /// Its name, as in its List-Id.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What its mail is about, in a few words.
    pub purpose: &'static str,
    /// Who advertises.
    pub advertiser: String,
    /// The words a person consents to.
    pub text: ConsentTextShown,
    /// Where the policy in force is published.
    pub policy_url: String,
    /// Its version.
    pub policy_version: String,
}

/// A consent text as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentTextShown {
    /// Its row: given back with the wish.
    pub id: ConsentTextId,
    /// Its number.
    pub version: i64,
    /// The words.
    pub body: String,
    /// SHA-256 of the words in UTF-8.
    pub sha256: [u8; 32],
}

/// How a person said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// They ticked the box beside the text.
    Checkbox,
    /// They pressed a button beside the text.
    Button,
}

impl Act {
    /// The word kept as evidence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Checkbox => "checkbox",
            Self::Button => "button",
        }
    }
}

/// Who is at the other end; evidence and personal data.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Visitor {
    /// The address of the page, without query; may be empty.
    pub page: String,
    /// The network address as the trusted proxy says; may be empty.
    pub ip: String,
    /// The program's name of itself; may be empty.
    pub user_agent: String,
}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Visitor(***)")
    }
}

/// Where and how a wish was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Where.
    pub point: CapturePoint,
    /// How the person agreed.
    pub act: Act,
    /// Who sent it, from which page.
    pub visitor: Visitor,
}

/// A wish for one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListWish {
    /// The list, by name.
    pub list: String,
    /// The words that were shown.
    pub text: ConsentTextId,
}

/// A person asks for lists. Personal data; prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSubscription {
    /// Which mailbox is to confirm.
    pub address: EmailAddress,
    /// The name as typed; may be empty.
    pub name: String,
    /// What for, each list once.
    pub wishes: Vec<ListWish>,
    /// The version of the policy shown; empty where none was.
    pub policy_version: String,
    /// The language of the page.
    pub locale: Locale,
    /// How it was captured.
    pub capture: Capture,
}

impl std::fmt::Debug for NewSubscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSubscription").field("wishes", &self.wishes).finish_non_exhaustive()
    }
}

/// What the link of a confirmation mail stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmationShown {
    /// Where it stands.
    pub state: ConfirmationState,
    /// The language of the mail.
    pub locale: Locale,
    /// What is confirmed by it.
    pub lists: Vec<ConfirmedList>,
}

/// Where a confirmation link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmationState {
    /// It waits for the button.
    Open,
    /// It was confirmed.
    Confirmed,
    /// Its seven days are over.
    Expired,
}

/// One list of a confirmation, with the words agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedList {
    /// Its name.
    pub name: String,
    /// Its title in the language of the mail.
    pub title: String,
    /// The words.
    pub text: String,
}

/// What became of a confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// It was confirmed by this call.
    Now,
    /// It was confirmed before.
    Already,
    /// Its seven days are over.
    Expired,
    /// No token of ours.
    Unknown,
}

/// What an unsubscribe token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsubscriptionShown {
    /// The list, if the subscription is still there.
    pub list: Option<LeftList>,
    /// The person's language.
    pub locale: Locale,
}

/// The list of an unsubscribe token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftList {
    /// Its name.
    pub name: String,
    /// Its title in Russian.
    pub title_ru: String,
    /// Its title in English.
    pub title_en: String,
    /// Whether the person has left it already.
    pub is_left: bool,
}

impl Cases {
    /// What anybody may subscribe to now: open lists that have a consent text in this language,
    /// and none at all without a policy in force in it. [`Cases::lists`] says what is lacking.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn open_lists(&self, locale: Locale) -> Result<Vec<OpenList>, CasesError> {
        let store = self.store();
        let policy = store::policies::current(store, locale, self.parts.clock.now()).await?;
        let Some(policy) = policy else { return Ok(Vec::new()) };
        let mut open = Vec::new();
        for list in store::lists::all(store).await? {
            if !list.is_open || list.archived_at.is_some() {
                continue;
            }
            let Some(text) = store::consent_texts::newest(store, list.id, locale).await? else {
                continue;
            };
            let given = Some(policy.url.as_str()).filter(|url| !url.is_empty());
            let url = given.unwrap_or(&self.parts.settings.policy_url);
            open.push(OpenList {
                id: list.id,
                title: list.title(locale).to_owned(),
                purpose: list.purpose.name(),
                advertiser: text.advertiser,
                text: ConsentTextShown {
                    id: text.id,
                    version: text.version,
                    body: text.body,
                    sha256: text.sha256,
                },
                policy_url: url.to_owned(),
                policy_version: policy.version.clone(),
                name: list.name,
            });
        }
        Ok(open)
    }
}
