//! What a package tells of others: connected systems, processors, recipients, countries; and how long
//! what is kept.

use domain::language::Locale;
use serde_json::Value;

use super::{Teller, list, rows, text};
use crate::access::index::Section;

/// The most rows that are made of what one system holds; the file beside them has all.
const ROWS_OF_A_SYSTEM: usize = 100_000;

impl Teller<'_> {
    /// How long what is kept: the table by which it is destroyed, and what the data map adds.
    pub(super) fn storage(&self) -> Section {
        let kept = rows(&self.data["retention"], |one| {
            vec![
                self.either(&one["title"]),
                self.either(&one["period"]),
                self.either(&one["counts_from"]),
                self.either(&one["law"]),
            ]
        });
        let more = self.map.storage.iter();
        let more = more.map(|one| vec![self.text(&one.what), self.text(&one.period)]).collect();
        self.section("storage", "ст. 14 ч. 7 п. 6; GDPR 15(1)(d)", Vec::new())
            .with(self.table("", &["what", "period", "counts_from", "basis"], kept))
            .with(self.table("kept_elsewhere", &["what", "period"], more))
    }

    pub(super) fn abroad(&self) -> Section {
        let foreign = list(&self.data["recipients"]).filter(|one| one["country"] != "RU");
        let foreign = foreign.map(|one| {
            let told = text(&one["authority_told_on"]);
            vec![text(&one["title"]), text(&one["country"]), told]
        });
        self.section(
            "abroad",
            "ст. 14 ч. 7 п. 8; GDPR 15(2)",
            vec![self.text(&self.map.cross_border)],
        )
        .with(self.table("abroad_to", &["recipient", "country", "told_on"], foreign.collect()))
        .with(self.list("safeguards", vec![self.text(&self.map.safeguards)]))
    }

    /// Processors and recipients: the data map, the register beside it, and to whom this person's
    /// data went.
    pub(super) fn processors(&self) -> Section {
        let none = self.map.no_processors.iter().map(|text| self.text(text)).collect();
        let mapped = self.map.processors.iter().map(|one| {
            vec![
                self.text(&one.name),
                self.text(&one.postal_address),
                self.text(&one.task),
                String::new(),
                String::new(),
            ]
        });
        let is_mapped = |title: &str| {
            self.map.processors.iter().any(|one| one.name.ru == title || one.name.en == title)
        };
        let registered = list(&self.data["recipients"])
            .filter(|one| one["role"] == "processor" && !is_mapped(&text(&one["title"])));
        let registered = registered.map(|one| self.recipient(one));
        let others = list(&self.data["recipients"]).filter(|one| one["role"] != "processor");
        let others: Vec<_> = others.map(|one| self.recipient(one)).collect();
        let disclosed = rows(&self.data["disclosures"], |one| {
            vec![
                self.instant(&one["disclosed_at"]),
                text(&one["recipient"]),
                text(&one["country"]),
                self.say(&text(&one["ground"])),
                self.categories(&one["data"]),
            ]
        });
        let mut recipients = self.texts(&self.map.recipients);
        if disclosed.is_empty() {
            recipients.push(self.say("no_disclosures"));
        }
        let heads = ["name", "postal_address", "task", "country", "categories"];
        let gone = ["when", "recipient", "country", "ground", "categories"];
        self.section("processors", "ст. 14 ч. 7 п. 9; GDPR 15(1)(c)", none)
            .with(self.table("", &heads, mapped.chain(registered).collect()))
            .with(self.list("recipients", recipients))
            .with(self.table("registered", &heads, others))
            .with(self.table("disclosures", &gone, disclosed))
    }

    fn recipient(&self, one: &Value) -> Vec<String> {
        vec![
            text(&one["title"]),
            text(&one["postal_address"]),
            text(&one["purpose"]),
            text(&one["country"]),
            self.categories(&one["data"]),
        ]
    }

    /// Categories of data in words.
    fn categories(&self, words: &Value) -> String {
        let words = text(words);
        let said = words.split_whitespace().map(|word| self.say(&format!("data_{word}")));
        said.collect::<Vec<_>>().join(", ")
    }

    /// What other systems of the organisation hold, each value with its place.
    pub(super) fn systems(&self) -> Section {
        let systems = &self.data["systems"];
        let mut lines = Vec::new();
        if list(systems).any(|one| one["state"] == "not_answered" || one["state"] == "not_asked") {
            lines.push(self.say("systems_silent"));
        }
        if list(systems).next().is_none() {
            lines.push(self.say("systems_none"));
        }
        let stand = rows(systems, |one| {
            let when = self.instant(&one["answered_at"]);
            vec![text(&one["system"]), self.say(&text(&one["state"])), when, text(&one["file"])]
        });
        let mut section = self
            .section("systems", "ст. 14 ч. 7 п. 5; GDPR 15(1)(b), 15(3)", lines)
            .with(self.table("", &["system", "state", "when", "in_file"], stand));
        for one in list(systems) {
            let mut values = Vec::new();
            self.flatten("", &one["data"], &mut values);
            let mut table = self.table("", &["what", "value"], values);
            table.title = text(&one["system"]);
            section = section.with(table);
        }
        section
    }

    /// The values of what a system holds, each with the path to it.
    fn flatten(&self, path: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
        if rows.len() >= ROWS_OF_A_SYSTEM {
            if rows.len() == ROWS_OF_A_SYSTEM {
                rows.push(vec!["…".to_owned(), self.say("whole_elsewhere")]);
            }
            return;
        }
        let join = |key: &str| match path {
            "" => key.to_owned(),
            path => format!("{path} / {key}"),
        };
        match value {
            Value::Null => {}
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.flatten(&join(key), value, rows);
                }
            }
            Value::Array(items) => {
                for (item, place) in items.iter().zip(1..) {
                    self.flatten(&join(&format!("{place}")), item, rows);
                }
            }
            Value::String(said) => rows.push(vec![self.shortened(path), self.shortened(said)]),
            Value::Bool(_) | Value::Number(_) => {
                rows.push(vec![self.shortened(path), value.to_string()]);
            }
        }
    }

    /// A text that stands in both languages.
    fn either(&self, value: &Value) -> String {
        match self.locale {
            Locale::Ru => text(&value["ru"]),
            Locale::En => text(&value["en"]),
        }
    }
}
