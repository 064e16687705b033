//! Troubles of one campaign that are not those of the others, and what the runner asks cheaply.

use store::{
    campaigns::Retried,
    probe::{self, Question},
};

use super::*;

async fn raise(people: &People, name: &str) {
    let transaction = people.store.begin().await.expect("begun");
    alarms::raise(&transaction, name, "a test", people.now()).await.expect("raised");
    transaction.commit().await.expect("committed");
}

#[tokio::test]
async fn a_held_campaign_that_fits_no_state_keeps_no_other_from_its_start() {
    on_both(async |people| {
        let list = list_of(&people, 2).await;
        let held = scheduled(&people, &[list], people.now()).await;
        people.clock.advance(Duration::from_secs(6 * 3600 + 1));
        run(&people).await;
        let sql =
            format!("UPDATE campaign SET hold_reason = NULL WHERE id = {} RETURNING id", held.0);
        people.write(&sql).await;
        let other = scheduled(&people, &[list], people.now()).await;
        run(&people).await;
        assert_eq!(row(&people, other).await.state, CampaignState::Running);
        assert_eq!(alarms_about(&people, held).await, [format!("campaign_held/{}", held.0)]);
    })
    .await;
}

#[tokio::test]
async fn mails_that_ran_out_of_time_hold_no_campaign() {
    on_both(async |people| {
        let list = list_of(&people, 60).await;
        let id = scheduled(&people, &[list], people.now()).await;
        run(&people).await;
        settle(&people, id, "rejected', enhanced_code = '5.4.7", 30).await;
        run(&people).await;
        assert_eq!(row(&people, id).await.state, CampaignState::Running);
        settle(&people, id, "rejected', smtp_code = 550, enhanced_code = '5.4.7", 20).await;
        run(&people).await;
        let reason = HoldReason::Breaker;
        assert_eq!(
            row(&people, id).await.state,
            CampaignState::Held { reason },
            "a server said it"
        );
    })
    .await;
}

#[tokio::test]
async fn an_alarm_about_mails_of_a_campaign_stands_until_it_is_over() {
    on_both(async |people| {
        let list = list_of(&people, 1).await;
        let id = scheduled(&people, &[list], people.now()).await;
        run(&people).await;
        step(&people, id, |state| state.pause().expect("running")).await;
        let name = format!("campaign_trouble/{}", id.0);
        raise(&people, &name).await;
        run(&people).await;
        assert_eq!(alarms_about(&people, id).await, [name]);
        settle(&people, id, "accepted", 1).await;
        let now = people.now();
        step(&people, id, |state| state.cancel(now).expect("paused")).await;
        run(&people).await;
        assert!(alarms_about(&people, id).await.is_empty());
    })
    .await;
}

/// Each is asked once a second or in a transaction that others wait for.
#[tokio::test]
async fn what_the_runner_asks_again_and_again_walks_no_campaign() {
    let directory = tempfile::tempdir().expect("made");
    let config = store::StoreConfig::Sqlite { path: directory.path().join("house.db") };
    let people = People::on(directory, config).await;
    for (question, indexes) in [
        (Question::IsAnyOpen, &["delivery_campaign_due", "delivery_campaign_claimed"][..]),
        (Question::AtWork, &["delivery_campaign_due"]),
        (Question::SettledSince, &["delivery_campaign_settled"]),
        (Question::Retryable(Retried::Rejected), &["delivery_campaign_retryable"]),
    ] {
        let plan = probe::plan(&people.store, question).await.expect("told");
        let of_deliveries: Vec<_> =
            plan.iter().filter(|step| step.contains("delivery") || step.contains(" d ")).collect();
        assert_eq!(of_deliveries.len(), indexes.len(), "{question:?}: {plan:?}");
        for (step, index) in of_deliveries.iter().zip(indexes) {
            assert!(step.starts_with("SEARCH") && step.contains(index), "{question:?}: {plan:?}");
        }
    }
}
