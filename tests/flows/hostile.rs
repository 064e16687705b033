//! Every hostile mail is filed, or quarantined with a ticket: reading cannot fail.

use std::{fs, path::Path};

use tests::{Result, hostile, maildir};

use crate::clinic::SmallHouse;

/// After `intake run --once` nothing waits in `new`, and every mail has its line.
fn all_are_filed(mails: &[(String, Vec<u8>)]) -> Result<()> {
    let house = SmallHouse::open()?;
    for (_, raw) in mails {
        house.deliver(raw)?;
    }
    let said = house.home.say(&["intake", "run", "--once"])?;
    let waiting = fs::read_dir(house.mailbox.join("new"))?.count();
    assert_eq!(waiting, 0, "{waiting} mails wait still:\n{said}");
    assert_eq!(maildir::mails(&house.mailbox)?.len(), mails.len());
    assert!(said.lines().count() >= mails.len(), "{said}");
    Ok(())
}

#[test]
fn every_mail_of_the_hostile_corpus_is_filed() -> Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/hostile");
    let mut mails = Vec::new();
    for entry in fs::read_dir(corpus)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            mails.push((path.display().to_string(), fs::read(&path)?));
        }
    }
    assert!(mails.len() >= 40);
    all_are_filed(&mails)
}

#[test]
fn mails_made_to_exhaust_the_reader_are_filed() -> Result<()> {
    let made: Vec<_> =
        hostile::large(16).into_iter().map(|mail| (mail.name.to_owned(), mail.raw)).collect();
    all_are_filed(&made)
}
