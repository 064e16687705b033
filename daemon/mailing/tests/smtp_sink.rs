//! Postfix's own test server, in the ways it can be told to behave.

use domain::address::EmailAddress;
use mailing::smtp::{Relay, RelayConfig, TlsMode};
use mailing::{Envelope, Notify};
use tests::place::Place;
use tests::servers::SmtpSink;

const MAIL: &[u8] = b"Subject: a\r\n\r\n.dot\r\nb\r\n";

/// Sends two mails through one connection at most, and tells their outcomes.
async fn outcomes(options: &[&str]) -> Vec<&'static str> {
    let place = Place::new().expect("made");
    let sink = SmtpSink::start(&place, options).expect("Postfix is installed");
    let relay = Relay::new(RelayConfig {
        tls: TlsMode::NoneToLoopback,
        helo_name: "clinic.example".into(),
        connections: 1,
        ..RelayConfig::new("sink", "127.0.0.1", sink.port())
    })
    .expect("configured");
    let envelope = Envelope {
        sender: None,
        recipient: EmailAddress::parse("anna@mail.example").expect("valid"),
        notify: Notify::Never,
    };
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let mut lease = relay.acquire().await.expect("a session");
        outcomes.push(lease.send(&envelope, MAIL, &|| {}).await.name());
    }
    outcomes
}

#[tokio::test]
async fn smtp_sink_takes_mail_with_and_without_pipelining() {
    for options in [&[][..], &["-p"]] {
        assert_eq!(outcomes(options).await, ["accepted", "accepted"], "{options:?}");
    }
}

#[tokio::test]
async fn smtp_sink_refuses_at_every_command_and_each_outcome_is_true() {
    for command in ["MAIL", "RCPT", "DATA", "."] {
        // A refusal for good at MAIL is aimed at us, not at the mail.
        let for_good = if command == "MAIL" { "not_sent" } else { "rejected" };
        for (option, expected) in [("-f", for_good), ("-r", "deferred")] {
            let outcomes = outcomes(&[option, command]).await;
            assert_eq!(outcomes, [expected, expected], "{option} {command}");
        }
    }
}

#[tokio::test]
async fn smtp_sink_hangs_up_at_every_command_and_each_outcome_is_true() {
    for (command, expected) in
        [("MAIL", "deferred"), ("RCPT", "deferred"), ("DATA", "deferred"), (".", "uncertain")]
    {
        for more in [&[][..], &["-p"]] {
            let options = [&["-q", command][..], more].concat();
            assert_eq!(outcomes(&options).await, [expected, expected], "{options:?}");
        }
    }
}
