//! The other outlet: mails as files of a Maildir, for the demo and for tests.
//!
//! The same discipline as a relay: what is not renamed into `new` is not sent, and what is
//! renamed but not known to be durable is uncertain. The bytes are those of the wire (CRLF), with
//! the envelope on top as a delivering server writes it.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::MailingError;
use crate::outcome::{Answer, EnhancedCode, Outcome};
use crate::outlet::Envelope;
use crate::wire_journal::Attempt;

/// A Maildir that takes mail.
#[derive(Debug)]
pub struct Maildir {
    path: PathBuf,
}

impl Maildir {
    /// The Maildir in `path`; it need not exist yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Makes its three directories where they are missing.
    ///
    /// # Errors
    /// [`MailingError::Maildir`] when that is not possible.
    pub async fn prepare(&self) -> Result<(), MailingError> {
        for name in ["tmp", "new", "cur"] {
            let path = self.path.join(name);
            tokio::fs::create_dir_all(&path)
                .await
                .map_err(|source| MailingError::Maildir { path, source })?;
        }
        Ok(())
    }

    /// Writes one mail; its file is named after the attempt.
    pub async fn deliver(&self, attempt: Attempt, envelope: &Envelope, message: &[u8]) -> Outcome {
        let name = format!("{}.attempt{}.consentry", attempt.delivery, attempt.number);
        let sender = envelope.sender.as_ref().map_or("", |sender| sender.expose());
        let recipient = envelope.recipient.expose();
        let mut bytes =
            format!("Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n").into_bytes();
        bytes.extend_from_slice(message);
        let root = self.path.clone();
        let written =
            tokio::task::spawn_blocking(move || write_durably(&root, &name, &bytes)).await;
        match written {
            Ok(outcome) => outcome,
            Err(_) => {
                Outcome::Uncertain(Answer::our_own("the write into the Maildir was broken off"))
            }
        }
    }
}

/// Gives the file its place. The same mail stands there once. A restored database counts its
/// deliveries from where the backup ended: another mail under the same name stays what it is.
fn place(temporary: &Path, folder: &Path, name: &str) -> std::io::Result<()> {
    let mut free = name.to_owned();
    let mut again = 1;
    while let Err(error) = std::fs::hard_link(temporary, folder.join(&free)) {
        if error.kind() != std::io::ErrorKind::AlreadyExists {
            return Err(error);
        }
        if std::fs::read(folder.join(&free))? == std::fs::read(temporary)? {
            break;
        }
        again += 1;
        free = format!("{name}-{again}");
    }
    std::fs::remove_file(temporary)
}

fn write_durably(root: &Path, name: &str, bytes: &[u8]) -> Outcome {
    let temporary = root.join("tmp").join(name);
    let written = std::fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| place(&temporary, &root.join("new"), name));
    if let Err(error) = written {
        let _ = std::fs::remove_file(&temporary);
        return Outcome::Deferred(Answer::our_own_with(
            EnhancedCode(4, 3, 0),
            &format!("the Maildir cannot be written: {}", error.kind()),
        ));
    }
    match std::fs::File::open(root.join("new")).and_then(|directory| directory.sync_all()) {
        Ok(()) => Outcome::Accepted(Answer::our_own_with(EnhancedCode(2, 0, 0), "in the Maildir")),
        Err(error) => Outcome::Uncertain(Answer::our_own(&format!(
            "the Maildir cannot be made durable: {}",
            error.kind()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlet::Notify;
    use domain::address::EmailAddress;
    use domain::ids::DeliveryId;

    fn envelope() -> Envelope {
        Envelope {
            sender: None,
            recipient: EmailAddress::parse("anna@mail.example").expect("valid"),
            notify: Notify::Default,
        }
    }

    #[tokio::test]
    async fn a_mail_stands_in_new_whole_and_once() {
        let directory = tempfile::tempdir().expect("made");
        let maildir = Maildir::new(directory.path());
        maildir.prepare().await.expect("made");
        let attempt = Attempt { delivery: DeliveryId(7), number: 2 };
        for _ in 0..2 {
            let outcome = maildir.deliver(attempt, &envelope(), b"Subject: a\r\n\r\nb\r\n").await;
            assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
        }
        let files: Vec<_> =
            std::fs::read_dir(directory.path().join("new")).expect("read").collect();
        assert_eq!(files.len(), 1);
        let path = files[0].as_ref().expect("read").path();
        let text = std::fs::read_to_string(path).expect("read");
        assert_eq!(
            text,
            "Return-Path: <>\r\nDelivered-To: anna@mail.example\r\nSubject: a\r\n\r\nb\r\n"
        );
    }

    #[tokio::test]
    async fn another_mail_of_the_same_number_takes_no_place_of_a_mail() {
        let directory = tempfile::tempdir().expect("made");
        let maildir = Maildir::new(directory.path());
        maildir.prepare().await.expect("made");
        let attempt = Attempt { delivery: DeliveryId(7), number: 1 };
        for body in [&b"Subject: a\r\n\r\nbefore\r\n"[..], b"Subject: a\r\n\r\nafter\r\n"] {
            let outcome = maildir.deliver(attempt, &envelope(), body).await;
            assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
        }
        let count =
            |folder: &str| std::fs::read_dir(directory.path().join(folder)).expect("read").count();
        assert_eq!((count("new"), count("tmp")), (2, 0));
    }

    #[tokio::test]
    async fn a_mail_that_cannot_be_written_is_deferred() {
        let directory = tempfile::tempdir().expect("made");
        let maildir = Maildir::new(&directory.path().join("missing"));
        let attempt = Attempt { delivery: DeliveryId(7), number: 1 };
        let outcome = maildir.deliver(attempt, &envelope(), b"a").await;
        assert!(matches!(outcome, Outcome::Deferred(_)), "{outcome:?}");
        let file = directory.path().join("file");
        std::fs::write(&file, b"").expect("written");
        assert!(Maildir::new(&file).prepare().await.is_err());
    }
}
