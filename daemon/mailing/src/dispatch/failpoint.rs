//! Named points at which a test kills the process; nothing in a build without the feature.
//!
//! In process a test passes a hook; a child process built with the feature `failpoints` reads
//! `CONSENTRY_FAILPOINT` and aborts at the point of that name.

use std::fmt;
use std::sync::Arc;

/// The points around one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failpoint {
    /// The row is claimed, START is not written.
    BeforeStart,
    /// START is in the journal, nothing was said to the relay.
    AfterStart,
    /// The final dot is written, the reply is not read.
    AfterDot,
    /// The reply is known, END is not written.
    BeforeEnd,
    /// END is in the journal, the ledger does not know.
    AfterEnd,
    /// The batch of outcomes is about to be committed.
    BeforeSettle,
}

impl Failpoint {
    /// All of them, in the order in which a mail meets them.
    pub const ALL: [Self; 6] = [
        Self::BeforeStart,
        Self::AfterStart,
        Self::AfterDot,
        Self::BeforeEnd,
        Self::AfterEnd,
        Self::BeforeSettle,
    ];

    /// The name in `CONSENTRY_FAILPOINT`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeStart => "before_start",
            Self::AfterStart => "after_start",
            Self::AfterDot => "after_dot",
            Self::BeforeEnd => "before_end",
            Self::AfterEnd => "after_end",
            Self::BeforeSettle => "before_settle",
        }
    }
}

/// What happens at the points; nothing by default.
#[derive(Clone, Default)]
pub struct Failpoints(Option<Arc<dyn Fn(Failpoint) + Send + Sync>>);

impl fmt::Debug for Failpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failpoints(set: {})", self.0.is_some())
    }
}

impl Failpoints {
    /// Calls `hook` at each point.
    #[must_use]
    pub fn with(hook: impl Fn(Failpoint) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    /// Aborts the process at the point that the environment names, as a power switch would.
    #[cfg(feature = "failpoints")]
    #[must_use]
    pub fn from_environment() -> Self {
        let Ok(wanted) = std::env::var("CONSENTRY_FAILPOINT") else {
            return Self::default();
        };
        Self::with(move |point| {
            if point.name() == wanted {
                std::process::abort();
            }
        })
    }

    pub(super) fn reach(&self, point: Failpoint) {
        if let Some(hook) = &self.0 {
            hook(point);
        }
    }
}
