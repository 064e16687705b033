//! The command line as a contract: exit codes, all errors at once, and the sealed record.

use std::process::Command;

use tests::{Result, daemon::program, place::Place};

use crate::clinic::{ANNA, SmallHouse, erasure};

#[test]
fn every_error_of_a_configuration_is_told_at_once_with_its_key() -> Result<()> {
    let place = Place::new()?;
    let config = place.file(
        "wrong.toml",
        "[organisation]\nname = \"\"\nunknown_key = 1\n[web]\nlisten = \"nowhere\"\n\
         [[mailbox]]\nname = \"hello\"\nkind = \"pigeon\"\n",
    )?;
    let output = Command::new(program()?).args(["doctor", "--config"]).arg(config).output()?;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for key in ["unknown_key", "listen", "kind", "relay", "policy_url", "from"] {
        assert!(said.contains(key), "{key} is not named in:\n{said}");
    }
    Ok(())
}

#[test]
fn wrong_usage_ends_with_two_and_a_missing_ticket_with_one() -> Result<()> {
    let house = SmallHouse::open()?;
    house.home.say(&["migrate"])?;
    assert_eq!(house.home.output(&["fly"])?.status.code(), Some(2));
    assert_eq!(house.home.output(&["intake", "run"])?.status.code(), Some(2));
    let missing = house.home.output(&["ticket", "show", "CT-00000000"])?;
    assert_eq!(missing.status.code(), Some(1), "{}", String::from_utf8_lossy(&missing.stderr));
    Ok(())
}

#[test]
fn a_lifted_block_needs_a_reason_and_the_record_stays_whole() -> Result<()> {
    let house = SmallHouse::open()?;
    house.deliver(&erasure(ANNA, "one@post.example"))?;
    house.home.say(&["intake", "run", "--once"])?;
    let blocks = house.home.blocks()?;
    let id = blocks[0]["id"].to_string();
    assert_ne!(house.home.output(&["block", "lift", &id])?.status.code(), Some(0));
    let empty = house.home.output(&["block", "lift", &id, "--reason", ""])?;
    assert_eq!(empty.status.code(), Some(3), "{}", String::from_utf8_lossy(&empty.stderr));
    house.home.say(&["block", "lift", &id, "--reason", "read wrongly"])?;
    assert!(house.home.blocks()?.is_empty());
    let twice = house.home.output(&["block", "lift", &id, "--reason", "again"])?;
    assert_eq!(twice.status.code(), Some(3));
    house.home.say(&["audit", "verify"])?;
    Ok(())
}
