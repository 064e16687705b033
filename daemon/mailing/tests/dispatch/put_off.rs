//! Second attempts have their turn while first ones are still to be made.

use super::*;

#[tokio::test]
async fn a_mail_that_was_put_off_does_not_wait_for_everybody_elses_first_attempt() {
    on_both(async |world| {
        let campaign = campaign_to(&world, "news", 80).await;
        // Put off after the campaign began to run, as every mail is that was put off.
        let sql = "UPDATE delivery SET state = 'deferred', attempt = 1, \
                   next_try_at = (SELECT c.since_at FROM campaign c WHERE c.id = delivery.campaign_id) + 1000 \
                   WHERE id = (SELECT MAX(id) FROM delivery) RETURNING id";
        probe::number(&world.store, sql).await.expect("written");
        let last = probe::number(&world.store, "SELECT MAX(id) FROM delivery").await.expect("read");
        let sql = format!(
            "SELECT CAST(SUBSTR(a.email, 2, 3) AS BIGINT) FROM delivery d JOIN address a ON a.id = d.address_id \
             WHERE d.id = {last}"
        );
        let sql = sql.replace("SUBSTR(a.email, 2, 3)", "REPLACE(SUBSTR(a.email, 2, 3), '@', '')");
        let person = probe::number(&world.store, &sql).await.expect("read");
        world.clock.advance(Duration::from_secs(2));
        let slow = Act::SayLate("250 2.0.0 queued", Duration::from_millis(5));
        let server = Server::start(Script::default().at(".", slow)).await;
        until_idle(dispatch(&world, "alpha", relay(&server, 1))).await;
        let heard = recipients(&server);
        let place = heard.iter().position(|to| to.contains(&format!("<p{person}@")));
        assert_eq!(heard.len(), 80);
        assert!(place.is_some_and(|place| place < 60), "{place:?}");
        assert_eq!(report(&world, campaign).await.states.accepted, 80);
    })
    .await;
}
