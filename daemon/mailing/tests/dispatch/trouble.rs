//! A relay that refuses us, hangs or was down, and a database that does not answer.

use super::*;

#[tokio::test]
async fn a_relay_that_refuses_us_kills_no_mail_and_the_alarm_stands() {
    for reply in ["530 5.7.0 authentication required", "554 5.7.1 relay access denied"] {
        let world = World::on_sqlite().await;
        world.plan_answer().await;
        let server = Server::start(Script::default().at("MAIL", Act::Say(reply))).await;
        let cancel = CancellationToken::new();
        let running = tokio::spawn(run(world.dispatch("alpha", relay(&server)), cancel.clone()));
        let standing = wait_for_alarm(&world.store, 1).await;
        assert!(standing[0].detail.contains("MAIL was refused"), "{}", standing[0].detail);
        while server.received().started_at.len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(alarms::standing(&world.store).await.expect("read").len(), 1, "it stays");
        cancel.cancel();
        let summary = running.await.expect("joined").expect("ended in order");
        assert_eq!((summary.rejected, summary.deferred), (0, 0));
        assert_eq!(world.state().await, "planned", "as it was");
        assert_eq!(tasks::open_count(&world.store).await.expect("counted"), 0);
        // The mail leaves once the relay takes us, and the alarm of the earlier run goes.
        let server = Server::start(Script::default()).await;
        world.clock.advance(Duration::from_secs(120));
        let cancel = CancellationToken::new();
        let running = tokio::spawn(run(world.dispatch("alpha", relay(&server)), cancel.clone()));
        wait_for_alarm(&world.store, 0).await;
        while world.state().await != "accepted" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        cancel.cancel();
        running.await.expect("joined").expect("ended in order");
    }
}

#[tokio::test]
async fn an_alarm_of_an_earlier_run_goes_without_a_mail_once_the_relay_answers() {
    let world = World::on_sqlite().await;
    let transaction = world.store.begin().await.expect("begun");
    let now = domain::ambient::Clock::now(world.clock.as_ref());
    alarms::raise(&transaction, "relay/main", "it was down", now).await.expect("raised");
    transaction.commit().await.expect("committed");
    let server = Server::start(Script::default()).await;
    let cancel = CancellationToken::new();
    let running = tokio::spawn(run(world.dispatch("alpha", relay(&server)), cancel.clone()));
    wait_for_alarm(&world.store, 0).await;
    cancel.cancel();
    running.await.expect("joined").expect("ended in order");
}

#[tokio::test]
async fn a_stop_is_heard_while_the_relay_is_tried() {
    let world = World::on_sqlite().await;
    world.plan_answer().await;
    let hanging = Server::start(Script::default().at("GREETING", Act::Hang)).await;
    let transaction = world.store.begin().await.expect("begun");
    let now = domain::ambient::Clock::now(world.clock.as_ref());
    alarms::raise(&transaction, "relay/main", "it was down", now).await.expect("raised");
    transaction.commit().await.expect("committed");
    let cancel = CancellationToken::new();
    let running = tokio::spawn(run(world.dispatch("alpha", relay(&hanging)), cancel.clone()));
    while hanging.received().connections < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    cancel.cancel();
    // The relay would be waited for five seconds.
    let ended = tokio::time::timeout(Duration::from_secs(3), running).await;
    ended.expect("at once").expect("joined").expect("ended in order");
    assert_eq!(world.state().await, "planned");
}

/// Another connection holds the node's row: renewals, claims and the farewell are not answered.
#[tokio::test]
async fn a_stop_is_heard_while_the_database_does_not_answer() {
    let postgres = tests::servers::Postgres::start().expect("PostgreSQL is installed");
    let url = postgres.database().expect("made");
    let config = StoreConfig::Postgres { url, connections: 4 };
    let world = World::on(tempfile::tempdir().expect("made"), config.clone()).await;
    let server = Server::start(Script::default()).await;
    let cancel = CancellationToken::new();
    let running = tokio::spawn(run(world.dispatch("alpha", relay(&server)), cancel.clone()));
    let now = domain::ambient::Clock::now(world.clock.as_ref());
    let epoch = loop {
        match nodes::by_name(&world.store, "alpha", now).await.expect("read") {
            Some(node) => break node.epoch,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    let other = Store::open(&config).await.expect("opened");
    let held = other.begin().await.expect("begun");
    nodes::leave(&held, "alpha", &epoch, now).await.expect("held");
    world.plan_answer().await;
    cancel.cancel();
    // Five seconds for the claim that hangs, and five for the farewell.
    let ended = tokio::time::timeout(Duration::from_secs(20), running).await;
    ended.expect("in time").expect("joined").expect("ended in order");
    held.rollback().await.expect("given up");
    assert_eq!(world.state().await, "planned");
}
