//! The soak of the bound: random stops during a run at full speed, every delay measured.
//!
//!     stop-storm [STOPS] [SEED] [sqlite|postgres] [NODES] [RECIPIENTS] [THINKING]
//!
//! (default 1,000 stops, seed 1, SQLite, one node, 20,000 recipients, a relay that thinks 0 ms over each mail). People stop by one click,
//! by a letter in words, by a mail to the address of the header and at the command line, and the
//! campaign is paused and resumed. It fails when a mail was started later than one second after
//! the commit of its person's stop, and prints the largest delay.
#![allow(clippy::print_stdout, reason = "a soak prints its figures")]

use std::time::Duration;

use anyhow::Result;
use tests::soak::{
    Database,
    storm::{Storm, run},
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |place: usize, default: &'static str| {
        arguments.get(place).map_or(default, String::as_str).to_owned()
    };
    let plan = Storm {
        stops: argument(0, "1000").parse()?,
        seed: argument(1, "1").parse()?,
        database: Database::parse(&argument(2, "sqlite"))?,
        nodes: argument(3, "1").parse()?,
        recipients: argument(4, "20000").parse()?,
        thinking: Duration::from_millis(argument(5, "0").parse()?),
    };
    println!("{plan:?}");
    run(plan)?;
    Ok(())
}
