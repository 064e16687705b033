//! The troubles of the outlet: while it rests nothing is claimed, afterwards it is tried first.
//!
//! Attempts report here what they met; the loop asks before each claim. The pauses grow until a
//! mail was taken or refused for its own sake after a pause, or nothing happened for long: a
//! session that opens proves nothing of a relay that refuses each mail.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use store::{Store, StoreError, alarms};

use crate::error::MailingError;
use crate::outcome::{Answer, EnhancedCode, Outcome};
use crate::retry;
use crate::smtp::{RelayTrouble, TroubleCause};

/// Troubles further apart than this have nothing to do with each other.
const QUIET: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
pub(super) struct RelayWatch(Mutex<Troubles>);

/// So many mails put off one after the other, and none taken or refused for its own sake: it is
/// the relay that does not want any now, and more attempts would be wasted on it.
const STORM: u32 = 20;
/// How many tell it after a pause.
const STORM_GOES_ON: u32 = 5;

#[derive(Debug, Default)]
struct Troubles {
    in_a_row: u32,
    /// Mails put off in a row.
    deferred_in_a_row: u32,
    /// On the boot clock.
    rests_until: Duration,
    /// Not yet told to the ledger and to the loop.
    latest: Option<MailingError>,
    /// To be tried before any row is taken.
    unproven: bool,
    /// Whether an alarm may stand in the ledger.
    alarmed: bool,
    /// It does well, and the alarm is to be cleared.
    clears: bool,
    /// Whether the trouble is over once a session opens.
    ends_with_a_session: bool,
}

/// What the end of an attempt says of the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Nothing.
    Alone,
    /// One mail after the other was put off.
    PutOffAgain,
}

impl RelayWatch {
    /// A watch that knows whether an earlier run left an alarm behind.
    pub(super) async fn begin(store: &Store, outlet: &str) -> Result<Self, StoreError> {
        let name = alarm_name(outlet);
        let alarmed = alarms::standing(store).await?.iter().any(|alarm| alarm.name == name);
        let troubles = Troubles {
            alarmed,
            unproven: alarmed,
            ends_with_a_session: true,
            ..Troubles::default()
        };
        Ok(Self(Mutex::new(troubles)))
    }

    /// An attempt found the outlet unusable.
    pub(super) fn in_trouble(&self, boot_time: Duration, random: u32, trouble: MailingError) {
        let mut troubles = self.troubles();
        // Several attempts meet the same trouble: it counts once.
        if boot_time >= troubles.rests_until {
            if boot_time - troubles.rests_until > QUIET {
                troubles.in_a_row = 0;
            }
            troubles.in_a_row = troubles.in_a_row.saturating_add(1);
            troubles.rests_until = boot_time + retry::relay_pause(troubles.in_a_row, random);
        }
        troubles.unproven = true;
        troubles.alarmed = true;
        troubles.clears = false;
        troubles.ends_with_a_session = !refuses_mails(&trouble);
        troubles.latest = Some(trouble);
    }

    /// How an attempt ended; tells when the relay puts off mail after mail. What was under way
    /// before a pause proves nothing.
    pub(super) fn ended(&self, boot_time: Duration, outcome: &Outcome) -> Ended {
        let mut troubles = self.troubles();
        match outcome {
            // A mailbox that is greylisted or full says nothing of the relay.
            Outcome::Deferred(answer) if !speaks_of_us(answer) => {}
            Outcome::Deferred(_) => {
                troubles.deferred_in_a_row = troubles.deferred_in_a_row.saturating_add(1);
            }
            Outcome::Accepted(_) | Outcome::Rejected(_) => troubles.deferred_in_a_row = 0,
            Outcome::Uncertain(_) | Outcome::NotSent => {}
        }
        if troubles.deferred_in_a_row >= STORM && boot_time >= troubles.rests_until {
            troubles.deferred_in_a_row = STORM - STORM_GOES_ON;
            return Ended::PutOffAgain;
        }
        let well = matches!(outcome, Outcome::Accepted(_) | Outcome::Rejected(_));
        if well && boot_time >= troubles.rests_until && troubles.latest.is_none() {
            troubles.in_a_row = 0;
            troubles.unproven = false;
            troubles.clears = troubles.alarmed;
        }
        Ended::Alone
    }

    /// A session opened.
    pub(super) fn opened(&self) {
        let mut troubles = self.troubles();
        troubles.unproven = false;
        troubles.clears = troubles.alarmed && troubles.ends_with_a_session;
    }

    pub(super) fn rests(&self, boot_time: Duration) -> bool {
        boot_time < self.troubles().rests_until
    }

    /// Whether it is to be tried before any row is taken.
    pub(super) fn is_unproven(&self) -> bool {
        self.troubles().unproven
    }

    pub(super) fn take_latest(&self) -> Option<MailingError> {
        self.troubles().latest.take()
    }

    /// Whether the alarm in the ledger is out of date.
    pub(super) fn clears(&self) -> bool {
        self.troubles().clears
    }

    /// The alarm was cleared.
    pub(super) fn cleared(&self) {
        let mut troubles = self.troubles();
        if troubles.clears {
            troubles.clears = false;
            troubles.alarmed = false;
        }
    }

    fn troubles(&self) -> std::sync::MutexGuard<'_, Troubles> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a deferral speaks of the whole relay or of us as senders, not of one mailbox.
fn speaks_of_us(answer: &Answer) -> bool {
    match (answer.code, answer.enhanced) {
        (Some(421), _) | (_, Some(EnhancedCode(4, 3 | 7, _))) => true,
        // Where the server gives no enhanced code: 450 and 452 are a mailbox's, 451 its own error.
        (Some(450 | 452), None) | (_, Some(_)) => false,
        // No reply decided: the connection broke.
        (None | Some(_), None) => true,
    }
}

/// Whether sessions open and the mails in them are refused.
fn refuses_mails(trouble: &MailingError) -> bool {
    match trouble {
        MailingError::Relay(RelayTrouble { cause: TroubleCause::Refused { step, .. }, .. }) => {
            matches!(*step, "MAIL" | "RCPT" | "DATA" | "the final dot")
        }
        _ => is_busy(trouble),
    }
}

/// Whether it is a trouble that passes by itself, of a relay that answers.
pub(super) fn is_busy(trouble: &MailingError) -> bool {
    matches!(trouble, MailingError::Relay(RelayTrouble { cause: TroubleCause::Busy { .. }, .. }))
}

/// The alarm about an outlet.
pub(super) fn alarm_name(outlet: &str) -> String {
    format!("relay/{outlet}")
}

/// Raises the alarm about an outlet.
pub(super) async fn raise(
    store: &Store,
    outlet: &str,
    trouble: &MailingError,
    now: Timestamp,
) -> Result<(), StoreError> {
    let transaction = store.begin().await?;
    alarms::raise(&transaction, &alarm_name(outlet), &trouble.to_string(), now).await?;
    transaction.commit().await
}

/// Clears the alarm about an outlet.
pub(super) async fn clear(store: &Store, outlet: &str, now: Timestamp) -> Result<(), StoreError> {
    let transaction = store.begin().await?;
    alarms::clear(&transaction, &alarm_name(outlet), now).await?;
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn trouble(step: &'static str) -> MailingError {
        let cause = TroubleCause::Refused { step, code: 554 };
        RelayTrouble { relay: "main".into(), cause }.into()
    }

    #[test]
    fn a_session_that_opens_does_not_shorten_the_pauses_of_a_relay_that_refuses_mails() {
        let watch = RelayWatch::default();
        let mut now = SECOND * 1000;
        let mut pauses = Vec::new();
        for _ in 0..4 {
            watch.in_trouble(now, 0, trouble("MAIL"));
            watch.take_latest();
            let began = now;
            while watch.rests(now) {
                now += SECOND;
            }
            pauses.push((now - began).as_secs());
            watch.opened();
            assert!(!watch.clears(), "the alarm stands");
        }
        assert_eq!(pauses, [1, 2, 4, 8]);
        watch.ended(now, &Outcome::Accepted(Answer::our_own("")));
        assert!(watch.clears());
        watch.cleared();
        watch.in_trouble(now, 0, trouble("the greeting"));
        assert!(!watch.rests(now + SECOND), "it begins with the first pause again");
        watch.opened();
        assert!(watch.clears());
    }

    #[test]
    fn a_relay_that_puts_off_mail_after_mail_rests_and_one_that_takes_some_does_not() {
        let watch = RelayWatch::default();
        let mut now = SECOND * 1000;
        let later = Outcome::Deferred(Answer::of_server(450, "4.7.1 later"));
        let taken = Outcome::Accepted(Answer::our_own(""));
        for _ in 0..100 {
            assert_eq!(watch.ended(now, &later), Ended::Alone);
            assert_eq!(watch.ended(now, &taken), Ended::Alone);
        }
        let told = |now| (1..).find(|_| watch.ended(now, &later) == Ended::PutOffAgain);
        assert_eq!(told(now), Some(20));
        let cause = TroubleCause::Busy { code: Some(450) };
        watch.in_trouble(now, 0, RelayTrouble { relay: "main".into(), cause }.into());
        for _ in 0..30 {
            assert_eq!(watch.ended(now, &later), Ended::Alone, "it rests already");
        }
        now += SECOND * 2;
        watch.opened();
        assert!(!watch.clears(), "a session proves nothing of such a relay");
        assert!(told(now).is_some_and(|count| count <= 5));
        watch.in_trouble(now, 0, trouble("MAIL"));
        assert!(watch.rests(now + SECOND), "the pauses grow");
    }

    #[test]
    fn greylisted_and_full_mailboxes_are_no_storm_and_a_relay_without_disk_is() {
        for (code, text, expected) in [
            (450, "4.2.0 greylisted, try again", false),
            (451, "4.2.1 mailbox busy", false),
            (452, "4.2.2 mailbox full", false),
            (450, "4.1.8 no such domain now", false),
            (450, "mailbox busy", false),
            (421, "4.2.0 closing", true),
            (451, "4.3.0 local error", true),
            (452, "4.3.1 no disk", true),
            (450, "4.7.1 slow down", true),
            (451, "local error", true),
        ] {
            let watch = RelayWatch::default();
            let later = Outcome::Deferred(Answer::of_server(code, text));
            let storm =
                (0..STORM).any(|_| watch.ended(SECOND * 1000, &later) == Ended::PutOffAgain);
            assert_eq!(storm, expected, "{code} {text}");
        }
    }

    #[test]
    fn a_mail_that_was_under_way_before_a_trouble_does_not_end_it() {
        let watch = RelayWatch::default();
        let now = SECOND * 1000;
        watch.in_trouble(now, 0, trouble("MAIL"));
        watch.take_latest();
        watch.ended(now, &Outcome::Accepted(Answer::our_own("")));
        assert!(watch.is_unproven() && watch.rests(now));
        let later = now + QUIET * 2;
        watch.in_trouble(later, 0, trouble("MAIL"));
        assert!(!watch.rests(later + SECOND), "a quiet while ends a row of troubles");
    }
}
