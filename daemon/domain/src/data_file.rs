//! Reading a data file (TOML) so that everything wrong with it is told at once.
//!
//! Used by the calendars and the regimes, which administrators edit by hand. A reader takes key
//! after key out of a [`Section`]; what is missing, ill-formed or left over becomes a
//! [`Problem`] with the key and the remedy. Pure: the text is an argument.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::language::Locale;

/// One thing wrong in a data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The full key, such as `year.2026.weekdays_off[3]`.
    pub key: String,
    /// What is wrong, then what to write instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.key, self.message)
    }
}

/// All that is wrong in one data file, in the order of reading; never empty in an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The single problems.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem { key: key.into(), message: message.into() });
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

/// A sentence of a data file in both languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Russian.
    pub ru: String,
    /// English.
    pub en: String,
}

impl Text {
    /// The sentence in one language.
    #[must_use]
    pub fn in_locale(&self, locale: Locale) -> &str {
        match locale {
            Locale::Ru => &self.ru,
            Locale::En => &self.en,
        }
    }
}

/// A table of the file of which keys are taken one by one.
pub(crate) struct Section {
    path: String,
    table: Table,
}

impl Section {
    /// The whole file. A text that is no TOML is one problem, with its line.
    pub(crate) fn root(text: &str) -> Result<Self, Problems> {
        text.parse::<Table>().map(|table| Self { path: String::new(), table }).map_err(|error| {
            let mut problems = Problems::default();
            let line = error.span().map_or(1, |span| {
                text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count() + 1
            });
            let reason = error.message().replace('\n', " ");
            problems
                .add(format!("line {line}"), format!("is not TOML: {reason}; correct the line"));
            problems
        })
    }

    /// The full name of a key of this section.
    pub(crate) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(crate) fn optional_string(&mut self, key: &str, problems: &mut Problems) -> Option<String> {
        match self.table.remove(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text),
            _ => {
                problems.add(self.key(key), "is no text; write it in quotes, not empty");
                None
            }
        }
    }

    pub(crate) fn string(&mut self, key: &str, problems: &mut Problems) -> Option<String> {
        self.present(key, "a text in quotes", problems)?;
        self.optional_string(key, problems)
    }

    pub(crate) fn optional_date(&mut self, key: &str, problems: &mut Problems) -> Option<Date> {
        let value = self.table.remove(key)?;
        read_date(&value, &self.key(key), problems)
    }

    pub(crate) fn date(&mut self, key: &str, problems: &mut Problems) -> Option<Date> {
        self.present(key, "a date such as 2026-12-31", problems)?;
        self.optional_date(key, problems)
    }

    pub(crate) fn dates(&mut self, key: &str, problems: &mut Problems) -> Vec<(String, Date)> {
        self.entries(key, problems)
            .into_iter()
            .filter_map(|(key, value)| read_date(&value, &key, problems).map(|date| (key, date)))
            .collect()
    }

    pub(crate) fn strings(&mut self, key: &str, problems: &mut Problems) -> Vec<(String, String)> {
        self.entries(key, problems)
            .into_iter()
            .filter_map(|(key, value)| match value {
                Value::String(text) => Some((key, text)),
                _ => {
                    problems.add(key, "is no text; write it in quotes");
                    None
                }
            })
            .collect()
    }

    pub(crate) fn texts(&mut self, key: &str, problems: &mut Problems) -> Vec<Text> {
        self.entries(key, problems)
            .into_iter()
            .filter_map(|(key, value)| read_text(value, &key, problems))
            .collect()
    }

    pub(crate) fn optional_text(&mut self, key: &str, problems: &mut Problems) -> Option<Text> {
        let value = self.table.remove(key)?;
        read_text(value, &self.key(key), problems)
    }

    pub(crate) fn text(&mut self, key: &str, problems: &mut Problems) -> Option<Text> {
        self.present(key, "{ ru = \"…\", en = \"…\" }", problems)?;
        self.optional_text(key, problems)
    }

    /// A whole number from 1 to `most`.
    pub(crate) fn count(&mut self, key: &str, most: u32, problems: &mut Problems) -> Option<u32> {
        self.present(key, "a number", problems)?;
        let number = self.table.remove(key).and_then(|value| value.as_integer());
        let count = number.and_then(|n| u32::try_from(n).ok()).filter(|n| (1..=most).contains(n));
        if count.is_none() {
            problems.add(self.key(key), format!("is no whole number from 1 to {most}; write one"));
        }
        count
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(crate) fn yes_or_no(&mut self, key: &str, problems: &mut Problems) -> Option<bool> {
        self.present(key, "true or false", problems)?;
        let answer = self.table.remove(key).and_then(|value| value.as_bool());
        if answer.is_none() {
            problems.add(self.key(key), "is neither true nor false; write one of them");
        }
        answer
    }

    /// A word out of a closed list, read by `parse`; `known` lists them for the remedy.
    pub(crate) fn word<T>(
        &mut self,
        key: &str,
        known: &str,
        parse: impl Fn(&str) -> Option<T>,
        problems: &mut Problems,
    ) -> Option<T> {
        let text = self.string(key, problems)?;
        let word = parse(&text);
        if word.is_none() {
            problems.add(self.key(key), format!("`{text}` is not known; write one of: {known}"));
        }
        word
    }

    /// The table under a key, if there is one.
    pub(crate) fn section(&mut self, key: &str, problems: &mut Problems) -> Option<Section> {
        let value = self.table.remove(key)?;
        into_section(value, self.key(key), problems)
    }

    /// The tables of an array of tables (`[[key]]`); none when the key is absent.
    pub(crate) fn sections(&mut self, key: &str, problems: &mut Problems) -> Vec<Section> {
        self.entries(key, problems)
            .into_iter()
            .filter_map(|(key, value)| into_section(value, key, problems))
            .collect()
    }

    /// The tables named by the keys of the table under `key`.
    pub(crate) fn named_sections(
        &mut self,
        key: &str,
        problems: &mut Problems,
    ) -> Vec<(String, Section)> {
        let Some(parent) = self.section(key, problems) else { return Vec::new() };
        let path = parent.path;
        parent
            .table
            .into_iter()
            .filter_map(|(name, value)| {
                let section = into_section(value, format!("{path}.{name}"), problems)?;
                Some((name, section))
            })
            .collect()
    }

    /// Ends the reading: what was not asked for is a mistyped or unknown key.
    pub(crate) fn finish(self, problems: &mut Problems) {
        for key in self.table.keys() {
            problems.add(self.key(key), "is an unknown key; remove it or correct its spelling");
        }
    }

    fn present(&self, key: &str, shape: &str, problems: &mut Problems) -> Option<()> {
        if self.table.contains_key(key) {
            return Some(());
        }
        problems.add(self.key(key), format!("is missing; add it as {shape}"));
        None
    }

    fn entries(&mut self, key: &str, problems: &mut Problems) -> Vec<(String, Value)> {
        let name = self.key(key);
        match self.table.remove(key) {
            None => Vec::new(),
            Some(Value::Array(values)) => values
                .into_iter()
                .enumerate()
                .map(|(at, value)| (format!("{name}[{at}]"), value))
                .collect(),
            Some(_) => {
                problems.add(name, "is no list; write the entries in [ ]");
                Vec::new()
            }
        }
    }
}

fn into_section(value: Value, path: String, problems: &mut Problems) -> Option<Section> {
    match value {
        Value::Table(table) => Some(Section { path, table }),
        _ => {
            problems.add(path, "is no table; write its keys under a [heading]");
            None
        }
    }
}

fn read_text(value: Value, key: &str, problems: &mut Problems) -> Option<Text> {
    let mut section = into_section(value, key.to_owned(), problems)?;
    let ru = section.string("ru", problems);
    let en = section.string("en", problems);
    section.finish(problems);
    Some(Text { ru: ru?, en: en? })
}

/// A date written as TOML date or in quotes; never a date with a time.
fn read_date(value: &Value, key: &str, problems: &mut Problems) -> Option<Date> {
    let text = match value {
        Value::Datetime(date) => date.to_string(),
        Value::String(text) => text.clone(),
        _ => String::new(),
    };
    let date = (text.len() == 10).then(|| text.parse().ok()).flatten();
    if date.is_none() {
        problems.add(key, "is no date; write it as year-month-day, such as 2026-12-31");
    }
    date
}
