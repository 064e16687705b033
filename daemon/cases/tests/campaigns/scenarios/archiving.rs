//! Lists that end while campaigns go to them.

use cases::campaigns::Begin;

use super::BORIS;
use crate::desk::{Desk, ISSUE, rule};

pub async fn an_archived_list_is_not_mailed(desk: Desk) {
    desk.subscriber(BORIS).await;
    desk.draft("draft").await;
    desk.approved(ISSUE).await;
    let paused = desk.approved("paused").await;
    desk.cases.archive_list("news", "olga").await.expect("nothing is under way");
    // As if it had been paused before.
    desk.put(paused, "paused").await;
    let cases = &desk.cases;
    assert_eq!(rule(cases.approve_campaign("draft", "olga").await), "list_archived");
    let scheduled = cases.schedule_campaign(ISSUE, &Begin::AtOnce, "olga").await;
    assert_eq!(rule(scheduled), "list_archived");
    assert_eq!(rule(cases.resume_campaign("paused", "olga").await), "list_archived");
    for (name, state) in [("draft", "draft"), (ISSUE, "approved"), ("paused", "paused")] {
        assert_eq!(desk.state(name).await, state);
    }
}

pub async fn a_list_under_way_is_not_archived(desk: Desk) {
    desk.subscriber(BORIS).await;
    let id = desk.approved(ISSUE).await;
    let begin = desk.at("2026-12-24T10:00");
    desk.cases.schedule_campaign(ISSUE, &begin, "olga").await.expect("scheduled");
    let archive = || desk.cases.archive_list("news", "olga");
    assert_eq!(rule(archive().await), "list_in_use");
    for state in ["freezing", "running", "paused", "late_start", "empty_audience", "breaker"] {
        desk.put(id, state).await;
        assert_eq!(rule(archive().await), "list_in_use", "{state}");
    }
    // A list that is only left out gets no mail of it.
    desk.cases.archive_list("offers", "olga").await.expect("not in use");
    desk.cases.cancel_campaign(ISSUE, "olga").await.expect("cancelled");
    archive().await.expect("nothing is under way");
    assert_eq!(rule(archive().await), "list_is_archived");
}

pub async fn archiving_and_scheduling_at_once_do_not_cross(desk: Desk) {
    desk.subscriber(BORIS).await;
    for round in 0..5 {
        let name = format!("issue no {round}");
        desk.approved(&name).await;
        let (archived, scheduled) = tokio::join!(
            desk.cases.archive_list("news", "olga"),
            desk.cases.schedule_campaign(&name, &Begin::AtOnce, "olga"),
        );
        match (archived, scheduled) {
            (Ok(()), refused) => assert_eq!(rule(refused), "list_archived"),
            (refused, Ok(_)) => assert_eq!(rule(refused), "list_in_use"),
            (archived, scheduled) => panic!("neither: {archived:?}, {scheduled:?}"),
        }
        desk.number("UPDATE list SET archived_at = NULL WHERE name = 'news' RETURNING id").await;
        desk.cases.cancel_campaign(&name, "olga").await.expect("cancelled");
    }
}
