//! Pause, cancel, resume, and what the runner is told.

use std::time::Duration;

use cases::{CampaignSettings, campaigns::Begin};
use domain::ids::StopNumber;
use store::stops;

use super::BORIS;
use crate::desk::{Desk, ISSUE, rule, settings};

pub async fn a_pause_and_a_cancel_are_numbered_stops(desk: Desk) {
    desk.subscriber(BORIS).await;
    let id = desk.approved(ISSUE).await;
    desk.put(id, "running").await;
    let before = stops::last_number(desk.store()).await.expect("a number");
    desk.cases.pause_campaign(ISSUE, "olga").await.expect("paused");
    assert_eq!(stops::last_number(desk.store()).await.expect("a number"), StopNumber(before.0 + 1));
    desk.cases.resume_campaign(ISSUE, "olga").await.expect("resumed");
    assert_eq!(stops::last_number(desk.store()).await.expect("a number"), StopNumber(before.0 + 1));
    desk.cases.cancel_campaign(ISSUE, "pavel").await.expect("cancelled");
    let committed = stops::committed_after(desk.store(), before, 10).await.expect("read");
    let scopes: Vec<String> = committed.iter().map(|stop| stop.intent.scope.to_string()).collect();
    assert_eq!(scopes, vec![format!("campaign:{id}"); 2]);
    let acts = "SELECT COUNT(*) FROM stop WHERE act IN ('pause', 'cancel') AND number IS NOT NULL";
    assert_eq!(desk.number(acts).await, 2);
    for (act, actor) in [("paused", "olga"), ("resumed", "olga"), ("cancelled", "pavel")] {
        let sql = format!(
            "SELECT COUNT(*) FROM audit_event WHERE act = '{act}' AND actor = '{actor}' AND subject = 'campaign:{id}'"
        );
        assert_eq!(desk.number(&sql).await, 1, "{act}");
    }
}

pub async fn two_who_cancel_at_once_leave_one_stop(desk: Desk) {
    desk.subscriber(BORIS).await;
    let id = desk.approved(ISSUE).await;
    desk.put(id, "running").await;
    let (one, two) = tokio::join!(
        desk.cases.cancel_campaign(ISSUE, "olga"),
        desk.cases.cancel_campaign(ISSUE, "pavel"),
    );
    let (done, refused) = if one.is_ok() { (one, two) } else { (two, one) };
    done.expect("one of them");
    assert_eq!(rule(refused), "campaign_state");
    assert_eq!(desk.number("SELECT COUNT(*) FROM stop WHERE act = 'cancel'").await, 1);
}

pub async fn a_resumed_campaign_keeps_the_rules(desk: Desk) {
    let person = desk.subscriber(BORIS).await;
    let id = desk.approved(ISSUE).await;
    desk.put(id, "paused").await;
    let unsigned = desk.under(CampaignSettings { signs: false, ..settings() });
    assert_eq!(rule(unsigned.resume_campaign(ISSUE, "olga").await), "no_dkim");
    let four_eyes = desk.under(CampaignSettings { four_eyes: true, ..settings() });
    assert_eq!(rule(four_eyes.resume_campaign(ISSUE, "olga").await), "four_eyes");
    assert_eq!(desk.state(ISSUE).await, "paused");
    desk.cases.resume_campaign(ISSUE, "olga").await.expect("resumed");
    assert_eq!(desk.state(ISSUE).await, "running");
    // A freeze that found nobody begins anew, and counts nobody twice.
    desk.row(id, person, "planned").await;
    let counted = format!(
        "INSERT INTO campaign_exclusion (campaign_id, reason, count) VALUES ({id}, 'manual', 3) RETURNING count"
    );
    desk.number(&counted).await;
    let sql = format!(
        "UPDATE campaign SET candidates = 3, frozen_after = 9 WHERE id = {id} RETURNING id"
    );
    desk.number(&sql).await;
    desk.put(id, "empty_audience").await;
    desk.cases.resume_campaign(ISSUE, "olga").await.expect("resumed");
    let row = desk.cases.campaign(ISSUE).await.expect("there");
    assert_eq!((row.state.name(), row.candidates, row.frozen_after.0), ("freezing", 0, 0));
    assert_eq!(desk.number("SELECT COUNT(*) FROM campaign_exclusion").await, 0);
}

pub async fn what_is_due_is_found_by_the_runner(desk: Desk) {
    let person = desk.subscriber(BORIS).await;
    desk.approved(ISSUE).await;
    let begin = desk.at("2026-12-04T13:00");
    desk.cases.schedule_campaign(ISSUE, &begin, "olga").await.expect("scheduled");
    let work = || async {
        let (rows, misfits) =
            store::campaigns::at_work(desk.store(), desk.now()).await.expect("read");
        assert!(misfits.is_empty());
        rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>()
    };
    assert!(work().await.is_empty());
    desk.clock.advance(Duration::from_secs(3600));
    assert_eq!(work().await, vec![ISSUE]);
    // A cancelled one is at work as long as rows of it wait.
    let id = desk.approved("cancelled").await;
    let row = desk.row(id, person, "planned").await;
    desk.put(id, "cancelled").await;
    assert_eq!(work().await, vec![ISSUE, "cancelled"]);
    let swept = format!("UPDATE delivery SET state = 'withheld' WHERE id = {row} RETURNING id");
    desk.number(&swept).await;
    assert_eq!(work().await, vec![ISSUE]);
    desk.approved("now").await;
    desk.cases.schedule_campaign("now", &Begin::AtOnce, "olga").await.expect("scheduled");
    assert_eq!(work().await, vec![ISSUE, "now"]);
}
