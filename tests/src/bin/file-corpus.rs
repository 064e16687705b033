//! Files a whole directory of mails and says what became of each: for corpora that are not ours.
//!
//!     file-corpus DIRECTORY
//!
//! Every file becomes a mail in a Maildir; one `intake run --once` must leave none of them
//! unfiled, and the daemon must live. Prints the lines of the run and a sum.
#![allow(clippy::print_stdout, reason = "a tool prints its findings")]

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use tests::{
    daemon::{Home, Settings},
    maildir,
    place::Place,
};

fn main() -> Result<ExitCode> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from);
    let directory = directory.context("usage: file-corpus DIRECTORY")?;
    let place = Place::new()?;
    let (mailbox, replies) = (place.path().join("hello"), place.path().join("replies"));
    maildir::make(&replies)?;
    let mut delivered = 0;
    let mut rooms = vec![directory];
    while let Some(room) = rooms.pop() {
        for entry in fs::read_dir(&room)? {
            let path = entry?.path();
            if path.is_dir() {
                rooms.push(path);
            } else {
                maildir::deliver(&mailbox, &fs::read(&path)?, 1_793_600_000)?;
                delivered += 1;
            }
        }
    }
    let settings = Settings::embedded("hello@clinic.example", &mailbox, &replies);
    let home = Home::make(&place, "home", &settings)?;
    let said = home.say(&["intake", "run", "--once"])?;
    print!("{said}");
    let waiting = fs::read_dir(mailbox.join("new"))?.count();
    let tickets = home.tickets()?.len();
    println!("{delivered} mails, {waiting} not filed, {tickets} tickets");
    Ok(if waiting == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
