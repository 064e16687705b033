//! The process is killed at each point around a mail; the next one settles what it left.
//!
//! The test starts itself as a child that aborts at the point, and is then the next daemon.

#[path = "dispatch/audience.rs"]
#[allow(dead_code)]
mod audience;
#[path = "scripted_relay/server.rs"]
#[allow(dead_code)]
mod server;
#[path = "dispatch/world.rs"]
#[allow(dead_code)]
mod world;

use std::time::Duration;

use domain::delivery::{Class, Occasion};
use mailing::dispatch::{Failpoint, Failpoints};
use mailing::smtp::{Relay, RelayConfig, TlsMode};
use mailing::wire_journal::BootId;
use mailing::{Outlet, run_until_idle};
use server::{Script, Server};
use store::tasks;
use tokio_util::sync::CancellationToken;
use world::World;

const POINT: &str = "CONSENTRY_TEST_POINT";
const DIRECTORY: &str = "CONSENTRY_TEST_DIRECTORY";
const PORT: &str = "CONSENTRY_TEST_PORT";

fn relay(port: u16) -> Outlet {
    let config =
        RelayConfig { tls: TlsMode::NoneToLoopback, ..RelayConfig::new("main", "127.0.0.1", port) };
    Outlet::Relay(Relay::new(config).expect("configured"))
}

/// So that only one mail is between START and END when the process is killed.
fn one_at_a_time(port: u16) -> Outlet {
    let config = RelayConfig {
        tls: TlsMode::NoneToLoopback,
        connections: 1,
        ..RelayConfig::new("main", "127.0.0.1", port)
    };
    Outlet::Relay(Relay::new(config).expect("configured"))
}

/// The daemon that is killed; does nothing unless it is started as a child.
#[tokio::test]
async fn child() {
    let Ok(point) = std::env::var(POINT) else { return };
    let port = std::env::var(PORT).expect("set").parse().expect("a port");
    let world = World::at(std::env::var(DIRECTORY).expect("set").as_ref()).await;
    let mut dispatch = world.dispatch("alpha", one_at_a_time(port));
    dispatch.bulk = Some(audience::bulk());
    dispatch.failpoints = Failpoints::with(move |reached| {
        if reached.name() == point {
            std::process::abort();
        }
    });
    let _ = run_until_idle(dispatch, CancellationToken::new()).await;
}

async fn kill_at(point: Failpoint, world: &World, server: &Server) {
    let status = tokio::process::Command::new(std::env::current_exe().expect("known"))
        .args(["--exact", "child"])
        .env(POINT, point.name())
        .env(DIRECTORY, world.directory.path())
        .env(PORT, server.port().to_string())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .await
        .expect("started");
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(status.signal(), Some(6), "{point:?} was reached");
}

/// Kills a daemon at `point`, lets the next one work for an hour, and tells how many copies the
/// server has, how the row ended and whether a person was told.
async fn fate(occasion: Occasion, point: Failpoint, boot: &str) -> (usize, String, i64) {
    let world = World::on_sqlite().await;
    world.plan(Class::Statutory, occasion, "anna@mail.example").await;
    let server = Server::start(Script::default()).await;
    kill_at(point, &world, &server).await;
    for _ in 0..3 {
        let mut dispatch = world.dispatch("alpha", relay(server.port()));
        dispatch.boot = BootId(boot.to_owned());
        run_until_idle(dispatch, CancellationToken::new()).await.expect("settled and sent");
        world.clock.advance(Duration::from_secs(1200));
    }
    let tasks = tasks::open_count(&world.store).await.expect("counted");
    let mails = server.received().mails;
    assert!(mails.windows(2).all(|pair| pair[0] == pair[1]), "a resend has the same Message-ID");
    (mails.len(), world.state().await, tasks)
}

#[tokio::test]
async fn an_answer_is_never_lost_and_resent_at_most_once() {
    for (point, copies) in [
        (Failpoint::BeforeStart, 1),
        (Failpoint::AfterStart, 1),
        (Failpoint::AfterDot, 2),
        (Failpoint::BeforeEnd, 2),
        (Failpoint::AfterEnd, 1),
        (Failpoint::BeforeSettle, 1),
    ] {
        let fate = fate(Occasion::Answer, point, "boot-a").await;
        assert_eq!(fate, (copies, "accepted".to_owned(), 0), "{point:?}");
    }
}

#[tokio::test]
async fn an_acknowledgement_is_never_sent_twice_and_never_dropped_in_silence() {
    for (point, copies, state, tasks) in [
        (Failpoint::BeforeStart, 1, "accepted", 0),
        (Failpoint::AfterStart, 0, "uncertain", 1),
        (Failpoint::AfterDot, 1, "uncertain", 1),
        (Failpoint::BeforeEnd, 1, "uncertain", 1),
        (Failpoint::AfterEnd, 1, "accepted", 0),
        (Failpoint::BeforeSettle, 1, "accepted", 0),
    ] {
        let fate = fate(Occasion::Acknowledgement, point, "boot-a").await;
        assert_eq!(fate, (copies, state.to_owned(), tasks), "{point:?}");
    }
}

#[tokio::test]
async fn after_another_boot_of_the_machine_what_is_not_proven_is_uncertain() {
    for (point, copies, state, tasks) in [
        (Failpoint::BeforeStart, 0, "uncertain", 1),
        (Failpoint::AfterStart, 0, "uncertain", 1),
        (Failpoint::AfterEnd, 1, "accepted", 0),
    ] {
        let fate = fate(Occasion::Acknowledgement, point, "boot-b").await;
        assert_eq!(fate, (copies, state.to_owned(), tasks), "{point:?}");
    }
}

/// The journal is of the directory: a node that got another name meanwhile is told by it all the
/// same, before it is forgotten.
#[tokio::test]
async fn under_another_name_the_journal_still_tells_what_became_of_each_mail() {
    for (point, copies, state) in
        [(Failpoint::AfterEnd, 1, "accepted"), (Failpoint::BeforeStart, 1, "accepted")]
    {
        let world = World::on_sqlite().await;
        world.plan(Class::Statutory, Occasion::Answer, "anna@mail.example").await;
        let server = Server::start(Script::default()).await;
        kill_at(point, &world, &server).await;
        let mut dispatch = world.dispatch("beta", relay(server.port()));
        dispatch.journal_directory =
            world.dispatch("alpha", relay(server.port())).journal_directory;
        run_until_idle(dispatch, CancellationToken::new()).await.expect("settled and sent");
        assert_eq!(server.received().mails.len(), copies, "{point:?}");
        assert_eq!(world.state().await, state, "{point:?}");
    }
}

#[tokio::test]
async fn without_its_journal_a_node_calls_all_its_rows_uncertain() {
    let world = World::on_sqlite().await;
    world.plan(Class::Statutory, Occasion::Acknowledgement, "anna@mail.example").await;
    let server = Server::start(Script::default()).await;
    kill_at(Failpoint::BeforeStart, &world, &server).await;
    std::fs::remove_dir_all(world.directory.path().join("journal-alpha")).expect("removed");
    // The unknown process of this name gets the time of a lease to be gone.
    world.clock.advance(Duration::from_secs(75));
    let dispatch = world.dispatch("alpha", relay(server.port()));
    run_until_idle(dispatch, CancellationToken::new()).await.expect("settled");
    assert_eq!(world.state().await, "uncertain");
    assert_eq!(server.received().mails.len(), 0);
}

/// A campaign mail is at the server once, or its row says that nobody knows: never twice.
#[tokio::test]
async fn a_campaign_mail_is_sent_once_or_called_uncertain() {
    for (point, uncertain) in [
        (Failpoint::BeforeStart, 0..=0),
        (Failpoint::AfterStart, 1..=1),
        (Failpoint::AfterDot, 1..=1),
        (Failpoint::BeforeEnd, 1..=1),
        (Failpoint::AfterEnd, 0..=0),
        // The one connection may be at the next mail while outcomes are gathered.
        (Failpoint::BeforeSettle, 0..=1),
    ] {
        let world = World::on_sqlite().await;
        let list = audience::list(&world, "news").await;
        for n in 0..3 {
            audience::subscribe(&world, list, &format!("p{n}@mail.example")).await;
        }
        let content = audience::content();
        let campaign = audience::run_campaign(&world, "news", &content, list).await;
        let server = Server::start(Script::default()).await;
        kill_at(point, &world, &server).await;
        for _ in 0..3 {
            let mut dispatch = world.dispatch("alpha", one_at_a_time(server.port()));
            dispatch.bulk = Some(audience::bulk());
            run_until_idle(dispatch, CancellationToken::new()).await.expect("settled and sent");
            world.clock.advance(Duration::from_secs(1200));
        }
        let report = store::campaigns::report(&world.store, campaign).await.expect("read");
        assert!(report.adds_up(), "{point:?} {report:?}");
        let (accepted, unknown) = (report.states.accepted, report.states.uncertain);
        assert_eq!(accepted + unknown, 3, "{point:?} {report:?}");
        assert!(uncertain.contains(&unknown), "{point:?} {report:?}");
        let received = server.received();
        let copies = i64::try_from(received.mails.len()).expect("small");
        assert!((accepted..=accepted + unknown).contains(&copies), "{point:?} {copies}");
        let mut heard: Vec<_> = received.mails.iter().map(|mail| message_id(mail)).collect();
        heard.sort_unstable();
        heard.dedup();
        assert_eq!(heard.len(), received.mails.len(), "{point:?}: nobody twice");
    }
}

fn message_id(mail: &[u8]) -> String {
    let text = String::from_utf8_lossy(mail);
    let line = text.lines().find(|line| line.starts_with("Message-ID:"));
    line.expect("every mail has one").to_owned()
}
