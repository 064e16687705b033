//! The report and the retry.

use cases::campaigns::Retried;
use domain::{
    campaign::CampaignState,
    delivery::{DeliveryState, OutcomeKind, Resent},
    ids::DeliveryId,
};
use store::{
    StoreError,
    deliveries::{Change, Tried},
};

use super::{BORIS, VERA};
use crate::desk::{Desk, ISSUE};

const STATES: [&str; 7] =
    ["planned", "claimed", "accepted", "deferred", "rejected", "uncertain", "withheld"];

pub async fn a_report_adds_up_and_the_view_says_the_same(desk: Desk) {
    let first = desk.subscriber(BORIS).await;
    let id = desk.approved(ISSUE).await;
    let (_, empty) = desk.cases.campaign_report(ISSUE).await.expect("a report");
    assert!(empty.adds_up() && empty.rows() == 0);
    let mut accepted = DeliveryId(0);
    for (number, state) in STATES.iter().enumerate() {
        let person = match number {
            0 => first,
            _ => desk.subscriber(&format!("p{number}@mail.example")).await,
        };
        let row = desk.row(id, person, state).await;
        if *state == "accepted" {
            accepted = row;
        }
    }
    let holds = || store::campaigns::sum_holds(desk.store(), id);
    assert!(!holds().await.expect("read"), "seven rows and nobody counted");
    let sql = format!(
        "UPDATE campaign SET candidates = 10, audience_size = 7 WHERE id = {id} RETURNING id"
    );
    desk.number(&sql).await;
    let (_, report) = desk.cases.campaign_report(ISSUE).await.expect("a report");
    assert!(!report.adds_up(), "three candidates are nowhere");
    let sql = format!(
        "INSERT INTO campaign_exclusion (campaign_id, reason, count) VALUES ({id}, 'no_proven_consent', 3) RETURNING count"
    );
    desk.number(&sql).await;
    let sql =
        format!("UPDATE delivery SET feedback = 'complaint' WHERE id = {accepted} RETURNING id");
    desk.number(&sql).await;
    let sql = format!(
        "INSERT INTO consent_event (address_id, purpose, act, grade, capture_point, at, evidence, delivery_id) \
         VALUES ({}, 'newsletter', 'withdrawn', 'none', 'unsubscribe', 1, '{{}}', {accepted}) RETURNING id",
        first.address
    );
    desk.number(&sql).await;
    let (_, report) = desk.cases.campaign_report(ISSUE).await.expect("a report");
    assert!(report.adds_up() && holds().await.expect("read"));
    assert_eq!((report.candidates, report.audience, report.rows()), (10, 7, 7));
    assert_eq!(report.excluded.get("no_proven_consent"), Some(&3));
    assert_eq!(report.withheld.get("full_block"), Some(&1));
    assert_eq!(report.feedback.get("complaint"), Some(&1));
    assert_eq!(report.rejected_by_code.get("550"), Some(&1));
    assert_eq!((report.states.accepted, report.unsubscribed), (1, 1));
}

pub async fn a_retry_plans_what_the_gate_lets_pass_and_keeps_its_number(desk: Desk) {
    let (boris, vera) = (desk.subscriber(BORIS).await, desk.subscriber(VERA).await);
    let gleb = desk.subscriber("gleb@mail.example").await;
    let left = desk.subscriber("left@mail.example").await;
    let id = desk.approved(ISSUE).await;
    desk.put(id, "running").await;
    let refused = desk.row(id, boris, "rejected").await;
    let suppressed = desk.row(id, vera, "rejected").await;
    let uncertain = desk.row(id, gleb, "uncertain").await;
    let unsubscribed = desk.row(id, left, "uncertain").await;
    desk.suppress(VERA).await;
    let sql = format!(
        "UPDATE subscription SET state = 'unsubscribed', consent_id = NULL WHERE id = {} RETURNING id",
        left.subscription
    );
    desk.number(&sql).await;
    let retry = desk.cases.retry_campaign(ISSUE, Retried::Rejected, "olga").await.expect("retried");
    assert_eq!((retry.planned, retry.left.get("hard_bounce")), (1, Some(&1)));
    let retry = desk.cases.retry_campaign(ISSUE, Retried::All, "olga").await.expect("retried");
    assert_eq!((retry.planned, retry.left.len()), (1, 2));
    assert_eq!(retry.left.get("unsubscribed"), Some(&1));
    for (row, state) in [
        (refused, "planned"),
        (suppressed, "rejected"),
        (uncertain, "planned"),
        (unsubscribed, "uncertain"),
    ] {
        // The attempt number stays, so that a late END of that attempt finds another state or
        // another number; the Message-ID stays, so that a mail that arrives twice is seen once.
        let planned = i64::from(state == "planned");
        let sql = format!(
            "SELECT COUNT(*) FROM delivery WHERE id = {row} AND state = '{state}' AND resent = {planned} \
             AND attempt = 1 AND mail_id LIKE 'm{id}.%' AND expires_at > planned_at"
        );
        assert_eq!(desk.number(&sql).await, 1, "{row} {state}");
    }
    assert_eq!(desk.state(ISSUE).await, "running");
    let audited = "SELECT COUNT(*) FROM audit_event WHERE act = 'retried' AND actor = 'olga'";
    assert_eq!(desk.number(audited).await, 2);
}

pub async fn a_retried_mail_lives_no_longer_each_time(desk: Desk) {
    let boris = desk.subscriber(BORIS).await;
    let id = desk.approved(ISSUE).await;
    desk.put(id, "running").await;
    let row = desk.row(id, boris, "rejected").await;
    let lives = format!("SELECT expires_at - {{now}} FROM delivery WHERE id = {row}");
    let now = || desk.now().as_microsecond().to_string();
    let at_first = desk.number(&lives.replace("{now}", &now())).await;
    for _ in 0..3 {
        desk.clock.advance(std::time::Duration::from_secs(3600));
        desk.number(&format!(
            "UPDATE delivery SET state = 'rejected' WHERE id = {row} RETURNING id"
        ))
        .await;
        let retry = desk.cases.retry_campaign(ISSUE, Retried::All, "olga").await.expect("retried");
        assert_eq!(retry.planned, 1);
        assert_eq!(desk.number(&lives.replace("{now}", &now())).await, at_first);
    }
}

pub async fn a_retry_of_a_finished_campaign_lets_it_run(desk: Desk) {
    let boris = desk.subscriber(BORIS).await;
    let id = desk.approved(ISSUE).await;
    desk.put(id, "finished").await;
    let retry = desk.cases.retry_campaign(ISSUE, Retried::All, "olga").await.expect("nothing");
    assert_eq!((retry.planned, desk.state(ISSUE).await), (0, "finished"));
    let before = desk.cases.campaign(ISSUE).await.expect("there").revision;
    desk.row(id, boris, "rejected").await;
    let retry = desk.cases.retry_campaign(ISSUE, Retried::All, "olga").await.expect("retried");
    assert_eq!((retry.planned, desk.state(ISSUE).await), (1, "running"));
    let row = desk.cases.campaign(ISSUE).await.expect("there");
    assert!(row.revision > before && row.ended_at.is_none());
}

/// A runner that was about to finish the campaign sees that there is more to do.
pub async fn a_campaign_with_a_retry_is_not_finished_by_who_looked_before(desk: Desk) {
    let boris = desk.subscriber(BORIS).await;
    let id = desk.approved(ISSUE).await;
    desk.put(id, "running").await;
    desk.row(id, boris, "rejected").await;
    let seen = desk.cases.campaign(ISSUE).await.expect("there");
    desk.cases.retry_campaign(ISSUE, Retried::All, "olga").await.expect("retried");
    let transaction = desk.store().begin().await.expect("begins");
    let to = CampaignState::Finished { at: desk.now() };
    let finished = store::campaigns::change_state(&transaction, &seen, &to, desk.now()).await;
    assert!(matches!(finished, Err(StoreError::Conflict { .. })), "{finished:?}");
    transaction.rollback().await.expect("undone");
    assert_eq!(desk.state(ISSUE).await, "running");
}

pub async fn a_late_end_does_not_settle_a_mail_that_is_sent_again(desk: Desk) {
    let boris = desk.subscriber(BORIS).await;
    let id = desk.approved(ISSUE).await;
    desk.put(id, "running").await;
    let row = desk.row(id, boris, "uncertain").await;
    desk.cases.retry_campaign(ISSUE, Retried::Uncertain, "olga").await.expect("retried");
    let late = Change {
        id: row,
        attempt: 1,
        epoch: "epoch".into(),
        to: DeliveryState::Rejected { at: desk.now() },
        not_before: None,
        resent: Resent::Never,
        tried: Some(Tried {
            outcome: OutcomeKind::Rejected,
            relay: "main".into(),
            code: Some(550),
            enhanced: None,
            text: String::new(),
        }),
    };
    let settle = async || {
        let transaction = desk.store().begin().await.expect("begins");
        let changed =
            store::deliveries::apply(&transaction, "one", std::slice::from_ref(&late), desk.now())
                .await
                .expect("applied");
        transaction.commit().await.expect("commits");
        changed
    };
    assert!(settle().await.is_empty(), "it waits to be sent again");
    let claimed = format!(
        "UPDATE delivery SET state = 'claimed', attempt = attempt + 1 WHERE id = {row} RETURNING attempt"
    );
    assert_eq!(desk.number(&claimed).await, 2);
    assert!(settle().await.is_empty(), "another attempt is under way");
}
