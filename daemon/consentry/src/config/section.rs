//! A table of the configuration of which keys are taken one by one.
//!
//! Every reader of a section takes its keys here; what is missing, ill-formed or left over is
//! noted with key and remedy, and the reading goes on, so that all errors are told at once.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use toml::{Table, Value};

use super::secret::Secret;

/// Everything found wrong so far: "`key` what; remedy".
pub type Problems = RefCell<Vec<String>>;

/// A table and its place in the file.
pub struct Section<'p> {
    path: String,
    table: Table,
    problems: &'p Problems,
}

impl<'p> Section<'p> {
    /// The whole file.
    pub fn root(table: Table, problems: &'p Problems) -> Self {
        Self { path: String::new(), table, problems }
    }

    /// Notes that a key of this section is wrong.
    pub fn wrong(&self, key: &str, what: impl std::fmt::Display) {
        self.problems.borrow_mut().push(format!("`{}` {what}", self.key(key)));
    }

    /// The full name of a key of this section.
    pub fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The table under `key`; empty when there is none.
    pub fn section(&mut self, key: &str) -> Self {
        self.optional_section(key).unwrap_or_else(|| self.below(self.key(key), Table::new()))
    }

    /// The table under `key`, if there is one.
    pub fn optional_section(&mut self, key: &str) -> Option<Self> {
        match self.table.remove(key)? {
            Value::Table(table) => Some(self.below(self.key(key), table)),
            _ => {
                self.wrong(key, format!("is no table; write its keys under [{}]", self.key(key)));
                None
            }
        }
    }

    /// Notes that a key stands elsewhere now, if it is there.
    pub fn moved(&mut self, key: &str, remedy: &str) {
        if self.table.remove(key).is_some() {
            self.wrong(key, format!("is no longer read; {remedy}"));
        }
    }

    /// The tables of `[[key]]`.
    pub fn sections(&mut self, key: &str) -> Vec<Self> {
        let name = self.key(key);
        let values = match self.table.remove(key) {
            None => return Vec::new(),
            Some(Value::Array(values)) => values,
            Some(_) => {
                self.wrong(key, format!("is no list; begin each entry with [[{name}]]"));
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for (at, value) in values.into_iter().enumerate() {
            match value {
                Value::Table(table) => found.push(self.below(format!("{name}[{at}]"), table)),
                _ => self.wrong(key, format!("has an entry that is no table; write [[{name}]]")),
            }
        }
        found
    }

    fn below(&self, path: String, table: Table) -> Self {
        Self { path, table, problems: self.problems }
    }

    /// A text, if it is there.
    pub fn optional_text(&mut self, key: &str) -> Option<String> {
        match self.table.remove(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => {
                self.wrong(key, "is no text; write it in quotes, not empty");
                None
            }
        }
    }

    /// A text that must be there; empty when it is not, which was then noted.
    pub fn text(&mut self, key: &str, example: &str) -> String {
        if !self.table.contains_key(key) {
            self.wrong(key, format!("is missing; add {key} = \"{example}\""));
        }
        self.optional_text(key).unwrap_or_default()
    }

    /// What `read` makes of a text, if it is there and right.
    pub fn optional_read<T, E: std::fmt::Display>(
        &mut self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.optional_text(key)?;
        match read(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(key, format!("cannot be used: {error}"));
                None
            }
        }
    }

    /// As [`Section::optional_read`], for a key that must be there.
    pub fn read<T, E: std::fmt::Display>(
        &mut self,
        key: &str,
        example: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            self.wrong(key, format!("is missing; add {key} = \"{example}\""));
        }
        self.optional_read(key, read)
    }

    /// One of a closed set of words, the first being the default.
    pub fn word<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> T {
        let default = words[0].1;
        self.optional_word(key, words).unwrap_or(default)
    }

    /// One of a closed set of words, if it is there.
    pub fn optional_word<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.optional_text(key)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.wrong(key, format!("`{text}` is not known; write {}", known.join(" or ")));
        }
        found.map(|(_, value)| *value)
    }

    /// A whole number within a range.
    pub fn number(&mut self, key: &str, range: std::ops::RangeInclusive<u32>, default: u32) -> u32 {
        self.optional_number(key, range).unwrap_or(default)
    }

    /// A whole number within a range, if it is there.
    pub fn optional_number(
        &mut self,
        key: &str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        let value = self.table.remove(key)?;
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            self.wrong(key, format!("is no whole number from {least} to {most}; write one"));
        }
        number
    }

    /// A length of time such as "30s", within a range.
    pub fn duration(
        &mut self,
        key: &str,
        range: std::ops::RangeInclusive<Duration>,
        default: Duration,
    ) -> Duration {
        let Some(text) = self.optional_text(key) else { return default };
        let read = text.parse::<SignedDuration>().ok().and_then(|time| time.try_into().ok());
        match read {
            Some(time) if range.contains(&time) => time,
            _ => {
                let (least, most) = (range.start(), range.end());
                self.wrong(
                    key,
                    format!("`{text}` is no time between {least:?} and {most:?}; write it as \"30s\" or \"5m\""),
                );
                default
            }
        }
    }

    /// A size such as "32 MiB", in bytes, within a range.
    pub fn size(&mut self, key: &str, range: std::ops::RangeInclusive<u64>, default: u64) -> u64 {
        let Some(text) = self.optional_text(key) else { return default };
        match read_size(&text) {
            Some(size) if range.contains(&size) => size,
            _ => {
                let (least, most) = (range.start() >> 10, range.end() >> 10);
                self.wrong(
                    key,
                    format!("`{text}` is no size between {least} KiB and {most} KiB; write it as \"32 MiB\""),
                );
                default
            }
        }
    }

    /// `true` or `false`; without it `false`.
    pub fn flag(&mut self, key: &str) -> bool {
        self.flag_or(key, false)
    }

    /// `true` or `false`; without it `default`.
    pub fn flag_or(&mut self, key: &str, default: bool) -> bool {
        match self.table.remove(key) {
            None => default,
            Some(Value::Boolean(flag)) => flag,
            Some(_) => {
                self.wrong(key, "is neither true nor false; write one without quotes");
                default
            }
        }
    }

    /// A list of texts, if it is there.
    pub fn optional_texts(&mut self, key: &str) -> Option<Vec<String>> {
        let value = self.table.remove(key)?;
        let texts: Option<Vec<String>> = value.as_array().and_then(|values| {
            let texts = values.iter().map(|value| value.as_str().map(str::trim));
            texts.map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned)).collect()
        });
        if texts.is_none() {
            self.wrong(key, "is no list of texts; write it as [\"one\", \"two\"]");
        }
        texts
    }

    /// A path, if it is there.
    pub fn optional_path(&mut self, key: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.optional_text(key)?);
        if path.is_relative() {
            self.wrong(key, "is no absolute path; begin it with /");
            return None;
        }
        Some(path)
    }

    /// The place of a secret, if it is there.
    pub fn optional_secret(&mut self, key: &str) -> Option<Secret> {
        let full = self.key(key);
        self.optional_read(key, |text| Secret::parse(&full, text))
    }

    /// The place of a secret that must be there.
    pub fn secret(&mut self, key: &str, example: &str) -> Option<Secret> {
        let full = self.key(key);
        self.read(key, example, |text| Secret::parse(&full, text))
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Ends the reading: what was not asked for is unknown.
    pub fn finish(self) {
        for key in self.table.keys() {
            self.wrong(key, "is an unknown key; remove it or correct its spelling");
        }
    }
}

fn read_size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let number: u64 = digits.parse().ok()?;
    let unit: u64 = match text[digits.len()..].trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_unit() {
        for (text, expected) in [
            ("32 MiB", Some(32 << 20)),
            ("64KiB", Some(64 << 10)),
            ("17", Some(17)),
            ("32 MB", None),
            ("MiB", None),
            ("99999999999999999999 GiB", None),
        ] {
            assert_eq!(read_size(text), expected, "{text}");
        }
    }
}
