//! The throttle of a relay: shared by dispatches, drawn by what leaves and by nothing else.

use std::num::NonZeroU32;
use std::time::Duration;

use mailing::smtp::{Relay, RelayConfig, TlsMode};
use mailing::{Dispatch, Outlet, Throttle, run_until_idle};
use store::{Store, probe};
use tokio_util::sync::CancellationToken;

use super::server::{Script, Server};
use super::world::World;
use super::{campaign_to, dispatch, on_both, relay, report, until_idle};

#[tokio::test]
async fn two_dispatches_together_keep_the_throttle_of_their_relay() {
    on_both(async |world| {
        let campaign = campaign_to(&world, "news", 60).await;
        let server = Server::start(Script::default()).await;
        let number = |n| NonZeroU32::new(n).expect("positive");
        let throttle = Throttle { per_second: number(40), burst: number(10) };
        let slow = |node: &str, store: Store| Dispatch {
            store,
            throttle: Some(throttle),
            ..dispatch(&world, node, relay(&server, 4))
        };
        let beta = Store::open(&world.config).await.expect("opened");
        let began = tokio::time::Instant::now();
        let (one, two) = tokio::join!(
            until_idle(slow("alpha", world.store.clone())),
            until_idle(slow("beta", beta))
        );
        // 10 at once, the others at 40 a second.
        assert!(began.elapsed() >= Duration::from_millis(1200), "{:?}", began.elapsed());
        assert_eq!(one.accepted + two.accepted, 60);
        assert_eq!(report(&world, campaign).await.states.accepted, 60);
        let mut at: Vec<_> = server.received().started_at;
        at.sort_unstable();
        for window in at.windows(40) {
            let length = window[39].duration_since(window[0]);
            assert!(length >= Duration::from_millis(650), "40 mails in {length:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_row_given_back_gives_its_token_back() {
    let world = World::on_sqlite().await;
    campaign_to(&world, "news", 5).await;
    let one = NonZeroU32::new(1).expect("positive");
    let throttle = Throttle { per_second: one, burst: NonZeroU32::new(5).expect("positive") };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let config =
        RelayConfig { tls: TlsMode::NoneToLoopback, ..RelayConfig::new("main", "127.0.0.1", port) };
    let down = Outlet::Relay(Relay::new(config).expect("configured"));
    let dispatch = Dispatch { throttle: Some(throttle), ..dispatch(&world, "alpha", down) };
    run_until_idle(dispatch, CancellationToken::new()).await.expect_err("the relay is down");
    let tokens = "SELECT tokens FROM throttle WHERE name = 'relay/main'";
    assert_eq!(probe::number(&world.store, tokens).await.expect("read"), 5_000_000);
}
