//! The hard proofs of campaigns, short: kills and stops at random moments. `campaign-kills` and
//! `stop-storm` do the same by the hundred.

use std::time::Duration;

use tests::{
    Result,
    soak::{
        Database,
        kills::{self, Kills, Victim},
        storm::{self, Storm},
    },
};

#[test]
fn a_campaign_whose_daemon_is_killed_again_and_again_reaches_everybody_at_most_once() -> Result<()>
{
    let plan = Kills {
        kills: 10,
        seed: 1,
        database: Database::Sqlite,
        nodes: 1,
        recipients: 300,
        victims: vec![Victim::Daemon],
        longest_life: Duration::from_millis(600),
    };
    println!("{}", kills::run(&plan)?);
    Ok(())
}

#[test]
fn nobody_gets_a_mail_that_was_started_a_second_after_the_stop() -> Result<()> {
    let storm = Storm {
        stops: 50,
        seed: 1,
        database: Database::Sqlite,
        nodes: 1,
        recipients: 900,
        thinking: Duration::from_millis(30),
    };
    let outcome = storm::run(storm)?;
    assert!(outcome.nothing > 0, "nobody was stopped in time: {outcome}");
    Ok(())
}
