//! How long a record is kept: one table as data, and what follows when the time is over.
//!
//! Asked every night by `cases`. Pure: facts about a person and `now` in, "keep" or "open a
//! ticket of destruction" out. Nothing under legal hold and nobody whose destruction is under way
//! or was postponed is ever due.

mod read;

use jiff::{Timestamp, ToSpan, tz::TimeZone};

use crate::{
    block::Purpose,
    data_file::{Problems, Text},
    language::Locale,
    words::words,
};

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Record {
    /// A person all of whose tickets are closed.
    ClosedTickets,
    /// A person who left every list.
    EndedSubscriptions,
    /// Original mails and form entries of closed tickets.
    RawMail,
    /// Mails of which no ticket came.
    NotedMail,
    /// Texts of our letters in closed tickets.
    Letters,
    /// Letters to people of our own.
    StaffLetters,
    /// What mail servers replied.
    DeliveryStatus,
    /// Network address and browser of confirmed subscriptions.
    WebEvidence,
    /// Proof of consent.
    ConsentProof,
    /// Acts of destruction.
    Acts,
    /// Digests of addresses that must not be mailed.
    Suppression,
    /// The log of actions.
    Audit,
    /// Accounting records.
    Accounting,
    /// Contract records.
    Contract,
    /// Outpatient records.
    OutpatientCard,
}

words!(Record {
    ClosedTickets => "closed_tickets", EndedSubscriptions => "ended_subscriptions",
    RawMail => "raw_mail", NotedMail => "noted_mail", Letters => "letters",
    StaffLetters => "staff_letters",
    DeliveryStatus => "delivery_status", WebEvidence => "web_evidence",
    ConsentProof => "consent_proof", Acts => "acts", Suppression => "suppression",
    Audit => "audit", Accounting => "accounting", Contract => "contract",
    OutpatientCard => "outpatient_card",
});

/// What happens when the time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// A ticket is opened, and a person approves the plan.
    DestructionTicket,
    /// It is destroyed by the nightly look.
    Prune,
    /// A plan leaves it until its last day.
    Keep,
}

words!(Then { DestructionTicket => "destruction_ticket", Prune => "prune", Keep => "keep" });

/// A length of time in which records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Calendar days.
    Days(u32),
    /// Calendar months, clamped to the end of a shorter month.
    Months(u32),
    /// Years.
    Years(u32),
    /// Without a last day.
    Forever,
}

impl Period {
    /// The instant after which a record is no longer kept that counts from `from`; `None` without
    /// a last day. Days are those of `zone`.
    #[must_use]
    pub fn end(self, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let span = match self {
            Self::Days(n) => i64::from(n).days(),
            Self::Months(n) => i64::from(n).months(),
            Self::Years(n) => i64::from(n).years(),
            Self::Forever => return None,
        };
        from.to_zoned(zone.clone()).checked_add(span).ok().map(|end| end.timestamp())
    }

    /// The instant before which a record must have begun to be over at `now`.
    #[must_use]
    pub fn over_before(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let span = match self {
            Self::Days(n) => i64::from(n).days(),
            Self::Months(n) => i64::from(n).months(),
            Self::Years(n) => i64::from(n).years(),
            Self::Forever => return None,
        };
        now.to_zoned(zone.clone()).checked_sub(span).ok().map(|start| start.timestamp())
    }

    /// In words: "12 months", "12 мес.".
    #[must_use]
    pub fn in_words(self, locale: Locale) -> String {
        match (self, locale) {
            (Self::Days(n), Locale::Ru) => format!("{n} дн."),
            (Self::Months(n), Locale::Ru) => format!("{n} мес."),
            (Self::Years(n), Locale::Ru) => match (n % 10, n % 100) {
                (1, rest) if rest != 11 => format!("{n} год"),
                (2..=4, rest) if !(12..=14).contains(&rest) => format!("{n} года"),
                _ => format!("{n} лет"),
            },
            (Self::Forever, Locale::Ru) => "бессрочно".to_owned(),
            (Self::Days(n), Locale::En) => format!("{n} days"),
            (Self::Months(n), Locale::En) => format!("{n} months"),
            (Self::Years(n), Locale::En) => format!("{n} years"),
            (Self::Forever, Locale::En) => "no end".to_owned(),
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRule {
    /// Of what.
    pub record: Record,
    /// For which purpose it is held; none: a law wants it.
    pub purpose: Option<Purpose>,
    /// What it is, for people.
    pub title: Text,
    /// How long.
    pub period: Period,
    /// From which event, for people.
    pub counts_from: Text,
    /// What happens then.
    pub then: Then,
    /// Article and part.
    pub law: Text,
    /// Why so long.
    pub why: Text,
}

/// The whole table, in the order of the file's records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetentionTable {
    rules: Vec<RetentionRule>,
}

impl RetentionTable {
    /// Reads the file.
    ///
    /// # Errors
    /// Everything that is wrong with it: a record that is not known or stands twice, one that is
    /// missing, a period that its kind cannot have.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        read::table(text)
    }

    /// The line of a record; none in an empty table.
    #[must_use]
    pub fn rule(&self, record: Record) -> Option<&RetentionRule> {
        self.rules.iter().find(|rule| rule.record == record)
    }

    /// All lines.
    #[must_use]
    pub fn rules(&self) -> &[RetentionRule] {
        &self.rules
    }

    /// Before which instant a record that is pruned must have begun, if it is pruned at all.
    #[must_use]
    pub fn prune_before(
        &self,
        record: Record,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Option<Timestamp> {
        let rule = self.rule(record).filter(|rule| rule.then == Then::Prune)?;
        rule.period.over_before(now, zone)
    }

    /// The lines of the table in the docs: title, purpose, period, event, what happens, law, why.
    #[must_use]
    pub fn lines(&self, locale: Locale) -> Vec<String> {
        let then = |then: Then| match (then, locale) {
            (Then::DestructionTicket, Locale::Ru) => "обращение об уничтожении",
            (Then::Prune, Locale::Ru) => "уничтожается само",
            (Then::Keep, Locale::Ru) => "хранится по закону",
            (Then::DestructionTicket, Locale::En) => "ticket of destruction",
            (Then::Prune, Locale::En) => "destroyed by itself",
            (Then::Keep, Locale::En) => "kept by law",
        };
        let line = |rule: &RetentionRule| {
            format!(
                "| {} (`{}`) | {} | {} | {} | {} | {} | {} |",
                rule.title.in_locale(locale),
                rule.record.name(),
                rule.purpose.map_or("–", Purpose::name),
                rule.period.in_words(locale),
                rule.counts_from.in_locale(locale),
                then(rule.then),
                rule.law.in_locale(locale),
                rule.why.in_locale(locale),
            )
        };
        self.rules.iter().map(line).collect()
    }
}

/// What is known of a person: a contact, or an address that no contact has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PersonFacts {
    /// Tickets that are open or wait.
    pub open_tickets: u32,
    /// When the last ticket was closed.
    pub last_closed_at: Option<Timestamp>,
    /// Subscriptions that are pending or confirmed.
    pub standing_subscriptions: u32,
    /// When the last subscription was left.
    pub left_at: Option<Timestamp>,
    /// Legal holds that stand.
    pub holds: u32,
    /// Destructions that are planned, under way or postponed.
    pub standing_plans: u32,
    /// Full blocks that stand without an open ticket: a person set them, a person ends them.
    pub standing_blocks: u32,
}

/// What follows for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing(Kept),
    /// The last purpose is achieved.
    Open {
        /// Which record's period ended last.
        record: Record,
        /// When: the clock of the destruction counts from here.
        achieved_at: Timestamp,
    },
}

/// Why nothing follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// A ticket is open.
    OpenTicket,
    /// A subscription stands.
    Subscribed,
    /// An authority's request holds the data.
    Held,
    /// A destruction is under way or postponed.
    UnderWay,
    /// A block stands that a person must end.
    Blocked,
    /// Nothing tells to which purpose the data belong.
    PurposeUnknown,
    /// A period still runs.
    Period,
}

words!(Kept {
    OpenTicket => "open_ticket", Subscribed => "subscribed", Held => "held",
    UnderWay => "under_way", Blocked => "blocked", PurposeUnknown => "purpose_unknown",
    Period => "period",
});

impl RetentionTable {
    /// What follows for a person at `now`: a ticket once the last of all purposes is over.
    #[must_use]
    pub fn due(&self, facts: &PersonFacts, now: Timestamp, zone: &TimeZone) -> Due {
        if facts.holds > 0 {
            return Due::Nothing(Kept::Held);
        }
        if facts.standing_plans > 0 {
            return Due::Nothing(Kept::UnderWay);
        }
        if facts.open_tickets > 0 {
            return Due::Nothing(Kept::OpenTicket);
        }
        if facts.standing_subscriptions > 0 {
            return Due::Nothing(Kept::Subscribed);
        }
        if facts.standing_blocks > 0 {
            return Due::Nothing(Kept::Blocked);
        }
        let ended = [
            (Record::ClosedTickets, facts.last_closed_at),
            (Record::EndedSubscriptions, facts.left_at),
        ];
        let mut last: Option<(Timestamp, Record)> = None;
        for (record, from) in ended {
            let Some(from) = from else { continue };
            let rule = self.rule(record).filter(|rule| rule.then == Then::DestructionTicket);
            // A purpose whose line does not open tickets never ends by itself.
            let end = rule.and_then(|rule| rule.period.end(from, zone));
            let Some(end) = end else { return Due::Nothing(Kept::Period) };
            if last.is_none_or(|(latest, _)| end > latest) {
                last = Some((end, record));
            }
        }
        match last {
            None => Due::Nothing(Kept::PurposeUnknown),
            Some((end, _)) if end > now => Due::Nothing(Kept::Period),
            Some((end, record)) => {
                Due::Open { record, achieved_at: self.achieved(record, facts, end) }
            }
        }
    }

    /// Who left every list withdrew the consent then: the thirty days count from the word, not
    /// from the end of the grace (152-ФЗ ст. 21 ч. 5).
    fn achieved(&self, record: Record, facts: &PersonFacts, end: Timestamp) -> Timestamp {
        match (record, facts.left_at) {
            (Record::EndedSubscriptions, Some(left_at)) => left_at,
            _ => end,
        }
    }
}

/// The nightly look is due when its hour has come since the last one, also after a downtime.
#[must_use]
pub fn is_look_due(last: Option<Timestamp>, now: Timestamp, hour: i8, zone: &TimeZone) -> bool {
    let local = now.to_zoned(zone.clone());
    let at_hour = |day: jiff::civil::Date| {
        day.at(hour.clamp(0, 23), 0, 0, 0).to_zoned(zone.clone()).ok().map(|at| at.timestamp())
    };
    let today = at_hour(local.date());
    let boundary = match today {
        Some(today) if today <= now => Some(today),
        _ => local.date().yesterday().ok().and_then(at_hour),
    };
    boundary.is_some_and(|boundary| last.is_none_or(|last| last < boundary))
}

#[cfg(test)]
mod tests;
