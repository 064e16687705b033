//! The soak of a campaign's run: kill -9 at random moments, then count.
//!
//!     campaign-kills [KILLS] [SEED] [sqlite|postgres] [NODES] [RECIPIENTS] [VICTIM…]
//!
//! (default 200 kills, seed 1, SQLite, one node, 5,000 recipients; the victims are `daemon`,
//! `database` (PostgreSQL) and `relay`, default the daemon alone). In the end each recipient's
//! mail is at the relay exactly once or its row says uncertain; no mail is there twice; the sums
//! of the report hold after each kill.
#![allow(clippy::print_stdout, reason = "a soak prints its count")]

use std::time::Duration;

use anyhow::{Result, bail};
use tests::soak::{
    Database,
    kills::{Kills, Victim, run},
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |place: usize, default: &'static str| {
        arguments.get(place).map_or(default, String::as_str).to_owned()
    };
    let mut victims = Vec::new();
    for word in arguments.iter().skip(5) {
        victims.push(match word.as_str() {
            "daemon" => Victim::Daemon,
            "database" => Victim::Database,
            "relay" => Victim::Relay,
            _ => bail!("`{word}` is nobody to kill: say daemon, database or relay"),
        });
    }
    if victims.is_empty() {
        victims.push(Victim::Daemon);
    }
    let plan = Kills {
        kills: argument(0, "200").parse()?,
        seed: argument(1, "1").parse()?,
        database: Database::parse(&argument(2, "sqlite"))?,
        nodes: argument(3, "1").parse()?,
        recipients: argument(4, "5000").parse()?,
        victims,
        longest_life: Duration::from_millis(1_200),
    };
    println!("{plan:?}");
    println!("{}", run(&plan)?);
    Ok(())
}
