//! What the pages of the lists hand over to the desk, and what they show of it.
//!
//! Nothing here tells whether an address is known: only its mailbox hears that.

use domain::address::EmailAddress;
use domain::form::CapturePoint;
use domain::ids::ConsentTextId;
use domain::language::Locale;

/// What people can subscribe to now, and under which policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenLists {
    /// The lists, in the order in which they are shown.
    pub lists: Vec<OpenList>,
    /// The version of the policy in force; empty when none was written down.
    pub policy_version: String,
    /// Where it is published.
    pub policy_url: String,
}

/// A list that anybody may subscribe to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenList {
    /// Its name, as in its List-Id.
    pub name: String,
    /// Its title in the language asked for.
    pub title: String,
    /// The consent text in force in that language.
    pub text_id: ConsentTextId,
    /// That text, word for word.
    pub text: String,
}

/// A list under the text that stood beside its box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// The list, by name.
    pub list: String,
    /// The text.
    pub text_id: ConsentTextId,
}

/// How a person said yes; evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// They ticked the box beside the text.
    Checkbox,
    /// They pressed a button beside the text, in a form of somebody else's making.
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

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Checkbox, Self::Button].into_iter().find(|act| act.name() == name)
    }
}

/// Who is at the other end, as far as the connection tells; evidence, and personal data.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Visit {
    /// The network address as the trusted proxy says; empty when nobody says.
    pub remote_address: String,
    /// The program's name of itself, at most 300 characters; may be empty.
    pub user_agent: String,
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Visit(***)")
    }
}

/// A person asks for lists. Personal data; prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Wish {
    /// Which mailbox is to confirm.
    pub email: EmailAddress,
    /// The name as typed; may be empty. At most 200 characters.
    pub name: String,
    /// The language of the form.
    pub locale: Locale,
    /// What the person agreed to, each list once.
    pub agreed: Vec<Agreed>,
    /// The version of the policy shown beside them.
    pub policy_version: String,
    /// Where the form stood.
    pub capture_point: CapturePoint,
    /// How they agreed.
    pub act: Act,
    /// The address of the page the form stood on, without query; may be empty.
    pub page: String,
    /// Who sent it.
    pub visit: Visit,
}

impl std::fmt::Debug for Wish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wish")
            .field("locale", &self.locale)
            .field("agreed", &self.agreed)
            .finish_non_exhaustive()
    }
}

/// What became of a wish. The same for a known, an unknown and a blocked address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WishAnswer {
    /// If the address is right it gets one mail.
    Taken,
    /// A text or the policy is not the one in force: the person must read it again.
    TextChanged,
}

/// What a confirmation link stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmationView {
    /// Where it stands.
    pub state: ConfirmationState,
    /// The language of the mail it came in.
    pub locale: Locale,
    /// What is confirmed by it.
    pub lists: Vec<ConfirmedList>,
}

/// One list of a confirmation, with what was agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedList {
    /// Its name, as in its List-Id.
    pub name: String,
    /// Its title in the language of the mail.
    pub title: String,
    /// The consent text, word for word.
    pub text: String,
}

/// Where a confirmation link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmationState {
    /// It waits for the button.
    Open,
    /// It was confirmed by this very request.
    Confirmed,
    /// It was confirmed before.
    Already,
    /// Its seven days are over.
    Expired,
}

/// What an unsubscribe token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsubscribeView {
    /// The list; `None` when the subscription was destroyed.
    pub list: Option<LeavableList>,
    /// The language of the person.
    pub locale: Locale,
}

/// The list of an unsubscribe token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeavableList {
    /// Its name, as in its List-Id.
    pub name: String,
    /// Its title in Russian.
    pub title_ru: String,
    /// Its title in English.
    pub title_en: String,
    /// Whether the person has left it already.
    pub is_left: bool,
}

impl LeavableList {
    /// Its title in that language.
    #[must_use]
    pub fn title(&self, locale: Locale) -> &str {
        match locale {
            Locale::Ru => &self.title_ru,
            Locale::En => &self.title_en,
        }
    }
}

/// What a token turned out to be when somebody left by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaveAnswer {
    /// One of ours: its subscription is left now, was before, or is gone.
    Left,
    /// None of ours.
    Unknown,
}

/// What a person leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// The list of the token, by the mail program's button (RFC 8058).
    OneClick,
    /// The list of the token, by the page's first button.
    List,
    /// All lists, by the page's second button.
    Everything,
}
