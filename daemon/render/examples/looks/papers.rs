//! The documents of proof: act with its extract, the English record, the register.

use std::error::Error;
use std::path::Path;

use domain::Timestamp;
use domain::act::{
    Act, ActFacts, ActHouse, ActNumber, ActPart, ActParty, ActPerson, ActSubject, ExtractLine,
    Method, SubjectShown,
};
use domain::digest::{Digest, DigestKeyId};
use domain::ids::{AuditEventId, ContactId};
use domain::regime::RequestName;
use domain::request::{Outcome, Requester};
use jiff::civil::date;
use jiff::tz::TimeZone;
use render::document::{
    Document, Register, RegisterLine, act_document, erasure_record, register_document,
};

use crate::write as write_file;

/// Writes each document as PDF and HTML.
pub(crate) fn write(directory: &Path) -> Result<(), Box<dyn Error>> {
    let zone = TimeZone::get("Europe/Moscow")?;
    let act = act()?;
    let save = |name: &str, document: &Document| -> Result<(), Box<dyn Error>> {
        write_file(directory, &format!("{name}.html"), document.to_html().as_bytes())?;
        write_file(directory, &format!("{name}.pdf"), &document.to_pdf()?)
    };
    save("act", &act_document(&act, &zone))?;
    save("record", &erasure_record(&act, &zone))?;
    save("register", &register_document(&register(zone)?))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_default()
}

fn part(name: &str, found: i64, kept: (&str, i64, &str)) -> ActPart {
    ActPart {
        part: name.to_owned(),
        action: if kept.1 > 0 { "keep".into() } else { "destroy".into() },
        found,
        done: found - kept.1,
        kept: kept.1,
        basis: kept.0.to_owned(),
        law: kept.2.to_owned(),
        keep_until_on: (kept.1 > 0).then(|| date(2029, 12, 16)),
        done_at: Some(at("2026-12-16T09:15:00Z")),
    }
}

fn act() -> Result<Act, Box<dyn Error>> {
    let stop = Digest { key: DigestKeyId(1), bytes: [0x5c; 32] };
    let none = ("", 0, "");
    let proof = ("proof_of_consent", 1, "152-FZ art. 9 p. 3");
    let facts = ActFacts {
        ticket_number: "CT-7H2K9MXQ".into(),
        regimes: vec!["ru-152fz".into(), "eu-gdpr".into()],
        subject: ActSubject::new(Some(ContactId(17)), "CT-7H2K9MXQ", Some(stop)),
        processors: vec![ActParty {
            name: "ООО «Рассылка»".into(),
            address: "420111, г. Казань, ул. Баумана, д. 7".into(),
        }],
        informed: Vec::new(),
        asked_again_at: None,
        executed_by: vec!["belova".into(), "consentry".into()],
        categories: Vec::new(),
        method: Method::Destroy,
        tool: String::new(),
        reason: "erasure".into(),
        law: "152-ФЗ ст. 21 ч. 5".into(),
        destroyed_at: at("2026-12-16T09:15:00Z"),
        parts: vec![
            part("contact", 1, none),
            part("addresses", 2, none),
            part("subscriptions", 4, none),
            part("submissions", 3, none),
            part("raw_mail", 12, none),
            part("server_copies", 12, none),
            part("deliveries", 200, none),
            part("consent_proof", 1, proof),
            part("suppression", 2, ("suppression", 2, "38-FZ art. 18 p. 1")),
        ],
    };
    let house = ActHouse {
        operator: ActParty {
            name: "ООО «Эстетимед»".into(),
            address: "119021, г. Москва, ул. Тимура Фрунзе, д. 11, стр. 2".into(),
        },
        system: "Consentry, обращения и рассылки".into(),
        tool: "Consentry 1.0".into(),
        persons: vec![ActPerson {
            actor: "belova".into(),
            name: "Белова Анна Петровна".into(),
            post: "специалист по защите данных".into(),
        }],
        shows: SubjectShown::Code,
    };
    let lines = (0..40).map(|n| ExtractLine {
        event: AuditEventId(100 + n),
        at: at("2026-12-16T09:15:00Z"),
        actor: "consentry".into(),
        act: "step_done".into(),
        about: "plan:3".into(),
        detail: format!(
            "{{\"part\":\"raw_mail\",\"done\":{n},\"sha256\":\"{}\"}}",
            "ab".repeat(32)
        ),
    });
    let number = ActNumber::parse("A-2026-000017")?;
    let made = at("2026-12-16T10:00:00Z");
    Ok(Act::draw_up(number, &facts, &house, lines.collect(), date(2026, 12, 16), made)?)
}

fn register(zone: TimeZone) -> Result<Register, Box<dyn Error>> {
    let line = |number: i64| RegisterLine {
        number,
        ticket: format!("CT-7H2K9M{number:02}"),
        received_at: at("2026-11-22T14:57:00Z"),
        applicant: "a***@***".into(),
        requester: if number % 3 == 0 { Requester::Representative } else { Requester::Subject },
        name: if number % 2 == 0 { RequestName::Access } else { RequestName::Erasure },
        law: "152-ФЗ ст. 21 ч. 5".into(),
        duties: vec![
            ("answer".into(), Some(date(2026, 12, 7)), Some(date(2026, 12, 1))),
            ("destroy".into(), Some(date(2026, 12, 23)), None),
        ],
        extended_on: (number % 4 == 0).then(|| date(2026, 12, 1)),
        answered_at: (number % 5 != 0).then(|| at("2026-12-16T09:15:00Z")),
        outcome: match number % 3 {
            0 => Some(Outcome::Refused),
            1 => Some(Outcome::PartlyKept),
            _ => None,
        },
        clause: if number % 3 == 0 { "152-ФЗ ст. 14 ч. 4".into() } else { String::new() },
        act: if number % 3 == 1 { "A-2026-000017".into() } else { String::new() },
        decided_by: "belova".into(),
    };
    Ok(Register {
        operator: "ООО «Эстетимед»".into(),
        from: date(2026, 1, 1),
        to: date(2026, 12, 31),
        zone,
        lines: (1..=24).map(line).collect(),
    })
}
