//! What time does to campaigns: starts, freezes, ends, sweeps and the breaker, on both databases.

#[path = "freeze/people.rs"]
#[allow(dead_code)]
mod people;
#[path = "freeze/troubled.rs"]
mod troubled;

use std::time::Duration;

use domain::{
    Timestamp,
    block::Purpose,
    campaign::{CampaignState, HoldReason, Start, content_hash},
    ids::{CampaignId, ListId},
};
use jiff::ToSpan;
use mailing::campaigns::{self as runner_room, CampaignSettings, Campaigns, run_until_idle};
use people::{People, on_both};
use store::{
    alarms,
    campaigns::{self, CampaignRow, Edited, Report},
    leases, stops,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use vault::StopJournal;

/// A runner in chunks of three.
async fn runner(people: &People, owner: &str) -> Campaigns {
    let directory = people.directory.path().join(format!("journal-{:x}", people.entropy.next()));
    let (journal, _) = StopJournal::open(&directory, "one").await.expect("opened");
    let settings = CampaignSettings { chunk: 3, ..CampaignSettings::new("clinic.example") };
    Campaigns {
        store: people.store.clone(),
        journal,
        settings,
        owner: owner.to_owned(),
        clock: people.clock.clone(),
        entropy: people.entropy.clone(),
    }
}

async fn run(people: &People) {
    let runner = runner(people, "one/1").await;
    let ended = timeout(Duration::from_secs(60), run_until_idle(runner, CancellationToken::new()));
    ended.await.expect("idle in time").expect("ran");
}

async fn row(people: &People, id: CampaignId) -> CampaignRow {
    campaigns::by_id(&people.store, id).await.expect("read").expect("there")
}

async fn report(people: &People, id: CampaignId) -> Report {
    let report = campaigns::report(&people.store, id).await.expect("read");
    assert!(report.adds_up(), "{report:?}");
    report
}

/// Moves a campaign as the desk does.
async fn step<F: FnOnce(CampaignState) -> CampaignState>(people: &People, id: CampaignId, step: F) {
    let row = row(people, id).await;
    let to = step(row.state.clone());
    let transaction = people.store.begin().await.expect("begun");
    campaigns::change_state(&transaction, &row, &to, people.now()).await.expect("changed");
    transaction.commit().await.expect("committed");
}

/// An approved campaign that starts at `at`.
async fn scheduled(people: &People, to: &[ListId], at: Timestamp) -> CampaignId {
    let id = people.draft(to, &[]).await;
    let draft = row(people, id).await;
    let start = Start { at, local: "2026-11-22T12:00".into(), zone: "UTC".into() };
    let (content, audience) = (&draft.content, &draft.audience);
    let edited = Edited { content, audience, start: Some(&start), editors: &["olga".to_owned()] };
    let transaction = people.store.begin().await.expect("begun");
    campaigns::edit(&transaction, &draft, &edited, people.now()).await.expect("edited");
    transaction.commit().await.expect("committed");
    let hash = content_hash(&draft.content, &draft.audience, Some(&start));
    step(people, id, |state| state.approve(hash, "olga").expect("draft")).await;
    step(people, id, |state| state.schedule(hash, at).expect("approved")).await;
    id
}

/// A list with `size` people who get the next issue.
async fn list_of(people: &People, size: u64) -> ListId {
    let list = people.list(Purpose::Newsletter).await;
    for number in 0..size {
        people.subscriber(list, &format!("p{number}@l{}.example", list.0)).await;
    }
    list
}

/// Lets `count` waiting rows of a campaign end, as dispatch would.
async fn settle(people: &People, id: CampaignId, state: &str, count: u64) {
    let at = people.now().as_microsecond() + 1;
    for _ in 0..count {
        let sql = format!(
            "UPDATE delivery SET state = '{state}', attempt = 1, settled_at = {at} WHERE id = (SELECT MIN(id) \
             FROM delivery WHERE campaign_id = {} AND state IN ('planned', 'deferred', 'claimed')) RETURNING id",
            id.0
        );
        people.write(&sql).await;
    }
}

async fn alarms_about(people: &People, id: CampaignId) -> Vec<String> {
    let standing = alarms::standing(&people.store).await.expect("read");
    let about = standing.into_iter().map(|alarm| alarm.name);
    about.filter(|name| name.ends_with(&format!("/{}", id.0))).collect()
}

#[tokio::test]
async fn a_campaign_starts_in_its_time_and_is_finished_when_its_last_mail_is_settled() {
    on_both(async |people| {
        let list = list_of(&people, 10).await;
        let id = scheduled(&people, &[list], people.now() + 1.hour()).await;
        run(&people).await;
        assert!(matches!(row(&people, id).await.state, CampaignState::Scheduled { .. }));
        people.clock.advance(Duration::from_secs(3600));
        run(&people).await;
        assert_eq!(row(&people, id).await.state, CampaignState::Running);
        let found = report(&people, id).await;
        assert_eq!((found.candidates, found.audience, found.states.planned), (10, 10, 10));
        settle(&people, id, "accepted", 8).await;
        settle(&people, id, "claimed", 1).await;
        settle(&people, id, "uncertain", 1).await;
        run(&people).await;
        assert_eq!(row(&people, id).await.state, CampaignState::Running, "one is being sent");
        settle(&people, id, "accepted", 1).await;
        run(&people).await;
        assert!(matches!(row(&people, id).await.state, CampaignState::Finished { .. }));
        let acts = "SELECT COUNT(*) FROM audit_event WHERE actor = 'runner'";
        assert_eq!(people.number(acts).await, 3, "freezing, running, finished");
    })
    .await;
}

#[tokio::test]
async fn a_late_start_is_held_and_freezes_when_a_person_resumes_it() {
    on_both(async |people| {
        let list = list_of(&people, 2).await;
        let id = scheduled(&people, &[list], people.now()).await;
        people.clock.advance(Duration::from_secs(6 * 3600 + 1));
        run(&people).await;
        let reason = HoldReason::LateStart;
        assert_eq!(row(&people, id).await.state, CampaignState::Held { reason });
        assert_eq!(alarms_about(&people, id).await, [format!("campaign_held/{}", id.0)]);
        let now = people.now();
        step(&people, id, |state| state.resume(now).expect("held")).await;
        run(&people).await;
        assert_eq!(row(&people, id).await.state, CampaignState::Running);
        assert!(alarms_about(&people, id).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_empty_audience_is_held_and_counted_anew_when_a_person_resumes_it() {
    on_both(async |people| {
        let list = people.list(Purpose::Newsletter).await;
        let address = people.address("claimed@mail.example").await;
        people.subscribe(list, None, Some(address), "confirmed", None).await;
        let id = scheduled(&people, &[list], people.now()).await;
        run(&people).await;
        let reason = HoldReason::EmptyAudience;
        assert_eq!(row(&people, id).await.state, CampaignState::Held { reason });
        assert_eq!(report(&people, id).await.excluded["no_proven_consent"], 1);
        people.subscriber(list, "proven@mail.example").await;
        let now = people.now();
        step(&people, id, |state| state.resume(now).expect("held")).await;
        run(&people).await;
        let found = report(&people, id).await;
        assert_eq!((found.candidates, found.audience), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn what_is_not_what_was_approved_does_not_start() {
    on_both(async |people| {
        let list = list_of(&people, 2).await;
        let id = scheduled(&people, &[list], people.now()).await;
        let other = scheduled(&people, &[list], people.now()).await;
        let sql = "UPDATE campaign SET content = replace(content, 'Новости', 'Акции') WHERE id =";
        people.write(&format!("{sql} {} RETURNING id", id.0)).await;
        run(&people).await;
        assert!(matches!(row(&people, id).await.state, CampaignState::Scheduled { .. }));
        assert_eq!(row(&people, other).await.state, CampaignState::Running, "the others go on");
        assert_eq!(alarms_about(&people, id).await, [format!("campaign_trouble/{}", id.0)]);
    })
    .await;
}

#[tokio::test]
async fn a_campaign_to_an_archived_list_does_not_start() {
    on_both(async |people| {
        let list = list_of(&people, 2).await;
        let id = scheduled(&people, &[list], people.now()).await;
        // The desk does not let this happen; a hand in the database may.
        people
            .write(&format!("UPDATE list SET archived_at = 1 WHERE id = {} RETURNING id", list.0))
            .await;
        run(&people).await;
        assert!(matches!(row(&people, id).await.state, CampaignState::Scheduled { .. }));
        assert_eq!(report(&people, id).await.candidates, 0);
        assert_eq!(alarms_about(&people, id).await, [format!("campaign_trouble/{}", id.0)]);
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_campaign_keeps_what_left_and_withholds_what_waits() {
    on_both(async |people| {
        let list = list_of(&people, 9).await;
        let id = scheduled(&people, &[list], people.now()).await;
        run(&people).await;
        settle(&people, id, "accepted", 2).await;
        let sql = "UPDATE delivery SET state = 'claimed' WHERE id = (SELECT MAX(id) FROM delivery) RETURNING id";
        people.write(sql).await;
        let now = people.now();
        step(&people, id, |state| state.cancel(now).expect("running")).await;
        run(&people).await;
        let found = report(&people, id).await;
        assert_eq!((found.states.accepted, found.states.claimed), (2, 1));
        assert_eq!(found.withheld["cancelled"], 6);
    })
    .await;
}

#[tokio::test]
async fn too_many_refusals_hold_a_campaign_by_a_numbered_stop_until_a_person_resumes_it() {
    on_both(async |people| {
        let list = list_of(&people, 60).await;
        let id = scheduled(&people, &[list], people.now()).await;
        run(&people).await;
        let before = stops::last_number(&people.store).await.expect("read");
        settle(&people, id, "rejected", 19).await;
        run(&people).await;
        assert_eq!(row(&people, id).await.state, CampaignState::Running, "a few are no reason");
        settle(&people, id, "rejected", 1).await;
        run(&people).await;
        let reason = HoldReason::Breaker;
        assert_eq!(row(&people, id).await.state, CampaignState::Held { reason });
        let after = stops::last_number(&people.store).await.expect("read");
        assert_eq!(after.0, before.0 + 1, "senders see it");
        assert_eq!(alarms_about(&people, id).await, [format!("campaign_held/{}", id.0)]);
        people.clock.advance(Duration::from_secs(60));
        let now = people.now();
        step(&people, id, |state| state.resume(now).expect("held")).await;
        settle(&people, id, "rejected", 1).await;
        run(&people).await;
        assert_eq!(row(&people, id).await.state, CampaignState::Running, "a person has looked");
        assert!(alarms_about(&people, id).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_few_complaints_in_a_thousand_hold_a_campaign() {
    on_both(async |people| {
        let list = list_of(&people, 5).await;
        let id = scheduled(&people, &[list], people.now()).await;
        run(&people).await;
        settle(&people, id, "accepted", 4).await;
        let sql = "UPDATE delivery SET feedback = 'complaint' WHERE id = (SELECT MIN(id) FROM delivery \
                   WHERE state = 'accepted' AND feedback IS NULL) RETURNING id";
        for _ in 0..2 {
            people.write(sql).await;
        }
        run(&people).await;
        assert_eq!(row(&people, id).await.state, CampaignState::Running);
        people.write(sql).await;
        run(&people).await;
        let reason = HoldReason::Breaker;
        assert_eq!(row(&people, id).await.state, CampaignState::Held { reason });
    })
    .await;
}

/// The runner is dropped at whatever it waits for, again and again, and started anew.
#[tokio::test]
async fn a_runner_that_dies_anywhere_freezes_nobody_twice_and_forgets_nobody() {
    on_both(async |people| {
        let list = list_of(&people, 40).await;
        let id = scheduled(&people, &[list], people.now()).await;
        let mut deaths = 0;
        loop {
            let runner = runner(&people, "one/1").await;
            let life = Duration::from_micros(people.below(20_000));
            let lived = timeout(life, run_until_idle(runner, CancellationToken::new())).await;
            report(&people, id).await;
            if lived.is_ok() {
                break;
            }
            deaths += 1;
            assert!(deaths < 2_000, "it gets on");
        }
        assert!(deaths > 0);
        let found = report(&people, id).await;
        assert_eq!((found.candidates, found.audience), (40, 40));
        assert_eq!(people.number("SELECT COUNT(DISTINCT address_id) FROM delivery").await, 40);
    })
    .await;
}

/// Under one name both have the lease: what keeps them apart then is each step's own check.
#[tokio::test]
async fn two_runners_at_once_freeze_one_audience() {
    on_both(async |people| {
        let list = list_of(&people, 40).await;
        let id = scheduled(&people, &[list], people.now()).await;
        let one = run_until_idle(runner(&people, "one/1").await, CancellationToken::new());
        let two = run_until_idle(runner(&people, "one/1").await, CancellationToken::new());
        let (one, two) = tokio::join!(one, two);
        // A serialisation conflict is a passing outage to the one that meets it.
        assert!(one.is_ok() || two.is_ok(), "{one:?} {two:?}");
        run(&people).await;
        assert_eq!(row(&people, id).await.state, CampaignState::Running);
        let found = report(&people, id).await;
        assert_eq!((found.candidates, found.audience), (40, 40));
        let acts = "SELECT COUNT(*) FROM audit_event WHERE actor = 'runner'";
        assert_eq!(people.number(acts).await, 2, "freezing and running, once");
    })
    .await;
}

/// Snapshots by another connection, while chunks are frozen and mails end.
#[tokio::test]
async fn the_sum_holds_in_every_snapshot() {
    on_both(async |people| {
        let list = list_of(&people, 60).await;
        let excluded = people.address("claimed@mail.example").await;
        people.subscribe(list, None, Some(excluded), "confirmed", None).await;
        let id = scheduled(&people, &[list], people.now()).await;
        let done = CancellationToken::new();
        let watching = async {
            let mut seen = std::collections::BTreeSet::new();
            while !done.is_cancelled() {
                seen.insert(report(&people, id).await.rows());
                assert!(campaigns::sum_holds(&people.store, id).await.expect("read"));
                tokio::task::yield_now().await;
            }
            seen
        };
        let working = async {
            run(&people).await;
            for state in
                ["accepted", "deferred", "uncertain", "withheld', withheld_reason = 'full_block"]
            {
                settle(&people, id, state, 6).await;
            }
            let now = people.now();
            step(&people, id, |state| state.cancel(now).expect("running")).await;
            run(&people).await;
            done.cancel();
        };
        let (seen, ()) = tokio::join!(watching, working);
        assert!(seen.len() > 3, "it was watched in the middle of the freeze: {seen:?}");
        let found = report(&people, id).await;
        assert_eq!((found.candidates, found.audience, found.states.planned), (61, 60, 0));
    })
    .await;
}

#[tokio::test]
async fn the_loop_waits_for_the_lease_of_another_and_ends_when_it_is_told_to() {
    on_both(async |people| {
        let list = list_of(&people, 4).await;
        let id = scheduled(&people, &[list], people.now()).await;
        let minute = Duration::from_secs(60);
        let held = leases::hold(&people.store, "campaigns", "two/1", minute, people.now()).await;
        assert!(held.expect("asked"));
        let cancel = CancellationToken::new();
        let looping = runner_room::run(runner(&people, "one/1").await, cancel.clone());
        let watching = async {
            // Long enough for a first look; the second comes a second later.
            for _ in 0..20 {
                let state = row(&people, id).await.state;
                assert!(matches!(state, CampaignState::Scheduled { .. }), "another has the lease");
            }
            leases::release(&people.store, "campaigns", "two/1").await.expect("released");
            while row(&people, id).await.state != CampaignState::Running {
                tokio::task::yield_now().await;
            }
            cancel.cancel();
        };
        let both = async { tokio::join!(looping, watching) };
        let (ended, ()) = timeout(minute, both).await.expect("in time");
        ended.expect("ended in order");
    })
    .await;
}
