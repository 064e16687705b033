//! kill -9 between every two arrows: no mail lost, no second ticket, no second answer.

use std::time::Duration;

use serde_json::Value;
use tests::{
    Result,
    daemon::{Home, MailboxSettings, OutletSettings, Settings},
    place::Place,
    scripted::{ScriptedImap, ScriptedSmtp},
    wait::{LONG, wait_for},
};

use crate::clinic::{ANNA, HELLO, SECRET, erasure};

/// What may be said of the answer after the restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It left once, and the ledger says so.
    Accepted,
    /// START was written and the end is not known: it is never sent again by itself.
    Uncertain { sent: usize },
    /// The letter is filed, so its answer may be on its way when the daemon dies: either of both,
    /// and never twice.
    MayBeUnderWay,
}

/// Where the daemon may die on the way of one letter in and its answer out, in order.
const FAILPOINTS: [(&str, Answer); 16] = [
    ("discovered", Answer::Accepted),
    ("raw_put", Answer::Accepted),
    ("raw_stored", Answer::Accepted),
    ("attempt_counted", Answer::Accepted),
    ("classified", Answer::Accepted),
    ("before_commit", Answer::Accepted),
    ("after_commit", Answer::MayBeUnderWay),
    ("filed", Answer::MayBeUnderWay),
    ("marked", Answer::MayBeUnderWay),
    ("moved", Answer::MayBeUnderWay),
    ("before_start", Answer::Accepted),
    ("after_start", Answer::Uncertain { sent: 0 }),
    ("after_dot", Answer::Uncertain { sent: 1 }),
    ("before_end", Answer::Uncertain { sent: 1 }),
    ("after_end", Answer::Accepted),
    ("before_settle", Answer::Accepted),
];

/// The letter lies on a server that moves filed mail, the answer goes to a relay.
struct World {
    imap: ScriptedImap,
    relay: ScriptedSmtp,
    home: Home,
    _place: Place,
}

impl World {
    fn make() -> Result<Self> {
        let place = Place::new()?;
        let imap = ScriptedImap::start()?;
        imap.add("INBOX", &erasure(ANNA, "one@post.example"), "02-Nov-2026 09:14:22 +0300");
        imap.folder("Filed", |_| ());
        let relay = ScriptedSmtp::start(&["PIPELINING", "8BITMIME"])?;
        let mut settings = Settings::embedded(HELLO, place.path(), place.path());
        settings.mailbox = MailboxSettings::Imap {
            port: imap.port(),
            tls: "none",
            authority: None,
            move_to: Some("Filed".to_owned()),
        };
        settings.outlet = OutletSettings::Smtp { port: relay.port(), tls: "none", authority: None };
        let home = Home::make(&place, "home", &settings)?;
        Ok(Self { imap, relay, home, _place: place })
    }

    /// Waits until the letter is moved and its answer is settled, one way or another.
    fn settled(&self) -> Result<Value> {
        wait_for("the letter is moved and its answer settled", LONG, || {
            let status = self.home.json(&["status"])?;
            let count = |state: &str| status["deliveries"][state].as_u64().unwrap_or(0);
            let done = count("accepted") + count("uncertain") == 1
                && self.imap.folder("INBOX", |folder| folder.mails.is_empty());
            Ok(done.then_some(status))
        })
    }
}

fn dies_at(point: &str, answer: Answer) -> Result<()> {
    let world = World::make()?;
    let mut daemon = world.home.launch(&[("CONSENTRY_FAILPOINT", point)])?;
    let status = daemon.wait_end(Duration::from_secs(60))?;
    assert!(!status.success(), "{point} was never reached");

    let mut daemon = world.home.run()?;
    let status = world.settled()?;
    daemon.stop()?;
    let taken = world.relay.taken().len();
    let (state, sent) = match answer {
        Answer::Accepted => ("accepted", 1),
        Answer::Uncertain { sent } => ("uncertain", sent),
        Answer::MayBeUnderWay if status["deliveries"]["uncertain"] == 1 => {
            ("uncertain", taken.min(1))
        }
        Answer::MayBeUnderWay => ("accepted", 1),
    };
    assert_eq!(status["deliveries"][state], 1, "{point}: {status:#}");
    assert_eq!(taken, sent, "{point}");
    assert_eq!(world.home.tickets()?.len(), 1, "{point}");
    assert_eq!(world.home.blocks()?.len(), 1, "{point}");
    assert_eq!(world.imap.folder("Filed", |folder| folder.mails.len()), 1, "{point}");
    if state == "uncertain" {
        let number = world.home.tickets()?[0]["number"].as_str().unwrap_or_default().to_owned();
        let shown = world.home.json(&["ticket", "show", &number])?;
        let tasks = shown["tasks"].as_array().into_iter().flatten();
        // The dates of that letter have come, too: those tasks are about duties.
        let told =
            tasks.filter(|task| !task["name"].as_str().unwrap_or("duty").starts_with("duty"));
        assert_eq!(told.count(), 1, "{point}: who is told of the uncertain answer? {shown:#}");
    }
    world.home.say(&["audit", "verify"])?;
    world.home.check_log(&[SECRET], &["uncertain", "a daemon died while it read"])
}

#[test]
fn a_daemon_killed_while_it_reads_files_the_letter_once() -> Result<()> {
    for (point, answer) in &FAILPOINTS[..5] {
        dies_at(point, *answer)?;
    }
    Ok(())
}

#[test]
fn a_daemon_killed_while_it_files_files_the_letter_once() -> Result<()> {
    for (point, answer) in &FAILPOINTS[5..10] {
        dies_at(point, *answer)?;
    }
    Ok(())
}

#[test]
fn a_daemon_killed_around_start_and_end_answers_at_most_once() -> Result<()> {
    for (point, answer) in &FAILPOINTS[10..] {
        dies_at(point, *answer)?;
    }
    Ok(())
}
