//! Regimes: dated sets of rules of law, read from `config/regimes/*.toml`, never code.
//!
//! A [`Row`] is one rule of the law with its duties; a [`RequestRule`] says which rows a request
//! opens, which is partly a choice of the product and then says so. The version in force at
//! receipt holds for a request to its end. [`crate::clock`] turns the rules into dates.

mod read;
pub mod whose;
mod words;

use std::{collections::BTreeMap, fmt};

use jiff::{
    Timestamp,
    civil::Date,
    tz::{TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Serialize};

pub use self::words::{CountsFrom, DutyName, RequestName, Unit};
use crate::{
    data_file::{Problems, Text},
    request::Requester,
};

/// A regime file that cannot be used, with everything that is wrong in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the regime: {problems}")]
pub struct RegimeError {
    /// Each problem names its key and its remedy.
    pub problems: Problems,
}

/// The configured time zone is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time zone; write an IANA name such as `Europe/Moscow`")]
pub struct UnknownTimeZone(pub String);

/// The id of a regime, such as `ru-152fz`: lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RegimeId(String);

impl RegimeId {
    /// Reads an id; `None` when a character is not allowed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (!text.is_empty() && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RegimeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which rule of which version of which regime a duty was reckoned by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RuleRef {
    /// The regime.
    pub regime: RegimeId,
    /// Its version.
    pub version: String,
    /// The row, such as `WITHDRAW`.
    pub row: String,
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}/{}", self.regime, self.version, self.row)
    }
}

/// One version of a regime.
#[derive(Debug, Clone, PartialEq)]
pub struct Regime {
    id: RegimeId,
    version: String,
    title: Text,
    source: String,
    valid_from: Date,
    /// The last day of validity; open when absent.
    valid_to: Option<Date>,
    /// The day on which a lawyer is to look at it again.
    review_on: Option<Date>,
    remedies: Vec<Text>,
    zone: TimeZone,
    calendar: String,
    rows: BTreeMap<String, Row>,
    requests: BTreeMap<RequestName, RequestRule>,
}

/// One rule of the law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is about.
    pub title: Text,
    /// Article and part.
    pub law: Text,
    /// Who may invoke it; empty when nobody asks and the law itself obliges.
    pub who_may_ask: Vec<Requester>,
    /// What a request must contain; empty when the form is free.
    pub must_contain: Vec<Text>,
    /// What has to happen at receipt.
    pub at_once: Option<Text>,
    /// Who has to be told.
    pub notices: Vec<Text>,
    /// When it may be refused, or processing may go on.
    pub exceptions: Vec<Text>,
    /// What else an operator should know.
    pub note: Option<Text>,
    /// The rule that lets the clock rest while the person is asked; absent: it never rests.
    pub pause: Option<Text>,
    /// What it may cost to miss a date of this row.
    pub penalty: Option<Text>,
    /// What is owed by when; empty when the law or the letter itself sets the date.
    pub duties: Vec<DutyRule>,
}

/// What one row owes, and by when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyRule {
    /// What is owed.
    pub name: DutyName,
    /// How many units; 0 for [`Unit::Immediate`] alone.
    pub n: u32,
    /// The unit.
    pub unit: Unit,
    /// The event from which it counts.
    pub counts_from: CountsFrom,
    /// Article and part.
    pub law: Text,
    /// By how much it may be lengthened, once, in the same unit.
    pub extension: Option<Extension>,
    /// Set when the date is a choice of the product where the law names none.
    pub product_choice: Option<Text>,
}

/// By how much a duty may be lengthened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// How many units more, in the unit of the duty.
    pub n: u32,
    /// Whether a reasoned notice has to go out before the unextended date.
    pub notice_required: bool,
    /// Article and part.
    pub law: Text,
}

/// Which rows a request opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRule {
    /// The rows, each whole or by one duty.
    pub rows: Vec<RowUse>,
    /// The row whose duty replaces the answer when the request is refused.
    pub on_refusal: Option<String>,
    /// The row that holds when destruction in time is technically impossible.
    pub on_impossible: Option<String>,
    /// Set when the choice of rows is the product's where the law is silent or wider.
    pub product_choice: Option<Text>,
}

/// A row, or one duty of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowUse {
    /// The row.
    pub row: String,
    /// The one duty that is meant; all when absent.
    pub duty: Option<DutyName>,
}

impl Regime {
    /// Reads a regime file.
    ///
    /// # Errors
    /// [`RegimeError`] lists everything wrong at once, with keys and remedies.
    pub fn parse(text: &str) -> Result<Self, RegimeError> {
        read::read(text).map_err(|problems| RegimeError { problems })
    }

    /// The regime's id.
    #[must_use]
    pub fn id(&self) -> &RegimeId {
        &self.id
    }

    /// The version; a request keeps the one in force at its receipt.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The regime's name for people.
    #[must_use]
    pub fn title(&self) -> &Text {
        &self.title
    }

    /// The edition of the law from which the data were taken.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// First and last day of validity.
    #[must_use]
    pub fn validity(&self) -> (Date, Option<Date>) {
        (self.valid_from, self.valid_to)
    }

    /// The day on which a lawyer is to look at the data again, such as an amendment's start.
    #[must_use]
    pub fn review_on(&self) -> Option<Date> {
        self.review_on
    }

    /// To whom one can complain of a refusal, each a clause.
    #[must_use]
    pub fn remedies(&self) -> &[Text] {
        &self.remedies
    }

    /// The zone whose dates and midnights count.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The id of the working calendar by which the duties are counted.
    #[must_use]
    pub fn calendar(&self) -> &str {
        &self.calendar
    }

    /// The same regime counted in another zone, by its IANA name (a tenant's configuration).
    ///
    /// # Errors
    /// [`UnknownTimeZone`] when there is no such zone.
    pub fn in_time_zone(mut self, name: &str) -> Result<Self, UnknownTimeZone> {
        self.zone = time_zone(name).ok_or_else(|| UnknownTimeZone(name.to_owned()))?;
        Ok(self)
    }

    /// A row by its name, such as `STOP`.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.get(name)
    }

    /// All rows with their names.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &Row)> {
        self.rows.iter().map(|(name, row)| (name.as_str(), row))
    }

    /// What a request opens; `None` when the regime has no such request.
    #[must_use]
    pub fn request(&self, name: RequestName) -> Option<&RequestRule> {
        self.requests.get(&name)
    }

    /// The duty rules of a request with the names of their rows.
    pub fn duty_rules(&self, request: RequestName) -> impl Iterator<Item = (&str, &DutyRule)> {
        let uses = self.requests.get(&request).map_or(&[][..], |rule| &rule.rows);
        uses.iter().flat_map(|wanted| {
            let duties = self.rows.get(&wanted.row).map_or(&[][..], |row| &row.duties);
            duties
                .iter()
                .filter(|rule| wanted.duty.is_none_or(|name| name == rule.name))
                .map(|rule| (wanted.row.as_str(), rule))
        })
    }

    /// The articles on which a request rests, for the ticket; each once.
    #[must_use]
    pub fn law_of(&self, request: RequestName) -> Vec<&Text> {
        let uses = self.requests.get(&request).map_or(&[][..], |rule| &rule.rows);
        let mut laws: Vec<&Text> = Vec::new();
        for law in uses.iter().filter_map(|wanted| self.rows.get(&wanted.row)).map(|row| &row.law) {
            if !laws.contains(&law) {
                laws.push(law);
            }
        }
        laws
    }

    /// The reference that a duty keeps to one of the rows.
    #[must_use]
    pub fn rule_ref(&self, row: &str) -> RuleRef {
        RuleRef { regime: self.id.clone(), version: self.version.clone(), row: row.to_owned() }
    }

    fn is_in_force(&self, at: Timestamp) -> bool {
        let on = at.to_zoned(self.zone.clone()).date();
        self.valid_from <= on && self.valid_to.is_none_or(|last| on <= last)
    }
}

/// The version of a regime in force at the receipt of a request; of several the newest.
#[must_use]
pub fn in_force<'a>(
    regimes: &'a [Regime],
    id: &RegimeId,
    received_at: Timestamp,
) -> Option<&'a Regime> {
    let versions = regimes.iter().filter(|regime| regime.id == *id);
    versions.filter(|regime| regime.is_in_force(received_at)).max_by_key(|regime| regime.valid_from)
}

/// The version in force, else the one whose validity lies nearest: mail older than the oldest
/// data file, or newer than the newest, still gets its clock. `None` only for an unknown id.
#[must_use]
pub fn in_force_or_nearest<'a>(
    regimes: &'a [Regime],
    id: &RegimeId,
    received_at: Timestamp,
) -> Option<&'a Regime> {
    in_force(regimes, id, received_at).or_else(|| {
        let versions = regimes.iter().filter(|regime| regime.id == *id);
        versions.min_by_key(|regime| {
            let on = received_at.to_zoned(regime.zone.clone()).date();
            let nearest =
                if on < regime.valid_from { Some(regime.valid_from) } else { regime.valid_to };
            nearest.map_or(0, |day| on.duration_until(day).abs().as_secs())
        })
    })
}

/// The version of a regime that a stored request was reckoned by.
#[must_use]
pub fn by_version<'a>(regimes: &'a [Regime], id: &RegimeId, version: &str) -> Option<&'a Regime> {
    regimes.iter().find(|regime| regime.id == *id && regime.version == version)
}

/// A zone from the data built into the program, so that every node counts alike.
fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

#[cfg(test)]
mod tests;
