//! Campaign letters, read back by a reader that is not ours.

use mail_parser::{Message, MessageParser, MimeHeaders};
use proptest::prelude::*;

use super::*;

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx";
const HTML: &str =
    "<p>Здравствуйте, Анна!</p>\n<p><a href=\"https://clinic.example/u/t\">Отписаться</a></p>\n";
const TEXT: &str =
    "Здравствуйте, Анна!\n\n.точка в начале\nпробел в конце \nконец без перевода строки";

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("valid")
}

fn constants() -> CampaignConstants {
    CampaignConstants {
        from: Correspondent {
            name: "Клиника «Модель»".into(),
            address: address("news@news.clinic.example"),
        },
        reply_to: Some(address("hello@clinic.example")),
        public_url: "https://clinic.example/mail/".into(),
        unsubscribe_address: address("unsub@news.clinic.example"),
        list_title: "Новости клиники".into(),
        list_name: "news".into(),
        list_domain: "news.clinic.example".into(),
        campaign: CampaignId(12),
        sender_id: "clinic-1".into(),
        loop_mark: "clinic.example".into(),
        language: "ru",
    }
}

fn built(name: &str, to: &EmailAddress, subject: &str, text: &str, html: &str) -> Vec<u8> {
    let envelope = CampaignEnvelope::prepare(&constants()).expect("prepared");
    let person = Person { name, address: to, ..anna(to) };
    envelope.letter(&person, subject, text, html).expect("built")
}

fn anna(to: &EmailAddress) -> Person<'_> {
    Person {
        name: "Анна Петрова",
        address: to,
        unsubscribe_token: TOKEN,
        message_id: "0198c7d1@news.clinic.example",
        written_at: Timestamp::from_second(1_795_348_800).expect("in range"),
    }
}

fn read(bytes: &[u8]) -> Message<'_> {
    MessageParser::new().parse(bytes).expect("parsed")
}

/// The head unfolded: one line a header, as it stands on the wire.
fn head(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).expect("utf-8");
    let (head, _) = text.split_once("\r\n\r\n").expect("a head and a body");
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

fn count(bytes: &[u8], name: &str) -> usize {
    let start = format!("{}:", name.to_ascii_lowercase());
    head(bytes).iter().filter(|line| line.to_ascii_lowercase().starts_with(&start)).count()
}

#[test]
fn a_campaign_letter_has_every_header_that_the_rules_want_once() {
    let to = address("anna@mail.example");
    let bytes = built("Анна Петрова", &to, "Новости ноября", TEXT, HTML);
    assert!(bytes.is_ascii());
    let lines = head(&bytes);
    for wanted in [
        "Reply-To: <hello@clinic.example>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Feedback-ID: c12:news:campaign:clinic-1",
        "X-Mailru-Msgtype: news",
        "Precedence: bulk",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "X-Consentry-Loop: clinic.example",
        "Content-Language: ru",
        "MIME-Version: 1.0",
        "Date: Sun, 22 Nov 2026 12:00:00 +0000",
        "Message-ID: <0198c7d1@news.clinic.example>",
    ] {
        assert!(lines.iter().any(|line| line == wanted), "{wanted}");
    }
    let unsubscribe = format!(
        "List-Unsubscribe: <https://clinic.example/mail/u/{TOKEN}>, <mailto:unsub+{TOKEN}@news.clinic.example>"
    );
    assert!(lines.contains(&unsubscribe), "{lines:?}");
    let list_id = lines.iter().find(|line| line.starts_with("List-Id: ")).expect("there");
    assert!(list_id.ends_with(" <news.news.clinic.example>"), "{list_id}");
    assert_eq!(lines.len(), 18);
    for line in &lines {
        let name = line.split(':').next().expect("a name");
        assert_eq!(count(&bytes, name), 1, "{name}");
    }
}

#[test]
fn an_independent_reader_finds_what_was_written() {
    let to = address("anna@mail.example");
    let subject = "Скидки на чистку лица до 30 ноября: запись открыта, и ещё одно длинное слово";
    let bytes = built("Анна Петрова", &to, subject, TEXT, HTML);
    let mail = read(&bytes);
    assert_eq!(mail.subject(), Some(subject));
    let from = mail.from().and_then(|from| from.first()).expect("one From");
    assert_eq!(from.name(), Some("Клиника «Модель»"));
    assert_eq!(from.address(), Some("news@news.clinic.example"));
    let read_to = mail.to().and_then(|to| to.first()).expect("one To");
    assert_eq!(read_to.name(), Some("Анна Петрова"));
    assert_eq!(read_to.address(), Some("anna@mail.example"));
    let unix = |text: std::borrow::Cow<'_, str>| text.replace("\r\n", "\n");
    assert_eq!(unix(mail.body_text(0).expect("text")), TEXT);
    assert_eq!(unix(mail.body_html(0).expect("html")), HTML);
    let content_type = mail.content_type().expect("there");
    assert_eq!((content_type.ctype(), content_type.subtype()), ("multipart", Some("alternative")));
    assert_eq!(mail.parts.len(), 3);
    assert!(bytes.split(|b| *b == b'\n').all(|line| line.len() <= 200));
}

#[test]
fn the_same_letter_always_has_the_same_bytes() {
    let to = address("anna@mail.example");
    assert_eq!(built("A", &to, "s", TEXT, HTML), built("A", &to, "s", TEXT, HTML));
}

#[test]
fn hostile_names_and_subjects_stay_text() {
    let to = address("anna@mail.example");
    let plain = count(&built("A", &to, "s", TEXT, HTML), "To");
    assert_eq!(plain, 1);
    for hostile in [
        "a\r\nBcc: all@mail.example",
        "a\nBcc: all@mail.example\n\nbody",
        "a\r\n\r\n<script>alert(1)</script>",
        "\r\n.\r\nMAIL FROM:<x@y>",
        "a\0b\u{7f}\u{85}c\u{2028}Bcc: x",
        "x\" <evil@mail.example>, \"y",
        "evil@mail.example, other@mail.example",
        "=?utf-8?B?QmNjOiB4QHk=?=",
        "{{password}} {{{../key}}} <b>&amp;</b>",
        "\u{202e}gpj.exe",
        "(comment) ; group: a@b;",
        "\\\" \\",
    ] {
        let bytes = built(hostile, &to, hostile, hostile, hostile);
        assert_eq!(head(&bytes).len(), 18, "{hostile:?}");
        assert_eq!(count(&bytes, "Bcc"), 0, "{hostile:?}");
        let mail = read(&bytes);
        let harmless = printable(hostile);
        assert_eq!(mail.subject(), Some(&*harmless), "{hostile:?}");
        let people = mail.to().expect("there");
        assert_eq!(people.iter().count(), 1, "{hostile:?}");
        let person = people.first().expect("one");
        assert_eq!(person.address(), Some("anna@mail.example"), "{hostile:?}");
        assert_eq!(person.name(), Some(&*harmless), "{hostile:?}");
        assert!(!harmless.contains('\u{202e}'));
        assert!(check_lines(&bytes).is_ok());
    }
}

#[test]
fn a_name_that_is_none_is_left_out_and_the_mail_still_goes() {
    let to = address("anna@mail.example");
    for name in ["", " \r\n ", &"длинно".repeat(40)] {
        let bytes = built(name, &to, "s", TEXT, HTML);
        assert!(head(&bytes).contains(&"To: <anna@mail.example>".to_owned()), "{name:?}");
    }
}

#[test]
fn an_internationalised_recipient_is_kept_and_a_broken_one_refused() {
    let to = address("иван@пример.рф");
    let bytes = built("Иван", &to, "s", TEXT, HTML);
    let text = String::from_utf8(bytes).expect("utf-8");
    assert!(text.contains("<иван@xn--e1afmkfd.xn--p1ai>"));
    let envelope = CampaignEnvelope::prepare(&constants()).expect("prepared");
    for broken in ["a..b@mail.example", ".a@mail.example", "a.@mail.example"] {
        let to = address(broken);
        let refused = envelope.letter(&anna(&to), "s", TEXT, HTML);
        assert_eq!(refused, Err(LetterError::Address("recipient")), "{broken}");
    }
}

#[test]
fn what_is_no_token_or_message_id_is_refused() {
    let envelope = CampaignEnvelope::prepare(&constants()).expect("prepared");
    let to = address("anna@mail.example");
    for token in ["", "a>b", "a\r\nb", &"a".repeat(59)] {
        let person = Person { unsubscribe_token: token, ..anna(&to) };
        assert_eq!(envelope.letter(&person, "s", TEXT, HTML), Err(LetterError::Token));
    }
    for id in ["", "a@b\r\nBcc: x", "<a@b>"] {
        let person = Person { message_id: id, ..anna(&to) };
        let refused = envelope.letter(&person, "s", TEXT, HTML);
        assert_eq!(refused, Err(LetterError::MessageId("Message-ID")));
    }
}

#[test]
fn a_setting_that_would_break_a_header_is_refused_by_name() {
    let refused = |change: &dyn Fn(&mut CampaignConstants)| {
        let mut changed = constants();
        change(&mut changed);
        CampaignEnvelope::prepare(&changed).expect_err("refused")
    };
    assert_eq!(refused(&|c| c.list_name = "a b".into()), LetterError::Setting("list name"));
    assert_eq!(refused(&|c| c.list_name = "a:b".into()), LetterError::Setting("list name"));
    assert_eq!(refused(&|c| c.list_domain = "a\r\nb".into()), LetterError::Setting("list domain"));
    assert_eq!(refused(&|c| c.sender_id = "four".into()), LetterError::Setting("sender id"));
    for url in ["http://clinic.example", "http://127.0.0.1.evil.example", "https://a b", ""] {
        let error = refused(&|c| c.public_url = url.into());
        assert_eq!(error, LetterError::Setting("public URL"), "{url}");
    }
    let attack = "a\r\nBcc: all@mail.example";
    let control = LetterError::ControlCharacter;
    assert_eq!(refused(&|c| c.from.name = attack.into()), control("sender"));
    assert_eq!(refused(&|c| c.list_title = attack.into()), control("list title"));
    assert_eq!(refused(&|c| c.loop_mark = attack.into()), control("loop mark"));
    let mut demo = constants();
    demo.public_url = "http://127.0.0.1:8080".into();
    assert!(CampaignEnvelope::prepare(&demo).is_ok());
}

#[test]
fn a_long_list_title_is_cut_so_that_the_list_id_fits() {
    let mut long = constants();
    long.list_title = "Очень длинное название списка рассылки ".repeat(10);
    let envelope = CampaignEnvelope::prepare(&long).expect("prepared");
    let to = address("anna@mail.example");
    let bytes = envelope.letter(&anna(&to), "s", TEXT, HTML).expect("built");
    let lines = head(&bytes);
    let list_id = lines.iter().find_map(|line| line.strip_prefix("List-Id: ")).expect("there");
    assert!(list_id.len() <= 255 && list_id.len() > 200, "{}", list_id.len());
    assert!(list_id.ends_with("<news.news.clinic.example>"));
}

proptest! {
    #[test]
    fn whatever_is_written_stays_in_its_place(
        name in "\\PC{0,30}|(\\p{Any}){0,30}|[ -~]{0,60}",
        subject in "\\PC{0,120}|(\\p{Any}){0,80}|[ -~]{0,120}",
        text in "(\\p{Any}){0,300}",
        html in "[ -~\n\r\t=.я]{0,300}",
    ) {
        let to = address("anna@mail.example");
        let bytes = built(&name, &to, &subject, &text, &html);
        prop_assert!(check_lines(&bytes).is_ok());
        prop_assert!(bytes.is_ascii());
        prop_assert_eq!(head(&bytes).len(), 18);
        for line in bytes.split(|b| *b == b'\n') {
            prop_assert!(line.len() <= 200);
        }
        let mail = read(&bytes);
        prop_assert_eq!(mail.headers().len(), 18);
        let people: Vec<_> = mail.to().expect("there").iter().collect();
        prop_assert_eq!(people.len(), 1);
        prop_assert_eq!(people[0].address(), Some("anna@mail.example"));
        prop_assert_eq!(mail.parts.len(), 3);
        let unix = mail.body_text(0).expect("text").replace("\r\n", "\n");
        prop_assert_eq!(unix, clean(&text));
        // Readers differ in white space alone.
        let letters = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(letters(mail.subject().unwrap_or("")), letters(&printable(&subject)));
        prop_assert_eq!(letters(people[0].name().unwrap_or("")), letters(&printable(&name)));
    }
}
