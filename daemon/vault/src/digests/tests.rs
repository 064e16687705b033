//! What digests promise: they match across rotations, never across purposes, and survive the
//! process.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::scripted::Scripted;

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("valid")
}

fn room() -> (tempfile::TempDir, Scripted, Digests) {
    let directory = tempfile::tempdir().expect("directory");
    let entropy = Scripted::default();
    let digests = Digests::open(directory.path(), &entropy).expect("opened");
    (directory, entropy, digests)
}

#[test]
fn the_first_key_is_made_once_and_found_again() {
    let (directory, entropy, digests) = room();
    assert_eq!(digests.keys(), [DigestKeyId(1)]);
    let again = Digests::open(directory.path(), &entropy).expect("opened again");
    assert_eq!(again.raw(b"mail"), digests.raw(b"mail"));
    let path = directory.path().join("digest/1.key");
    let mode = fs::metadata(&path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn it_is_hmac_sha_256_over_purpose_zero_and_data() {
    let (directory, _, digests) = room();
    let file = fs::read(directory.path().join("digest/1.key")).expect("read");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &file[8..40]);
    let expected = hmac::sign(&key, b"message-id\0a@b");
    assert_eq!(digests.message_id("a@b").bytes, expected.as_ref());
}

#[test]
fn what_was_digested_before_a_rotation_still_matches() {
    let (directory, entropy, mut digests) = room();
    let old = digests.address(&address("Anna.Petrova+shop@gmail.com"));
    assert_eq!(digests.rotate(&entropy).expect("rotated"), DigestKeyId(2));
    let new = digests.address(&address("annapetrova@gmail.com"));
    assert_eq!(new.stop.key, DigestKeyId(2));
    let all = digests.address_all(&address("annapetrova@gmail.com"));
    assert_eq!(all[0], new);
    assert_eq!(all[1].stop, old.stop);
    assert_ne!(all[1].exact, old.exact, "another exact address");
    let again = Digests::open(directory.path(), &entropy).expect("opened again");
    assert_eq!(again.keys(), [DigestKeyId(2), DigestKeyId(1)]);
    assert_eq!(again.token_all("t"), digests.token_all("t"));
}

#[test]
fn a_digest_for_one_purpose_never_matches_another() {
    let (_directory, _, digests) = room();
    let mut all = Vec::new();
    for purpose in [
        Purpose::ExactAddress,
        Purpose::StopKey,
        Purpose::MessageId,
        Purpose::RawMessage,
        Purpose::FormEntry,
        Purpose::StatusCode,
        Purpose::Token,
        Purpose::MailToken,
        Purpose::LoopMark,
        Purpose::Challenge,
        Purpose::RateLimit,
        Purpose::Fingerprint,
    ] {
        assert!(!purpose.word().contains('\0'));
        all.push(digests.digest(purpose, b"x").bytes);
    }
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn a_mail_in_pieces_has_the_digest_of_the_whole() {
    let (_directory, _, digests) = room();
    let mut pieces = digests.raw_in_pieces();
    pieces.update(b"From: ");
    pieces.update(b"anna");
    assert_eq!(pieces.finish(), digests.raw(b"From: anna"));
}

#[test]
fn only_our_own_loop_mark_for_this_mail_is_ours() {
    let (_directory, entropy, mut digests) = room();
    let mark = digests.loop_mark("1@hello.example");
    digests.rotate(&entropy).expect("rotated");
    assert!(digests.verify_loop_mark("1@hello.example", &mark));
    assert!(digests.verify_loop_mark("1@hello.example", &format!(" {mark}\r\n")));
    assert!(!digests.verify_loop_mark("2@hello.example", &mark));
    for other in ["", "00", "zz", &mark[..62], &mark.replace(&mark[..2], "00")] {
        assert!(!digests.verify_loop_mark("1@hello.example", other), "{other}");
    }
}

#[test]
fn another_key_of_the_same_number_has_another_fingerprint() {
    let (_one, entropy, digests) = room();
    let other = tempfile::tempdir().expect("directory");
    let elsewhere = Digests::open(other.path(), &entropy).expect("opened");
    let print = |digests: &Digests| digests.fingerprint(DigestKeyId(1)).expect("there");
    assert_eq!(print(&digests), print(&digests.clone()));
    // `entropy` went on, as the machine's would.
    assert_ne!(print(&digests), print(&elsewhere));
    let missing = digests.fingerprint(DigestKeyId(7)).expect_err("no such key");
    assert!(missing.to_string().contains("digest key 7"), "{missing}");
}

#[test]
fn a_damaged_key_is_an_error_and_never_replaced() {
    let (directory, entropy, _) = room();
    let path = directory.path().join("digest/1.key");
    let mut bytes = fs::read(&path).expect("read");
    bytes[20] ^= 1;
    fs::write(&path, &bytes).expect("damaged");
    let error = Digests::open(directory.path(), &entropy).expect_err("refused");
    assert!(matches!(error, VaultError::CorruptKey(found) if found == path));
    assert_eq!(fs::read(&path).expect("read"), bytes);
}

#[test]
fn two_processes_that_start_at_once_get_the_same_first_key() {
    let directory = tempfile::tempdir().expect("directory");
    let entropy = Scripted::default();
    let opened: Vec<Digests> = std::thread::scope(|scope| {
        let open = || Digests::open(directory.path(), &entropy).expect("opened");
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().expect("joined")).collect()
    });
    for digests in &opened {
        assert_eq!(digests.raw(b"x"), opened[0].raw(b"x"));
    }
}
