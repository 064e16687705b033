//! Rows of campaigns: claimed while their campaign runs, stopped by every stop, on both databases.

#[path = "dispatch/audience.rs"]
#[allow(dead_code)]
mod audience;
#[path = "dispatch/put_off.rs"]
mod put_off;
#[path = "scripted_relay/server.rs"]
#[allow(dead_code)]
mod server;
#[path = "dispatch/throttled.rs"]
mod throttled;
#[path = "dispatch/unmakable.rs"]
mod unmakable;
#[path = "dispatch/world.rs"]
#[allow(dead_code)]
mod world;

use std::time::Duration;

use audience::{bulk, content, list, run_campaign, stop_campaign, subscribe, unsubscribe};
use domain::ambient::Clock;
use domain::campaign::CampaignState;
use domain::delivery::{Class, Occasion};
use domain::ids::CampaignId;
use mailing::smtp::{Relay, RelayConfig, TlsMode};
use mailing::{Dispatch, Outlet, Stream, Summary, run, run_until_idle};
use server::{Act, Script, Server};
use store::campaigns::{self, Report};
use store::stops::StopKind;
use store::{Store, StoreConfig, alarms, probe};
use tests::servers::Postgres;
use tokio_util::sync::CancellationToken;
use world::World;

/// The same test on a fresh database of each kind.
async fn on_both<F: AsyncFn(World)>(test: F) {
    test(World::on_sqlite().await).await;
    let postgres = Postgres::start().expect("PostgreSQL is installed");
    let url = postgres.database().expect("made");
    let config = StoreConfig::Postgres { url, connections: 8 };
    test(World::on(tempfile::tempdir().expect("made"), config).await).await;
}

fn relay(server: &Server, connections: usize) -> Outlet {
    let config = RelayConfig {
        tls: TlsMode::NoneToLoopback,
        connections,
        ..RelayConfig::new("main", "127.0.0.1", server.port())
    };
    Outlet::Relay(Relay::new(config).expect("configured"))
}

fn dispatch(world: &World, node: &str, outlet: Outlet) -> Dispatch {
    Dispatch { bulk: Some(bulk()), ..world.dispatch(node, outlet) }
}

async fn until_idle(dispatch: Dispatch) -> Summary {
    run_until_idle(dispatch, CancellationToken::new()).await.expect("sent")
}

/// The numbers of a campaign; they always add up.
async fn report(world: &World, campaign: CampaignId) -> Report {
    let report = campaigns::report(&world.store, campaign).await.expect("read");
    assert!(report.adds_up(), "{report:?}");
    report
}

/// A running campaign to so many people, `p0@…`, `p1@…`.
async fn campaign_to(world: &World, name: &str, people: usize) -> CampaignId {
    let list = list(world, name).await;
    for n in 0..people {
        subscribe(world, list, &format!("p{n}@{name}.example")).await;
    }
    run_campaign(world, name, &content(), list).await
}

fn recipients(server: &Server) -> Vec<String> {
    let commands = server.received().commands;
    commands.iter().filter_map(|c| c.strip_prefix("RCPT TO:")).map(str::to_owned).collect()
}

#[tokio::test]
async fn everybody_in_the_audience_gets_one_mail_with_a_way_out() {
    on_both(async |world| {
        let campaign = campaign_to(&world, "news", 7).await;
        let server = Server::start(Script::default()).await;
        let summary = until_idle(dispatch(&world, "alpha", relay(&server, 3))).await;
        assert_eq!(summary, Summary { accepted: 7, ..Summary::default() });
        let report = report(&world, campaign).await;
        assert_eq!((report.audience, report.states.accepted), (7, 7));
        let received = server.received();
        let mut heard = recipients(&server);
        heard.sort_unstable();
        heard.dedup();
        assert_eq!((received.mails.len(), heard.len()), (7, 7));
        let mail = String::from_utf8_lossy(&received.mails[0]).into_owned();
        for part in [
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            "List-Id: ",
            "<news.news.clinic.example>",
            "List-Unsubscribe: <https://hello.clinic.example/u/",
            "Auto-Submitted: auto-generated\r\n",
        ] {
            assert!(mail.contains(part), "{part}\n{mail}");
        }
        let returns = received.commands.iter().filter(|c| c.starts_with("MAIL FROM:<bounce+"));
        assert_eq!(returns.count(), 7, "each bounce says which mail it was");
        let named = "SELECT COUNT(*) FROM delivery WHERE consent_id IS NOT NULL";
        assert_eq!(probe::number(&world.store, named).await.expect("read"), 7);
    })
    .await;
}

#[tokio::test]
async fn nothing_of_a_campaign_leaves_unless_it_runs_and_this_dispatch_may() {
    on_both(async |world| {
        let campaign = campaign_to(&world, "news", 2).await;
        world.plan_answer().await;
        let server = Server::start(Script::default()).await;
        // Without a sender for bulk, and in the stream of hello@: the answer alone.
        until_idle(world.dispatch("alpha", relay(&server, 1))).await;
        let hello =
            Dispatch { stream: Stream::Hello, ..dispatch(&world, "beta", relay(&server, 1)) };
        until_idle(hello).await;
        assert_eq!(server.received().mails.len(), 1);
        stop_campaign(&world, campaign, CampaignState::Paused, StopKind::Pause).await;
        until_idle(dispatch(&world, "alpha", relay(&server, 1))).await;
        assert_eq!(report(&world, campaign).await.states.planned, 2);
        audience::resume(&world, campaign).await;
        world.plan_answer().await;
        let bulk =
            Dispatch { stream: Stream::Bulk, ..dispatch(&world, "gamma", relay(&server, 1)) };
        until_idle(bulk).await;
        assert_eq!(report(&world, campaign).await.states.accepted, 2);
        assert_eq!(server.received().mails.len(), 3, "the second answer is not its business");
    })
    .await;
}

#[tokio::test]
async fn answers_overtake_campaigns_and_campaigns_share_the_room() {
    let world = World::on_sqlite().await;
    campaign_to(&world, "first", 12).await;
    campaign_to(&world, "second", 12).await;
    world.plan_answer().await;
    let server = Server::start(Script::default()).await;
    until_idle(dispatch(&world, "alpha", relay(&server, 1))).await;
    let heard = recipients(&server);
    assert!(heard[0].contains("anna@mail.example"), "{heard:?}");
    let early = heard[1..12].iter().filter(|to| to.contains("@second")).count();
    assert!((3..=9).contains(&early), "{heard:?}");
}

/// Somebody changed an address by hand: its row rests with an alarm, the others go.
#[tokio::test]
async fn a_row_that_does_not_fit_rests_and_the_others_of_its_campaign_go() {
    let damaged = async |world: World, email: &str| {
        let campaign = campaign_to(&world, "news", 3).await;
        let odd = "SELECT MAX(address_id) FROM delivery";
        let sql = format!("UPDATE address SET email = {email} WHERE id = ({odd})");
        probe::write(&world.store, &sql).await.expect("written");
        let server = Server::start(Script::default()).await;
        let summary = until_idle(dispatch(&world, "alpha", relay(&server, 2))).await;
        assert_eq!((summary.accepted, recipients(&server).len()), (2, 2), "{email}");
        let standing = alarms::standing(&world.store).await.expect("read");
        let details: Vec<_> = standing.iter().map(|alarm| alarm.detail.as_str()).collect();
        let names_it = |detail: &str| detail.contains("column email does not fit");
        assert!(matches!(&details[..], [one] if names_it(one)), "{details:?}");
        let states = report(&world, campaign).await.states;
        assert_eq!((states.accepted, states.planned), (2, 1), "{email}");
    };
    on_both(async |world| damaged(world, "'nobody'").await).await;
    // What is no text cannot be told in JSON with the others.
    damaged(World::on_sqlite().await, "CAST(x'ff' AS TEXT)").await;
}

/// The relay is slow; the campaign is stopped with rows in hand. How many mails it took and what
/// the campaign's numbers say then.
async fn stopped_midway(world: &World, to: CampaignState, kind: StopKind) -> (usize, Report) {
    let campaign = campaign_to(world, "news", 160).await;
    let slow = Act::SayLate("250 2.0.0 queued", Duration::from_millis(30));
    let server = Server::start(Script::default().at(".", slow)).await;
    let cancel = CancellationToken::new();
    let running = tokio::spawn(run(dispatch(world, "alpha", relay(&server, 2)), cancel.clone()));
    // Only after a while is so much in hand as two seconds take.
    while server.received().mails.len() < 50 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop_campaign(world, campaign, to, kind).await;
    let stopped_at = tokio::time::Instant::now();
    while report(world, campaign).await.states.claimed > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    cancel.cancel();
    running.await.expect("joined").expect("ended in order");
    let late = |at: &&tokio::time::Instant| **at > stopped_at + Duration::from_millis(250);
    assert_eq!(server.received().started_at.iter().filter(late).count(), 0);
    (server.received().mails.len(), report(world, campaign).await)
}

#[tokio::test]
async fn a_pause_gives_back_what_is_in_hand_and_it_goes_on_where_it_was() {
    on_both(async |world| {
        let (mails, report) = stopped_midway(&world, CampaignState::Paused, StopKind::Pause).await;
        let mails = i64::try_from(mails).expect("small");
        assert!(mails < 90, "{mails}");
        assert_eq!((report.states.accepted, report.states.planned), (mails, 160 - mails));
        assert!(report.withheld.is_empty(), "{report:?}");
        let tried = "SELECT COUNT(*) FROM delivery WHERE state = 'planned' AND attempt <> 0";
        assert_eq!(probe::number(&world.store, tried).await.expect("read"), 0, "no attempt counts");
        let campaign = CampaignId(1);
        audience::resume(&world, campaign).await;
        let server = Server::start(Script::default()).await;
        until_idle(dispatch(&world, "alpha", relay(&server, 4))).await;
        assert_eq!(server.received().mails.len(), usize::try_from(160 - mails).expect("small"));
        let accepted =
            campaigns::report(&world.store, campaign).await.expect("read").states.accepted;
        assert_eq!(accepted, 160);
    })
    .await;
}

#[tokio::test]
async fn a_cancel_withholds_what_is_in_hand() {
    on_both(async |world| {
        let at = world.clock.now();
        let to = CampaignState::Cancelled { at };
        let (mails, report) = stopped_midway(&world, to, StopKind::Cancel).await;
        let mails = i64::try_from(mails).expect("small");
        let cancelled = report.withheld.get("cancelled").copied().unwrap_or(0);
        assert!(cancelled > 0, "{report:?}");
        // What was not in hand is swept by the runner.
        assert_eq!(report.states.planned, 160 - mails - cancelled);
    })
    .await;
}

/// Invariant 7, for one person: the others are not held up.
#[tokio::test]
async fn who_leaves_between_claim_and_start_gets_nothing_and_the_others_do() {
    on_both(async |world| {
        let list = list(&world, "news").await;
        let mut people = Vec::new();
        for n in 0..40 {
            let email = format!("p{n}@mail.example");
            let (_, subscription) = subscribe(&world, list, &email).await;
            people.push((email, subscription));
        }
        let campaign = run_campaign(&world, "november", &content(), list).await;
        let slow = Act::SayLate("250 2.0.0 queued", Duration::from_millis(40));
        let server = Server::start(Script::default().at(".", slow)).await;
        let running = tokio::spawn(until_idle(dispatch(&world, "alpha", relay(&server, 2))));
        while server.received().mails.len() < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let started = recipients(&server);
        let waits = |email: &str| !started.iter().any(|to| to.contains(&format!("<{email}>")));
        let leaving: Vec<_> =
            people.iter().rev().filter(|(email, _)| waits(email)).take(9).collect();
        for (email, subscription) in &leaving {
            unsubscribe(&world, *subscription, email).await;
        }
        running.await.expect("joined");
        let report = report(&world, campaign).await;
        assert_eq!(report.withheld.get("unsubscribed"), Some(&9), "{report:?}");
        assert_eq!(report.states.accepted, 31);
        let heard = recipients(&server);
        for (email, _) in &leaving {
            assert!(!heard.iter().any(|to| to.contains(&format!("<{email}>"))));
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_that_a_server_does_not_know_is_suppressed_and_a_refused_mail_is_not() {
    for (reply, suppressed) in [
        ("550 5.1.1 unknown", 1),
        ("553 5.1.3 no address", 1),
        ("550 5.7.1 not wanted", 0),
        ("550 no such user", 0),
    ] {
        on_both(async |world| {
            let campaign = campaign_to(&world, "news", 1).await;
            let server = Server::start(Script::default().at("RCPT", Act::Say(reply))).await;
            until_idle(dispatch(&world, "alpha", relay(&server, 1))).await;
            let report = report(&world, campaign).await;
            assert_eq!(report.states.rejected, 1, "{reply}");
            let count = async |sql| probe::number(&world.store, sql).await.expect("read");
            let held = "SELECT COUNT(*) FROM suppression WHERE reason = 'hard_bounce' AND lifted_at IS NULL";
            assert_eq!(count(held).await, suppressed, "{reply}");
            let numbered = "SELECT COUNT(*) FROM stop WHERE act = 'suppression' AND number IS NOT NULL";
            assert_eq!(count(numbered).await, suppressed, "{reply}");
            let told = "SELECT COUNT(*) FROM delivery WHERE feedback IS NOT NULL";
            assert_eq!(count(told).await, 0);
        })
        .await;
    }
}

#[tokio::test]
async fn a_suppressed_address_gets_nothing_of_the_next_campaign() {
    on_both(async |world| {
        let list = list(&world, "news").await;
        subscribe(&world, list, "gone@mail.example").await;
        let first = run_campaign(&world, "first", &content(), list).await;
        let second = run_campaign(&world, "second", &content(), list).await;
        stop_campaign(&world, second, CampaignState::Paused, StopKind::Pause).await;
        let server = Server::start(Script::default().at(".", Act::Say("550 5.1.1 unknown"))).await;
        until_idle(dispatch(&world, "alpha", relay(&server, 1))).await;
        assert_eq!(report(&world, first).await.states.rejected, 1);
        audience::resume(&world, second).await;
        until_idle(dispatch(&world, "alpha", relay(&server, 1))).await;
        assert_eq!(report(&world, second).await.withheld.get("hard_bounce"), Some(&1));
        assert_eq!(server.received().mails.len(), 1);
    })
    .await;
}

/// More attempts would be wasted on a relay that puts off mail after mail.
#[tokio::test]
async fn a_relay_that_puts_off_everything_costs_few_rows_an_attempt() {
    let world = World::on_sqlite().await;
    let campaign = campaign_to(&world, "news", 120).await;
    let busy = Script::default().at("RCPT", Act::Say("450 4.7.1 slow down"));
    let server = Server::start(busy).await;
    let cancel = CancellationToken::new();
    let sending = run(dispatch(&world, "alpha", relay(&server, 2)), cancel.clone());
    let running = tokio::spawn(sending);
    while alarms::standing(&world.store).await.expect("read").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    cancel.cancel();
    running.await.expect("joined").expect("ended in order");
    let report = report(&world, campaign).await;
    assert!((20..30).contains(&report.states.deferred), "{report:?}");
    assert_eq!(report.states.planned, 120 - report.states.deferred, "as they were");
}

/// A thousand mails of two nodes, with stops all the while: nobody gets two, and the sum holds.
#[tokio::test]
async fn two_nodes_send_a_campaign_once_and_its_sum_always_holds() {
    let postgres = Postgres::start().expect("PostgreSQL is installed");
    let url = postgres.database().expect("made");
    let config = StoreConfig::Postgres { url, connections: 8 };
    let world = World::on(tempfile::tempdir().expect("made"), config.clone()).await;
    let list = list(&world, "news").await;
    let mut people = Vec::new();
    for n in 0..300 {
        let email = format!("p{n}@mail.example");
        people.push((subscribe(&world, list, &email).await.1, email));
    }
    let campaign = run_campaign(&world, "november", &content(), list).await;
    let slow = Act::SayLate("250 2.0.0 queued", Duration::from_millis(20));
    let server = Server::start(Script::default().at(".", slow)).await;
    let mut beta = dispatch(&world, "beta", relay(&server, 4));
    beta.store = Store::open(&config).await.expect("opened");
    let alpha = dispatch(&world, "alpha", relay(&server, 4));
    let sending = async { tokio::join!(until_idle(alpha), until_idle(beta)) };
    let leaving = async {
        for (subscription, email) in people.iter().rev().take(40) {
            unsubscribe(&world, *subscription, email).await;
            report(&world, campaign).await;
        }
    };
    let ((one, two), ()) = tokio::join!(sending, leaving);
    let report = report(&world, campaign).await;
    let sent = i64::try_from(one.accepted + two.accepted).expect("small");
    assert_eq!(report.states.accepted, sent);
    assert_eq!(report.withheld.get("unsubscribed").copied().unwrap_or(0), 300 - sent);
    let mut heard = recipients(&server);
    heard.sort_unstable();
    let before = heard.len();
    heard.dedup();
    assert_eq!(heard.len(), before, "nobody twice");
    assert_eq!(i64::try_from(before).expect("small"), sent);
}

/// A campaign's rows and other advertising that nobody planned by a campaign.
#[tokio::test]
async fn advertising_outside_a_campaign_stays_withheld() {
    let world = World::on_sqlite().await;
    world.plan(Class::Advertising, Occasion::Campaign, "anna@mail.example").await;
    let server = Server::start(Script::default()).await;
    until_idle(dispatch(&world, "alpha", relay(&server, 1))).await;
    assert_eq!(world.states().await, [("withheld".to_owned(), 1)]);
}
