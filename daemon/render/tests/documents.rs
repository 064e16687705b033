//! Documents of proof as they come out: every item in the text of the PDF, pages numbered, HTML
//! that stands alone.

use domain::Timestamp;
use domain::act::{
    Act, ActFacts, ActHouse, ActInformed, ActNumber, ActPart, ActParty, ActPerson, ActSubject,
    ExtractLine, Method, SubjectShown,
};
use domain::digest::{Digest, DigestKeyId};
use domain::ids::{AuditEventId, ContactId};
use domain::regime::RequestName;
use domain::request::{Outcome, Requester};
use jiff::civil::date;
use jiff::tz::TimeZone;
use render::document::{Register, RegisterLine, act_document, erasure_record, register_document};

fn zone() -> TimeZone {
    TimeZone::get("Europe/Moscow").expect("bundled")
}

fn at() -> Timestamp {
    "2026-11-23T09:15:00Z".parse().expect("an instant")
}

fn part(name: &str, found: i64, done: i64, kept: (&str, i64)) -> ActPart {
    ActPart {
        part: name.to_owned(),
        action: if kept.1 > 0 { "keep".into() } else { "destroy".into() },
        found,
        done,
        kept: kept.1,
        basis: kept.0.to_owned(),
        law: String::new(),
        keep_until_on: (kept.1 > 0).then(|| date(2029, 11, 23)),
        done_at: Some(at()),
    }
}

fn act(events: usize) -> Act {
    let stop = Digest { key: DigestKeyId(1), bytes: [0x5c; 32] };
    let facts = ActFacts {
        ticket_number: "CT-7K3M9QXW".into(),
        regimes: vec!["ru-152fz".into(), "eu-gdpr".into()],
        subject: ActSubject::new(Some(ContactId(17)), "CT-7K3M9QXW", Some(stop)),
        processors: vec![ActParty {
            name: "ООО «Рассылка»".into(), address: "г. Казань".into()
        }],
        informed: vec![
            ActInformed {
                name: "shop".into(),
                role: "system".into(),
                told_at: Some(at()),
                acknowledged_at: Some(at()),
                state: "acknowledged".into(),
            },
            ActInformed {
                name: "ООО «Рассылка»".into(),
                role: "processor".into(),
                told_at: Some(at()),
                acknowledged_at: None,
                state: "sent".into(),
            },
        ],
        asked_again_at: Some(at()),
        executed_by: vec!["belova".into(), "consentry".into()],
        categories: Vec::new(),
        method: Method::Destroy,
        tool: String::new(),
        reason: "erasure".into(),
        law: "152-ФЗ ст. 21 ч. 5".into(),
        destroyed_at: at(),
        parts: vec![
            part("contact", 1, 1, ("", 0)),
            part("subscriptions", 4, 4, ("", 0)),
            part("raw_mail", 12, 12, ("", 0)),
            part("deliveries", 200, 200, ("", 0)),
            part("consents", 3, 2, ("proof_of_consent", 1)),
            part("reply_address", 1, 0, ("answer", 1)),
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
    let lines = (0..events).map(|n| ExtractLine {
        event: AuditEventId(100 + n as i64),
        at: at(),
        actor: "consentry".into(),
        act: "step_done".into(),
        about: "plan:3".into(),
        detail: format!(
            "{{\"part\":\"raw_mail\",\"done\":{n},\"sha256\":\"{}\"}}",
            "ab".repeat(32)
        ),
    });
    let number = ActNumber::parse("A-2026-000017").expect("a number");
    Act::draw_up(number, &facts, &house, lines.collect(), date(2026, 11, 23), at()).expect("drawn")
}

/// The text of each page, without white space: lines break where the sheet ends.
fn pages(pdf: &[u8]) -> Vec<String> {
    let document = lopdf::Document::load_mem(pdf).expect("a PDF");
    let numbers: Vec<u32> = document.get_pages().keys().copied().collect();
    let text = |number: &u32| {
        let text = document.extract_text(&[*number]).expect("text");
        text.chars().filter(|c| !c.is_whitespace()).collect()
    };
    numbers.iter().map(text).collect()
}

fn packed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What order 179 wants in an act (п. 3) and in an extract (п. 5).
const SAID: [&str; 22] = [
    "Акт № A-2026-000017",
    "а) Оператор",
    "ООО «Эстетимед»",
    "Тимура Фрунзе",
    "б)",
    "ООО «Рассылка»",
    "в) Субъект",
    "contact-17",
    "1:5c5c5c5c5c5c5c5c",
    "г)",
    "Белова Анна Петровна",
    "специалист по защите данных",
    "д)",
    "адрес электронной почты",
    "е)",
    "ж)",
    "обращения и рассылки",
    "з)",
    "и)",
    "152-ФЗ ст. 21 ч. 5",
    "к)",
    "23 ноября 2026",
];

#[test]
fn every_item_of_the_order_is_in_the_text_of_act_and_page() {
    let act = act(3);
    let document = act_document(&act, &zone());
    let pdf = document.to_pdf().expect("made");
    let whole = pages(&pdf).concat();
    let html = document.to_html().replace('\u{a0}', " ");
    for said in SAID {
        assert!(html.contains(said.split(") ").last().unwrap_or(said)), "{said} in HTML");
    }
    for said in ["Акт№A-2026-000017", "contact-17", "Выгрузкаизжурнала", "а)Оператор"]
    {
        assert!(whole.contains(said), "{said} in PDF: {whole}");
    }
    for mark in ["а)", "б)", "в)", "г)", "д)", "е)", "ж)", "з)", "и)", "к)"] {
        assert!(whole.contains(mark), "{mark}");
    }
    for said in ["БеловаАннаПетровна", "ООО«Эстетимед»", "ООО«Рассылка»", "152-ФЗст.21ч.5"]
    {
        assert!(whole.contains(said), "{said}");
    }
    assert!(whole.contains(&act.extract_sha256[..40]), "the hash of the extract");
}

#[test]
fn an_act_says_what_is_still_there_and_claims_nothing_before_its_time() {
    let act = act(2);
    let html = act_document(&act, &zone()).to_html().replace('\u{a0}', " ");
    for said in [
        "адрес для ответа, который уничтожается после ответа",
        "следы уничтоженных записей в журнале записи базы данных",
        "составляется дополнение к настоящему акту",
        "Повторная выборка",
        "связанная система",
        "подтвердил 23 ноября 2026",
        "подтверждения нет",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(!html.contains("восстановить"), "not yet");
    let english = erasure_record(&act, &zone()).to_html();
    assert!(english.contains("the address for the answer") && !english.contains("cannot be"));
}

#[test]
fn a_supplement_tells_what_went_since_and_that_nothing_can_be_restored() {
    let act = act(2);
    let later: Timestamp = "2026-11-25T07:00:00Z".parse().expect("an instant");
    let number = ActNumber::parse("A-2026-000017").expect("a number").supplemented();
    let lines = act.opened_extract().expect("unchanged").lines;
    let made = act
        .supplement(
            number,
            vec![part("reply_address", 1, 1, ("", 0))],
            lines,
            (Some(later), later),
            date(2026, 11, 25),
            later,
        )
        .expect("drawn up");
    let document = act_document(&made, &zone());
    let html = document.to_html().replace('\u{a0}', " ");
    for said in [
        "Дополнение № A-2026-000017-1 к акту № A-2026-000017",
        "Что уничтожено после составления акта",
        "адрес для отправки ответа",
        "освобождённые в ней места очищены 25 ноября 2026",
        "восстановить уничтоженные данные средствами информационной системы нельзя",
        "Тимура Фрунзе",
        "специалист по защите данных",
        "до 25 ноября 2029",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(!html.contains("остаются"), "nothing is");
    let kept = Act { server_keeps_log: true, ..made.clone() };
    let page = act_document(&kept, &zone()).to_html().replace('\u{a0}', " ");
    assert!(page.contains("хранит сам сервер базы данных") && !page.contains("системы нельзя"));
    let whole = pages(&document.to_pdf().expect("made")).concat();
    assert!(
        whole.contains("ДополнениеNoA-2026-000017-1")
            || whole.contains("Дополнение№A-2026-000017-1"),
        "{whole}"
    );
    let english = erasure_record(&made, &zone()).to_html().replace('\u{a0}', " ");
    assert!(english.contains("Supplement No. A-2026-000017-1 to the record of erasure"));
    let late = act.late(ActNumber::parse("A-2023-000004").ok(), later);
    let html = act_document(&late, &zone()).to_html().replace('\u{a0}', " ");
    assert!(html.contains("срок хранения которых истёк") && html.contains("A-2023-000004"));
}

#[test]
fn a_long_extract_goes_over_pages_that_are_numbered_and_repeat_its_head() {
    let pdf = act_document(&act(120), &zone()).to_pdf().expect("made");
    let pages = pages(&pdf);
    assert!(pages.len() > 4, "{}", pages.len());
    for (place, page) in pages.iter().enumerate() {
        let number = packed(&format!("Страница {} из {}", place + 1, pages.len()));
        assert!(page.contains(&number), "{number}");
        if place > 1 && page.contains("step_done") {
            assert!(page.contains("СобытиеВремяКтоДействие"), "head on page {}", place + 1);
        }
    }
    let lines = pages.concat().matches("step_done").count();
    assert_eq!(lines, 120, "no event is lost between pages");
}

#[test]
fn the_record_for_the_gdpr_is_english_and_names_the_act() {
    let document = erasure_record(&act(2), &zone());
    let html = document.to_html();
    assert!(html.contains("<html lang=\"en\">"));
    assert!(html.contains("Record of erasure No. A-2026-000017"));
    let whole = pages(&document.to_pdf().expect("made")).concat();
    assert!(whole.contains("Page1of2"), "{whole}");
}

#[test]
fn a_changed_extract_is_never_shown_as_proof() {
    let mut act = act(2);
    act.extract = act.extract.replace("step_done", "step_skipped");
    let html = act_document(&act, &zone()).to_html();
    assert!(html.contains("ВНИМАНИЕ"));
    assert!(!html.contains("step_skipped"));
}

#[test]
fn what_stands_in_a_document_cannot_become_markup() {
    let mut act = act(1);
    act.operator.name = "<script>alert(1)</script> & \"друзья\"".into();
    let html = act_document(&act, &zone()).to_html();
    assert!(!html.contains("<script"));
    assert!(html.contains("&lt;script&gt;"));
    assert!(!html.contains("http://") && !html.contains("https://"), "nothing from elsewhere");
}

#[test]
fn the_register_lies_on_its_side_and_holds_every_line() {
    let line = |number: i64| RegisterLine {
        number,
        ticket: format!("CT-{number:08}"),
        received_at: at(),
        applicant: "a***@***".into(),
        requester: Requester::Subject,
        name: RequestName::Erasure,
        law: "152-ФЗ ст. 21 ч. 5".into(),
        duties: vec![
            ("answer".into(), Some(date(2026, 12, 7)), Some(date(2026, 12, 1))),
            ("destroy".into(), Some(date(2026, 12, 23)), None),
        ],
        extended_on: None,
        answered_at: Some(at()),
        outcome: Some(Outcome::PartlyKept),
        clause: String::new(),
        act: "A-2026-000017".into(),
        decided_by: "belova".into(),
    };
    let register = Register {
        operator: "ООО «Эстетимед»".into(),
        from: date(2026, 1, 1),
        to: date(2026, 12, 31),
        zone: zone(),
        lines: (1..=60).map(line).collect(),
    };
    let document = register_document(&register);
    let pdf = document.to_pdf().expect("made");
    let read = lopdf::Document::load_mem(&pdf).expect("a PDF");
    let first = *read.get_pages().values().next().expect("a page");
    let page = read.get_dictionary(first).expect("a page");
    let media = page.get(b"MediaBox").and_then(lopdf::Object::as_array).expect("a box");
    let side = |at: usize| media[at].as_float().expect("a number");
    assert!(side(2) > side(3), "landscape");
    let whole = pages(&pdf).concat();
    for number in 1..=60 {
        assert!(whole.contains(&format!("CT-{number:08}")), "{number}");
    }
    assert_eq!(register.cells().len(), 60);
}
