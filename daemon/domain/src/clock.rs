//! The clock of a request: its dated duties, reckoned from a regime and a working calendar.
//!
//! Called at filing, when an event arrives (facts, detection), when a duty is lengthened and when
//! calendar data land. Every duty has two ends: `legal_due`, the last instant the law allows, and
//! `safe_due`, the one that alarms use. Pure: all instants are arguments.

mod reckon;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    calendar::WorkingCalendar,
    regime::{CountsFrom, DutyName, DutyRule, Regime, RequestName, RuleRef},
};

/// The events of a request from which duties count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// When the server received the submission (never the `Date:` header).
    pub received_at: Timestamp,
    /// When the person supplied the confirming facts.
    pub facts_received_at: Option<Timestamp>,
    /// When we found that the processing is unlawful.
    pub detected_at: Option<Timestamp>,
    /// When the purpose was achieved or the processing ended.
    pub achieved_at: Option<Timestamp>,
}

impl Events {
    /// A request of which only the receipt is known yet.
    #[must_use]
    pub fn received(received_at: Timestamp) -> Self {
        Self { received_at, facts_received_at: None, detected_at: None, achieved_at: None }
    }

    /// When an event came, if it did.
    #[must_use]
    pub fn at(&self, event: CountsFrom) -> Option<Timestamp> {
        match event {
            CountsFrom::Receipt => Some(self.received_at),
            CountsFrom::FactsReceived => self.facts_received_at,
            CountsFrom::Detection => self.detected_at,
            CountsFrom::Achieved => self.achieved_at,
        }
    }
}

/// One thing owed. Within a request, `name` and `counts_from` together tell duties apart.
///
/// The dates are all absent while the starting event has not come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// What is owed.
    pub name: DutyName,
    /// The event from which it counts.
    pub counts_from: CountsFrom,
    /// When that event came.
    pub started_at: Option<Timestamp>,
    /// The last instant the law allows: the end of `legal_on`, or the instant itself for
    /// duties in hours.
    pub legal_due: Option<Timestamp>,
    /// The instant by which the product wants it done; never later than `legal_due`.
    pub safe_due: Option<Timestamp>,
    /// The date of `legal_due` in the regime's zone.
    pub legal_on: Option<Date>,
    /// The date of `safe_due` in the regime's zone.
    pub safe_on: Option<Date>,
    /// Whether a year without calendar data took part: an alarm only, to be reckoned again.
    pub provisional: bool,
    /// Whether it was lengthened; a duty is lengthened once at most.
    pub extended: bool,
    /// The rule it was reckoned by.
    pub rule: RuleRef,
}

/// Why a duty cannot be lengthened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotExtend {
    /// The request owes no such duty under this regime.
    #[error("the request owes no such duty under this regime; extend one that `ticket show` lists")]
    UnknownDuty,
    /// The law knows no extension of it.
    #[error("the law does not allow this duty to be extended; do it by its date, or refuse")]
    NotAllowed,
    /// It was lengthened before.
    #[error("this duty was extended before; an extension is possible once")]
    AlreadyExtended,
    /// The event from which it counts has not come.
    #[error("this duty has no date yet; record the event it counts from first")]
    NotStarted,
    /// The reasoned notice did not go out, or too late.
    #[error("an extension holds only if its reasoned notice went out before {0}; send it in time")]
    NoticeMissing(Date),
}

/// The duties that a request owes under a regime, earliest first, undated ones last.
///
/// Of several rules for one duty from one event the earliest holds. Empty when the regime does
/// not know the request, or leaves the date to the letter of an authority.
#[must_use]
pub fn duties_for(
    request: RequestName,
    regime: &Regime,
    calendar: &WorkingCalendar,
    events: &Events,
) -> Vec<Duty> {
    earliest_of_each(regime.duty_rules(request), regime, calendar, events, Length::Base)
}

/// The duties of one row alone: the refusal, the six months of 152-ФЗ ст. 21 ч. 6, a breach.
#[must_use]
pub fn duties_of_row(
    row: &str,
    regime: &Regime,
    calendar: &WorkingCalendar,
    events: &Events,
) -> Vec<Duty> {
    let rules = regime.row(row).map_or(&[][..], |row| &row.duties);
    let rules = rules.iter().map(|rule| (row, rule));
    earliest_of_each(rules, regime, calendar, events, Length::Base)
}

/// The duty lengthened once by what its rule allows, counted anew from its starting event.
///
/// `notice_sent_at` is when the reasoned notice went out to the person (or authority).
///
/// # Errors
/// [`CannotExtend`] when the rule has no extension, the duty was lengthened before or has no date
/// yet, or the notice did not go out before the unextended end (152-ФЗ ст. 20 ч. 1, GDPR 12(3)).
pub fn extend(
    duty: &Duty,
    request: RequestName,
    regime: &Regime,
    calendar: &WorkingCalendar,
    events: &Events,
    notice_sent_at: Option<Timestamp>,
) -> Result<Duty, CannotExtend> {
    let same = |rule: &DutyRule| rule.name == duty.name && rule.counts_from == duty.counts_from;
    let own = regime.duty_rules(request).find(|(row, rule)| *row == duty.rule.row && same(rule));
    let (_, own) = own.ok_or(CannotExtend::UnknownDuty)?;
    if duty.extended {
        return Err(CannotExtend::AlreadyExtended);
    }
    let extension = own.extension.as_ref().ok_or(CannotExtend::NotAllowed)?;
    let (Some(due), Some(due_on)) = (duty.legal_due, duty.legal_on) else {
        return Err(CannotExtend::NotStarted);
    };
    if extension.notice_required && notice_sent_at.is_none_or(|sent_at| sent_at > due) {
        return Err(CannotExtend::NoticeMissing(due_on));
    }
    let rules = regime.duty_rules(request).filter(|(_, rule)| same(rule));
    earliest_of_each(rules, regime, calendar, events, Length::Extended)
        .into_iter()
        .next()
        .map(Duty::lengthened)
        .ok_or(CannotExtend::UnknownDuty)
}

/// The duties reckoned again after an event or new calendar data; extensions are kept.
#[must_use]
pub fn reckon_again(
    before: &[Duty],
    request: RequestName,
    regime: &Regime,
    calendar: &WorkingCalendar,
    events: &Events,
) -> Vec<Duty> {
    let long =
        earliest_of_each(regime.duty_rules(request), regime, calendar, events, Length::Extended);
    let was_extended = |duty: &Duty| before.iter().any(|old| old.is_same(duty) && old.extended);
    let mut duties: Vec<Duty> = duties_for(request, regime, calendar, events)
        .into_iter()
        .map(|duty| match long.iter().find(|other| other.is_same(&duty)) {
            Some(other) if was_extended(&duty) => other.clone().lengthened(),
            _ => duty,
        })
        .collect();
    duties.sort_by_key(Duty::order);
    duties
}

/// The duty reckoned again as if it had begun later by the time its clock rested; the start itself
/// stays. Days and months are counted anew from there, so that the date is again a working one.
/// One without a date, or that the regime does not know, is returned as it is.
#[must_use]
pub fn rested(
    duty: &Duty,
    rested: jiff::SignedDuration,
    request: RequestName,
    regime: &Regime,
    calendar: &WorkingCalendar,
) -> Duty {
    let Some(started_at) = duty.started_at else { return duty.clone() };
    let later = started_at.saturating_add(rested).unwrap_or(started_at);
    let events = Events {
        received_at: later,
        facts_received_at: Some(later),
        detected_at: Some(later),
        achieved_at: Some(later),
    };
    let again = reckon_again(std::slice::from_ref(duty), request, regime, calendar, &events);
    again
        .into_iter()
        .find(|other| other.is_same(duty))
        .map_or_else(|| duty.clone(), |other| Duty { started_at: Some(started_at), ..other })
}

/// The duty that comes first; of several regimes side by side the earliest of all.
#[must_use]
pub fn first_due(duties: &[Duty]) -> Option<&Duty> {
    duties.iter().filter(|duty| duty.safe_due.is_some()).min_by_key(|duty| duty.order())
}

/// When to remind of a duty: at 50, 75, 90 and 100 % of the time from its start to `safe_due`.
/// `None` while it has no date.
#[must_use]
pub fn reminders(duty: &Duty) -> Option<[Timestamp; 4]> {
    let (start, end) = (duty.started_at?.as_nanosecond(), duty.safe_due?.as_nanosecond());
    let length = (end - start).max(0);
    // An instant between two representable instants is representable.
    let at = |percent: i128| Timestamp::from_nanosecond(start + length * percent / 100);
    Some([at(50).ok()?, at(75).ok()?, at(90).ok()?, at(100).ok()?])
}

impl Duty {
    /// Whether both mean the same thing owed, at whatever date.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.counts_from == other.counts_from
    }

    /// Marks the one extension as used, even where a stricter rule left the date as it was.
    fn lengthened(self) -> Self {
        Self { extended: true, ..self }
    }

    /// Dated duties first, by the date that alarms use.
    fn order(&self) -> (bool, Option<Timestamp>, DutyName, CountsFrom) {
        (self.safe_due.is_none(), self.safe_due, self.name, self.counts_from)
    }
}

/// Whether a rule is counted with or without its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Base,
    Extended,
}

/// One duty for each name and starting event: of several rules the earliest.
fn earliest_of_each<'a>(
    rules: impl Iterator<Item = (&'a str, &'a DutyRule)>,
    regime: &Regime,
    calendar: &WorkingCalendar,
    events: &Events,
    length: Length,
) -> Vec<Duty> {
    let mut chosen: Vec<(Timestamp, Duty)> = Vec::new();
    for (row, rule) in rules {
        let extension = rule.extension.as_ref().filter(|_| length == Length::Extended);
        let n = rule.n + extension.map_or(0, |extension| extension.n);
        let started_at = events.at(rule.counts_from);
        // Rules whose event has not come are compared as if it came at receipt.
        let from = started_at.unwrap_or(events.received_at);
        let ends = reckon::ends(rule.unit, n, from, regime.zone(), calendar);
        let dated = started_at.map(|_| &ends);
        let duty = Duty {
            name: rule.name,
            counts_from: rule.counts_from,
            started_at,
            legal_due: dated.map(|ends| ends.legal_due),
            safe_due: dated.map(|ends| ends.safe_due),
            legal_on: dated.map(|ends| ends.legal_on),
            safe_on: dated.map(|ends| ends.safe_on),
            provisional: dated.is_some_and(|ends| ends.provisional),
            extended: false,
            rule: regime.rule_ref(row),
        };
        match chosen.iter_mut().find(|(_, other)| other.is_same(&duty)) {
            Some(earlier) if ends.safe_due < earlier.0 => *earlier = (ends.safe_due, duty),
            Some(_) => {}
            None => chosen.push((ends.safe_due, duty)),
        }
    }
    let mut duties: Vec<Duty> = chosen.into_iter().map(|(_, duty)| duty).collect();
    duties.sort_by_key(Duty::order);
    duties
}

#[cfg(test)]
mod events_tests;
#[cfg(test)]
mod rows_tests;
#[cfg(test)]
mod tests;
