//! A backup put in place again, on both databases and killed anywhere: who was destroyed since
//! stays destroyed, and nobody works with the database before that is so.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use serde_json::Value;
use tests::{
    Result,
    daemon::{Daemon, Home},
    place::Place,
    servers::Postgres,
    wait::{LONG, wait_for, wait_until},
};

use crate::clinic::{ANNA, SECRET, SmallHouse, erasure};

const LATER: &str = "late@post.example";
/// Where a restore may die, in order.
const FAILPOINTS: [&str; 7] = [
    "restore_copied",
    "restore_held",
    "restore_cleared",
    "restore_placed",
    "restore_objects",
    "replayed",
    "restore_replayed",
];

/// A house whose person wrote, was backed up, and was then destroyed.
struct Story {
    house: SmallHouse,
    backup: PathBuf,
    request: i64,
    ticket: String,
}

fn request(home: &Home, ticket: &str) -> Result<Value> {
    let shown = home.json(&["ticket", "show", ticket])?;
    Ok(shown["requests"][0].clone())
}

impl Story {
    fn tell(house: SmallHouse, dump: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let home = &house.home;
        let mut daemon = home.run()?;
        let list = ["list", "add", "news", "--purpose", "newsletter", "--advertiser", "Clinic"];
        home.say(&[&list[..], &["--title-ru", "Новости", "--title-en", "News"]].concat())?;
        let people = house.place.file("people.csv", format!("email,name\n{ANNA},Анна\n"))?;
        home.say(&["contact", "import", &people.to_string_lossy(), "--list", "news"])?;
        house.deliver(&erasure(ANNA, "one@post.example"))?;
        house.answers(1)?;
        let tickets = home.tickets()?;
        let ticket = tickets[0]["number"].as_str().expect("a number").to_owned();
        let id = request(home, &ticket)?["id"].as_i64().expect("a request");
        let backup = house.place.path().join("backup");
        // The leases of a dump are those of its moment, and it is put back within the minute.
        daemon.stop()?;
        home.say(&["backup", "--to", &backup.to_string_lossy()])?;
        dump(&backup)?;
        daemon = home.run()?;
        let number = id.to_string();
        let attest = ["identity", "attest", &ticket, "--note", "seen at the desk"];
        home.say(&[&["--actor", "anna"], &attest[..]].concat())?;
        let acts =
            |actor: &str, verb: &str| home.say(&["--actor", actor, "request", verb, &number]);
        if request(home, &ticket)?["state"] != "under_review" {
            acts("anna", "review")?;
        }
        acts("anna", "plan")?;
        acts("anna", "propose")?;
        acts("boris", "approve")?;
        acts("boris", "execute")?;
        let story = Self { backup, request: id, ticket, house };
        story.is_closed(&mut daemon)?;
        Ok(story)
    }

    /// Lets days pass until the plan is at its end: what waits is looked at again after a while.
    fn is_closed(&self, daemon: &mut Daemon) -> Result<()> {
        let (home, id) = (&self.house.home, self.request.to_string());
        for day in 1..=6 {
            daemon.stop()?;
            home.run_ahead(Duration::from_secs(day * 86_400))?;
            *daemon = home.run()?;
            let ended = wait_until("the plan ends", Duration::from_secs(8), || {
                let plan = home.json(&["request", "plan", &id, "--show"])?;
                Ok(plan["stage"] == "done")
            });
            if ended.is_ok() {
                break;
            }
        }
        wait_until("the request is closed", LONG, || {
            Ok(request(home, &self.ticket)?["state"] == "closed")
        })?;
        daemon.stop()
    }

    fn restore(&self) -> Result<Value> {
        let from = self.backup.to_string_lossy();
        self.house.home.json(&["restore", "--from", &from, "--replace"])
    }

    /// Everything as it was before the restore, by what the program says.
    fn is_whole(&self) -> Result<()> {
        let home = &self.house.home;
        let kept = home.rows(&["suppression", "list", "--of", ANNA])?;
        assert!(kept.iter().any(|one| one["reason"] == "erased"), "{kept:?}");
        let asked = home.json(&["request", "show", &self.request.to_string()])?;
        assert_eq!((&asked["state"], &asked["outcome"]), (&"closed".into(), &"done".into()));
        assert_eq!(home.json(&["ticket", "show", &self.ticket])?["state"], "closed");
        let acts = home.rows(&["act", "list"])?;
        let acts = acts.iter().filter(|act| act["supplement"].is_null());
        assert_eq!(acts.count(), 1, "the act came back");
        assert!(home.blocks()?.is_empty(), "and no block is left of nobody");
        Ok(())
    }
}

fn refused(output: &Output, rule: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(errors.contains(rule), "{errors}");
}

/// Files below a directory in which a text stands as it is.
fn holding(directory: &Path, text: &str, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            holding(&path, text, found)?;
        } else if path.is_file()
            && fs::read(&path)?.windows(text.len()).any(|window| window == text.as_bytes())
        {
            found.push(path);
        }
    }
    Ok(())
}

#[test]
fn a_restore_that_dies_anywhere_is_run_again_and_ends_in_the_same_state() -> Result<()> {
    let story = Story::tell(SmallHouse::open()?, |_| Ok(()))?;
    let home = &story.house.home;
    let data = home.dir();
    for point in FAILPOINTS {
        let from = story.backup.to_string_lossy();
        let mut restore = home.command(&["restore", "--from", &from, "--replace"]);
        let ended = restore.env("CONSENTRY_FAILPOINT", point).output()?;
        assert!(ended.status.code().is_none(), "{point} was never reached: {ended:?}");
        // Nobody begins with people in the database who are destroyed.
        let is_placed = !["restore_copied", "restore_held", "restore_cleared"].contains(&point);
        if is_placed {
            let is_replayed = point == "restore_replayed";
            let rule = if is_replayed { "take_up_is_owed" } else { "replay_is_owed" };
            refused(&home.output(&["restore", "--release"])?, rule);
            refused(&home.output(&["intake", "run", "--once"])?, rule);
            for command in
                [&["contact", "show", ANNA][..], &["ticket", "list"], &["retention", "run"]]
            {
                refused(&home.output(command)?, rule);
            }
            let again = story.house.place.path().join("again").display().to_string();
            refused(&home.output(&["backup", "--to", &again])?, rule);
        }
        let report = story.restore()?;
        assert_eq!(report["replayed"], true, "{point}: {report:#}");
        story.is_whole()?;
        let mut left = Vec::new();
        holding(data, ANNA, &mut left)?;
        assert!(left.is_empty(), "{point}: {left:?}");
        // The next one begins with the backup again.
        home.say(&["restore", "--release"])?;
    }
    let leftovers: Vec<_> = fs::read_dir(data)?.filter_map(Result::ok).collect();
    let is_beside = |name: &str| name.contains("restoring");
    assert!(!leftovers.iter().any(|one| is_beside(&one.file_name().to_string_lossy())));
    Ok(())
}

#[test]
fn what_a_dead_restore_left_beside_the_database_is_removed_at_the_next_start() -> Result<()> {
    let story = Story::tell(SmallHouse::open()?, |_| Ok(()))?;
    let home = &story.house.home;
    let from = story.backup.to_string_lossy();
    let mut restore = home.command(&["restore", "--from", &from, "--replace"]);
    restore.env("CONSENTRY_FAILPOINT", "restore_held").output()?;
    let mut left = Vec::new();
    holding(home.dir(), ANNA, &mut left)?;
    assert!(!left.is_empty(), "the copy holds her");
    let mut daemon = home.run()?;
    daemon.stop()?;
    left.clear();
    holding(home.dir(), ANNA, &mut left)?;
    assert!(left.is_empty(), "{left:?}");
    story.is_whole()?;
    home.check_log(&[SECRET], &["the copy was removed", "audit-head"])
}

#[test]
fn an_older_copy_of_postgresql_is_restored_to_the_same_state() -> Result<()> {
    let postgres = Postgres::start()?;
    let url = postgres.database()?;
    let database = url.rsplit('/').next().expect("a name").to_owned();
    let own_url = url.clone();
    let house = SmallHouse::open_in(Place::new()?, |mut settings| {
        settings.postgres = Some(own_url);
        settings
    })?;
    let mut dumped = PathBuf::new();
    let story = Story::tell(house, |_| {
        dumped = postgres.dump(&database)?;
        Ok(())
    })?;
    let home = &story.house.home;
    postgres.put_back(&database, &dumped)?;
    let known = postgres.execute(&database, "SELECT email FROM address")?;
    assert!(known.contains(ANNA), "the copy is of before");
    // Whoever forgets the second step is told.
    refused(&home.output(&["intake", "run", "--once"])?, "database_is_older");
    let daemon = home.output(&["run"])?;
    refused(&daemon, "database_is_older");

    let from = story.backup.to_string_lossy();
    let report = home.json(&["restore", "--from", &from])?;
    assert_eq!((&report["erased"], &report["overtaken"]), (&1.into(), &1.into()), "{report:#}");
    story.is_whole()?;
    let known = postgres.execute(&database, "SELECT email FROM address")?;
    assert!(!known.contains(ANNA), "{known}");
    // Run again it changes nothing: the report counts what all runs did.
    let again = home.json(&["restore", "--from", &from])?;
    assert_eq!(again["known"], again["entries"], "{again:#}");
    assert_eq!(again["erased"], report["erased"], "{again:#}");

    let _ = fs::remove_file(home.dir().join("audit-head"));
    let mut daemon = home.run()?;
    home.say(&["restore", "--release"])?;
    let before = tests::maildir::mails(&story.house.replies)?.len();
    story.house.deliver(&erasure(LATER, "two@post.example"))?;
    wait_for("the next letter is answered", LONG, || {
        let mails = tests::maildir::mails(&story.house.replies)?;
        Ok((mails.len() > before).then_some(()))
    })?;
    daemon.stop()
}

#[test]
fn mail_of_after_the_backup_is_filed_again_from_the_vault_and_once() -> Result<()> {
    let house = SmallHouse::open()?;
    let home = &house.home;
    let mut daemon = home.run()?;
    house.deliver(&erasure(ANNA, "one@post.example"))?;
    house.answers(1)?;
    let backup = house.place.path().join("backup");
    home.say(&["backup", "--to", &backup.to_string_lossy()])?;
    let letter = erasure(LATER, "two@post.example");
    house.deliver(&letter)?;
    house.answers(2)?;
    daemon.stop()?;
    let asked = |count: usize| -> Result<Value> {
        let tickets = home.tickets()?;
        assert_eq!(tickets.len(), count, "{tickets:?}");
        request(home, tickets[0]["number"].as_str().expect("a number"))
    };
    let before = asked(2)?;

    // Nowhere but in the vault.
    for folder in ["new", "cur"] {
        for entry in fs::read_dir(house.mailbox.join(folder))? {
            fs::remove_file(entry?.path())?;
        }
    }
    let from = backup.to_string_lossy();
    let mut restore = home.command(&["restore", "--from", &from, "--replace"]);
    restore.env("CONSENTRY_FAILPOINT", "taken_up").output()?;
    // What was not taken up yet would be lost.
    refused(&home.output(&["restore", "--release"])?, "take_up_is_owed");
    refused(&home.output(&["intake", "run", "--once"])?, "take_up_is_owed");
    let report = home.json(&["restore", "--from", &from])?;
    assert_eq!(report["unknown_objects"], 0, "{report:#}");
    asked(1)?;
    home.say(&["intake", "run", "--once"])?;
    let again = asked(2)?;
    assert_eq!((&again["name"], &again["received_at"]), (&before["name"], &before["received_at"]));
    // The same letter, found on the server after all.
    house.deliver(&letter)?;
    home.say(&["intake", "run", "--once"])?;
    assert_eq!(asked(2)?["id"], again["id"]);
    let report = home.json(&["restore", "--from", &from])?;
    assert_eq!((&report["taken_up"], &report["unknown_objects"]), (&0.into(), &0.into()));
    Ok(())
}
