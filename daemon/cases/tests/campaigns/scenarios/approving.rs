//! Approval, rules and time.

use std::time::Duration;

use cases::{
    CampaignSettings, CasesError,
    campaigns::{Begin, CampaignChange, NewCampaign, Reader},
};
use domain::campaign::{AudienceRule, Content};

use super::BORIS;
use crate::desk::{Desk, ISSUE, content, rule, settings};

pub async fn the_author_does_not_approve_when_four_eyes_must_see_it(desk: Desk) {
    desk.subscriber(BORIS).await;
    desk.draft(ISSUE).await;
    let cases = desk.under(CampaignSettings { four_eyes: true, ..settings() });
    assert_eq!(rule(cases.approve_campaign(ISSUE, "olga").await), "four_eyes");
    cases.approve_campaign(ISSUE, "pavel").await.expect("another pair of eyes");
    // Whoever changes a word is its author.
    let change = CampaignChange {
        content: Some(Content { subject: "Скидки".into(), ..content() }),
        ..CampaignChange::default()
    };
    cases.edit_campaign(ISSUE, &change, "pavel").await.expect("changed");
    assert_eq!(rule(cases.approve_campaign(ISSUE, "pavel").await), "four_eyes");
    // Approved by the author before the rule was on: it does not go out under it.
    desk.cases.approve_campaign(ISSUE, "pavel").await.expect("the rule is off");
    let scheduled = cases.schedule_campaign(ISSUE, &Begin::AtOnce, "pavel").await;
    assert_eq!(rule(scheduled), "four_eyes");
}

pub async fn four_eyes_bind_everybody_who_wrote_since_another_approved(desk: Desk) {
    desk.subscriber(BORIS).await;
    desk.draft(ISSUE).await;
    let cases = desk.under(CampaignSettings { four_eyes: true, ..settings() });
    let subject = |subject: &str| CampaignChange {
        content: Some(Content { subject: subject.into(), ..content() }),
        ..CampaignChange::default()
    };
    cases.edit_campaign(ISSUE, &subject("Новости, декабрь"), "pavel").await.expect("a comma");
    for author in ["olga", "pavel", " Olga "] {
        assert_eq!(rule(cases.approve_campaign(ISSUE, author).await), "four_eyes", "{author}");
    }
    let row = cases.campaign(ISSUE).await.expect("there");
    assert_eq!((row.author.as_str(), row.editors.len()), ("olga", 2));
    cases.approve_campaign(ISSUE, "vera").await.expect("a third pair of eyes");
    // What Vera saw needs no other eyes; what Pavel changes then does.
    cases.edit_campaign(ISSUE, &subject("Новости"), "pavel").await.expect("changed");
    assert_eq!(rule(cases.approve_campaign(ISSUE, "pavel").await), "four_eyes");
    cases.approve_campaign(ISSUE, "olga").await.expect("she wrote nothing since");
}

pub async fn an_approval_of_what_was_seen_does_not_cover_what_was_changed_since(desk: Desk) {
    desk.subscriber(BORIS).await;
    desk.draft(ISSUE).await;
    let seen = desk.cases.preview_campaign(ISSUE, Reader::Sample).await.expect("a mail").hash;
    let change = CampaignChange {
        content: Some(Content { subject: "Скидки".into(), ..content() }),
        ..CampaignChange::default()
    };
    desk.cases.edit_campaign(ISSUE, &change, "pavel").await.expect("changed");
    let blind = desk.cases.approve_seen_campaign(ISSUE, Some(seen), "olga").await;
    assert_eq!(rule(blind), "not_approved");
    assert_eq!(desk.state(ISSUE).await, "draft");
    let seen = desk.cases.preview_campaign(ISSUE, Reader::Sample).await.expect("a mail").hash;
    let approved = desk.cases.approve_seen_campaign(ISSUE, Some(seen), "olga").await;
    assert_eq!(approved.expect("it is what was seen"), seen);
}

/// The advertiser of the first list warns; that of the second does not.
pub async fn the_frame_of_every_list_keeps_the_rules(desk: Desk) {
    desk.subscriber(BORIS).await;
    let warning = "Имеются противопоказания, необходима консультация специалиста";
    desk.number(&format!(
        "UPDATE list SET advertiser = '{warning}' WHERE name = 'news' RETURNING id"
    ))
    .await;
    let cases = desk.under(CampaignSettings { medical_advertising: true, ..settings() });
    desk.draft("one list").await;
    cases.approve_campaign("one list", "olga").await.expect("it warns");
    let (content, audience) =
        (content(), AudienceRule { to: vec![desk.news, desk.offers], except: vec![] });
    let new = NewCampaign { name: ISSUE, content: &content, audience: &audience, start: None };
    cases.create_campaign(&new, "olga").await.expect("a draft");
    let approved = cases.approve_campaign(ISSUE, "olga").await;
    assert_eq!(rule(approved), "no_contraindication_warning");
}

pub async fn who_resumes_what_missed_its_time_approves_another(desk: Desk) {
    desk.subscriber(BORIS).await;
    for (number, held) in ["late_start", "empty_audience"].into_iter().enumerate() {
        let id = desk.approved(held).await;
        let begin = desk.at("2026-12-24T10:00");
        desk.cases.schedule_campaign(held, &begin, "olga").await.expect("scheduled");
        let before = desk.cases.campaign(held).await.expect("there");
        desk.put(id, held).await;
        desk.clock.advance(Duration::from_secs(60));
        let other = desk.cases.resume_campaign(held, "pavel").await;
        assert_eq!(rule(other), "not_approved", "{held}");
        assert_eq!(desk.state(held).await, "held");
        desk.cases.resume_campaign(held, "Olga").await.expect("the approver");
        let row = desk.cases.campaign(held).await.expect("there");
        assert_eq!(row.state.name(), "freezing");
        assert_eq!(row.start.as_ref().map(|start| start.at), Some(desk.now()));
        let approval = row.approval.clone().expect("approved");
        assert_ne!(Some(approval.hash), before.approval.map(|approval| approval.hash));
        assert_eq!((approval.hash, approval.at), (cases::campaigns::hash_of(&row), desk.now()));
        let approvals = "SELECT COUNT(*) FROM audit_event WHERE act = 'approved'";
        let expected = 3 * (i64::try_from(number).expect("small") + 1);
        assert_eq!(desk.number(approvals).await, expected, "draft, time, resume");
    }
}

pub async fn an_issue_that_breaks_a_rule_is_refused_by_its_name(desk: Desk) {
    let person = desk.subscriber(BORIS).await;
    let without_link = Content { body: "Здравствуйте!".into(), ..content() };
    let warned = Content {
        body: format!(
            "{}\n\nИмеются противопоказания, необходима консультация специалиста.",
            content().body
        ),
        ..content()
    };
    let nobody = AudienceRule { to: vec![desk.offers], except: vec![] };
    let issues = [
        ("no list", content(), AudienceRule::default()),
        ("empty list", content(), nobody),
        ("no link", without_link, desk.audience()),
        ("warned", warned, desk.audience()),
    ];
    for (name, content, audience) in &issues {
        let new = NewCampaign { name, content, audience, start: None };
        desk.cases.create_campaign(&new, "olga").await.expect("a draft");
    }
    desk.draft(ISSUE).await;
    let medical = desk.under(CampaignSettings { medical_advertising: true, ..settings() });
    let unsigned = desk.under(CampaignSettings { signs: false, ..settings() });
    for (cases, name, expected) in [
        (&desk.cases, "no list", "no_audience"),
        (&desk.cases, "empty list", "no_audience"),
        (&desk.cases, "no link", "no_unsubscribe_link"),
        (&medical, ISSUE, "no_contraindication_warning"),
        (&unsigned, ISSUE, "no_dkim"),
    ] {
        assert_eq!(rule(cases.approve_campaign(name, "olga").await), expected, "{name}");
        assert_eq!(desk.state(name).await, "draft");
    }
    medical.approve_campaign("warned", "olga").await.expect("it warns");
    // What held at the approval must hold when it is scheduled, too.
    desk.cases.approve_campaign(ISSUE, "olga").await.expect("approved");
    let schedule = unsigned.schedule_campaign(ISSUE, &Begin::AtOnce, "olga").await;
    assert_eq!(rule(schedule), "no_dkim");
    let left = format!("DELETE FROM subscription WHERE id = {} RETURNING id", person.subscription);
    desk.number(&left).await;
    let schedule = desk.cases.schedule_campaign(ISSUE, &Begin::AtOnce, "olga").await;
    assert_eq!(rule(schedule), "no_audience");
    assert_eq!(desk.state(ISSUE).await, "approved");
}

pub async fn a_refused_template_is_not_saved_and_says_where(desk: Desk) {
    let bodies = [
        "Здравствуйте!\n{{surname}}",
        "{{> footer}}",
        "{{#each name}}x{{/each}}",
        "{{#if name}}",
        "{{{name}}}",
    ];
    for body in bodies {
        let content = Content { body: body.into(), ..content() };
        let audience = desk.audience();
        let new = NewCampaign { name: ISSUE, content: &content, audience: &audience, start: None };
        let refused = desk.cases.create_campaign(&new, "olga").await;
        let Err(CasesError::Refused { rule: "template", reason }) = refused else {
            panic!("{body}: {refused:?}");
        };
        assert!(reason.starts_with("body, line "), "{reason}");
    }
    assert_eq!(desk.number("SELECT COUNT(*) FROM campaign").await, 0);
    desk.draft(ISSUE).await;
    let worse = CampaignChange {
        content: Some(Content { body: bodies[0].into(), ..content() }),
        ..CampaignChange::default()
    };
    assert_eq!(rule(desk.cases.edit_campaign(ISSUE, &worse, "olga").await), "template");
    assert_eq!(desk.cases.campaign(ISSUE).await.expect("there").content, content());
    let (content, audience) = (content(), desk.audience());
    for (name, expected) in
        [(ISSUE, "name_taken"), ("17", "campaign_name"), ("a@b.example", "campaign_name")]
    {
        let new = NewCampaign { name, content: &content, audience: &audience, start: None };
        assert_eq!(rule(desk.cases.create_campaign(&new, "olga").await), expected);
    }
}

pub async fn only_the_approver_sets_another_time(desk: Desk) {
    desk.subscriber(BORIS).await;
    desk.approved(ISSUE).await;
    let begin = desk.at("2026-12-24T10:00");
    let other = desk.cases.schedule_campaign(ISSUE, &begin, "pavel").await;
    assert_eq!(rule(other), "not_approved");
    assert_eq!(desk.state(ISSUE).await, "approved");
    let before = desk.cases.campaign(ISSUE).await.expect("there").approval.expect("approved");
    let start = desk.cases.schedule_campaign(ISSUE, &begin, "olga").await.expect("the approver");
    assert_eq!(start.at.to_string(), "2026-12-24T07:00:00Z");
    let row = desk.cases.campaign(ISSUE).await.expect("there");
    assert_eq!((row.state.name(), row.start.as_ref()), ("scheduled", Some(&start)));
    // Another time is another hash, approved anew.
    let approval = row.approval.clone().expect("approved");
    assert_ne!(approval.hash, before.hash);
    assert_eq!(approval.hash, cases::campaigns::hash_of(&row));
    let approvals = "SELECT COUNT(*) FROM audit_event WHERE act = 'approved'";
    assert_eq!(desk.number(approvals).await, 2);
    // With the approved time anybody may schedule it.
    let written = CampaignChange { start: Some(start), ..CampaignChange::default() };
    desk.draft("with its time").await;
    desk.cases.edit_campaign("with its time", &written, "olga").await.expect("changed");
    desk.cases.approve_campaign("with its time", "olga").await.expect("approved");
    let scheduled =
        desk.cases.schedule_campaign("with its time", &Begin::AsApproved, "pavel").await;
    assert!(scheduled.is_ok(), "{scheduled:?}");
}

pub async fn a_start_that_has_passed_is_refused(desk: Desk) {
    desk.subscriber(BORIS).await;
    desk.approved(ISSUE).await;
    for begin in [Begin::AsApproved, desk.at("2026-12-04T11:59")] {
        let scheduled = desk.cases.schedule_campaign(ISSUE, &begin, "olga").await;
        assert_eq!(rule(scheduled), "no_start");
    }
    let start = domain::campaign::Start::parse("2026-12-04T13:00", "Europe/Moscow").expect("valid");
    let change = CampaignChange { start: Some(start), ..CampaignChange::default() };
    desk.cases.edit_campaign(ISSUE, &change, "olga").await.expect("changed");
    desk.clock.advance(Duration::from_secs(3 * 3600));
    assert_eq!(rule(desk.cases.approve_campaign(ISSUE, "olga").await), "no_start");
}
