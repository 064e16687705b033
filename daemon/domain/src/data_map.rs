//! The map of what an organisation does with personal data, as dated data: read from a file, checked whole.
//!
//! Every answer to "what do you hold about me" is built of it (152-ФЗ ст. 14 ч. 7, GDPR art. 15). A field that
//! is missing or empty is a problem with its key and the remedy, and no answer is built then: a field
//! never vanishes. Where there is nothing to tell, the file says so in words.

use jiff::civil::Date;
use serde::Serialize;

use crate::data_file::{Problems, Section, Text};

/// The map in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataMap {
    /// Such as `2026-11`.
    pub version: String,
    /// The first day it holds.
    pub valid_from: Date,
    /// The day by which people compare it with what is really done.
    pub review_on: Date,
    /// Who answers for the data (14(7) 4).
    pub operator: Operator,
    /// Why, on what basis and how data are processed (14(7) 2 and 3; GDPR 15(1)(a) and (b)).
    pub purposes: Vec<MapPurpose>,
    /// Where data come from (14(7) 5; GDPR 15(1)(g)).
    pub sources: Vec<Text>,
    /// Who has access, or may be told by contract or law (14(7) 4).
    pub access: Vec<Text>,
    /// To whom data go beside processors (GDPR 15(1)(c)).
    pub recipients: Vec<Text>,
    /// Who processes on our behalf (14(7) 9); empty: `no_processors` says so.
    pub processors: Vec<Processor>,
    /// In words that there are none.
    pub no_processors: Option<Text>,
    /// How long what is kept that the table of retention does not know (14(7) 6; GDPR 15(1)(d)).
    pub storage: Vec<Storage>,
    /// Transfers abroad, done or planned, or that there are none (14(7) 8).
    pub cross_border: Text,
    /// The safeguards of such transfers, or that none are needed (GDPR 15(2)).
    pub safeguards: Text,
    /// How the duties of article 18.1 are met (14(7) 9.1).
    pub measures: Vec<Text>,
    /// Which rights there are and how they are exercised (14(7) 7; GDPR 15(1)(e)).
    pub rights: Vec<Text>,
    /// To whom one may complain (GDPR 15(1)(f)).
    pub complaints: Vec<Text>,
    /// Decisions by machines alone, their logic and effect, or that there are none (GDPR 15(1)(h)).
    pub automated: Text,
    /// What other laws call for, or that they call for nothing (14(7) 10).
    pub other: Text,
}

/// Who answers for the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// Its name.
    pub name: Text,
    /// Where it is.
    pub postal_address: Text,
    /// Where one writes.
    pub email: String,
    /// The person responsible (152-ФЗ ст. 22.1), and how to reach them.
    pub responsible: Text,
}

/// One purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MapPurpose {
    /// A word, such as `newsletter`.
    pub name: String,
    /// In words.
    pub title: Text,
    /// Article and part.
    pub basis: Text,
    /// What is done with the data, and how.
    pub methods: Text,
    /// Which data.
    pub categories: Vec<Text>,
}

/// Somebody who processes on our behalf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Processor {
    /// Name.
    pub name: Text,
    /// Where it is.
    pub postal_address: Text,
    /// What it does for us.
    pub task: Text,
}

/// How long one kind of record is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Storage {
    /// What.
    pub what: Text,
    /// How long.
    pub period: Text,
}

impl DataMap {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`Problems`]: everything that is missing, empty or unknown, each with its key and the remedy.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let mut root = Section::root(text)?;
        let mut problems = Problems::default();
        let map = read(&mut root, &mut problems);
        root.finish(&mut problems);
        match map {
            Some(map) if problems.is_empty() => Ok(map),
            Some(_) | None => Err(problems),
        }
    }
}

/// Reads everything before it gives up, so that all problems are told at once.
fn read(root: &mut Section, problems: &mut Problems) -> Option<DataMap> {
    let version = root.string("version", problems);
    let valid_from = root.date("valid_from", problems);
    let review_on = root.date("review_on", problems);
    let operator = needed_section(root, "operator", problems).and_then(|s| operator(s, problems));
    let purposes = needed_sections(root, "purpose", problems);
    let purposes = purposes.into_iter().filter_map(|s| purpose(s, problems)).collect();
    let processors: Vec<Processor> = root
        .sections("processor", problems)
        .into_iter()
        .filter_map(|s| processor(s, problems))
        .collect();
    let no_processors = root.optional_text("no_processors", problems);
    match (processors.is_empty(), no_processors.is_some()) {
        (true, false) => problems.add(
            "processor",
            "is missing or empty; add each as [[processor]], or say in `no_processors` that there are none",
        ),
        (false, true) => {
            problems.add("no_processors", "says that there are none, and [[processor]] names some; remove one");
        }
        (true, true) | (false, false) => {}
    }
    let storage = root.sections("storage", problems);
    let storage = storage.into_iter().filter_map(|s| kept(s, problems)).collect();
    let sources = needed_texts(root, "sources", problems);
    let access = needed_texts(root, "access", problems);
    let recipients = needed_texts(root, "recipients", problems);
    let measures = needed_texts(root, "measures", problems);
    let rights = needed_texts(root, "rights", problems);
    let complaints = needed_texts(root, "complaints", problems);
    let cross_border = root.text("cross_border", problems);
    let safeguards = root.text("safeguards", problems);
    let automated = root.text("automated", problems);
    let other = root.text("other", problems);
    Some(DataMap {
        version: version?,
        valid_from: valid_from?,
        review_on: review_on?,
        operator: operator?,
        purposes,
        sources,
        access,
        recipients,
        processors,
        no_processors,
        storage,
        cross_border: cross_border?,
        safeguards: safeguards?,
        measures,
        rights,
        complaints,
        automated: automated?,
        other: other?,
    })
}

fn operator(mut section: Section, problems: &mut Problems) -> Option<Operator> {
    let name = section.text("name", problems);
    let postal_address = section.text("postal_address", problems);
    let email = section.string("email", problems);
    let responsible = section.text("responsible", problems);
    section.finish(problems);
    Some(Operator {
        name: name?,
        postal_address: postal_address?,
        email: email?,
        responsible: responsible?,
    })
}

fn purpose(mut section: Section, problems: &mut Problems) -> Option<MapPurpose> {
    let name = section.string("name", problems);
    let title = section.text("title", problems);
    let basis = section.text("basis", problems);
    let methods = section.text("methods", problems);
    let categories = needed_texts(&mut section, "categories", problems);
    section.finish(problems);
    Some(MapPurpose { name: name?, title: title?, basis: basis?, methods: methods?, categories })
}

fn processor(mut section: Section, problems: &mut Problems) -> Option<Processor> {
    let name = section.text("name", problems);
    let postal_address = section.text("postal_address", problems);
    let task = section.text("task", problems);
    section.finish(problems);
    Some(Processor { name: name?, postal_address: postal_address?, task: task? })
}

fn kept(mut section: Section, problems: &mut Problems) -> Option<Storage> {
    let what = section.text("what", problems);
    let period = section.text("period", problems);
    section.finish(problems);
    Some(Storage { what: what?, period: period? })
}

fn needed_section(root: &mut Section, key: &str, problems: &mut Problems) -> Option<Section> {
    let section = root.section(key, problems);
    if section.is_none() {
        problems.add(root.key(key), format!("is missing; add it as [{key}]"));
    }
    section
}

fn needed_sections(root: &mut Section, key: &str, problems: &mut Problems) -> Vec<Section> {
    let sections = root.sections(key, problems);
    if sections.is_empty() {
        problems.add(root.key(key), format!("is missing or empty; add each as [[{key}]]"));
    }
    sections
}

fn needed_texts(section: &mut Section, key: &str, problems: &mut Problems) -> Vec<Text> {
    let texts = section.texts(key, problems);
    if texts.is_empty() {
        let remedy = "is missing or empty; write at least one { ru = \"…\", en = \"…\" }, also where there is nothing to tell";
        problems.add(section.key(key), remedy);
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../config/data_map.toml");

    #[test]
    fn the_shipped_map_is_whole() {
        let map = DataMap::parse(SHIPPED).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(map.purposes.len() >= 4);
    }

    /// Every key of the file is needed: without it, or with an empty value, the map is refused by name.
    #[test]
    fn a_field_that_is_missing_or_empty_is_told_by_name() {
        let table: toml::Table = SHIPPED.parse().expect("TOML");
        for key in table.keys() {
            let mut without = table.clone();
            without.remove(key);
            told(&without, key);
            let mut empty = table.clone();
            let nothing = match empty.get(key) {
                Some(toml::Value::Array(_)) => toml::Value::Array(Vec::new()),
                Some(toml::Value::Table(_)) => toml::Value::Table(toml::Table::new()),
                Some(_) | None => toml::Value::String(String::new()),
            };
            empty.insert(key.clone(), nothing);
            told(&empty, key);
        }
    }

    fn told(table: &toml::Table, key: &str) {
        let problems = DataMap::parse(&table.to_string()).expect_err(key);
        assert!(problems.iter().any(|problem| problem.key.starts_with(key)), "{key}: {problems}");
        assert!(problems.iter().all(|problem| !problem.message.is_empty()));
    }

    #[test]
    fn no_processors_must_be_said_and_not_contradicted() {
        let mut table: toml::Table = SHIPPED.parse().expect("TOML");
        let none: toml::Table = "ru = 'нет'\nen = 'none'".parse().expect("TOML");
        table.insert("no_processors".to_owned(), none.into());
        told(&table, "no_processors");
        table.remove("processor");
        assert!(DataMap::parse(&table.to_string()).is_ok());
    }

    #[test]
    fn an_empty_field_inside_a_purpose_is_told_with_its_place() {
        let text = SHIPPED.replacen("categories = [", "categories = []\nunused = [", 1);
        let problems = DataMap::parse(&text).expect_err("empty");
        assert!(
            problems.iter().any(|problem| problem.key == "purpose[0].categories"),
            "{problems}"
        );
    }
}
