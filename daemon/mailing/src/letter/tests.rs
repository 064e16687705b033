use super::*;
use mail_parser::{MessageParser, MimeHeaders};
use proptest::prelude::*;

fn correspondent(name: &str, address: &str) -> Correspondent {
    Correspondent { name: name.to_owned(), address: EmailAddress::parse(address).expect("valid") }
}

fn letter() -> Letter {
    Letter {
        from: correspondent("Клиника «Модель»", "hello@clinic.example"),
        to: correspondent("", "anna@mail.example"),
        reply_to: None,
        subject: "Мы получили ваше письмо CT-7QW3ERTY: данные заблокированы, ответим до 4 декабря"
            .into(),
        text:
            "Здравствуйте!\n\n.точка в начале\nFrom здесь не заголовок\nконец без перевода строки"
                .into(),
        html: None,
        language: "ru",
        message_id: "0198c.d1@clinic.example".into(),
        in_reply_to: Some("q1@mail.example".into()),
        references: vec!["q0@mail.example".into(), "q1@mail.example".into()],
        auto_submitted: AutoSubmitted::Replied,
        loop_mark: "clinic.example".into(),
        written_at: Timestamp::from_second(1_795_348_800).expect("in range"),
    }
}

fn header_lines<'a>(bytes: &'a [u8], name: &str) -> Vec<&'a str> {
    let text = std::str::from_utf8(bytes).expect("ascii");
    let (head, _) = text.split_once("\r\n\r\n").expect("a head and a body");
    head.split("\r\n").filter(|line| line.starts_with(&format!("{name}: "))).collect()
}

#[test]
fn a_reply_has_every_header_that_the_rules_want_once() {
    let bytes = letter().to_bytes().expect("built");
    assert!(bytes.is_ascii());
    for (name, value) in [
        ("Message-ID", Some("<0198c.d1@clinic.example>")),
        ("In-Reply-To", Some("<q1@mail.example>")),
        ("References", Some("<q0@mail.example> <q1@mail.example>")),
        ("Auto-Submitted", Some("auto-replied")),
        ("X-Auto-Response-Suppress", Some("All")),
        ("X-Consentry-Loop", Some("clinic.example")),
        ("Date", Some("Sun, 22 Nov 2026 12:00:00 +0000")),
        ("MIME-Version", Some("1.0")),
        ("Content-Language", Some("ru")),
        ("To", Some("anna@mail.example")),
        ("Content-Transfer-Encoding", Some("quoted-printable")),
        ("From", None),
        ("Subject", None),
    ] {
        let lines = header_lines(&bytes, name);
        assert_eq!(lines.len(), 1, "{name}");
        if let Some(value) = value {
            assert_eq!(lines[0], format!("{name}: {value}"));
        }
    }
}

#[test]
fn an_independent_reader_finds_what_was_written() {
    let mut letter = letter();
    letter.html = Some("<p>Здравствуйте!</p>".into());
    letter.reply_to = Some(EmailAddress::parse("hello+t1@clinic.example").expect("valid"));
    let bytes = letter.to_bytes().expect("built");
    let read = MessageParser::new().parse(&bytes).expect("parsed");
    assert_eq!(read.subject(), Some(letter.subject.as_str()));
    let from = read.from().and_then(|from| from.first()).expect("one From");
    assert_eq!(from.name(), Some("Клиника «Модель»"));
    assert_eq!(from.address(), Some("hello@clinic.example"));
    let reply_to = read.reply_to().and_then(|to| to.first()).and_then(|to| to.address());
    assert_eq!(reply_to, Some("hello+t1@clinic.example"));
    assert_eq!(
        read.body_text(0).expect("text").replace("\r\n", "\n"),
        format!("{}\n", letter.text)
    );
    assert_eq!(read.body_html(0).expect("html").trim_end(), "<p>Здравствуйте!</p>");
    assert!(read.content_type().is_some_and(|t| t.ctype() == "multipart"));
}

#[test]
fn the_same_letter_always_has_the_same_bytes() {
    let mut letter = letter();
    letter.html = Some("<p>a</p>".into());
    assert_eq!(letter.to_bytes(), letter.to_bytes());
}

#[test]
fn a_letter_that_a_person_sent_bears_no_mark_of_a_machine() {
    let mut letter = letter();
    letter.auto_submitted = AutoSubmitted::No;
    let bytes = letter.to_bytes().expect("built");
    assert!(header_lines(&bytes, "Auto-Submitted").is_empty());
}

#[test]
fn a_line_break_in_a_header_field_is_refused() {
    let attack = "a\r\nBcc: all@mail.example";
    let mut subject = letter();
    subject.subject = attack.into();
    assert_eq!(subject.to_bytes(), Err(LetterError::ControlCharacter("subject")));
    let mut name = letter();
    name.to.name = attack.into();
    assert_eq!(name.to_bytes(), Err(LetterError::ControlCharacter("recipient")));
    let mut id = letter();
    id.message_id = format!("{attack}@x");
    assert_eq!(id.to_bytes(), Err(LetterError::MessageId("Message-ID")));
    let mut mark = letter();
    mark.loop_mark = attack.into();
    assert_eq!(mark.to_bytes(), Err(LetterError::ControlCharacter("loop mark")));
}

#[test]
fn hostile_ids_of_the_answered_mail_are_left_out() {
    let mut letter = letter();
    letter.in_reply_to = Some("a\r\nBcc: x@y".into());
    letter.references = vec!["ok@a.example".into(), "b c@d".into(), "<x>@y".into(), "ы@a".into()];
    let bytes = letter.to_bytes().expect("built");
    assert!(header_lines(&bytes, "In-Reply-To").is_empty());
    assert_eq!(header_lines(&bytes, "References"), ["References: <ok@a.example>"]);
}

#[test]
fn a_long_thread_is_folded_and_an_internationalised_recipient_is_kept() {
    let mut letter = letter();
    letter.references = (0..60).map(|n| format!("{n}.{}@mail.example", "r".repeat(60))).collect();
    letter.to = correspondent("", "иван@пример.рф");
    let bytes = letter.to_bytes().expect("built");
    let text = String::from_utf8(bytes).expect("utf-8");
    assert!(text.lines().all(|line| line.len() <= 998));
    assert!(text.contains("иван@xn--e1afmkfd.xn--p1ai"));
}

proptest! {
    #[test]
    fn whatever_is_written_stays_in_its_place(
        subject in "[^\\p{Cc}]{0,120}",
        name in "[^\\p{Cc}]{0,60}",
        text in "\\PC{0,300}",
    ) {
        let mut letter = letter();
        letter.subject.clone_from(&subject);
        letter.to.name.clone_from(&name);
        letter.text.clone_from(&text);
        let bytes = match letter.to_bytes() {
            Ok(bytes) => bytes,
            // One word longer than a line may be cannot be folded.
            Err(LetterError::Malformed(_)) => return Ok(()),
            Err(other) => panic!("{other}"),
        };
        let read = MessageParser::new().parse(&bytes).expect("parsed");
        let names: Vec<_> = read.headers().iter().map(|h| h.name().to_ascii_lowercase()).collect();
        for name in &names {
            prop_assert_eq!(names.iter().filter(|n| *n == name).count(), 1, "{}", name);
        }
        prop_assert_eq!(names.len(), 14);
        for line in bytes.split(|b| *b == b'\n') {
            prop_assert!(line.len() <= 999);
        }
    }
}
