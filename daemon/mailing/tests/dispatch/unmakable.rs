//! Campaigns whose mails cannot be made as a whole are held; a pause costs nobody the mail.

use domain::campaign::HoldReason;
use mailing::BulkIdentity;
use store::stops;

use super::*;

const HELD: CampaignState = CampaignState::Held { reason: HoldReason::Breaker };
const DAY: u64 = 24 * 3600;

/// It is held by one numbered stop, with one alarm, and every row is as it was.
async fn is_held(world: &World, campaign: CampaignId, stop: i64, word: &str) {
    assert_eq!(audience::row(world, campaign).await.state, HELD);
    let found = report(world, campaign).await;
    assert_eq!((found.states.planned, found.audience), (found.audience, found.states.planned));
    assert!(found.withheld.is_empty(), "{found:?}");
    assert_eq!(stops::last_number(&world.store).await.expect("read").0, stop + 1);
    let standing = alarms::standing(&world.store).await.expect("read");
    assert_eq!(standing.len(), 1, "{standing:?}");
    assert_eq!(standing[0].name, format!("campaign_held/{campaign}"));
    let detail = &standing[0].detail;
    assert!(detail.contains(word) && detail.contains("resume it, or cancel it"), "{detail}");
}

async fn last_stop(world: &World) -> i64 {
    stops::last_number(&world.store).await.expect("read").0
}

#[tokio::test]
async fn a_campaign_whose_content_makes_no_mails_is_held_and_nobody_loses_the_mail() {
    on_both(async |world| {
        let list = list(&world, "news").await;
        for n in 0..5 {
            subscribe(&world, list, &format!("p{n}@mail.example")).await;
        }
        let recursive = domain::campaign::Content {
            body: "<p>{{> layout}}</p><a href=\"{{unsubscribe_url}}\">x</a>".into(),
            ..content()
        };
        let campaign = run_campaign(&world, "broken", &recursive, list).await;
        let stop = last_stop(&world).await;
        let server = Server::start(Script::default()).await;
        until_idle(dispatch(&world, "alpha", relay(&server, 2))).await;
        assert_eq!(server.received().mails.len(), 0);
        is_held(&world, campaign, stop, "cannot be made").await;
    })
    .await;
}

#[tokio::test]
async fn a_campaign_that_is_not_what_was_approved_is_held() {
    on_both(async |world| {
        let campaign = campaign_to(&world, "news", 5).await;
        let sql = "UPDATE campaign SET content = replace(content, 'Новости', 'Акции') RETURNING id";
        probe::number(&world.store, sql).await.expect("written");
        let stop = last_stop(&world).await;
        let server = Server::start(Script::default()).await;
        until_idle(dispatch(&world, "alpha", relay(&server, 2))).await;
        assert_eq!(server.received().mails.len(), 0);
        is_held(&world, campaign, stop, "not what was approved").await;
    })
    .await;
}

#[tokio::test]
async fn a_wrong_setting_holds_a_campaign_that_leaves_once_it_is_mended_and_resumed() {
    on_both(async |world| {
        let campaign = campaign_to(&world, "news", 5).await;
        let stop = last_stop(&world).await;
        let server = Server::start(Script::default()).await;
        let wrong = BulkIdentity { sender_id: "x".into(), ..bulk() };
        let wrong = Dispatch { bulk: Some(wrong), ..dispatch(&world, "alpha", relay(&server, 2)) };
        until_idle(wrong).await;
        is_held(&world, campaign, stop, "sender id").await;
        audience::resume(&world, campaign).await;
        world.clock.advance(Duration::from_secs(61));
        until_idle(dispatch(&world, "alpha", relay(&server, 2))).await;
        assert_eq!(report(&world, campaign).await.states.accepted, 5);
    })
    .await;
}

#[tokio::test]
async fn a_long_pause_lets_no_mail_expire_and_a_campaign_that_ran_all_the_while_does() {
    on_both(async |world| {
        let paused = campaign_to(&world, "paused", 4).await;
        let ran = campaign_to(&world, "ran", 3).await;
        stop_campaign(&world, paused, CampaignState::Paused, StopKind::Pause).await;
        world.clock.advance(Duration::from_secs(30 * DAY));
        audience::resume(&world, paused).await;
        let server = Server::start(Script::default()).await;
        until_idle(dispatch(&world, "alpha", relay(&server, 2))).await;
        assert_eq!(report(&world, paused).await.states.accepted, 4);
        assert_eq!(report(&world, ran).await.states.rejected, 3);
    })
    .await;
}
