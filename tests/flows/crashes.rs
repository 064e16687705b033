//! kill -9 between every two arrows: no mail lost, no second ticket, no second answer.

use std::time::Duration;

use tests::Result;

use crate::clinic::{ANNA, SmallHouse, erasure};

/// Where the daemon may die on the way of one letter in and its answer out, in order.
const FAILPOINTS: [&str; 2] = ["before_commit", "after_commit"];

#[test]
fn a_daemon_that_dies_at_any_arrow_ends_with_one_ticket_and_at_most_one_answer() -> Result<()> {
    for point in FAILPOINTS {
        let house = SmallHouse::open()?;
        house.deliver(&erasure(ANNA, "one@post.example"))?;
        let mut daemon = house.home.launch(&[("CONSENTRY_FAILPOINT", point)])?;
        let status = daemon.wait_end(Duration::from_secs(60))?;
        assert!(!status.success(), "{point} was never reached");

        let mut daemon = house.home.run()?;
        let answers = house.answers(1)?;
        daemon.stop()?;
        assert_eq!(answers.len(), 1, "{point}");
        assert_eq!(house.home.tickets()?.len(), 1, "{point}");
        assert_eq!(house.home.blocks()?.len(), 1, "{point}");
    }
    Ok(())
}
