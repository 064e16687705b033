//! The units are right and the sandbox is as tight as it was promised.

use std::{fs, path::Path, process::Command, time::Duration};

use tests::{
    Result,
    child::{OwnedProcess, run},
    http,
    place::{Place, Port},
    wait::{LONG, wait_for, wait_until},
};

use crate::clinic::SmallHouse;

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
    for line in ["Type=notify", "TimeoutStopSec=90", "SystemCallFilter=setrlimit prlimit64 seccomp"]
    {
        assert!(unit.lines().any(|l| l == line), "{line}");
    }
    Ok(())
}

#[test]
fn the_watchdog_is_fed_while_everything_turns_and_the_end_is_announced() -> Result<()> {
    let house = SmallHouse::open()?;
    let mut daemon = house.home.run_with(&[("WATCHDOG_USEC", "2000000")])?;
    let fed = |said: &[String]| said.iter().filter(|line| *line == "WATCHDOG=1").count();
    wait_until("the watchdog is fed three times", LONG, || Ok(fed(&daemon.said()) >= 3))?;
    daemon.stop()?;
    house.home.check_log(&[], &[])
}

#[test]
fn the_pages_answer_on_a_socket_that_systemd_passes() -> Result<()> {
    let house = SmallHouse::open()?;
    let passed = Port::reserve()?;
    let daemon = house.home.command(&["run"]);
    let mut command = Command::new("systemd-socket-activate");
    command.args(["--fdname=web", "-l", &format!("127.0.0.1:{}", passed.number())]);
    command.arg(daemon.get_program()).args(daemon.get_args());
    let log = house.home.dir().join("activated.log");
    let mut process = OwnedProcess::spawn("systemd-socket-activate", command, &log)?;
    process.wait_ready(Duration::from_secs(10), || {
        std::net::TcpListener::bind(("127.0.0.1", passed.number())).is_err()
    })?;
    // The first visitor waits in the socket until the daemon is up.
    let answer = wait_for("a page answers on the passed socket", LONG, || {
        Ok(http::get(passed.number(), "/readyz").ok().filter(|answer| answer.status == 200))
    })?;
    assert_eq!(answer.status, 200);
    assert!(http::get(house.home.pages(), "/readyz").is_err(), "it listens beside the socket");
    Ok(())
}
