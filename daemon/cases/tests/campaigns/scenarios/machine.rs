//! The machine of a campaign, and who may change what.

use cases::{
    CasesError,
    campaigns::{Begin, CampaignChange, Retried},
};
use domain::campaign::Content;
use store::StoreError;

use super::BORIS;
use crate::desk::{Desk, ISSUE, content, rule};

const STEPS: [&str; 7] = ["edit", "approve", "schedule", "pause", "resume", "cancel", "retry"];

async fn step(desk: &Desk, campaign: &str, step: &str) -> Result<(), CasesError> {
    let cases = &desk.cases;
    match step {
        "edit" => {
            let content = Content { subject: "Другие новости".into(), ..content() };
            let change = CampaignChange { content: Some(content), ..CampaignChange::default() };
            cases.edit_campaign(campaign, &change, "olga").await.map(drop)
        }
        "approve" => cases.approve_campaign(campaign, "olga").await.map(drop),
        "schedule" => cases.schedule_campaign(campaign, &Begin::AtOnce, "olga").await.map(drop),
        "pause" => cases.pause_campaign(campaign, "olga").await,
        "resume" => cases.resume_campaign(campaign, "olga").await,
        "cancel" => cases.cancel_campaign(campaign, "olga").await,
        _ => cases.retry_campaign(campaign, Retried::All, "olga").await.map(drop),
    }
}

pub async fn every_step_that_the_machine_does_not_have_is_refused(desk: Desk) {
    desk.subscriber(BORIS).await;
    // Scheduling what is scheduled is another time, set by the same approver.
    let machine: [(&str, &[&str]); 11] = [
        ("draft", &["edit", "approve", "cancel"]),
        ("approved", &["edit", "schedule", "cancel"]),
        ("scheduled", &["edit", "schedule", "cancel"]),
        ("freezing", &["cancel"]),
        ("running", &["pause", "cancel", "retry"]),
        ("paused", &["resume", "cancel", "retry"]),
        ("late_start", &["resume", "cancel"]),
        ("empty_audience", &["resume", "cancel"]),
        ("breaker", &["resume", "cancel", "retry"]),
        ("finished", &["retry"]),
        ("cancelled", &[]),
    ];
    for (state, allowed) in machine {
        for one in STEPS {
            let name = format!("{state} {one}");
            let id = desk.draft(&name).await;
            if state != "draft" {
                desk.cases.approve_campaign(&name, "olga").await.expect("approved");
            }
            match state {
                "draft" | "approved" => {}
                "scheduled" => {
                    let begin = desk.at("2026-12-24T10:00");
                    desk.cases.schedule_campaign(&name, &begin, "olga").await.expect("scheduled");
                }
                other => desk.put(id, other).await,
            }
            let before = desk.cases.campaign(&name).await.expect("there");
            let done = step(&desk, &name, one).await;
            if allowed.contains(&one) {
                done.unwrap_or_else(|error| panic!("{state} {one}: {error}"));
                continue;
            }
            let expected = if (state, one) == ("draft", "schedule") {
                "not_approved"
            } else {
                "campaign_state"
            };
            assert_eq!(rule(done), expected, "{state} {one}");
            let after = desk.cases.campaign(&name).await.expect("there");
            assert_eq!(after.revision, before.revision, "{state} {one} changed nothing");
        }
    }
}

pub async fn any_change_after_the_approval_voids_it(desk: Desk) {
    desk.subscriber(BORIS).await;
    let other = Content { subject: "Скидки".into(), ..content() };
    let start = domain::campaign::Start::parse("2026-12-25T10:00", "Europe/Moscow").expect("valid");
    let mut wider = desk.audience();
    wider.except.push(desk.offers);
    let changes = [
        CampaignChange { content: Some(other), ..CampaignChange::default() },
        CampaignChange { audience: Some(wider), ..CampaignChange::default() },
        CampaignChange { start: Some(start), ..CampaignChange::default() },
    ];
    for (number, change) in changes.iter().enumerate() {
        let name = format!("issue no {number}");
        desk.approved(&name).await;
        assert!(desk.cases.edit_campaign(&name, change, "olga").await.expect("changed"));
        let row = desk.cases.campaign(&name).await.expect("there");
        assert_eq!((row.state.name(), row.approval), ("draft", None));
        let schedule = desk.cases.schedule_campaign(&name, &Begin::AtOnce, "olga").await;
        assert_eq!(rule(schedule), "not_approved");
    }
    // The lists of the rule and those that SQL sees are the same.
    let lists = desk.number(
        "SELECT COUNT(*) FROM campaign_list l JOIN campaign c ON c.id = l.campaign_id WHERE c.name = 'issue no 1'",
    );
    assert_eq!(lists.await, 2);
    let audited = "SELECT COUNT(*) FROM audit_event WHERE subject LIKE 'campaign:%' AND act = 'changed' \
                   AND actor = 'olga' AND detail LIKE '%hash%'";
    assert_eq!(desk.number(audited).await, 3);
}

/// A hand in the database is seen as well: the approval does not cover what it wrote.
pub async fn what_was_not_changed_keeps_its_approval(desk: Desk) {
    desk.subscriber(BORIS).await;
    desk.approved(ISSUE).await;
    let same = CampaignChange { content: Some(content()), ..CampaignChange::default() };
    assert!(!desk.cases.edit_campaign(ISSUE, &same, "olga").await.expect("the same"));
    assert_eq!(desk.state(ISSUE).await, "approved");
    let tampered =
        "UPDATE campaign SET content = REPLACE(content, 'Новости', 'Скидки') RETURNING id";
    desk.number(tampered).await;
    let schedule = desk.cases.schedule_campaign(ISSUE, &Begin::AtOnce, "olga").await;
    assert_eq!(rule(schedule), "not_approved");
}

pub async fn two_editors_do_not_overwrite_each_other(desk: Desk) {
    desk.draft(ISSUE).await;
    let seen = desk.cases.campaign(ISSUE).await.expect("there").revision;
    let edit = |subject: &str| CampaignChange {
        content: Some(Content { subject: subject.into(), ..content() }),
        revision: Some(seen),
        ..CampaignChange::default()
    };
    desk.cases.edit_campaign(ISSUE, &edit("Первая"), "olga").await.expect("the first");
    let second = desk.cases.edit_campaign(ISSUE, &edit("Вторая"), "pavel").await;
    assert!(matches!(second, Err(CasesError::Store(StoreError::Conflict { .. }))), "{second:?}");
    let row = desk.cases.campaign(ISSUE).await.expect("there");
    assert_eq!((row.content.subject.as_str(), row.author.as_str()), ("Первая", "olga"));
}

pub async fn a_row_that_fits_no_state_is_told_and_stops_no_other(desk: Desk) {
    let broken = desk.draft("broken").await;
    desk.subscriber(BORIS).await;
    let whole = desk.approved("whole").await;
    for id in [broken, whole] {
        desk.put(id, "running").await;
    }
    let shown = desk.cases.campaign("broken").await;
    assert!(matches!(
        shown,
        Err(CasesError::Store(StoreError::Inconsistent { table: "campaign", .. }))
    ));
    let (rows, misfits) = store::campaigns::at_work(desk.store(), desk.now()).await.expect("read");
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), vec![whole]);
    assert_eq!(misfits.len(), 1);
}
