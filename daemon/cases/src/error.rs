//! What can go wrong in this room, named for what the caller can do about it.

use domain::{block::LiftError, request::StepError};
use store::StoreError;
use vault::VaultError;

/// An error of `cases`.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// The database failed, or said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The reply could not be written.
    #[error("the reply cannot be made: {0}; mend the template")]
    Render(#[from] render::RenderError),
    /// A setting is missing or wrong.
    #[error("{0}")]
    Settings(String),
    /// What was asked for is not there.
    #[error("there is no {what} `{id}`; see `consentry {}`", where_to_look(what))]
    NotFound {
        /// ticket, block, list, campaign or contact.
        what: &'static str,
        /// As it was asked for.
        id: String,
    },
    /// A rule forbids it.
    #[error("refused by rule {rule}: {reason}")]
    Refused {
        /// The rule's name.
        rule: &'static str,
        /// What to do instead.
        reason: String,
    },
    /// A content could not be put into words for the database: a defect.
    #[error("a content cannot be written down; please report this")]
    Content,
}

impl CasesError {
    /// Whether the disk or the database is out: nobody's fault, try again later.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Store(error) => error.is_passing(),
            Self::Vault(error) => error.is_outage(),
            Self::Render(_)
            | Self::Settings(_)
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::Content => false,
        }
    }
}

impl From<StepError> for CasesError {
    fn from(error: StepError) -> Self {
        let rule = match error {
            StepError::Machine(_) => "request_step",
            StepError::NotTheirs { .. } => "needs_person",
        };
        Self::Refused { rule, reason: error.to_string() }
    }
}

/// The command that tells what there is.
fn where_to_look(what: &str) -> String {
    match what {
        "contact" => "contact export".to_owned(),
        what => format!("{what} list"),
    }
}

impl From<LiftError> for CasesError {
    fn from(error: LiftError) -> Self {
        let rule = match error {
            LiftError::NoReason => "lift_needs_reason",
            LiftError::Transition(_) => "block_is_lifted",
        };
        Self::Refused { rule, reason: error.to_string() }
    }
}
