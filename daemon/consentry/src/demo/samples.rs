//! The sample mails, delivered into a Maildir as a server would.

use std::path::Path;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "demo/mails"]
struct Mails;

/// Minutes between one sample and the next; the last one came just now.
const APART: i64 = 20;

/// The names of the samples, in the order of their delivery.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = Mails::iter().map(|name| name.to_string()).collect();
    names.sort();
    names
}

/// Makes the Maildir.
///
/// # Errors
/// When it cannot be made.
pub fn prepare(maildir: &Path) -> anyhow::Result<()> {
    for room in ["tmp", "new", "cur"] {
        std::fs::create_dir_all(maildir.join(room))
            .with_context(|| format!("cannot make the Maildir `{}`", maildir.display()))?;
    }
    Ok(())
}

/// Puts every sample into `new`, the delivery time in its name; one that is there already, from
/// an earlier demo in the same directory, stays.
///
/// # Errors
/// When a file cannot be written.
pub fn deliver(maildir: &Path, now: Timestamp) -> anyhow::Result<()> {
    let names = names();
    let count = i64::try_from(names.len()).unwrap_or(i64::MAX);
    for (place, name) in (1..).zip(&names) {
        if is_delivered(maildir, name)? {
            continue;
        }
        let Some(mail) = Mails::get(name) else { continue };
        let at = now.checked_sub(SignedDuration::from_mins(APART * (count - place)))?;
        let key = format!("{}.{}.demo", at.as_second(), stem(name));
        let tmp = maildir.join("tmp").join(&key);
        std::fs::write(&tmp, &mail.data)?;
        std::fs::rename(&tmp, maildir.join("new").join(&key))?;
    }
    Ok(())
}

/// The name of the mail that comes in while the campaign runs.
const LATE: &str = "26-erasure-while-the-campaign-runs";

/// Delivers a mail of `from` that says «удалите мои данные».
///
/// # Errors
/// When the file cannot be written.
pub fn deliver_late(maildir: &Path, from: &str, now: Timestamp) -> anyhow::Result<()> {
    let mail = format!(
        "Return-Path: <{from}>\r\nDelivered-To: hello@estetimed.example\r\n\
         Authentication-Results: mail.estetimed.example; dmarc=pass header.from={domain}\r\n\
         From: {from}\r\nTo: hello@estetimed.example\r\nSubject: Delete my data\r\n\
         Message-ID: <late-{stamp}@{domain}>\r\nDate: {date}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Здравствуйте! Удалите мои данные.\r\n",
        domain = from.rsplit_once('@').map_or("", |(_, domain)| domain),
        stamp = now.as_microsecond(),
        date = jiff::fmt::rfc2822::to_string(&now.to_zoned(jiff::tz::TimeZone::UTC))?,
    );
    let key = format!("{}.{LATE}.demo", now.as_second());
    let tmp = maildir.join("tmp").join(&key);
    std::fs::write(&tmp, mail)?;
    Ok(std::fs::rename(&tmp, maildir.join("new").join(&key))?)
}

/// The sample behind a Maildir key.
pub fn name_of(key: &str) -> String {
    let stem = key.split_once('.').and_then(|(_, rest)| rest.strip_suffix(".demo"));
    stem.map_or_else(|| key.to_owned(), |stem| format!("{stem}.eml"))
}

/// How many mails wait in `new`.
///
/// # Errors
/// When the directory cannot be read.
pub fn waiting(maildir: &Path) -> std::io::Result<usize> {
    Ok(std::fs::read_dir(maildir.join("new"))?.count())
}

fn stem(name: &str) -> &str {
    name.trim_end_matches(".eml")
}

fn is_delivered(maildir: &Path, name: &str) -> std::io::Result<bool> {
    let end = format!(".{}.demo", stem(name));
    for room in ["new", "cur"] {
        for file in std::fs::read_dir(maildir.join(room))? {
            let file = file?.file_name();
            let key = file.to_string_lossy();
            if key.split(':').next().is_some_and(|key| key.ends_with(&end)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_are_delivered_once_and_in_order() {
        let dir = tempfile::tempdir().expect("a directory");
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        prepare(dir.path()).expect("made");
        deliver(dir.path(), now).expect("delivered");
        deliver(dir.path(), now).expect("delivered");
        assert!(names().len() >= 20);
        assert_eq!(waiting(dir.path()).expect("readable"), names().len());
        assert_eq!(name_of("1800000000.25-erasure-reminder-ru.demo"), "25-erasure-reminder-ru.eml");
    }
}
