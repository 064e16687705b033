//! One newsletter issue to an audience: draft → approved → scheduled → freezing → running ⇄
//! paused → finished or cancelled; held waits for a person.

mod breaker;
mod issue;
pub mod rules;
mod start;

use jiff::Timestamp;

pub use breaker::{BreakerLimits, Tripped};
pub use issue::{AudienceRule, BodyFormat, CampaignRule, Content, content_hash};
pub use start::{InvalidStart, Start};

use crate::words::{InvalidTransition, words};

/// The hash of content, audience rule and time that an approval covers (invariant 17).
pub type ContentHash = [u8; 32];

/// Why a campaign waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldReason {
    /// The start was missed by more than the limit.
    LateStart,
    /// Nobody is left after the gate.
    EmptyAudience,
    /// Bounces, complaints or the relay stopped it.
    Breaker,
}

words!(HoldReason {
    LateStart => "late_start", EmptyAudience => "empty_audience", Breaker => "breaker",
});

/// Where a campaign stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CampaignState {
    /// Being written.
    Draft,
    /// Somebody approved exactly this content, audience rule and time.
    Approved {
        /// What was approved.
        hash: ContentHash,
        /// By whom.
        by: String,
    },
    /// Waits for its time.
    Scheduled {
        /// What was approved.
        hash: ContentHash,
        /// By whom.
        by: String,
        /// When it starts.
        starts_at: Timestamp,
    },
    /// The audience is being written down.
    Freezing {
        /// Since when.
        since_at: Timestamp,
    },
    /// Mails go out.
    Running,
    /// A person stopped it for now.
    Paused,
    /// Waits for a person.
    Held {
        /// Why.
        reason: HoldReason,
    },
    /// Every row is settled.
    Finished {
        /// When.
        at: Timestamp,
    },
    /// What was not sent will not be.
    Cancelled {
        /// When.
        at: Timestamp,
    },
}

impl CampaignState {
    /// The word of the state, as in the table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved { .. } => "approved",
            Self::Scheduled { .. } => "scheduled",
            Self::Freezing { .. } => "freezing",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Held { .. } => "held",
            Self::Finished { .. } => "finished",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// A person approves what hashes to `hash`.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless a draft.
    pub fn approve(self, hash: ContentHash, by: &str) -> Result<Self, InvalidTransition> {
        match self {
            Self::Draft => Ok(Self::Approved { hash, by: by.to_owned() }),
            other => Err(other.refuse("be approved")),
        }
    }

    /// Content, audience rule or time changed: the approval is void.
    ///
    /// # Errors
    /// [`InvalidTransition`] from freezing on: what is frozen is not changed.
    pub fn change(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Draft | Self::Approved { .. } | Self::Scheduled { .. } => Ok(Self::Draft),
            other => Err(other.refuse("be changed")),
        }
    }

    /// Sets the start, if what is to be sent is what was approved.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless approved with this very hash.
    pub fn schedule(
        self,
        hash: ContentHash,
        starts_at: Timestamp,
    ) -> Result<Self, InvalidTransition> {
        match self {
            Self::Approved { hash: approved, by } if approved == hash => {
                Ok(Self::Scheduled { hash, by, starts_at })
            }
            other => Err(other.refuse("be scheduled without an approval of this content")),
        }
    }

    /// Its time has come: the freeze begins, or it is held when the start is too late.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless scheduled and due.
    pub fn start(
        self,
        now: Timestamp,
        latest_delay: jiff::SignedDuration,
    ) -> Result<Self, InvalidTransition> {
        match self {
            Self::Scheduled { starts_at, .. } if now >= starts_at => {
                if now.duration_since(starts_at) > latest_delay {
                    Ok(Self::Held { reason: HoldReason::LateStart })
                } else {
                    Ok(Self::Freezing { since_at: now })
                }
            }
            other => Err(other.refuse("start")),
        }
    }

    /// The audience of `audience` recipients is frozen.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless freezing.
    pub fn frozen(self, audience: u64) -> Result<Self, InvalidTransition> {
        match self {
            Self::Freezing { .. } if audience == 0 => {
                Ok(Self::Held { reason: HoldReason::EmptyAudience })
            }
            Self::Freezing { .. } => Ok(Self::Running),
            other => Err(other.refuse("be frozen")),
        }
    }

    /// A person stops it for now.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless running.
    pub fn pause(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Running => Ok(Self::Paused),
            other => Err(other.refuse("be paused")),
        }
    }

    /// Something stops it until a person decides.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless scheduled or running.
    pub fn hold(self, reason: HoldReason) -> Result<Self, InvalidTransition> {
        match self {
            Self::Scheduled { .. } | Self::Running => Ok(Self::Held { reason }),
            other => Err(other.refuse("be held")),
        }
    }

    /// A person lets it go on.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless paused, or held: a late start freezes first.
    pub fn resume(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Held { reason: HoldReason::LateStart | HoldReason::EmptyAudience } => {
                Ok(Self::Freezing { since_at: now })
            }
            Self::Paused | Self::Held { reason: HoldReason::Breaker } => Ok(Self::Running),
            other => Err(other.refuse("be resumed")),
        }
    }

    /// A person has mails tried once more: a finished campaign goes on, one that goes on or waits
    /// for a person stays as it is.
    ///
    /// # Errors
    /// [`InvalidTransition`] before it ran and after a cancel.
    pub fn retry(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Finished { .. } => Ok(Self::Running),
            same @ (Self::Running | Self::Paused | Self::Held { reason: HoldReason::Breaker }) => {
                Ok(same)
            }
            other => Err(other.refuse("have mails tried again")),
        }
    }

    /// Every row is settled.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless running.
    pub fn finish(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Running => Ok(Self::Finished { at: now }),
            other => Err(other.refuse("finish")),
        }
    }

    /// A person cancels it.
    ///
    /// # Errors
    /// [`InvalidTransition`] when it is at its end already.
    pub fn cancel(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Draft
            | Self::Approved { .. }
            | Self::Scheduled { .. }
            | Self::Freezing { .. }
            | Self::Running
            | Self::Paused
            | Self::Held { .. } => Ok(Self::Cancelled { at: now }),
            other @ (Self::Finished { .. } | Self::Cancelled { .. }) => {
                Err(other.refuse("be cancelled"))
            }
        }
    }

    fn refuse(&self, step: &'static str) -> InvalidTransition {
        InvalidTransition { machine: "campaign", from: self.name(), step }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, ToSpan};

    use super::*;

    const HASH: ContentHash = [7; 32];
    const SIX_HOURS: SignedDuration = SignedDuration::from_hours(6);

    fn scheduled(at: Timestamp) -> CampaignState {
        CampaignState::Draft
            .approve(HASH, "olga")
            .and_then(|state| state.schedule(HASH, at))
            .expect("the straight way")
    }

    #[test]
    fn a_campaign_without_approval_of_this_content_is_not_scheduled() {
        let at = Timestamp::UNIX_EPOCH;
        assert!(CampaignState::Draft.schedule(HASH, at).is_err());
        let other = CampaignState::Draft.approve([8; 32], "olga").expect("draft");
        assert!(other.schedule(HASH, at).is_err());
        assert_eq!(scheduled(at).change(), Ok(CampaignState::Draft));
    }

    #[test]
    fn a_late_start_is_held_for_a_person() {
        let at = Timestamp::UNIX_EPOCH;
        assert!(scheduled(at).start(at - 1.second(), SIX_HOURS).is_err());
        let late = scheduled(at).start(at + 7.hours(), SIX_HOURS).expect("due");
        assert_eq!(late, CampaignState::Held { reason: HoldReason::LateStart });
        assert!(late.resume(at).is_ok());
        let frozen = scheduled(at).start(at, SIX_HOURS).and_then(|state| state.frozen(0));
        assert_eq!(frozen, Ok(CampaignState::Held { reason: HoldReason::EmptyAudience }));
    }

    #[test]
    fn what_runs_is_not_changed_and_what_ended_stays_so() {
        let now = Timestamp::UNIX_EPOCH;
        assert!(CampaignState::Running.change().is_err());
        let ended = CampaignState::Running.finish(now).expect("running");
        assert!(ended.clone().cancel(now).is_err() && ended.resume(now).is_err());
    }
}
