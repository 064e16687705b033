//! Refusals that are aimed at us and not at the mail.

use super::*;

#[tokio::test]
async fn a_refusal_of_ourselves_is_the_relays_trouble_and_no_mails_fate() {
    let rows: &[(&str, &'static str, &str, u16)] = &[
        ("MAIL", "530 5.7.0 authentication required", "MAIL", 530),
        ("MAIL", "554 5.7.1 relay access denied", "MAIL", 554),
        ("MAIL", "550 5.4.5 daily quota exceeded", "MAIL", 550),
        ("MAIL", "552 no room", "MAIL", 552),
        ("RCPT", "530 authentication required", "RCPT", 530),
        ("RCPT", "534 5.7.9 too weak", "RCPT", 534),
        ("DATA", "535 5.7.8 who are you", "DATA", 535),
        (".", "538 5.7.11 encryption required", "the final dot", 538),
    ];
    for pipelining in [true, false] {
        for (verb, reply, step, code) in rows {
            let script = Script { pipelining, ..Script::default() }.at(verb, Act::Say(reply));
            let server = Server::start(script).await;
            let relay = Relay::new(config(&server)).expect("configured");
            let mut lease = relay.acquire().await.expect("a session");
            assert_eq!(lease.send(&envelope(), MAIL, &|| {}).await, Outcome::NotSent, "{reply}");
            let trouble = lease.take_trouble().expect("trouble");
            assert_eq!(trouble.cause, TroubleCause::Refused { step, code: *code });
            assert_eq!(lease.take_trouble(), None);
            assert_eq!(relay.health().troubles_in_a_row, 1);
        }
    }
}

#[tokio::test]
async fn a_relay_that_wants_fewer_connections_gets_fewer() {
    let server = Server::start(Script::default().at("RCPT", Act::Say("421 4.7.0 too many"))).await;
    let relay = Relay::new(RelayConfig { connections: 3, ..config(&server) }).expect("configured");
    for expected in [2, 1, 1] {
        let mut lease = relay.acquire().await.expect("a session");
        lease.send(&envelope(), MAIL, &|| {}).await;
        drop(lease);
        assert_eq!(relay.width(), expected);
    }
    let server =
        Server::start(Script::default().at("GREETING", Act::Say("421 4.7.0 too many"))).await;
    let relay = Relay::new(RelayConfig { connections: 2, ..config(&server) }).expect("configured");
    relay.acquire().await.expect_err("refused");
    assert_eq!(relay.width(), 1);
}
