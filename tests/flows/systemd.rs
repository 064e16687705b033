//! The units are right and the sandbox is as tight as it was promised.

use std::{fs, path::Path, process::Command};

use tests::{Result, child::run, place::Place};

/// The units with a program that exists, since `verify` looks for it.
fn installed() -> Result<(Place, Vec<std::path::PathBuf>)> {
    let place = Place::new()?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd");
    let mut paths = Vec::new();
    for name in ["consentry.service", "consentry.socket"] {
        let unit = fs::read_to_string(source.join(name))?;
        paths.push(place.file(name, unit.replace("/usr/bin/consentry", "/bin/true"))?);
    }
    Ok((place, paths))
}

#[test]
fn systemd_accepts_the_units_without_a_word() -> Result<()> {
    let (_place, paths) = installed()?;
    let output = Command::new("systemd-analyze").arg("verify").args(&paths).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("consentry")).collect();
    assert!(ours.is_empty(), "{ours:?}");
    Ok(())
}

#[test]
fn the_sandbox_leaves_an_exposure_of_at_most_one_and_a_half() -> Result<()> {
    let (_place, paths) = installed()?;
    run(Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=15"])
        .arg(&paths[0]))?;
    Ok(())
}

#[test]
fn a_weakened_unit_would_be_found() -> Result<()> {
    let (place, paths) = installed()?;
    let unit = fs::read_to_string(&paths[0])?;
    let weak = place.file("weak.service", unit.replace("ProtectSystem=strict", ""))?;
    let weak_unit = fs::read_to_string(&weak)?.replace("CapabilityBoundingSet=\n", "");
    fs::write(&weak, weak_unit.replace("PrivateUsers=yes", ""))?;
    let outcome = run(Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=15"])
        .arg(&weak));
    assert!(outcome.is_err());
    Ok(())
}

#[test]
fn the_daemon_has_time_to_drain_and_its_reader_may_limit_itself() -> Result<()> {
    let (_place, paths) = installed()?;
    let unit = fs::read_to_string(&paths[0])?;
    for line in ["Type=notify", "TimeoutStopSec=90", "SystemCallFilter=setrlimit prlimit64"] {
        assert!(unit.lines().any(|l| l == line), "{line}");
    }
    Ok(())
}
