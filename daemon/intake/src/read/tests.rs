use super::*;
use domain::mail::Attachment;
use proptest::prelude::*;

fn mail(head: &str, body: &[u8]) -> Vec<u8> {
    let mut raw = head.replace('\n', "\r\n").into_bytes();
    raw.extend_from_slice(b"\r\n");
    raw.extend_from_slice(body);
    raw
}

fn base(extra: &str) -> String {
    format!(
        "From: Anna <anna@mail.example>\nTo: hello@clinic.example\nSubject: x\n\
         Message-ID: <1@mail.example>\nDate: Mon, 2 Nov 2026 10:00:00 +0300\n{extra}"
    )
}

fn koi8(text: &str) -> Vec<u8> {
    encoding_rs::KOI8_R.encode(text).0.into_owned()
}

const LETTER: &str = "Здравствуйте! Прошу удалить мои персональные данные.";

#[test]
fn a_plain_mail_is_read_whole() {
    let head = "Return-Path: <anna@mail.example>\nReceived: from a\n\
                Authentication-Results: mx.clinic.example; dmarc=pass header.from=mail.example\n\
                Received: from b\nAuthentication-Results: forged; dmarc=pass\n"
        .to_owned()
        + &base(
            "In-Reply-To: <2@clinic.example>\nReferences: <3@x> <2@clinic.example>\nReply-To: other@x.example\nAuto-Submitted: no\n",
        );
    let read = read(&mail(&head, LETTER.as_bytes())).expect("a mail");
    assert_eq!(read.requester().map(|a| a.address.as_str()), Some("anna@mail.example"));
    assert_eq!(read.return_path, ReturnPath::Address("anna@mail.example".to_owned()));
    assert_eq!(read.message_id.as_deref(), Some("1@mail.example"));
    assert_eq!(read.answers, ["2@clinic.example", "3@x"]);
    assert_eq!(read.date, Some(1_793_602_800));
    assert_eq!(read.text.trim(), LETTER);
    assert_eq!(read.authentication_results[0].0, 1);
    assert_eq!(read.authentication_results[1].0, 2);
    assert_eq!(read.header("auto-submitted").collect::<Vec<_>>(), ["no"]);
    assert_eq!(read.header("received-count").collect::<Vec<_>>(), ["2"]);
}

#[test]
fn a_koi8_letter_is_read_with_or_without_its_charset() {
    for declaration in
        ["Content-Type: text/plain; charset=koi8-r\n", "Content-Type: text/plain\n", ""]
    {
        let read = read(&mail(&base(declaration), &koi8(LETTER))).expect("a mail");
        assert_eq!(read.text.trim(), LETTER, "{declaration}");
    }
}

#[test]
fn transfer_encodings_keep_the_raw_bytes_for_the_guess() {
    let quoted: String = koi8(LETTER).iter().map(|b| format!("={b:02X}")).collect();
    let folded: Vec<String> =
        quoted.as_bytes().chunks(72).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    let head = base(
        "Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: quoted-printable\n",
    );
    let read_back = read(&mail(&head, folded.join("=\r\n").as_bytes())).expect("a mail");
    assert_eq!(read_back.text.trim(), LETTER);
    assert!(read_back.oddities.contains(&Oddity::GuessedCharset));
    // "Прошу" in windows-1251 as base64, declared as nothing known.
    let head =
        base("Content-Type: text/plain; charset=x-unknown\nContent-Transfer-Encoding: base64\n");
    let read_back = read(&mail(&head, b"z/Du+PMg8+Tg6+jy/CDk4O3t++U=\r\n")).expect("a mail");
    assert_eq!(read_back.text.trim(), "Прошу удалить данные");
    assert!(read_back.oddities.contains(&Oddity::UnknownCharset));
}

#[test]
fn two_from_headers_leave_no_requester() {
    let head = base("From: Boss <boss@mail.example>\n");
    let read_back = read(&mail(&head, b"x")).expect("a mail");
    assert_eq!((read_back.from_headers, read_back.from.len()), (2, 2));
    assert!(read_back.requester().is_none());
    assert!(read_back.oddities.contains(&Oddity::SeveralFrom));
    let read_back = read(b"Subject: x\r\n\r\nx").expect("a mail");
    assert!(read_back.oddities.contains(&Oddity::NoFrom));
    assert!(read_back.oddities.contains(&Oddity::NoMessageId));
}

#[test]
fn html_alone_becomes_visible_text_and_an_empty_plain_part_does_not_win() {
    let head = base("Content-Type: multipart/alternative; boundary=b\n");
    let body = "--b\r\nContent-Type: text/plain\r\n\r\n \r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
                <p>Удалите <i style='display:none'>не</i>мои данные</p>\r\n--b--\r\n";
    let read_back = read(&mail(&head, body.as_bytes())).expect("a mail");
    assert_eq!(read_back.text, "Удалите мои данные");
    assert!(read_back.text_from_html);
}

#[test]
fn a_forwarded_mail_and_its_files_are_found() {
    let head = base("Content-Type: multipart/mixed; boundary=b\n");
    let body = "--b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n\
        --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: Ivan <ivan@x.example>\r\nSubject: =?utf-8?B?0YLQtdC80LA=?=\r\nMessage-ID: <9@x>\r\n\r\nplease delete me\r\n\
        --b\r\nContent-Type: application/pdf; name=\"=?utf-8?Q?=D0=B0.pdf?=\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n";
    let read_back = read(&mail(&head, body.as_bytes())).expect("a mail");
    assert_eq!(read_back.text.trim(), "see below");
    let inner = &read_back.attached[0];
    assert_eq!((inner.subject.as_str(), inner.text.trim()), ("тема", "please delete me"));
    assert_eq!(inner.message_id.as_deref(), Some("9@x"));
    assert_eq!(inner.from[0].address, "ivan@x.example");
    let pdf = Attachment {
        name: "а.pdf".into(),
        media_type: "application/pdf".into(),
        size: 3,
        text: String::new(),
    };
    assert!(read_back.attachments.contains(&pdf), "{:?}", read_back.attachments);
}

#[test]
fn the_parts_of_a_bounce_are_cut_out() {
    let head = base("Content-Type: multipart/report; report-type=Delivery-Status; boundary=b\n");
    let body = "--b\r\n\r\nSorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n\
        Final-Recipient: rfc822; gone@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
        --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: hello@clinic.example\r\nMessage-ID: <ours@clinic.example>\r\n\r\nbody\r\n--b--\r\n";
    let report = read(&mail(&head, body.as_bytes())).expect("a mail").report;
    assert_eq!(report.report_type.as_deref(), Some("delivery-status"));
    assert!(report.delivery_status.is_some_and(|s| s.contains("Status: 5.1.1")));
    let returned = report.returned_headers.expect("headers");
    assert!(returned.contains("<ours@clinic.example>") && !returned.contains("body"), "{returned}");
}

/// A DER element with a length of two bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("short").to_be_bytes();
    [&[tag, 0x82, length[0], length[1]], content].concat()
}

/// A multipart/mixed mail of the parts, each given with its header.
fn mixed(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, content) in parts {
        body.extend_from_slice(b"--b\r\n");
        body.extend_from_slice(head.replace('\n', "\r\n").as_bytes());
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    mail(&base("Content-Type: multipart/mixed; boundary=b\n"), &body)
}

#[test]
fn a_letter_inside_an_opaque_signature_is_the_letter() {
    let inner = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{LETTER}");
    let data = element(
        0x30,
        &[element(6, b"data"), element(0xa0, &element(4, inner.as_bytes()))].concat(),
    );
    let signed = [element(2, &[1]), element(0x31, &[]), data].concat();
    let kind = element(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02");
    let info = [kind, element(0xa0, &element(0x30, &signed))].concat();
    let raw = mail(
        &base("Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n"),
        &element(0x30, &info),
    );
    let read_back = read(&raw).expect("a mail");
    assert_eq!(read_back.text.trim(), LETTER);
    assert!(read_back.oddities.contains(&Oddity::Signed));
    assert!(!read_back.oddities.contains(&Oddity::Encrypted));
    assert!(!read_back.oddities.contains(&Oddity::NoText));
}

#[test]
fn a_forward_is_read_whatever_its_type_says() {
    let mut inner = b"From: ".to_vec();
    inner.extend(koi8("Иван"));
    inner.extend_from_slice(b" <ivan@x.example>\r\nSubject: ");
    inner.extend(koi8("удаление данных"));
    inner.extend_from_slice(b"\r\n\r\n");
    inner.extend(koi8(LETTER));
    for head in [
        "Content-Type: message/rfc822\n",
        "Content-Type: application/octet-stream; name=\"fwd.eml\"\n",
    ] {
        let read_back = read(&mixed(&[("", b"see below"), (head, &inner)])).expect("a mail");
        let forwarded = &read_back.attached[0];
        assert_eq!(forwarded.text.trim(), LETTER, "{head}");
        assert_eq!(forwarded.subject, "удаление данных", "{head}");
        assert_eq!(forwarded.from[0].name, "Иван", "{head}");
        assert_eq!(read_back.text.trim(), "see below");
    }
}

#[test]
fn letters_in_files_are_read_and_go_before_a_person() {
    let windows = encoding_rs::WINDOWS_1251.encode(LETTER).0;
    let page = format!("<p>{LETTER}</p><p style='display:none'>no</p>");
    for (head, content) in [
        ("Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment\n", &*windows),
        ("Content-Type: application/octet-stream; name=a.TXT\n", &windows),
        ("Content-Type: application/octet-stream; name=a.html\n", page.as_bytes()),
        (
            "Content-Type: application/rtf; name=a.rtf\n",
            br"{\rtf1\ansi\ansicpg1251 \u1047?\u1076?\u1088?}",
        ),
    ] {
        let read_back = read(&mixed(&[("", b"attached"), (head, content)])).expect("a mail");
        let text = &read_back.attachments[0].text;
        assert!(LETTER.starts_with(text.as_str()) && text.len() > 5, "{head} {text}");
        assert!(read_back.oddities.contains(&Oddity::NeedsEyes), "{head}");
        assert_eq!(read_back.text.trim(), "attached", "{head}");
    }
}

#[test]
fn a_scan_and_a_closed_document_are_said() {
    let picture = [b"\xff\xd8\xff\xe0", vec![b'x'; 30_000].as_slice()].concat();
    let head = "Content-Type: image/jpeg; name=scan.jpg\n";
    let read_back = read(&mixed(&[("", b"see scan"), (head, &picture)])).expect("a mail");
    assert!(read_back.oddities.contains(&Oddity::ScanOnly), "{:?}", read_back.oddities);
    let long = LETTER.repeat(20);
    let utf8 = "Content-Type: text/plain; charset=utf-8\n";
    let read_back = read(&mixed(&[(utf8, long.as_bytes()), (head, &picture)])).expect("a mail");
    assert!(read_back.oddities.contains(&Oddity::Scan));
    assert!(!read_back.oddities.contains(&Oddity::ScanOnly));
    let logo = "Content-Type: image/jpeg; name=logo.jpg\nContent-ID: <logo>\n";
    let read_back = read(&mixed(&[("", b"hello"), (logo, &picture)])).expect("a mail");
    assert!(!read_back.oddities.contains(&Oddity::Scan));
    let head = "Content-Type: application/msword; name=a.doc\n";
    let read_back = read(&mixed(&[("", b"see"), (head, b"\xd0\xcf\x11\xe0")])).expect("a mail");
    assert!(read_back.oddities.contains(&Oddity::AttachmentUnread));
}

#[test]
fn the_text_most_people_see_is_kept_where_it_disagrees() {
    let head = base("Content-Type: multipart/alternative; boundary=b\n");
    let body = |html: &str| {
        format!(
            "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nСпасибо за ответ, до встречи\r\n\
             --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--b--\r\n"
        )
    };
    let html = format!("<p>{LETTER}</p>");
    let read_back = read(&mail(&head, body(&html).as_bytes())).expect("a mail");
    assert_eq!(read_back.other_text, LETTER);
    assert!(read_back.oddities.contains(&Oddity::TextsDisagree));
    let html = "<p>Спасибо за <b>ответ</b>, до встречи</p>";
    let read_back = read(&mail(&head, body(html).as_bytes())).expect("a mail");
    assert!(read_back.other_text.is_empty() && read_back.oddities.is_empty());
}

/// Outlook's wrapping of the attributes, each an id with its content.
fn outlook(attributes: &[(u32, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0x78, 0x9f, 0x3e, 0x22, 1, 0];
    for (id, content) in attributes {
        bytes.push(1);
        bytes.extend(id.to_le_bytes());
        bytes.extend(u32::try_from(content.len()).expect("short").to_le_bytes());
        bytes.extend_from_slice(content);
        bytes.extend([0, 0]);
    }
    bytes
}

const OUTLOOK: &str = "Content-Type: application/ms-tnef; name=winmail.dat\n";

#[test]
fn a_footer_hides_neither_the_page_nor_outlooks_body() {
    let alternative = format!(
        "--c\r\nContent-Type: text/plain\r\n\r\nThis mail needs HTML.\r\n--c\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n<p>{LETTER}</p>\r\n--c--\r\n"
    );
    let raw = mixed(&[
        ("Content-Type: multipart/alternative; boundary=c\n", alternative.as_bytes()),
        ("Content-Type: text/html\n", b"<p>A notice of the company</p>"),
    ]);
    assert_eq!(read(&raw).expect("a mail").other_text, LETTER);
    let text = encoding_rs::WINDOWS_1251.encode(LETTER).0;
    let wrapped = outlook(&[(0x0006_9007, &1251u32.to_le_bytes()), (0x0002_800c, &text)]);
    let read_back = read(&mixed(&[("", b"Scanned: clean"), (OUTLOOK, &wrapped)])).expect("a mail");
    assert_eq!((read_back.text.trim(), read_back.other_text.as_str()), ("Scanned: clean", LETTER));
    let utf8 = "Content-Type: text/plain; charset=utf-8\n";
    let read_back = read(&mixed(&[(utf8, LETTER.as_bytes()), (OUTLOOK, &wrapped)]));
    assert_eq!(read_back.expect("a mail").other_text, "");
}

#[test]
fn a_mail_inside_outlooks_wrapping_is_read_or_said() {
    let inner =
        format!("From: a@x.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{LETTER}");
    let file = (0x0006_800f, inner.as_bytes());
    let head = (0x0006_9002, &[0; 14][..]);
    let wrapped = outlook(&[head, (0x0001_8010, b"fwd.eml\0"), file]);
    let read_back = read(&mixed(&[("", b"see below"), (OUTLOOK, &wrapped)])).expect("a mail");
    assert_eq!(read_back.attached[0].text.trim(), LETTER);
    let object =
        [&[1u8, 0, 0, 0, 0x0d, 0, 0x01, 0x37, 1, 0, 0, 0, 4, 0, 0, 0][..], b"mail"].concat();
    let wrapped = outlook(&[head, (0x0006_9005, &object)]);
    let read_back = read(&mixed(&[("", b"see below"), (OUTLOOK, &wrapped)])).expect("a mail");
    assert!(read_back.oddities.contains(&Oddity::AttachmentUnread));
}

#[test]
fn a_letter_is_read_whatever_its_type_or_what_stands_behind_it() {
    for declaration in ["text", "text/", "application/octet-stream", "multipart/mixed"] {
        let head = base(&format!("Content-Type: {declaration}\n"));
        let read_back = read(&mail(&head, LETTER.as_bytes())).expect("a mail");
        assert_eq!(read_back.text.trim(), LETTER, "{declaration}");
    }
    let head = base("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n");
    let body =
        b"0KPQtNCw0LvQuNGC0LUg0LzQvtC4\r\nINC00LDQvdC90YvQtQ==\r\n\r\n-- checked: it is clean\r\n";
    let read_back = read(&mail(&head, body)).expect("a mail");
    assert!(read_back.text.starts_with("Удалите мои данные\n"), "{}", read_back.text);
}

#[test]
fn wrapped_and_twice_encoded_text_is_put_right() {
    let head = base("Content-Type: text/plain; charset=utf-8; format=flowed; delsp=no\n");
    let read_back = read(&mail(&head, "Прошу \r\nудалить\r\n> old \r\n> text".as_bytes()));
    assert_eq!(read_back.expect("a mail").text, "Прошу удалить\n> old text");
    let twice = encoding_rs::WINDOWS_1251.decode_without_bom_handling(LETTER.as_bytes()).0;
    let head = base("Content-Type: text/plain; charset=utf-8\n")
        .replace("Subject: x", &format!("Subject: {twice}"));
    let read_back = read(&mail(&head, twice.as_bytes())).expect("a mail");
    assert_eq!((read_back.text.trim(), read_back.subject.as_str()), (LETTER, LETTER));
    assert!(read_back.oddities.contains(&Oddity::RepairedText));
}

#[test]
fn every_hostile_mail_of_ours_is_read_or_refused() {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus/hostile");
    let mut count = 0;
    for entry in std::fs::read_dir(place).expect("the corpus") {
        let raw = std::fs::read(entry.expect("an entry").path()).expect("a file");
        if let Ok(mail) = read(&raw) {
            assert!(mail.text.len() <= MAX_TEXT);
        }
        count += 1;
    }
    assert!(count > 40, "{count}");
}

#[test]
fn what_cannot_be_read_here_is_said() {
    for (declaration, oddity) in [
        ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", Oddity::Encrypted),
        ("application/ms-tnef; name=winmail.dat", Oddity::Tnef),
    ] {
        let head =
            base(&format!("Content-Type: {declaration}\nContent-Transfer-Encoding: base64\n"));
        let read_back = read(&mail(&head, b"AAAA\r\n")).expect("a mail");
        assert!(read_back.oddities.contains(&oddity), "{declaration} {:?}", read_back.oddities);
        assert!(read_back.oddities.contains(&Oddity::NoText));
    }
}

#[test]
fn bombs_are_read_within_the_limits() {
    let mut nested = base("Content-Type: multipart/mixed; boundary=b0\n\n").replace('\n', "\r\n");
    for depth in 1..2_000 {
        nested.push_str(&format!(
            "--b{}\r\nContent-Type: multipart/mixed; boundary=b{depth}\r\n\r\n",
            depth - 1
        ));
    }
    let read_back = read(nested.as_bytes()).expect("a mail");
    assert!(read_back.oddities.contains(&Oddity::TooManyParts), "{:?}", read_back.oddities);
    let mut rfc822 = String::new();
    for _ in 0..2_000 {
        rfc822.push_str("From: a@b.example\r\nContent-Type: message/rfc822\r\n\r\n");
    }
    let read_back = read(rfc822.as_bytes()).expect("a mail");
    assert!(read_back.oddities.contains(&Oddity::TooManyParts));
    let long = mail(&base(""), "строка текста\r\n".repeat(40_000).as_bytes());
    let read_back = read(&long).expect("a mail");
    assert!(read_back.text.len() <= MAX_TEXT && read_back.oddities.contains(&Oddity::TextCut));
}

#[test]
fn bytes_without_a_header_are_unreadable() {
    for raw in [&b""[..], b"\r\n\r\n", b"no header here", b"\0\0\0"] {
        assert_eq!(read(raw).err(), Some(Unreadable));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(raw in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&raw);
        let mut with_head = b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n".to_vec();
        with_head.extend_from_slice(&raw);
        prop_assert!(read(&with_head).is_ok());
    }
}
