//! Rows of the ledger become mail, and what became of them returns to the ledger.

#[path = "scripted_relay/server.rs"]
#[allow(dead_code)]
mod server;
#[path = "dispatch/trouble.rs"]
mod trouble;
#[path = "dispatch/world.rs"]
#[allow(dead_code)]
mod world;

use std::sync::Arc;
use std::time::Duration;

use domain::address::EmailAddress;
use domain::block::Scope;
use domain::delivery::{Class, Occasion};
use mailing::maildir::Maildir;
use mailing::smtp::{Relay, RelayConfig, Timeouts, TlsMode};
use mailing::{Dispatch, MailingError, Outlet, Summary, run, run_until_idle};
use server::{Act, Script, Server};
use store::{Store, StoreConfig, alarms, blocks, nodes, stops, tasks};
use tokio_util::sync::CancellationToken;
use world::World;

fn relay_at(port: u16, connections: usize) -> Outlet {
    let config = RelayConfig {
        tls: TlsMode::NoneToLoopback,
        connections,
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            command: Duration::from_secs(5),
            data: Duration::from_secs(5),
            final_reply: Duration::from_secs(5),
        },
        ..RelayConfig::new("main", "127.0.0.1", port)
    };
    Outlet::Relay(Relay::new(config).expect("configured"))
}

fn relay(server: &Server) -> Outlet {
    relay_at(server.port(), 4)
}

async fn until_idle(dispatch: Dispatch) -> Summary {
    run_until_idle(dispatch, CancellationToken::new()).await.expect("sent")
}

#[tokio::test]
async fn a_planned_reply_stands_in_the_maildir_and_is_accepted_in_the_ledger() {
    let world = World::on_sqlite().await;
    world.plan_answer().await;
    let path = world.directory.path().join("out");
    let outlet = Outlet::Maildir(Arc::new(Maildir::new(&path)));
    let summary = until_idle(world.dispatch("alpha", outlet)).await;
    assert_eq!(summary, Summary { accepted: 1, ..Summary::default() });
    assert_eq!(world.state().await, "accepted");
    let files: Vec<_> = std::fs::read_dir(path.join("new")).expect("read").collect();
    assert_eq!(files.len(), 1);
    let mail = std::fs::read_to_string(files[0].as_ref().expect("read").path()).expect("read");
    for part in [
        "Return-Path: <bounce@clinic.example>\r\n",
        "To: anna@mail.example\r\n",
        "In-Reply-To: <q1@mail.example>\r\n",
        "Auto-Submitted: auto-replied\r\n",
        "X-Consentry-Loop: clinic.example\r\n",
    ] {
        assert!(mail.contains(part), "{part}");
    }
}

#[tokio::test]
async fn a_deferred_reply_is_tried_again_soon_with_the_same_bytes() {
    let world = World::on_sqlite().await;
    world.plan_answer().await;
    let server = Server::start(Script::default().at(".", Act::Once("451 4.3.0 later"))).await;
    let summary = until_idle(world.dispatch("alpha", relay(&server))).await;
    assert_eq!(summary, Summary { deferred: 1, ..Summary::default() });
    assert_eq!(world.state().await, "deferred");
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(until_idle(world.dispatch("alpha", relay(&server))).await, Summary::default());
    world.clock.advance(Duration::from_secs(50));
    let summary = until_idle(world.dispatch("alpha", relay(&server))).await;
    assert_eq!(summary, Summary { accepted: 1, ..Summary::default() });
    let mails = server.received().mails;
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0], mails[1]);
}

#[tokio::test]
async fn a_refused_answer_is_rejected_and_a_person_is_told() {
    let world = World::on_sqlite().await;
    world.plan_answer().await;
    let server = Server::start(Script::default().at("RCPT", Act::Say("550 5.1.1 unknown"))).await;
    let summary = until_idle(world.dispatch("alpha", relay(&server))).await;
    assert_eq!(summary, Summary { rejected: 1, ..Summary::default() });
    assert_eq!(world.state().await, "rejected");
    assert_eq!(tasks::open_count(&world.store).await.expect("counted"), 1);
}

#[tokio::test]
async fn an_expired_mail_is_rejected_without_a_word_to_the_relay() {
    let world = World::on_sqlite().await;
    world.plan_answer().await;
    world.clock.advance(Duration::from_secs(121 * 3600));
    let server = Server::start(Script::default()).await;
    until_idle(world.dispatch("alpha", relay(&server))).await;
    assert_eq!(world.state().await, "rejected");
    assert_eq!(server.received().mails.len(), 0);
    assert_eq!(tasks::open_count(&world.store).await.expect("counted"), 1, "a person is told");
}

#[tokio::test]
async fn a_deferral_past_the_end_of_its_time_is_told_as_expired() {
    let world = World::on_sqlite().await;
    world.plan_answer().await;
    world.clock.advance(Duration::from_secs(120 * 3600 - 40));
    let server = Server::start(Script::default().at("RCPT", Act::Say("450 4.2.2 full"))).await;
    until_idle(world.dispatch("alpha", relay(&server))).await;
    assert_eq!(world.state().await, "rejected");
    assert_eq!(tasks::open_count(&world.store).await.expect("counted"), 1);
}

#[tokio::test]
async fn an_uncertain_answer_is_resent_once_and_then_becomes_a_task() {
    let world = World::on_sqlite().await;
    world.plan_answer().await;
    let server = Server::start(Script::default().at(".", Act::Close)).await;
    let summary = until_idle(world.dispatch("alpha", relay(&server))).await;
    assert_eq!(summary, Summary { uncertain: 1, ..Summary::default() });
    assert_eq!(world.state().await, "deferred");
    assert_eq!(tasks::open_count(&world.store).await.expect("counted"), 0);
    world.clock.advance(Duration::from_secs(80));
    until_idle(world.dispatch("alpha", relay(&server))).await;
    assert_eq!(world.state().await, "uncertain");
    assert_eq!(tasks::open_count(&world.store).await.expect("counted"), 1);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(until_idle(world.dispatch("alpha", relay(&server))).await, Summary::default());
    let mails = server.received().mails;
    assert_eq!(mails.len(), 2, "never a third time");
    assert_eq!(mails[0], mails[1], "the same Message-ID");
}

#[tokio::test]
async fn an_uncertain_acknowledgement_is_never_resent() {
    let world = World::on_sqlite().await;
    world.plan(Class::Statutory, Occasion::Acknowledgement, "anna@mail.example").await;
    let server = Server::start(Script::default().at(".", Act::Close)).await;
    until_idle(world.dispatch("alpha", relay(&server))).await;
    assert_eq!(world.state().await, "uncertain");
    assert_eq!(tasks::open_count(&world.store).await.expect("counted"), 1);
    world.clock.advance(Duration::from_secs(3600));
    until_idle(world.dispatch("alpha", relay(&server))).await;
    assert_eq!(server.received().mails.len(), 1);
}

#[tokio::test]
async fn a_relay_that_is_down_costs_nothing_and_mail_leaves_when_it_is_back() {
    let world = World::on_sqlite().await;
    world.plan_answer().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let cancel = CancellationToken::new();
    let dispatch = world.dispatch("alpha", relay_at(port, 2));
    let running = tokio::spawn(run(dispatch, cancel.clone()));
    let standing = wait_for_alarm(&world.store, 1).await;
    assert_eq!(standing[0].name, "relay/main");
    assert!(standing[0].detail.contains("cannot connect"), "{}", standing[0].detail);
    assert_eq!(world.state().await, "planned", "as it was");
    let server = Server::start_at(port, Script::default()).await;
    wait_for_alarm(&world.store, 0).await;
    while world.state().await != "accepted" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    cancel.cancel();
    let summary = running.await.expect("joined").expect("ended in order");
    assert_eq!((summary.accepted, summary.deferred), (1, 0));
    assert_eq!(server.received().mails.len(), 1);
}

async fn wait_for_alarm(store: &Store, count: usize) -> Vec<alarms::AlarmRow> {
    for _ in 0..500 {
        let standing = alarms::standing(store).await.expect("read");
        if standing.len() == count {
            return standing;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("there were never {count} alarms");
}

#[tokio::test]
async fn until_idle_says_that_the_relay_is_down() {
    let world = World::on_sqlite().await;
    world.plan_answer().await;
    let dispatch = world.dispatch("alpha", relay_at(1, 1));
    let error = run_until_idle(dispatch, CancellationToken::new()).await.expect_err("down");
    assert!(matches!(error, MailingError::Relay(_)), "{error}");
    assert_eq!(world.state().await, "planned");
}

async fn block(store: &Store, world: &World, recipient: &str, scope: Scope) {
    let now = domain::ambient::Clock::now(world.clock.as_ref());
    let address = EmailAddress::parse(recipient).expect("valid");
    let digests = world.digests.address(&address);
    let transaction = store.begin().await.expect("begun");
    let block = blocks::NewBlock {
        scope: &scope,
        address: None,
        stop_digest: Some(digests.stop),
        contact: None,
        ticket: None,
        submission: None,
        basis: "erasure",
        authentication: domain::authentication::SenderAuthentication::Pass,
    };
    let id = blocks::set(&transaction, &block, now).await.expect("set");
    let journal = domain::ids::JournalEntryId::new(
        now,
        domain::ambient::random_bytes(world.entropy.as_ref()),
    );
    let stop = stops::NewStop {
        journal,
        kind: stops::StopKind::Block,
        scope: "full".into(),
        digests: vec![digests],
        contact: None,
        block: Some(id),
        submission: None,
    };
    stops::record(&transaction, &stop, now).await.expect("recorded");
    stops::number_all(&transaction, &[journal]).await.expect("numbered");
    transaction.commit().await.expect("committed");
}

#[tokio::test]
async fn the_gate_is_asked_in_the_claim_for_every_spelling_of_the_address() {
    let world = World::on_sqlite().await;
    block(&world.store, &world, "anna@gmail.com", Scope::Full).await;
    world.plan(Class::Confirmation, Occasion::Confirmation, "A.nna+x@googlemail.com").await;
    let server = Server::start(Script::default()).await;
    until_idle(world.dispatch("alpha", relay(&server))).await;
    assert_eq!(world.state().await, "withheld");
    world.plan(Class::Statutory, Occasion::Answer, "anna@gmail.com").await;
    until_idle(world.dispatch("alpha", relay(&server))).await;
    let states = world.states().await;
    assert_eq!(states, [("accepted".to_owned(), 1), ("withheld".to_owned(), 1)]);
}

#[tokio::test]
async fn nobody_is_mailed_advertising_without_a_consent_that_can_be_shown() {
    let world = World::on_sqlite().await;
    world.plan(Class::Advertising, Occasion::Campaign, "anna@mail.example").await;
    world.plan(Class::Training, Occasion::Step, "anna@mail.example").await;
    let server = Server::start(Script::default()).await;
    until_idle(world.dispatch("alpha", relay(&server))).await;
    assert_eq!(world.states().await, [("withheld".to_owned(), 2)]);
}

/// Invariant 7. The stop comes from another process: nothing tells this dispatch of it.
#[tokio::test]
async fn no_start_later_than_one_second_after_the_commit_of_a_stop() {
    let world = World::on_sqlite().await;
    for n in 0..200 {
        // One stop key, so that one block stops them all.
        let recipient = format!("anna+{n}@mail.example");
        world.plan(Class::Confirmation, Occasion::Confirmation, &recipient).await;
    }
    let slow = Act::SayLate("250 2.0.0 queued", Duration::from_millis(100));
    let server = Server::start(Script::default().at(".", slow)).await;
    let cancel = CancellationToken::new();
    let running =
        tokio::spawn(run(world.dispatch("alpha", relay_at(server.port(), 2)), cancel.clone()));
    while server.received().mails.len() < 6 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let other = Store::open(&world.config).await.expect("opened");
    block(&other, &world, "anna@mail.example", Scope::Full).await;
    let committed_at = tokio::time::Instant::now();
    loop {
        let states = world.states().await;
        if !states.iter().any(|(state, _)| state == "planned" || state == "claimed") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    cancel.cancel();
    let summary = running.await.expect("joined").expect("ended in order");
    let late = server
        .received()
        .started_at
        .iter()
        .filter(|at| at.saturating_duration_since(committed_at) > Duration::from_millis(300))
        .count();
    assert_eq!(late, 0);
    let accepted = i64::try_from(summary.accepted).expect("small");
    assert!((6..100).contains(&accepted), "{summary:?}");
    let states = world.states().await;
    assert_eq!(
        states,
        [("accepted".to_owned(), accepted), ("withheld".to_owned(), 200 - accepted)]
    );
}

#[tokio::test]
async fn a_stopped_daemon_ends_what_is_under_way_and_gives_the_rest_back() {
    let world = World::on_sqlite().await;
    for n in 0..20 {
        world.plan(Class::Statutory, Occasion::Answer, &format!("p{n}@mail.example")).await;
    }
    let slow = Act::SayLate("250 2.0.0 queued", Duration::from_millis(300));
    let server = Server::start(Script::default().at(".", slow)).await;
    let cancel = CancellationToken::new();
    let running =
        tokio::spawn(run(world.dispatch("alpha", relay_at(server.port(), 2)), cancel.clone()));
    while server.received().started_at.len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    cancel.cancel();
    let summary = running.await.expect("joined").expect("ended in order");
    let accepted = i64::try_from(server.received().mails.len()).expect("small");
    assert_eq!(summary.accepted, u64::try_from(accepted).expect("small"));
    let states = world.states().await;
    assert_eq!(states, [("accepted".to_owned(), accepted), ("planned".to_owned(), 20 - accepted)]);
    let node = &nodes::all(&world.store, domain::ambient::Clock::now(world.clock.as_ref()))
        .await
        .expect("read")[0];
    assert!(!node.is_alive, "the lease was given back");
}

#[tokio::test]
async fn a_second_daemon_of_the_same_name_is_refused_its_journal() {
    let world = World::on_sqlite().await;
    let server = Server::start(Script::default()).await;
    let cancel = CancellationToken::new();
    let running = tokio::spawn(run(world.dispatch("alpha", relay(&server)), cancel.clone()));
    while nodes::all(&world.store, domain::ambient::Clock::now(world.clock.as_ref()))
        .await
        .expect("read")
        .is_empty()
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let second = run_until_idle(world.dispatch("alpha", relay(&server)), CancellationToken::new());
    let error = second.await.expect_err("refused");
    assert!(matches!(error, MailingError::Journal(_)), "{error}");
    cancel.cancel();
    running.await.expect("joined").expect("ended in order");
}

#[tokio::test]
async fn two_nodes_on_one_postgresql_send_every_mail_once() {
    let postgres = tests::servers::Postgres::start().expect("PostgreSQL is installed");
    let url = postgres.database().expect("made");
    let config = StoreConfig::Postgres { url, connections: 8 };
    let world = World::on(tempfile::tempdir().expect("made"), config.clone()).await;
    for n in 0..300 {
        world.plan(Class::Statutory, Occasion::Answer, &format!("p{n}@mail.example")).await;
    }
    let server = Server::start(Script::default()).await;
    let mut beta = world.dispatch("beta", relay_at(server.port(), 4));
    beta.store = Store::open(&config).await.expect("opened");
    let alpha = world.dispatch("alpha", relay_at(server.port(), 4));
    let (one, two) = tokio::join!(until_idle(alpha), until_idle(beta));
    assert_eq!(one.accepted + two.accepted, 300, "{one:?} {two:?}");
    let received = server.received();
    assert_eq!(received.mails.len(), 300);
    let recipients: std::collections::HashSet<_> =
        received.commands.iter().filter(|c| c.starts_with("RCPT")).collect();
    assert_eq!(recipients.len(), 300);
    assert_eq!(world.states().await, [("accepted".to_owned(), 300)]);
    // The other ways through the statements, on this database as well.
    let refusing =
        Script::default().at("RCPT", Act::Once("450 4.2.0 greylisted")).at(".", Act::CloseOnce);
    let server = Server::start(refusing).await;
    world.plan_answer().await;
    world.plan(Class::Statutory, Occasion::Acknowledgement, "boris@mail.example").await;
    until_idle(world.dispatch("alpha", relay_at(server.port(), 1))).await;
    let states = world.states().await;
    assert_eq!(states.iter().map(|(state, _)| state.as_str()).collect::<Vec<_>>()[0], "accepted");
    assert_eq!(states.iter().map(|(_, count)| count).sum::<i64>(), 302);
    block(&world.store, &world, "anna@mail.example", Scope::Full).await;
    world.plan(Class::Confirmation, Occasion::Confirmation, "anna@mail.example").await;
    until_idle(world.dispatch("alpha", relay_at(server.port(), 1))).await;
    assert!(world.states().await.contains(&("withheld".to_owned(), 1)));
}
