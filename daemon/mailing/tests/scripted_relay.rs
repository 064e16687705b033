//! Every way in which a relay can behave, and the outcome that must be true of it.

#[path = "scripted_relay/refusals.rs"]
mod refusals;
#[path = "scripted_relay/server.rs"]
#[allow(dead_code)]
mod server;

use std::time::Duration;

use domain::address::EmailAddress;
use mailing::smtp::{Login, Relay, RelayConfig, Timeouts, TlsMode, TroubleCause};
use mailing::{EnhancedCode, Envelope, Notify, Outcome};
use server::{Act, Certificates, Script, Server};

const MAIL: &[u8] = b"Subject: a\r\n\r\n.dot\r\nb\r\n";

fn envelope() -> Envelope {
    to("anna@mail.example")
}

fn to(recipient: &str) -> Envelope {
    Envelope {
        sender: Some(EmailAddress::parse("bounce@clinic.example").expect("valid")),
        recipient: EmailAddress::parse(recipient).expect("valid"),
        notify: Notify::Never,
    }
}

fn config(server: &Server) -> RelayConfig {
    RelayConfig {
        tls: TlsMode::NoneToLoopback,
        helo_name: "clinic.example".into(),
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            command: Duration::from_millis(400),
            data: Duration::from_millis(400),
            final_reply: Duration::from_millis(400),
        },
        ..RelayConfig::new("main", "127.0.0.1", server.port())
    }
}

async fn send(script: Script) -> (Outcome, Server) {
    let server = Server::start(script).await;
    let relay = Relay::new(config(&server)).expect("configured");
    let outcome = relay.acquire().await.expect("a session").send(&envelope(), MAIL, &|| {}).await;
    (outcome, server)
}

/// `accepted 250`, `deferred 451 4.3.0`, `uncertain` …
fn told(outcome: &Outcome) -> String {
    let answer = outcome.answer().expect("an attempt");
    let mut words = outcome.name().to_owned();
    if let Some(code) = answer.code {
        words.push_str(&format!(" {code}"));
    }
    if let Some(enhanced) = answer.enhanced {
        words.push_str(&format!(" {enhanced}"));
    }
    words
}

#[tokio::test]
async fn every_reply_and_every_fault_has_its_true_outcome() {
    let rows: &[(&str, Act, &str)] = &[
        ("RCPT", Act::Say("421 4.3.2 closing"), "deferred 421 4.3.2"),
        ("RCPT", Act::Say("450 4.2.0 greylisted"), "deferred 450 4.2.0"),
        ("RCPT", Act::Say("451 local error"), "deferred 451"),
        ("RCPT", Act::Say("452 4.2.2 mailbox full"), "deferred 452 4.2.2"),
        ("RCPT", Act::Say("550 no"), "rejected 550"),
        ("RCPT", Act::Say("550 5.1.1 <anna@mail.example> unknown"), "rejected 550 5.1.1"),
        ("RCPT", Act::Say("550-5.1.1 two\r\n550 5.1.1 lines"), "rejected 550 5.1.1"),
        ("MAIL", Act::Say("552 5.3.4 too big"), "rejected 552 5.3.4"),
        ("MAIL", Act::Say("451 later"), "deferred 451"),
        ("DATA", Act::Say("554 5.5.1 no recipients"), "rejected 554 5.5.1"),
        ("DATA", Act::Say("451 4.3.0 no room"), "deferred 451 4.3.0"),
        ("DATA", Act::Say("250 not what was asked"), "deferred 250"),
        (".", Act::Say("250 2.0.0 queued"), "accepted 250 2.0.0"),
        (".", Act::Say("550 5.7.1 spam"), "rejected 550 5.7.1"),
        (".", Act::Say("451 4.7.1 try later"), "deferred 451 4.7.1"),
        (".", Act::Say("421 4.3.2 going down"), "deferred 421 4.3.2"),
        ("MAIL", Act::Hang, "deferred 4.4.2"),
        ("RCPT", Act::Hang, "deferred 4.4.2"),
        ("DATA", Act::Hang, "deferred 4.4.2"),
        (".", Act::Hang, "uncertain"),
        ("MAIL", Act::Close, "deferred 4.4.2"),
        ("RCPT", Act::Close, "deferred 4.4.2"),
        ("DATA", Act::Close, "deferred 4.4.2"),
        (".", Act::Close, "uncertain"),
        ("RCPT", Act::Say("what?"), "deferred 4.4.2"),
        (".", Act::Say("what?"), "uncertain"),
        (".", Act::SayLate("250 slow", Duration::from_millis(150)), "accepted 250"),
    ];
    for pipelining in [true, false] {
        for (verb, act, expected) in rows {
            let script = Script { pipelining, ..Script::default() }.at(verb, act.clone());
            let (outcome, _) = send(script).await;
            assert_eq!(told(&outcome), *expected, "pipelining {pipelining}, {verb}: {act:?}");
        }
    }
}

#[tokio::test]
async fn the_bytes_arrive_as_they_were_with_the_envelope() {
    for pipelining in [true, false] {
        let (outcome, server) = send(Script { pipelining, ..Script::default() }).await;
        assert_eq!(told(&outcome), "accepted 250 2.0.0");
        let received = server.received();
        assert_eq!(received.mails, [MAIL]);
        assert_eq!(received.commands[0], "EHLO clinic.example");
        assert_eq!(
            received.commands[1],
            format!("MAIL FROM:<bounce@clinic.example> SIZE={}", MAIL.len())
        );
        assert_eq!(received.commands[2], "RCPT TO:<anna@mail.example> NOTIFY=NEVER");
        assert_eq!(received.in_one_read, pipelining);
    }
}

#[tokio::test]
async fn a_server_that_closes_in_the_middle_of_a_large_mail_defers_it() {
    let script = Script::default().at("BODY", Act::Close);
    let server = Server::start(script).await;
    let relay = Relay::new(config(&server)).expect("configured");
    let large = b"0123456789012345678901234567890123456789012345678901234567890123456789\r\n"
        .repeat(200_000);
    let outcome = relay.acquire().await.expect("a session").send(&envelope(), &large, &|| {}).await;
    assert_eq!(told(&outcome), "deferred 4.4.2");
}

#[tokio::test]
async fn a_recipient_refused_under_pipelining_while_data_is_open_is_failed_with_the_dot_alone() {
    let script = Script { data_after_refusal: true, ..Script::default() }
        .at("RCPT", Act::Say("550 5.1.1 unknown"));
    let (outcome, server) = send(script).await;
    assert_eq!(told(&outcome), "rejected 550 5.1.1");
    assert_eq!(server.received().mails, [b""], "nothing but the dot");
}

#[tokio::test]
async fn a_refusal_keeps_the_connection_and_the_next_mail_uses_it() {
    for pipelining in [true, false] {
        let script =
            Script { pipelining, ..Script::default() }.at("RCPT", Act::Once("550 5.1.1 unknown"));
        let server = Server::start(script).await;
        let relay = Relay::new(config(&server)).expect("configured");
        for expected in ["rejected 550 5.1.1", "accepted 250 2.0.0", "accepted 250 2.0.0"] {
            let outcome =
                relay.acquire().await.expect("a session").send(&envelope(), MAIL, &|| {}).await;
            assert_eq!(told(&outcome), expected);
        }
        let received = server.received();
        assert_eq!(received.connections, 1);
        assert_eq!(received.commands.iter().filter(|c| *c == "RSET").count(), 1);
        assert!(!received.commands.iter().any(|c| c == "NOOP"), "not after so short a pause");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_costs_no_attempt() {
    let server = Server::start(Script { closes_after_mail: true, ..Script::default() }).await;
    let relay = Relay::new(config(&server)).expect("configured");
    for _ in 0..3 {
        let outcome =
            relay.acquire().await.expect("a session").send(&envelope(), MAIL, &|| {}).await;
        assert_eq!(told(&outcome), "accepted 250 2.0.0");
        server.wait_until_closed().await;
    }
    assert_eq!(server.received().connections, 3);
}

#[tokio::test]
async fn a_connection_is_replaced_after_its_number_of_mails() {
    let server = Server::start(Script::default()).await;
    let relay =
        Relay::new(RelayConfig { mails_per_connection: 2, ..config(&server) }).expect("configured");
    for _ in 0..5 {
        let outcome =
            relay.acquire().await.expect("a session").send(&envelope(), MAIL, &|| {}).await;
        assert_eq!(told(&outcome), "accepted 250 2.0.0");
    }
    assert_eq!(server.received().connections, 3);
}

#[tokio::test]
async fn there_are_never_more_connections_than_configured() {
    let script = Script::default().at(".", Act::SayLate("250 2.0.0 ok", Duration::from_millis(20)));
    let server = Server::start(script).await;
    let relay = Relay::new(RelayConfig { connections: 3, ..config(&server) }).expect("configured");
    let sends = (0..12).map(|_| async {
        relay.acquire().await.expect("a session").send(&envelope(), MAIL, &|| {}).await
    });
    for outcome in futures::future::join_all(sends).await {
        assert_eq!(told(&outcome), "accepted 250 2.0.0");
    }
    assert_eq!(server.received().connections, 3);
}

#[tokio::test]
async fn a_send_that_is_dropped_midway_takes_its_connection_along() {
    let script = Script::default().at(".", Act::Hang);
    let server = Server::start(script).await;
    let relay = Relay::new(config(&server)).expect("configured");
    let mut lease = relay.acquire().await.expect("a session");
    let envelope = envelope();
    let dropped =
        tokio::time::timeout(Duration::from_millis(100), lease.send(&envelope, MAIL, &|| {})).await;
    assert!(dropped.is_err());
    drop(lease);
    let _again = relay.acquire().await.expect("a session");
    assert_eq!(server.received().connections, 2);
}

#[tokio::test]
async fn what_the_relay_cannot_take_is_rejected_without_a_word_to_it() {
    let server = Server::start(Script { size: 20, smtp_utf8: false, ..Script::default() }).await;
    let relay = Relay::new(config(&server)).expect("configured");
    let mut lease = relay.acquire().await.expect("a session");
    for (envelope, mail, code) in [
        (to("иван@пример.рф"), &b"a"[..], EnhancedCode(5, 6, 7)),
        (envelope(), &b"0123456789012345678901234567890"[..], EnhancedCode(5, 3, 4)),
        (envelope(), "я".as_bytes(), EnhancedCode(5, 6, 3)),
    ] {
        let outcome = lease.send(&envelope, mail, &|| {}).await;
        assert_eq!(told(&outcome), format!("rejected {code}"));
    }
    assert_eq!(server.received().commands.len(), 1, "EHLO only");
}

#[tokio::test]
async fn an_internationalised_recipient_is_sent_where_the_relay_takes_it() {
    let server = Server::start(Script { smtp_utf8: true, ..Script::default() }).await;
    let relay = Relay::new(config(&server)).expect("configured");
    let outcome =
        relay.acquire().await.expect("a session").send(&to("иван@пример.рф"), MAIL, &|| {}).await;
    assert_eq!(told(&outcome), "accepted 250 2.0.0");
    assert!(server.received().commands[1].ends_with(" SMTPUTF8"));
}

async fn trouble(script: Script, change: impl FnOnce(&mut RelayConfig)) -> (TroubleCause, Server) {
    let server = Server::start(script).await;
    let mut config = config(&server);
    change(&mut config);
    let relay = Relay::new(config).expect("configured");
    let trouble = relay.acquire().await.expect_err("no session");
    let health = relay.health();
    assert_eq!(health.troubles_in_a_row, 1);
    assert_eq!(health.trouble.as_deref(), Some(trouble.to_string().as_str()));
    (trouble.cause, server)
}

#[tokio::test]
async fn a_stripped_starttls_ends_the_connection_before_anything_is_said() {
    let certificates = Certificates::make();
    let (cause, server) = trouble(Script::default(), |config| {
        config.tls = TlsMode::StartTls;
        config.tls_ca_file = Some(certificates.ca_file());
    })
    .await;
    assert_eq!(cause, TroubleCause::NoStartTls);
    assert_eq!(server.received().commands.len(), 1, "EHLO only");
}

#[tokio::test]
async fn words_injected_before_the_handshake_end_the_connection() {
    let certificates = Certificates::make();
    let script = Script { start_tls: Some(certificates.acceptor()), ..Script::default() }
        .at("STARTTLS", Act::Say("220 go\r\n250 injected"));
    let (cause, _) = trouble(script, |config| {
        config.tls = TlsMode::StartTls;
        config.tls_ca_file = Some(certificates.ca_file());
    })
    .await;
    assert_eq!(cause, TroubleCause::Garbage("STARTTLS"));
}

#[tokio::test]
async fn a_certificate_of_a_stranger_is_refused() {
    let (ours, theirs) = (Certificates::make(), Certificates::make());
    let script = Script { start_tls: Some(theirs.acceptor()), ..Script::default() };
    let (cause, _) = trouble(script, |config| {
        config.tls = TlsMode::StartTls;
        config.tls_ca_file = Some(ours.ca_file());
    })
    .await;
    assert!(matches!(cause, TroubleCause::Tls(_)), "{cause:?}");
}

#[tokio::test]
async fn a_mail_goes_through_tls_with_a_login() {
    let directory = tempfile::tempdir().expect("made");
    let password_file = directory.path().join("password");
    std::fs::write(&password_file, "secret\n").expect("written");
    let certificates = Certificates::make();
    for (implicit, auth) in [(false, "PLAIN LOGIN"), (true, "LOGIN")] {
        let acceptor = certificates.acceptor();
        let script = Script {
            auth,
            start_tls: (!implicit).then(|| acceptor.clone()),
            implicit_tls: implicit.then_some(acceptor),
            ..Script::default()
        };
        let server = Server::start(script).await;
        let relay = Relay::new(RelayConfig {
            tls: if implicit { TlsMode::Implicit } else { TlsMode::StartTls },
            tls_ca_file: Some(certificates.ca_file()),
            login: Some(Login { user: "robot".into(), password_file: password_file.clone() }),
            ..config(&server)
        })
        .expect("configured");
        let outcome =
            relay.acquire().await.expect("a session").send(&envelope(), MAIL, &|| {}).await;
        assert_eq!(told(&outcome), "accepted 250 2.0.0");
        assert_eq!(server.received().signed_in, [("robot".to_owned(), "secret".to_owned())]);
    }
}

#[tokio::test]
async fn a_refused_login_is_the_relays_trouble_and_says_the_code_only() {
    let directory = tempfile::tempdir().expect("made");
    let password_file = directory.path().join("password");
    std::fs::write(&password_file, "wrong").expect("written");
    for (auth, expected) in [
        ("PLAIN", TroubleCause::Refused { step: "AUTH", code: 535 }),
        ("CRAM-MD5", TroubleCause::NoMechanism),
    ] {
        let login = Login { user: "robot".into(), password_file: password_file.clone() };
        let (cause, _) = trouble(Script { auth, ..Script::default() }, |config| {
            config.login = Some(login);
        })
        .await;
        assert_eq!(cause, expected);
    }
    let missing = Login { user: "robot".into(), password_file: directory.path().join("missing") };
    let (cause, _) = trouble(Script { auth: "PLAIN", ..Script::default() }, |config| {
        config.login = Some(missing);
    })
    .await;
    assert!(matches!(cause, TroubleCause::Password { .. }), "{cause:?}");
}

#[tokio::test]
async fn a_relay_that_is_down_slow_or_refuses_to_talk_is_in_trouble() {
    let (cause, _) =
        trouble(Script::default().at("GREETING", Act::Say("554 go away")), |_| {}).await;
    assert_eq!(cause, TroubleCause::Refused { step: "the greeting", code: 554 });
    let (cause, _) = trouble(Script::default().at("GREETING", Act::Hang), |_| {}).await;
    assert_eq!(cause, TroubleCause::Timeout("the greeting"));
    let (cause, _) = trouble(Script::default().at("EHLO", Act::Close), |_| {}).await;
    assert_eq!(cause, TroubleCause::Closed("EHLO"));
    let (cause, _) = trouble(Script::default().at("EHLO", Act::Say("HTTP/1.1 400")), |_| {}).await;
    assert_eq!(cause, TroubleCause::Garbage("EHLO"));
    let (cause, _) = trouble(Script::default(), |config| config.port = 1).await;
    assert!(matches!(cause, TroubleCause::Connect(_)), "{cause:?}");
}

#[tokio::test]
async fn a_slow_greeting_within_the_limit_is_waited_for() {
    let script =
        Script::default().at("GREETING", Act::SayLate("220 at last", Duration::from_millis(200)));
    let (outcome, _) = send(script).await;
    assert_eq!(told(&outcome), "accepted 250 2.0.0");
}

#[test]
fn a_wrong_configuration_is_refused_with_all_its_errors() {
    let config = RelayConfig {
        tls: TlsMode::NoneToLoopback,
        connections: 0,
        mails_per_connection: 0,
        helo_name: "a b".into(),
        ..RelayConfig::new("main", "mail.example", 25)
    };
    let error = Relay::new(config).expect_err("refused").to_string();
    for part in ["helo_name", "connections", "mails_per_connection", "loopback"] {
        assert!(error.contains(part), "{error}");
    }
}
