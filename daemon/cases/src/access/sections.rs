//! A package for people: all fields of 152-ФЗ ст. 14 ч. 7 and GDPR art. 15, in the order of the law.

use domain::{Timestamp, data_file::Text, data_map::DataMap, language::Locale};
use jiff::tz::TimeZone;
use render::wording;
use serde_json::Value;

use super::{
    index::{IndexCell, IndexLink, IndexPart, PackageIndex, Section, Table, cut, file_name},
    titles::say,
};

mod others;

/// Characters of one letter that are shown; the whole stands in `data.json` and `mails/`.
const SHOWN_OF_A_LETTER: usize = 4000;

/// With what a package is told.
pub(super) struct Teller<'a> {
    pub(super) locale: Locale,
    pub(super) zone: &'a TimeZone,
    pub(super) map: &'a DataMap,
    pub(super) data: &'a Value,
    /// The day, as people read it.
    pub(super) as_of: String,
}

impl Teller<'_> {
    /// The pages: one, or as many as it takes.
    pub(super) fn tell(&self) -> Vec<PackageIndex> {
        let number = text(&self.data["matter"]["number"]);
        let sections = self.sections();
        let titles: Vec<_> = sections.iter().map(|one| (one.id, one.title.clone())).collect();
        let mut parts = Vec::new();
        sections.into_iter().for_each(|section| section.flatten(&mut parts));
        let pages = cut(parts);
        let at = |id: &str| {
            let has = |page: &Vec<_>| page.iter().any(|part: &IndexPart| part.id == id);
            pages.iter().position(has).map_or(1, |place| place + 1)
        };
        let places: Vec<_> = titles.into_iter().map(|(id, title)| (at(id), id, title)).collect();
        let count = pages.len();
        let pages = pages.into_iter().zip(1..);
        pages.map(|(parts, page)| self.page((page, count), &places, &number, parts)).collect()
    }

    fn page(
        &self,
        (page, count): (usize, usize),
        places: &[(usize, &'static str, String)],
        number: &str,
        parts: Vec<IndexPart>,
    ) -> PackageIndex {
        let contents = places.iter().map(|(at, id, title)| {
            let file = if *at == page { String::new() } else { file_name(*at) };
            IndexLink { href: format!("{file}#{id}"), title: title.clone() }
        });
        let mut lead = vec![
            self.map.operator.name.in_locale(self.locale).to_owned(),
            format!("{} {number}", self.say("answers")),
            format!("{} {}", self.say("as_of"), self.as_of),
        ];
        let mut pages = Vec::new();
        if count > 1 {
            lead.push(format!("{} {page} / {count}", self.say("page")));
            pages.extend((1..=count).filter(|other| *other != page).map(|other| IndexLink {
                href: file_name(other),
                title: format!("{} {other}", self.say("page")),
            }));
        }
        let title = self.say("title");
        PackageIndex { title, lead, contents: contents.collect(), pages, parts }
    }

    fn sections(&self) -> Vec<Section> {
        vec![
            self.fact(),
            self.purposes(),
            self.operator(),
            self.held(),
            self.matters(),
            self.systems(),
            self.storage(),
            self.section(
                "rights",
                "ст. 14 ч. 7 п. 7; GDPR 15(1)(e), (f)",
                self.texts(&self.map.rights),
            )
            .with(self.list("complaints", self.texts(&self.map.complaints))),
            self.abroad(),
            self.processors(),
            self.section("measures", "ст. 14 ч. 7 п. 9.1", self.texts(&self.map.measures)),
            self.section("other", "ст. 14 ч. 7 п. 10", vec![self.text(&self.map.other)]),
            self.automated(),
            self.file(),
        ]
    }

    fn fact(&self) -> Section {
        let nothing = self.data["nothing_else_held"] == Value::Bool(true);
        let line = self.say(if nothing { "fact_no" } else { "fact_yes" });
        self.section("fact", "ст. 14 ч. 7 п. 1; GDPR 15(1)", vec![line])
    }

    fn purposes(&self) -> Section {
        let rows = self.map.purposes.iter().map(|purpose| {
            vec![
                self.text(&purpose.title),
                self.text(&purpose.basis),
                self.text(&purpose.methods),
                self.texts(&purpose.categories).join("; "),
            ]
        });
        let heads = ["purpose", "basis", "methods", "categories"];
        self.section("purposes", "ст. 14 ч. 7 п. 2, 3; GDPR 15(1)(a), (b)", Vec::new())
            .with(self.table("", &heads, rows.collect()))
    }

    fn operator(&self) -> Section {
        let operator = &self.map.operator;
        let row = vec![
            self.text(&operator.name),
            self.text(&operator.postal_address),
            operator.email.clone(),
            self.text(&operator.responsible),
        ];
        self.section("operator", "ст. 14 ч. 7 п. 4", Vec::new())
            .with(self.table("", &["name", "postal_address", "email", "responsible"], vec![row]))
            .with(self.list("access", self.texts(&self.map.access)))
    }

    fn held(&self) -> Section {
        let data = self.data;
        let person = &data["person"];
        let mut lines = Vec::new();
        let mut contact = Vec::new();
        if person.is_null() {
            lines.push(self.say("no_contact"));
        } else {
            contact.push(vec![
                text(&person["name"]),
                text(&person["phone"]),
                text(&person["locale"]),
                text(&person["zone"]),
                self.say(&text(&person["source"])),
                self.instant(&person["created_at"]),
            ]);
        }
        let heads = ["person_name", "phone", "language", "zone", "source", "since"];
        let addresses = rows(&data["addresses"], |one| {
            let shared = one["shared_with_others"] == Value::Bool(true);
            let shared = if shared { self.say("shared") } else { String::new() };
            vec![text(&one["address"]), self.instant(&one["since_at"]), shared]
        });
        let title = if self.locale == Locale::Ru { "title_ru" } else { "title_en" };
        let subscriptions = rows(&data["subscriptions"], |one| {
            let (purpose, state) = (text(&one["purpose"]), text(&one["state"]));
            let since = self.instant(&one["since_at"]);
            vec![text(&one[title]), self.say(&purpose), self.say(&state), since]
        });
        let consents = rows(&data["consents"]["events"], |one| {
            vec![
                self.instant(&one["at"]),
                self.say(&text(&one["act"])),
                self.say(&text(&one["purpose"])),
                self.evidence(&one["evidence"]),
            ]
        });
        let texts = rows(&data["consents"]["texts"], |one| {
            vec![one["version"].to_string(), text(&one["text"])]
        });
        let mails = rows(&data["mails_sent"], |one| {
            let campaign = text(&one["campaign"]);
            let what = self.say(&text(&one["occasion"]));
            let what = if campaign.is_empty() { what } else { format!("{what}: {campaign}") };
            vec![self.instant(&one["planned_at"]), what, self.say(&text(&one["state"]))]
        });
        let blocks = rows(&data["blocks"], |one| {
            let basis = text(&one["basis"]);
            let basis: Vec<_> = basis.split(' ').map(|word| self.say(word)).collect();
            let (from, until) = (self.instant(&one["from_at"]), self.instant(&one["lifted_at"]));
            vec![self.say(&text(&one["scope"])), basis.join(", "), from, until]
        });
        let stops = rows(&data["not_mailed"], |one| {
            let (since, until) = (self.instant(&one["since_at"]), self.instant(&one["lifted_at"]));
            vec![self.say(&text(&one["reason"])), since, until]
        });
        self.section("held", "ст. 14 ч. 7 п. 5; GDPR 15(1)(b), (g)", lines)
            .with(self.list("sources", self.texts(&self.map.sources)))
            .with(self.table("contact", &heads, contact))
            .with(self.table("addresses", &["email", "since", "state"], addresses))
            .with(self.table(
                "subscriptions",
                &["list", "purpose", "state", "since"],
                subscriptions,
            ))
            .with(self.table("consents", &["when", "act", "purpose", "proof"], consents))
            .with(self.table("texts", &["version", "text"], texts))
            .with(self.table("mails", &["when", "mail", "state"], mails))
            .with(self.table("blocks", &["scope", "reason", "since", "until"], blocks))
            .with(self.table("not_mailed", &["reason", "since", "until"], stops))
    }

    fn matters(&self) -> Section {
        let mut section = self.section("matters", "ст. 14 ч. 7 п. 5; GDPR 15(3)", Vec::new());
        let mut forms = Vec::new();
        let mut notes = Vec::new();
        for matter in list(&self.data["matters"]) {
            let mut said: Vec<(String, Vec<String>)> = Vec::new();
            for one in list(&matter["written"]) {
                let content = &one["content"];
                let (when, you) = (self.instant(&one["received_at"]), self.say("you"));
                let words = self.shortened(&text(&content["text"]));
                let row = vec![when.clone(), you, text(&content["subject"]), words];
                said.push((text(&one["received_at"]), row));
                let form = &one["form"];
                if !form.is_null() {
                    let (ip, browser) = (text(&form["remote_address"]), text(&form["user_agent"]));
                    forms.push(vec![when.clone(), ip, browser]);
                }
                notes.extend(
                    list(&one["notes_of_staff"]).map(|note| vec![when.clone(), text(note)]),
                );
            }
            for one in list(&matter["answers"]) {
                let mut subject = text(&one["subject"]);
                if subject.is_empty() {
                    subject = self.say(&text(&one["occasion"]));
                }
                let (when, we) = (self.instant(&one["planned_at"]), self.say("we"));
                let row = vec![when, we, subject, self.shortened(&text(&one["text"]))];
                said.push((text(&one["planned_at"]), row));
            }
            said.sort_by(|one, other| one.0.cmp(&other.0));
            let mut table = self.table(
                "",
                &["when", "who", "subject", "text"],
                said.into_iter().map(|one| one.1).collect(),
            );
            table.title = text(&matter["number"]);
            section = section.with(table);
        }
        section.with(self.table("web", &["when", "ip", "browser"], forms)).with(self.table(
            "notes",
            &["when", "text"],
            notes,
        ))
    }

    fn automated(&self) -> Section {
        let mut found = Vec::new();
        for one in list(&self.data["matters"]).flat_map(|matter| list(&matter["written"])) {
            let recognised = &one["content"]["recognised"];
            let labels = list(&recognised["labels"]).map(|label| (&label["label"], label));
            let marks = list(&recognised["marks"]).map(|mark| (&mark["mark"], mark));
            for (word, verdict) in labels.chain(marks) {
                let sure = verdict["confidence"].as_f64().unwrap_or_default() * 100.0;
                let when = self.instant(&one["received_at"]);
                found.push(vec![when, self.say(&text(word)), format!("{sure:.0} %")]);
            }
        }
        self.section(
            "automated",
            "152-ФЗ ст. 16; GDPR 15(1)(h)",
            vec![self.text(&self.map.automated)],
        )
        .with(self.table("recognised", &["when", "label", "confidence"], found))
    }

    fn file(&self) -> Section {
        let mut lines = vec![self.say("files")];
        let out = list(&self.data["left_out"]);
        lines.extend(out.map(|word| self.say(&format!("out_{}", text(word)))));
        self.section("file", "GDPR 15(4), 20", lines)
    }

    /// What shows a consent, in a line: how, on which page, from which address and browser.
    fn evidence(&self, evidence: &Value) -> String {
        let confirmed = &evidence["confirmed"];
        let parts = [
            self.say(&text(&evidence["method"])),
            text(&confirmed["page"]),
            text(&confirmed["ip"]),
            text(&confirmed["user_agent"]),
        ];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    fn section(&self, id: &'static str, law: &'static str, lines: Vec<String>) -> Section {
        Section { id, title: self.say(id), law, lines, tables: Vec::new() }
    }

    fn table(&self, title: &str, heads: &[&str], rows: Vec<Vec<String>>) -> Table {
        let heads: Vec<String> = heads.iter().map(|head| self.say(head)).collect();
        let title = if title.is_empty() { String::new() } else { self.say(title) };
        let cells = |row: Vec<String>| {
            let cells = heads.iter().cloned().zip(row);
            cells.map(|(head, text)| IndexCell { head, text }).collect()
        };
        Table { title, rows: rows.into_iter().map(cells).collect(), heads }
    }

    fn list(&self, title: &str, lines: Vec<String>) -> Table {
        let mut table =
            self.table(title, &[title], lines.into_iter().map(|line| vec![line]).collect());
        table.heads = Vec::new();
        table
    }

    fn say(&self, key: &str) -> String {
        say(self.locale, key).to_owned()
    }

    /// A text as far as a page shows it, with the place where the whole stands.
    fn shortened(&self, text: &str) -> String {
        let mut shown: String = text.chars().take(SHOWN_OF_A_LETTER).collect();
        if shown.len() < text.len() {
            shown.push_str("… ");
            shown.push_str(&self.say("whole_elsewhere"));
        }
        shown
    }

    fn text(&self, text: &Text) -> String {
        text.in_locale(self.locale).to_owned()
    }

    fn texts(&self, texts: &[Text]) -> Vec<String> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    fn instant(&self, value: &Value) -> String {
        let at = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        at.map(|at| wording::instant(at, self.zone, self.locale)).unwrap_or_default()
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn rows(value: &Value, row: impl Fn(&Value) -> Vec<String>) -> Vec<Vec<String>> {
    list(value).map(row).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
