//! A form entry: the other way, beside mail, in which a person reaches us.
//!
//! Produced by `web` after the page's checks, filed by `cases` through the same function as a
//! mail (policy clauses 5.2 and 5.3 name the form first).

use serde::{Deserialize, Serialize};

use crate::{address::EmailAddress, language::Locale};

/// Where on our pages data were collected (policy clause 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapturePoint {
    /// An order in the shop.
    Order,
    /// A comment.
    Comment,
    /// A review.
    Review,
    /// A subscription form.
    SubscriptionForm,
    /// The feedback form.
    FeedbackForm,
    /// A program, on behalf of a person (a form on somebody else's page).
    Api,
}

impl CapturePoint {
    /// The word kept as evidence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Comment => "comment",
            Self::Review => "review",
            Self::SubscriptionForm => "subscription_form",
            Self::FeedbackForm => "feedback_form",
            Self::Api => "api",
        }
    }
}

/// One feedback form entry, checked for shape only. Personal data; prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct FormEntry {
    /// The name as typed; may be empty. At most 200 characters.
    pub name: String,
    /// Where the answer goes.
    pub email: EmailAddress,
    /// The telephone number as typed; may be empty. At most 40 characters.
    pub phone: String,
    /// What the person writes. At most 20,000 characters.
    pub text: String,
    /// Where the form stood.
    pub capture_point: CapturePoint,
    /// The address of the page the form stood on, without query; may be empty.
    pub page: String,
    /// The version of the policy shown beside the form.
    pub policy_version: String,
    /// The language of the page.
    pub locale: Locale,
    /// A random value of the rendered form: the same form sent twice is one submission.
    pub form_key: [u8; 16],
    /// The person's network address as the trusted proxy says; evidence.
    pub remote_address: String,
    /// The browser's name of itself; evidence. At most 300 characters.
    pub user_agent: String,
}

impl std::fmt::Debug for FormEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FormEntry")
            .field("capture_point", &self.capture_point)
            .field("locale", &self.locale)
            .finish_non_exhaustive()
    }
}
