use domain::mail::{AttachedMail, HeaderAddress, ReportParts};
use proptest::prelude::*;

use super::*;

/// A report as a server's sender would write it, in words.
fn report(from: &str, subject: &str, text: &str) -> ReadMail {
    ReadMail {
        from: vec![HeaderAddress { name: String::new(), address: from.to_owned() }],
        from_headers: 1,
        recipients: vec![HeaderAddress {
            name: String::new(),
            address: "news@sender.example".to_owned(),
        }],
        subject: subject.to_owned(),
        text: text.to_owned(),
        ..ReadMail::default()
    }
}

fn with_status(status: &str, text: &str) -> ReadMail {
    let mut mail = report("MAILER-DAEMON@mx.example", "Undelivered Mail Returned to Sender", text);
    mail.report = ReportParts {
        report_type: Some("delivery-status".to_owned()),
        delivery_status: Some(status.to_owned()),
        ..ReportParts::default()
    };
    mail
}

/// Recipient, class, code and reason of each.
fn found(mail: &ReadMail) -> Vec<(String, BounceClass, String, String)> {
    let (_, bounces) = read(mail, false).expect("a report");
    let told = |one: BouncedRecipient| {
        let text = |value: Option<String>| value.unwrap_or_default();
        (text(one.recipient), one.class, text(one.code), one.reason)
    };
    bounces.into_iter().map(told).collect()
}

fn check(mail: &ReadMail, expected: &[(&str, BounceClass, &str, &str)]) {
    let found = found(mail);
    let found: Vec<_> =
        found.iter().map(|(a, class, c, r)| (a.as_str(), *class, c.as_str(), r.as_str())).collect();
    assert_eq!(found, expected, "{}", mail.text);
}

use BounceClass::{Auto, Hard, Policy, Soft};

#[test]
fn postfix_names_each_recipient_at_the_start_of_its_paragraph() {
    let text = "This is the mail system at host mx.sender.example.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients. It's attached below.\n\nFor further assistance, please send mail to postmaster.\n\n<anna@one.example>: host mx.one.example[192.0.2.7] said: 550 5.1.1\n    <anna@one.example>: Recipient address rejected: User unknown in virtual\n    mailbox table (in reply to RCPT TO command)\n\n<boris@two.example>: host mx.two.example[192.0.2.8] said: 452 4.2.2 Mailbox\n    full (in reply to RCPT TO command)\n";
    let mail =
        report("MAILER-DAEMON@mx.sender.example", "Undelivered Mail Returned to Sender", text);
    check(
        &mail,
        &[
            ("anna@one.example", Hard, "5.1.1", "user_unknown"),
            ("boris@two.example", Soft, "4.2.2", "mailbox_full"),
        ],
    );
}

#[test]
fn qmail_judges_every_recipient_by_its_own_words() {
    let text = "Hi. This is the qmail-send program at mx.sender.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<anna@one.example>:\n192.0.2.7 does not like recipient.\nRemote host said: 552 5.2.2 Over quota\nGiving up on 192.0.2.7.\n\n<boris@two.example>:\nSorry, I couldn't find any host named two.example. (#5.1.2)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <news@sender.example>\nTo: carl@three.example\n";
    check(
        &report("MAILER-DAEMON@mx.sender.example", "failure notice", text),
        &[
            ("anna@one.example", Soft, "5.2.2", "mailbox_full"),
            ("boris@two.example", Hard, "5.1.2", "host_unknown"),
        ],
    );
}

#[test]
fn exim_lists_addresses_with_and_without_brackets() {
    let text = "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  anna@one.example\n    (generated from team@sender.example)\n    SMTP error from remote mail server after RCPT TO:<anna@one.example>:\n    host mx.one.example [192.0.2.7]: 550 no such user here\n\n------ This is a copy of the message, including all the headers. ------\n\nTo: dora@four.example\n";
    check(
        &report(
            "Mailer-Daemon@mx.sender.example",
            "Mail delivery failed: returning message to sender",
            text,
        ),
        &[("anna@one.example", Hard, "5.1.1", "user_unknown")],
    );
    let warning = "This message was created automatically by mail delivery software.\nA message that you have sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue on mx.sender.example.\n\nThe following addresses have not yet been delivered:\n\n  boris@two.example\n    Delay reason: Connection timed out\n\nNo action is required on your part. Delivery attempts will continue for\nsome time.\n";
    let mut mail = report(
        "Mailer-Daemon@mx.sender.example",
        "Warning: message 1abc delayed 24 hours",
        warning,
    );
    mail.headers.push(("x-failed-recipients".to_owned(), "boris@two.example".to_owned()));
    let told = found(&mail);
    assert_eq!((told[0].0.as_str(), told[0].1), ("boris@two.example", Soft));
}

#[test]
fn sendmail_and_courier_are_read_by_their_lists() {
    let text = "The original message was received at Mon, 2 Mar 2026 10:00:00 +0300\nfrom localhost [127.0.0.1]\n\n   ----- The following addresses had permanent fatal errors -----\n<anna@one.example>\n    (reason: 550 5.7.1 Message content rejected)\n    (expanded from: <team@sender.example>)\n\n   ----- Transcript of session follows -----\n... while talking to mx.one.example.:\n>>> RCPT To:<anna@one.example>\n<<< 550 5.7.1 Message content rejected\n";
    check(
        &report(
            "MAILER-DAEMON@mx.sender.example",
            "Returned mail: see transcript for details",
            text,
        ),
        &[("anna@one.example", Policy, "5.7.1", "spam")],
    );
    let courier = "This is a delivery status notification from mx.sender.example,\nrunning the Courier mail server, version 1.0.\n\n---------------------------------------------------------------------------\n\n                           UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<anna@one.example>:\n    mx.one.example [192.0.2.7]:\n>>> DATA\n<<< 550 Unknown user anna@one.example\n\n---------------------------------------------------------------------------\n";
    check(
        &report("postmaster@mx.sender.example", "NOTICE: mail delivery status.", courier),
        &[("anna@one.example", Soft, "5.0.0", "filtered")],
    );
}

#[test]
fn exchange_names_people_below_its_summary_of_the_mail() {
    let text = "Your message\n\n  To:      list@sender.example\n  Subject: News\n  Sent:    Mon, 2 Mar 2026 10:00:00 +0300\n\ndid not reach the following recipient(s):\n\nc=US;a= ;p=One;o=House;dda:SMTP=anna@one.example; on Mon, 2 Mar 2026\n10:00:02 +0300\n    The recipient name is not recognized\n    MSEXCH:IMS:One:House:SRV 0 (000C05A6) Unknown Recipient\n";
    let mut mail = report("postmaster@one.example", "Undeliverable: News", text);
    check(&mail, &[("anna@one.example", Hard, "", "user_unknown")]);
    mail.text = "Delivery has failed to these recipients or groups:\n\nAnna B. (anna@one.example)<mailto:anna@one.example>\nThe email address you entered couldn't be found. Please check the recipient's email address.\n\nDiagnostic information for administrators:\n\nGenerating server: srv.one.example\n\nanna@one.example\n#550 5.1.10 RESOLVER.ADR.RecipientNotFound ##\n".to_owned();
    let told = found(&mail);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].0.as_str(), told[0].1), ("anna@one.example", Hard));
}

#[test]
fn gmail_yahoo_domino_groupwise_and_others_are_read() {
    for (from, subject, text, expected) in [
        (
            "mailer-daemon@googlemail.example",
            "Delivery Status Notification (Failure)",
            "Address not found\nYour message wasn't delivered to anna@one.example because the address couldn't be found, or is unable to receive mail.\n\nThe response from the remote server was:\n550 5.1.1 The email account that you tried to reach does not exist.",
            ("anna@one.example", Hard, "5.1.1", "user_unknown"),
        ),
        (
            "MAILER-DAEMON@yahoo.example",
            "Failure Notice",
            "Sorry, we were unable to deliver your message to the following address.\n\n<anna@one.example>:\nRemote host said: 554 delivery error: dd This user doesn't have an account here [-5]\n\n--- Below this line is a copy of the message.\n",
            ("anna@one.example", Hard, "5.1.1", "user_unknown"),
        ),
        (
            "postmaster@notes.example",
            "DELIVERY FAILURE: User anna (anna@one.example) not listed in Domino Directory",
            "Your message\n\n  Subject: News\n\nwas not delivered to:\n\n  anna@one.example\n\nbecause:\n\n  User anna (anna@one.example) not listed in Domino Directory\n",
            ("anna@one.example", Hard, "", "user_unknown"),
        ),
        (
            "MAILER-DAEMON@gw.example",
            "Message status - undeliverable",
            "The attached file had the following undeliverable recipient(s):\n\tanna@one.example (mailbox is full)\n",
            ("anna@one.example", Soft, "", "mailbox_full"),
        ),
        (
            "postmaster@imail.example",
            "Undeliverable Mail",
            "User mailbox exceeds allowed size: anna@one.example\n\nOriginal message follows.\n",
            ("anna@one.example", Soft, "", "unknown"),
        ),
        (
            "postmaster@me.example",
            "Delivery Failure",
            "MailEnable: Message could not be delivered to some recipients.\nThe following recipient(s) could not be reached:\n\n\tRecipient: [SMTP:anna@one.example]\n\tReason: Remote SMTP Server Returned: 550 5.1.1 unknown user\n",
            ("anna@one.example", Hard, "5.1.1", "user_unknown"),
        ),
        (
            "MAILER-DAEMON@zimbra.example",
            "Undelivered Mail Returned to Sender",
            "<anna@one.example>: delivery temporarily suspended: connect to\n    mx.one.example[192.0.2.7]:25: Connection refused\n",
            ("anna@one.example", Soft, "", "user_disabled"),
        ),
    ] {
        let told = found(&report(from, subject, text));
        assert_eq!(told.len(), 1, "{text}");
        let (address, class, code, reason) = &told[0];
        assert_eq!(address, expected.0, "{text}");
        if expected.3 != "unknown" {
            assert_eq!(
                (*class, code.as_str(), reason.as_str()),
                (expected.1, expected.2, expected.3),
                "{text}"
            );
        }
    }
}

#[test]
fn reports_in_other_languages_are_read() {
    for (from, subject, text, address, class) in [
        (
            "mailer-daemon@corp.mail.example",
            "Ваше сообщение не доставлено. Mail failure.",
            "Это письмо создано автоматически сервером, отвечать на него не нужно.\n\nК сожалению, Ваше письмо не может быть доставлено одному или нескольким получателям, потому что:\n\n  Local mailbox anna@one.example is unavailable: user not found\n",
            "anna@one.example",
            Hard,
        ),
        (
            "mailer-daemon@yandex.example",
            "Недоставленное сообщение",
            "This is the mail system at host forward.yandex.example.\n\nК сожалению, письмо не удалось доставить следующим адресатам:\n\n<anna@one.example>: host mx.one.example[192.0.2.7] said: 550 5.7.1 Message rejected under suspicion of SPAM (in reply to end of DATA command)\n",
            "anna@one.example",
            Policy,
        ),
        (
            "postmaster@eins.example",
            "Ihre E-Mail konnte nicht zugestellt werden",
            "Die Nachricht konnte an folgende Empfänger nicht zugestellt werden:\n\nanna@one.example\n\nGrund: Das Postfach ist voll.\n",
            "anna@one.example",
            Soft,
        ),
        (
            "postmaster@un.example",
            "Échec de la remise : Nouvelles",
            "Votre message n'a pas pu être remis aux destinataires suivants :\n\nanna@one.example\n\nL'adresse n'existe pas.\n",
            "anna@one.example",
            Hard,
        ),
        (
            "MAILER-DAEMON@ichi.example",
            "配信不能: お知らせ",
            "以下の宛先にメールを配信できませんでした。\n\nanna@one.example\n550 5.1.1 User unknown\n",
            "anna@one.example",
            Hard,
        ),
    ] {
        let told = found(&report(from, subject, text));
        assert_eq!(told.len(), 1, "{text}");
        assert_eq!((told[0].0.as_str(), told[0].1), (address, class), "{text}");
    }
}

#[test]
fn the_words_of_the_server_are_nearer_than_the_status_of_the_sender() {
    let group = |status: &str, diagnostic: &str| {
        with_status(
            &format!(
                "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; anna@one.example\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {diagnostic}\n"
            ),
            "",
        )
    };
    for (status, diagnostic, class, code, reason) in [
        ("5.1.1", "552 5.2.2 Over quota", Soft, "5.2.2", "mailbox_full"),
        ("5.0.0", "550 Unknown user", Hard, "5.0.0", "user_unknown"),
        ("5.0.0", "550 5.7.26 not DMARC aligned", Policy, "5.7.26", "auth_failure"),
        ("5.1.1", "550 5.7.1 your IP is blacklisted", Policy, "5.7.1", "blocked"),
        ("4.4.7", "400 message expired", Soft, "4.4.7", "expired"),
        (
            "5.4.1",
            "550 5.4.1 Recipient address rejected: Access denied",
            Hard,
            "5.4.1",
            "user_unknown",
        ),
        ("5.1.10", "556 5.1.10 recipient domain has null MX", Hard, "5.1.10", "not_accepted"),
        (
            "5.1.8",
            "550 5.1.8 sender address rejected: domain not found",
            Policy,
            "5.1.8",
            "sender_rejected",
        ),
    ] {
        check(&group(status, diagnostic), &[("anna@one.example", class, code, reason)]);
    }
    let text = "An error occurred for the following list of recipients:\n\nanna@one.example: 550 5.1.1 <anna@one.example>: User unknown\nboris@one.example: 552 5.2.2 <boris@one.example>: Mailbox full\n";
    let silent = "Final-Recipient: rfc822; anna@one.example\nAction: failed\nStatus: 5.0.0\n\nFinal-Recipient: rfc822; boris@one.example\nAction: failed\nStatus: 5.0.0\n\nFinal-Recipient: rfc822; carl@one.example\nAction: delivered\nStatus: 2.0.0\n";
    check(
        &with_status(silent, text),
        &[
            ("anna@one.example", Hard, "5.1.1", "user_unknown"),
            ("boris@one.example", Soft, "5.2.2", "mailbox_full"),
            ("carl@one.example", Auto, "2.0.0", "unknown"),
        ],
    );
}

#[test]
fn fields_within_the_text_and_the_copy_of_the_mail_help_out() {
    let written = "The delivery failed.\n\nFinal-Recipient: rfc822;anna@one.example\nAction: failed\nStatus: 5.1.1\n";
    check(
        &report("postmaster@mx.example", "Delivery failure", written),
        &[("anna@one.example", Hard, "5.1.1", "user_unknown")],
    );
    let mut silent = report(
        "postmaster@mx.example",
        "Delivery failure",
        "Your message could not be delivered.\n",
    );
    silent.report.returned_headers =
        Some("From: news@sender.example\nTo: Anna\n <anna@one.example>\nSubject: x\n".to_owned());
    assert_eq!(found(&silent)[0].0, "anna@one.example");
    silent.report.returned_headers =
        Some("To: anna@one.example, boris@two.example\nSubject: x\n".to_owned());
    assert_eq!(found(&silent)[0].0, "", "nothing says who of the two failed");
    let mut wrapped = report(
        "MAILER-DAEMON@filter.example",
        "Returned mail: User unknown",
        "----- The following addresses had permanent delivery errors -----\n",
    );
    wrapped.attached.push(AttachedMail {
        subject: "Undelivered Mail Returned to Sender".to_owned(),
        text: "<anna@one.example>: unknown user: \"anna\"\n".to_owned(),
        ..AttachedMail::default()
    });
    assert_eq!(found(&wrapped)[0].0, "anna@one.example");
}

#[test]
fn what_people_write_of_deliveries_is_no_report() {
    for (subject, text) in [
        (
            "Delivery problem",
            "My parcel was not delivered. Could not reach the courier, please call +7 900 550 00 00.",
        ),
        (
            "Undeliverable",
            "Hello, your newsletter says undeliverable, what is wrong? anna@one.example",
        ),
        ("Delivery failure", "You were unable to deliver my order 5500123, I want my money back."),
        ("Не доставлено", "Заказ не доставлен, ящик пуст. Верните деньги."),
        ("Re: Undelivered Mail Returned to Sender", "550 5.1.1 what does this mean?"),
        ("Возврат письма", "Прошу вернуть моё письмо, оно не доставлено адресату."),
    ] {
        assert!(read(&report("anna@mail.example", subject, text), false).is_none(), "{subject}");
    }
    let text = "Delivery to the following recipient failed permanently: anna@one.example 550 5.1.1";
    let mut mail = report("postmaster@mx.example", "Удалите мои данные", text);
    assert!(read(&mail, false).is_some());
    assert!(read(&mail, true).is_none(), "words alone hide no sure request");
    mail.subject = "Delivery failure".to_owned();
    assert!(read(&mail, true).is_some(), "a server with a report's subject is no person");
}

#[test]
fn a_refusal_in_the_form_of_a_receipt_is_a_report() {
    let mut mail = report(
        "postmaster@one.example",
        "Automatically rejected mail",
        "Your message to <anna@one.example> was automatically rejected:\nQuota exceeded\n",
    );
    mail.report.disposition = Some("Reporting-UA: one.example\nFinal-Recipient: rfc822; anna@one.example\nDisposition: automatic-action/MDN-sent-automatically; deleted\n".to_owned());
    let (reason, bounces) = read_refusal(&mail).expect("a refusal");
    assert_eq!(reason, "refused_by_receipt");
    assert_eq!(bounces[0].recipient.as_deref(), Some("anna@one.example"));
    assert_eq!(bounces[0].class, Soft);
    mail.text = "Your message was deleted without being read.".to_owned();
    assert!(read_refusal(&mail).is_none());
}

#[test]
fn many_recipients_are_told_up_to_a_limit_and_in_good_time() {
    let mut status = String::from("Reporting-MTA: dns; mx.example\n\n");
    for number in 0..5_000 {
        status.push_str(&format!(
            "Final-Recipient: rfc822; a{number}@one.example\nAction: failed\nStatus: 5.0.0\n\n"
        ));
    }
    let text = "<a@one.example>: said 550 nothing @ @ @ <<<< >>>> \n".repeat(6_000);
    assert_eq!(found(&with_status(&status, &text)).len(), RECIPIENTS);
    let listed: String =
        (0..5_000).map(|number| format!("<a{number}@one.example>:\n550 no\n\n")).collect();
    let text = format!("The following addresses failed:\n\n{listed}");
    assert!(
        found(&report("MAILER-DAEMON@mx.example", "failure notice", &text)).len() <= RECIPIENTS
    );
}

proptest! {
    #[test]
    fn hostile_reports_end_and_stay_within_the_limit(
        status in "(Final-Recipient: (rfc822|utf-8)?;? ?[ -~\\n\\u{0}-\\u{ff}а-я]{0,40}\n|Action: [a-z;( ]{0,12}\n|Status: [0-9.]{0,12}\n|Diagnostic-Code: [ -~\\n]{0,60}\n|[ \\t\\n]){0,20}",
        text in "([ -~\\n\\t]{0,60}|[а-яё@<>\":;=.\\\\x{}\\n]{0,40}|The following addresses failed:\n|<a@b.example>:\n|日本語@){0,20}",
        subject in "(Undelivered|failure notice|Re: |Недоставлен)?[ -~]{0,20}",
    ) {
        let mut mail = report("MAILER-DAEMON@mx.example", &subject, &text);
        if let Some((_, bounces)) = read(&mail, false) {
            prop_assert!(bounces.len() <= RECIPIENTS);
        }
        mail.report.delivery_status = Some(status.clone());
        mail.report.disposition = Some(status);
        let (_, bounces) = read(&mail, false).expect("it has a delivery status");
        prop_assert!(!bounces.is_empty() && bounces.len() <= RECIPIENTS);
        let _ = read_refusal(&mail);
    }
}
