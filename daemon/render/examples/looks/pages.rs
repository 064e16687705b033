//! The pages of privacy requests in each of their states.

use std::error::Error;
use std::path::Path;

use domain::language::Locale;
use domain::regime::{DutyName, RequestName};
use jiff::civil::date;
use jiff::tz::TimeZone;
use render::{PageName, Renderer, wording};
use serde_json::{Value, json};

use crate::{said, write as write_file};

/// Writes each page, with style sheet and mark beside.
pub(crate) fn write(
    renderer: &Renderer,
    locale: Locale,
    directory: &Path,
) -> Result<(), Box<dyn Error>> {
    for name in ["site.css", "mark.svg", "feedback.js"] {
        let file = render::static_file(name).ok_or("a static file is missing")?;
        write_file(directory, name, &file.bytes)?;
    }
    let pages = Pages { renderer, locale };
    let all = [pages.challenge(), pages.code(), pages.package(), pages.status(), pages.others()];
    for (state, name, context) in all.into_iter().flatten() {
        let html = renderer.page(name, locale, &context)?;
        write_file(directory, &format!("{state}.{}.html", locale.code()), html.as_bytes())?;
    }
    Ok(())
}

type Page = (&'static str, PageName, Value);

struct Pages<'a> {
    renderer: &'a Renderer,
    locale: Locale,
}

impl Pages<'_> {
    fn word(&self, path: &str) -> String {
        self.renderer.word(self.locale, path).unwrap_or(path).to_owned()
    }

    fn moment(&self, text: &str) -> String {
        let zone = TimeZone::get("Europe/Moscow").unwrap_or(TimeZone::UTC);
        wording::instant(text.parse().unwrap_or_default(), &zone, self.locale)
    }

    fn site(&self, title: &str, has_other: bool) -> Value {
        json!({
            "title": self.word(title), "number": "",
            "organisation": said("ООО «Эстетимед»", "Esthetimed LLC", self.locale),
            "email": "hello@clinic.example",
            "contact": said("Белова А. П., privacy@clinic.example", "A. Belova, privacy@clinic.example", self.locale),
            "policy_url": "https://clinic.example/policy",
            "policy_version": "7",
            "feedback_url": "feedback", "status_url": "status",
            "other_language_url": if has_other { "other" } else { "" },
            "style_url": "site.css", "script_url": "", "icon_url": "mark.svg",
        })
    }

    fn challenge(&self) -> Vec<Page> {
        let standing = |name: &str, known: bool, buttons: bool| {
            let requests = [RequestName::Erasure, RequestName::StopMarketing];
            let requests = requests.map(|request| wording::request(request, self.locale));
            json!({
                "site": self.site(&format!("challenge.{name}_title"), buttons),
                "lead": self.word(&format!("challenge.{name}_lead")),
                "number": if known { "CT-7H2K9MXQ" } else { "" },
                "opened_at": if known { self.moment("2026-11-22T14:57:00Z") } else { String::new() },
                "requests": if known { requests.to_vec() } else { Vec::new() },
                "has_buttons": buttons,
            })
        };
        [
            ("ask", true, true),
            ("mine", true, false),
            ("not_mine", true, false),
            ("over", true, false),
            ("unknown", false, false),
        ]
        .map(|(name, known, buttons)| {
            let state = match name {
                "ask" => "challenge_ask",
                "mine" => "challenge_mine",
                "not_mine" => "challenge_not_mine",
                "over" => "challenge_over",
                _ => "challenge_unknown",
            };
            (state, PageName::Challenge, standing(name, known, buttons))
        })
        .to_vec()
    }

    fn question(&self, title: &str, action: &str, error: Option<&str>) -> Value {
        let text = error.map(|path| self.word(path)).unwrap_or_default();
        let errors = match error {
            Some(_) => vec![json!({ "field": "number", "text": text })],
            None => Vec::new(),
        };
        let typed = |value: &str| if error.is_some() { value.to_owned() } else { String::new() };
        json!({
            "site": self.site(title, true), "action": action, "errors": errors,
            "number": { "value": typed("CT-7H2K9MXQ"), "error": text },
            "code": { "value": typed("4T8V2ZC6RN"), "error": "" },
        })
    }

    fn code(&self) -> Vec<Page> {
        let title = "challenge.code_title";
        let wrong = Some("challenge.not_found");
        let name = PageName::ChallengeCode;
        vec![
            ("challenge_code", name, self.question(title, "challenge", None)),
            ("challenge_code_wrong", name, self.question(title, "challenge", wrong)),
        ]
    }

    fn package(&self) -> Vec<Page> {
        let ended = |name: &str| {
            json!({
                "site": self.site(&format!("package.{name}_title"), false),
                "lead": self.word(&format!("package.{name}_lead")),
            })
        };
        let ready = json!({
            "site": self.site("package.title", true),
            "until": self.moment("2026-12-23T09:00:00Z"),
            "size": said("148 КБ", "148 KB", self.locale),
        });
        vec![
            ("package_ready", PageName::Package, ready),
            ("package_spent", PageName::PackageEnded, ended("spent")),
            ("package_expired", PageName::PackageEnded, ended("expired")),
            ("package_unknown", PageName::PackageEnded, ended("unknown")),
            ("package_index", PageName::PackageIndex, self.index()),
        ]
    }

    /// The page inside the file: a sentence, a short table, a wide one.
    fn index(&self) -> Value {
        let part = |fields: Value| {
            let mut part = json!({
                "id": "", "heading": "", "law": "", "line": "", "caption": "",
                "opens_table": false, "heads": [], "cells": [], "closes_table": false,
            });
            if let (Some(all), Value::Object(own)) = (part.as_object_mut(), fields) {
                all.extend(own);
            }
            part
        };
        let heads = [
            said("Дата", "Date", self.locale),
            said("Тема", "Subject", self.locale),
            said("Состояние", "State", self.locale),
        ];
        let row = |cells: [&str; 3]| {
            let cells: Vec<Value> = heads
                .iter()
                .zip(cells)
                .map(|(head, text)| json!({ "head": head, "text": text }))
                .collect();
            part(json!({ "cells": cells }))
        };
        let title =
            said("Сведения об обработке ваших данных", "What we process about you", self.locale);
        let section = said("Какие данные и откуда", "Which data, and from where", self.locale);
        json!({
            "title": title,
            "lead": ["CT-7H2K9MXQ", self.moment("2026-11-22T14:57:00Z")],
            "contents": [{ "href": "#data", "title": section }],
            "pages": [],
            "parts": [
                part(json!({ "id": "data", "heading": section, "law": said("152-ФЗ ст. 14 ч. 7 п. 5", "152-FZ art. 14(7)(5)", self.locale) })),
                part(json!({ "line": "anna.very-long-address-for-narrow-screens@subdomain.person.example" })),
                part(json!({ "caption": said("Письма", "Mails", self.locale), "opens_table": true, "heads": heads })),
                row(["2026-11-20 10:15", "Новости клиники", "accepted"]),
                row(["2026-11-21 10:15", "Приглашение на открытое занятие по анатомии для слушателей", "accepted"]),
                part(json!({ "closes_table": true })),
            ],
        })
    }

    fn status(&self) -> Vec<Page> {
        let owed =
            |request, duty, day| wording::owed(request, duty, date(2026, 12, day), self.locale);
        let request = |name, state: &str, owed: Vec<Option<String>>| {
            json!({
                "what": wording::request(name, self.locale),
                "state": self.word(&format!("request_states.{state}")),
                "owed": owed.into_iter().flatten().collect::<Vec<_>>(),
            })
        };
        let erasure = RequestName::Erasure;
        let shown = |requests: Vec<Value>, state: &str| {
            let mut site = self.site("shown.title", false);
            site["number"] = json!("CT-7H2K9MXQ");
            json!({
                "site": site,
                "state": self.word(&format!("ticket_states.{state}")),
                "opened_at": self.moment("2026-11-22T14:57:00Z"),
                "requests": requests,
                "code_url": if state == "waiting" { "challenge" } else { "" },
            })
        };
        let requests = vec![
            request(
                erasure,
                "identity",
                vec![owed(erasure, DutyName::Answer, 4), owed(erasure, DutyName::Destroy, 22)],
            ),
            request(RequestName::StopMarketing, "answered", Vec::new()),
            request(RequestName::Access, "withdrawn", Vec::new()),
        ];
        let wrong = Some("status.not_found");
        vec![
            ("status_ask", PageName::Status, self.question("status.title", "status", None)),
            ("status_wrong", PageName::Status, self.question("status.title", "status", wrong)),
            ("status_shown", PageName::StatusShown, shown(requests, "waiting")),
            ("status_empty", PageName::StatusShown, shown(Vec::new(), "closed")),
        ]
    }

    fn others(&self) -> Vec<Page> {
        let field = |error: &str| json!({ "value": "", "error": error });
        let feedback = |error: Option<&str>| {
            let text = error.map(|path| self.word(path)).unwrap_or_default();
            let errors = match error {
                Some(_) => vec![json!({ "field": "email", "text": text })],
                None => Vec::new(),
            };
            json!({
                "site": self.site("feedback.title", true), "action": "feedback", "errors": errors,
                "name": field(""), "email": field(&text), "phone": field(""), "text": field(""),
                "trap": field(""), "form_token": "x", "puzzle_seed": "x", "puzzle_bits": 1,
            })
        };
        let problem = json!({
            "site": self.site("problems.not_found.title", false),
            "text": self.word("problems.not_found.text"),
        });
        let filed = json!({ "site": self.site("filed.title", false) });
        vec![
            ("feedback", PageName::Feedback, feedback(None)),
            ("feedback_wrong", PageName::Feedback, feedback(Some("errors.email_invalid"))),
            ("feedback_filed", PageName::FeedbackFiled, filed),
            ("problem", PageName::Problem, problem),
        ]
    }
}
