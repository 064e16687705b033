//! One row of a file, checked: an address, what is known of the person, the list, and the consent
//! that the file claims. What is wrong is told by line and field, never with the value.

mod fault;
mod words;

use std::collections::{BTreeMap, HashMap};

use domain::{
    Timestamp,
    address::{EmailAddress, InvalidAddress},
    digest::AddressDigests,
};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use store::imports::ImportList;
use vault::Digests;

use super::{
    cells::unguarded,
    mapping::{Column, Mapping},
    papers::{Paper, Papers},
    records::Record,
};
pub use fault::{Fault, RowError};
use words::{act, locale, read_instant, words_of};

/// The consent that a row claims.
#[derive(Debug, Clone)]
pub struct Claim {
    /// When the person gave it.
    pub at: Timestamp,
    /// Where it was captured.
    pub capture_point: String,
    /// The date of the signed paper that it rests on: the row's act is `paper`, and it names the
    /// document and its date. This alone is meant by "on paper".
    pub signed_at: Option<Timestamp>,
}

/// A checked row.
#[derive(Clone)]
pub struct ImportRow {
    /// Its line.
    pub line: u64,
    /// The address.
    pub email: EmailAddress,
    /// Its folded form.
    pub exact_key: String,
    /// Its digests under every key, current first.
    pub digests: Vec<AddressDigests>,
    /// First and last name; may be empty.
    pub name: String,
    /// Telephone number; may be empty.
    pub phone: String,
    /// Two letters; empty when not said.
    pub locale: String,
    /// IANA zone; empty when not said.
    pub zone: String,
    /// The list, by name.
    pub list: String,
    /// The consent; none when no act or no time is named.
    pub claim: Option<Claim>,
    /// The whole row as evidence, JSON.
    pub evidence: String,
}

impl std::fmt::Debug for ImportRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImportRow(line {})", self.line)
    }
}

/// What rows are read with.
pub struct RowReader<'a> {
    /// The columns.
    pub mapping: &'a Mapping,
    /// The lists there are.
    pub lists: &'a BTreeMap<String, ImportList>,
    /// The list of rows that name none.
    pub list: Option<&'a str>,
    /// The zone of times that name none.
    pub zone: &'a TimeZone,
    /// The words and policies that papers refer to.
    pub papers: &'a Papers,
    /// Keyed digests.
    pub digests: &'a Digests,
    /// The import, as it stands in the evidence.
    pub import: i64,
    /// No consent lies after it.
    pub now: Timestamp,
    /// Zones that were checked.
    pub zones: HashMap<String, bool>,
}

impl std::fmt::Debug for RowReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowReader").field("import", &self.import).finish_non_exhaustive()
    }
}

/// Signs at most in a field of each column.
fn limit(column: Option<Column>) -> usize {
    match column {
        Some(Column::Email) => 320,
        Some(Column::Name) => 200,
        Some(Column::Phone | Column::Ip | Column::Zone | Column::ConsentAt) => 64,
        Some(Column::Locale | Column::DocumentDate | Column::Act) => 40,
        Some(
            Column::List | Column::CapturePoint | Column::TextVersion | Column::DocumentNumber,
        ) => 200,
        Some(Column::Page | Column::UserAgent) => 2000,
        None => 4000,
    }
}

impl RowReader<'_> {
    /// Checks one record.
    ///
    /// # Errors
    /// [`RowError`], the first that is found.
    pub fn read(&mut self, record: &Record) -> Result<ImportRow, RowError> {
        let line = record.line;
        if record.len() > self.mapping.columns.len() {
            return Err(RowError { line, field: None, fault: Fault::TooManyFields });
        }
        self.check_texts(record)?;
        let wrong =
            |column: Column| move |fault| RowError { line, field: Some(column.name()), fault };
        let text = |column| self.text(record, column);

        let email = match text(Column::Email) {
            "" => return Err(wrong(Column::Email)(Fault::Missing)),
            email => EmailAddress::parse(email).map_err(|error| match error {
                InvalidAddress::TooLong => wrong(Column::Email)(Fault::TooLong),
                InvalidAddress::Shape | InvalidAddress::LocalPart | InvalidAddress::Domain => {
                    wrong(Column::Email)(Fault::NotAnAddress)
                }
            })?,
        };
        let locale = locale(text(Column::Locale)).map_err(wrong(Column::Locale))?;
        let ip = text(Column::Ip);
        if !ip.is_empty() && ip.parse::<std::net::IpAddr>().is_err() {
            return Err(wrong(Column::Ip)(Fault::NotAnIp));
        }
        let list = match text(Column::List) {
            "" => self.list.unwrap_or_default(),
            list => list,
        };
        if !self.lists.contains_key(list) {
            let fault = if list.is_empty() { Fault::Missing } else { Fault::UnknownList };
            return Err(wrong(Column::List)(fault));
        }
        let list = list.to_owned();
        let zone = text(Column::Zone).to_owned();
        let claim = self.claim(record)?;
        let signed_at = claim.as_ref().and_then(|claim| claim.signed_at);
        let paper = signed_at.map(|signed_at| Paper {
            list: &list,
            locale: &locale,
            version: text(Column::TextVersion),
            signed_at,
        });
        let evidence = self.evidence(record, paper);
        let name = words_of(text(Column::Name));
        let phone = words_of(text(Column::Phone));
        if !self.zone_is_known(&zone) {
            return Err(wrong(Column::Zone)(Fault::UnknownZone));
        }
        let exact_key = email.exact_key();
        let digests = self.digests.address_all(&email);
        Ok(ImportRow {
            line,
            email,
            exact_key,
            digests,
            name,
            phone,
            locale,
            zone,
            list,
            claim,
            evidence,
        })
    }

    fn text<'r>(&self, record: &'r Record, column: Column) -> &'r str {
        self.mapping.place(column).map_or("", |place| unguarded(record.field(place).trim()))
    }

    fn check_texts(&self, record: &Record) -> Result<(), RowError> {
        for (place, field) in record.fields().enumerate() {
            let column = self.mapping.columns.get(place).copied().flatten();
            let fault = if field.len() > limit(column) && field.chars().count() > limit(column) {
                Fault::TooLong
            } else if field.contains('\u{fffd}') {
                Fault::NotInEncoding
            } else if field.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
                Fault::ControlCharacter
            } else {
                continue;
            };
            return Err(RowError { line: record.line, field: column.map(Column::name), fault });
        }
        Ok(())
    }

    fn claim(&self, record: &Record) -> Result<Option<Claim>, RowError> {
        let wrong = |column: Column, fault| RowError {
            line: record.line,
            field: Some(column.name()),
            fault,
        };
        let text = |column| self.text(record, column);
        let act = act(text(Column::Act)).map_err(|fault| wrong(Column::Act, fault))?;
        let mut at = self
            .instant(text(Column::ConsentAt))
            .map_err(|fault| wrong(Column::ConsentAt, fault))?;
        let signed_at = self
            .instant(text(Column::DocumentDate))
            .map_err(|fault| wrong(Column::DocumentDate, fault))?;
        let has_number = !text(Column::DocumentNumber).is_empty();
        if has_number != signed_at.is_some() {
            let column = if has_number { Column::DocumentDate } else { Column::DocumentNumber };
            return Err(wrong(column, Fault::HalfADocument));
        }
        // A document without a word of how is the act itself; one beside a ticked box is not.
        let signed_at = signed_at.filter(|_| matches!(act, None | Some("paper")));
        at = at.or(signed_at);
        // That somebody claims a paper which is not named is no act.
        let is_affirmative = signed_at.is_some() || act.is_some_and(|act| act != "paper");
        let Some(at) = at.filter(|_| is_affirmative) else { return Ok(None) };
        let capture_point = match words_of(text(Column::CapturePoint)) {
            point if !point.is_empty() => point,
            _ if signed_at.is_some() => "paper".to_owned(),
            _ => "import".to_owned(),
        };
        Ok(Some(Claim { at, capture_point, signed_at }))
    }

    fn instant(&self, text: &str) -> Result<Option<Timestamp>, Fault> {
        if text.is_empty() {
            return Ok(None);
        }
        let at = read_instant(text, self.zone).ok_or(Fault::NotATime)?;
        if at > self.now {
            return Err(Fault::InTheFuture);
        }
        Ok(Some(at))
    }

    /// The whole row as the file has it, guards of cells included: what we know under our words,
    /// the rest under its headers.
    fn evidence(&self, record: &Record, paper: Option<Paper<'_>>) -> String {
        let mut evidence = Map::new();
        let mut others = Map::new();
        for (place, field) in record.fields().enumerate() {
            let field = field.trim();
            if field.is_empty() {
                continue;
            }
            match self.mapping.columns.get(place).copied().flatten() {
                Some(Column::Act) => {
                    let word = act(field).ok().flatten().unwrap_or(field);
                    evidence.insert("act".to_owned(), word.into());
                }
                Some(column) => {
                    evidence.insert(column.name().to_owned(), field.into());
                }
                None => {
                    others.insert(self.mapping.header(place).to_owned(), field.into());
                }
            }
        }
        evidence.insert("method".to_owned(), "import".into());
        evidence.insert("import".to_owned(), json!(self.import));
        evidence.insert("line".to_owned(), json!(record.line));
        if !others.is_empty() {
            evidence.insert("columns".to_owned(), Value::Object(others));
        }
        if let Some(paper) = paper {
            self.papers.tell(&mut evidence, paper);
        }
        Value::Object(evidence).to_string()
    }

    fn zone_is_known(&mut self, zone: &str) -> bool {
        if zone.is_empty() {
            return true;
        }
        if let Some(known) = self.zones.get(zone) {
            return *known;
        }
        let known = TimeZone::get(zone).is_ok();
        // A file full of nonsense must not fill our memory.
        if self.zones.len() < 1000 {
            self.zones.insert(zone.to_owned(), known);
        }
        known
    }
}
