//! What the fuzz targets share: the way of a mail through reader and classifier, and what must hold.
//!
//! The reader is compiled from the files of `intake` itself, without the rest of that crate.

use std::sync::LazyLock;

use classify::{OwnIdentity, Packs};
use domain::{classification::Classification, mail::ReadMail};

#[path = "../../../daemon/intake/src"]
mod intake {
    pub mod read;
    pub mod child {
        pub mod check;
    }
}

pub use intake::child::check::check;
// The module, by which its rooms name each other, and the function.
pub use intake::read;
pub use intake::read::read;

static PACKS: LazyLock<Packs> = LazyLock::new(Packs::embedded);
static OWN: LazyLock<OwnIdentity> = LazyLock::new(|| OwnIdentity {
    domains: vec!["clinic.example".to_owned()],
    loop_mark: Some("5d41402abc4b2a76b9719d91".to_owned()),
    message_id_domain: Some("clinic.example".to_owned()),
    ..OwnIdentity::default()
});

/// Classifies as the reader child does.
#[must_use]
pub fn judge(mail: &ReadMail) -> Classification {
    classify::classify(mail, &PACKS, &OWN)
}

/// Reads, classifies and holds both to what every answer of a child must hold.
///
/// # Panics
/// When it does not hold.
pub fn whole(raw: &[u8]) {
    let Ok(mail) = read(raw) else { return };
    holds(&mail);
}

/// Classifies and holds the answer to what must hold.
///
/// # Panics
/// When it does not hold.
pub fn holds(mail: &ReadMail) {
    let found = judge(mail);
    if let Err(error) = check(mail, &found) {
        panic!("{error}");
    }
    assert!(found.new_text.len() <= mail.text.len() + ATTACHED, "new text out of nothing");
    assert_eq!(judge(mail), found, "judged in two ways");
}

/// New text may be that of a mail that was passed on; texts are cut at this length.
const ATTACHED: usize = 256 * 1024;

/// A mail of one part with these bytes as they are.
#[must_use]
pub fn mail_of(content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut raw = format!(
        "From: a@mail.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\
         Content-Transfer-Encoding: binary\r\n\r\n"
    )
    .into_bytes();
    raw.extend_from_slice(body);
    raw
}
