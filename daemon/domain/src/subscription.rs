//! Contact × address × list: pending → confirmed → unsubscribed, and pending again.

use jiff::{Timestamp, ToSpan};

use crate::words::InvalidTransition;

/// Days after which an unconfirmed subscription expires and is destroyed.
pub const PENDING_DAYS: i64 = 7;

/// Where a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionState {
    /// Asked for; the one confirmation mail is out or on its way.
    Pending {
        /// When it was asked for.
        since_at: Timestamp,
    },
    /// Confirmed from the mailbox, by attested paper, or so claimed by an import. Whether a consent
    /// can be shown is another question: the gate asks both.
    Confirmed {
        /// When.
        at: Timestamp,
    },
    /// The person left this list.
    Unsubscribed {
        /// When.
        at: Timestamp,
    },
}

impl SubscriptionState {
    /// The word of the state, as in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Confirmed { .. } => "confirmed",
            Self::Unsubscribed { .. } => "unsubscribed",
        }
    }

    /// When a pending subscription expires; `None` for the others.
    #[must_use]
    pub fn expires_at(self) -> Option<Timestamp> {
        match self {
            Self::Pending { since_at } => since_at.checked_add((PENDING_DAYS * 24).hours()).ok(),
            Self::Confirmed { .. } | Self::Unsubscribed { .. } => None,
        }
    }

    /// The person confirms by POST.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless pending and not expired.
    pub fn confirm(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Pending { .. } if self.expires_at().is_some_and(|end| now < end) => {
                Ok(Self::Confirmed { at: now })
            }
            Self::Pending { .. } | Self::Confirmed { .. } | Self::Unsubscribed { .. } => {
                Err(self.refuse("be confirmed"))
            }
        }
    }

    /// The person leaves the list; leaving twice is no error, the first time stands.
    #[must_use]
    pub fn unsubscribe(self, now: Timestamp) -> Self {
        match self {
            Self::Pending { .. } | Self::Confirmed { .. } => Self::Unsubscribed { at: now },
            Self::Unsubscribed { at } => Self::Unsubscribed { at },
        }
    }

    /// The person asks for the list again.
    ///
    /// # Errors
    /// [`InvalidTransition`] when confirmed: there is nothing to ask for.
    pub fn ask_again(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Pending { .. } | Self::Unsubscribed { .. } => Ok(Self::Pending { since_at: now }),
            Self::Confirmed { .. } => Err(self.refuse("be asked for again")),
        }
    }

    fn refuse(self, step: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "subscription", from: self.name(), step }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pending_subscription_is_confirmed_within_seven_days_only() {
        let asked = Timestamp::UNIX_EPOCH;
        let pending = SubscriptionState::Pending { since_at: asked };
        let last = asked + (7 * 24).hours();
        assert!(pending.confirm(last - 1.second()).is_ok());
        assert!(pending.confirm(last).is_err());
    }

    #[test]
    fn who_left_comes_back_only_through_a_new_confirmation() {
        let now = Timestamp::UNIX_EPOCH;
        let left = SubscriptionState::Confirmed { at: now }.unsubscribe(now);
        assert!(left.confirm(now).is_err());
        let again = left.ask_again(now).and_then(|state| state.confirm(now));
        assert_eq!(again, Ok(SubscriptionState::Confirmed { at: now }));
    }
}
