//! What tokens promise: what was sealed opens, nothing else does, and nothing shows.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::scripted::Scripted;

fn room() -> (tempfile::TempDir, Scripted, Digests) {
    let directory = tempfile::tempdir().expect("directory");
    let entropy = Scripted::default();
    let digests = Digests::open(directory.path(), &entropy).expect("opened");
    (directory, entropy, digests)
}

fn token(kind: TokenKind, delivery: i64, subscription: Option<i64>) -> MailToken {
    MailToken {
        kind,
        delivery: DeliveryId(delivery),
        subscription: subscription.map(SubscriptionId),
    }
}

/// One house for all the cases of a property: keys on disk are costly.
static DIGESTS: LazyLock<Digests> = LazyLock::new(|| room().2);

fn kinds() -> impl Strategy<Value = TokenKind> {
    prop_oneof![Just(TokenKind::Unsubscribe), Just(TokenKind::Bounce)]
}

#[test]
fn every_token_fits_a_local_part_whatever_the_ids() {
    let (_directory, _, digests) = room();
    for id in [0, 1, i64::MAX, i64::MIN, -1] {
        for subscription in [None, Some(id)] {
            let words = token(TokenKind::Bounce, id, subscription);
            let text = digests.seal_token(&words);
            assert_eq!(text.len(), TOKEN_LENGTH);
            assert!(format!("bounce+{text}").len() <= 64);
            assert!(text.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b)));
            assert_eq!(digests.open_token(&text), Some(words));
        }
    }
}

#[test]
fn a_token_in_capitals_is_read_too() {
    let (_directory, _, digests) = room();
    let words = token(TokenKind::Unsubscribe, 7, Some(9));
    let text = digests.seal_token(&words);
    assert_eq!(digests.open_token(&text.to_ascii_uppercase()), Some(words));
}

#[test]
fn a_token_from_before_a_rotation_opens_and_one_of_another_house_does_not() {
    let (directory, entropy, mut digests) = room();
    let words = token(TokenKind::Unsubscribe, 7, Some(9));
    let old = digests.seal_token(&words);
    for _ in 0..3 {
        digests.rotate(&entropy).expect("rotated");
    }
    let new = digests.seal_token(&words);
    assert_ne!(old, new);
    let again = Digests::open(directory.path(), &entropy).expect("opened again");
    assert_eq!(again.open_token(&old), Some(words));
    assert_eq!(again.open_token(&new), Some(words));
    let elsewhere = tempfile::tempdir().expect("directory");
    let other = Digests::open(elsewhere.path(), &entropy).expect("opened");
    assert_eq!(other.open_token(&old), None);
}

#[test]
fn one_kind_never_becomes_the_other_nor_gains_or_loses_a_subscription() {
    let (_directory, _, digests) = room();
    let text = digests.seal_token(&token(TokenKind::Bounce, 7, Some(9)));
    let sealed = unpack(&text).expect("a token");
    for form in (0..=u8::MAX).filter(|form| *form != sealed[0]) {
        let mut forged = sealed;
        forged[0] = form;
        assert_eq!(digests.open_token(&BASE32_NOPAD.encode(&forged)), None, "{form}");
    }
}

#[test]
fn a_token_does_not_show_its_ids_and_neighbours_share_nothing() {
    let (_directory, _, digests) = room();
    let one = digests.seal_token(&token(TokenKind::Bounce, 7, Some(9)));
    let next = digests.seal_token(&token(TokenKind::Bounce, 8, Some(9)));
    let same = one.bytes().zip(next.bytes()).skip(5).filter(|(a, b)| a == b).count();
    assert!(same < 15, "{same} of 51 characters are the same");
    assert_eq!(format!("{:?}", token(TokenKind::Bounce, 7, Some(9))), "MailToken(***)");
}

#[test]
fn a_token_is_no_digest_of_another_purpose() {
    let (_directory, _, digests) = room();
    let text = digests.seal_token(&token(TokenKind::Bounce, 7, None));
    assert_ne!(digests.token(&text).bytes, digests.digest(Purpose::MailToken, b"").bytes);
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_any_other_character_closes_it(
        kind in kinds(),
        delivery in any::<i64>(),
        subscription in proptest::option::of(any::<i64>()),
        at in 0..TOKEN_LENGTH,
        other in "[a-z2-7A-Z018 =+é]",
    ) {
        let digests = &*DIGESTS;
        let words = token(kind, delivery, subscription);
        let text = digests.seal_token(&words);
        prop_assert_eq!(digests.open_token(&text), Some(words));
        let mut changed = text.clone();
        changed.replace_range(at..=at, &other);
        if !changed.eq_ignore_ascii_case(&text) {
            prop_assert_eq!(digests.open_token(&changed), None);
        }
        let mut cut = text.clone();
        cut.truncate(at);
        prop_assert_eq!(digests.open_token(&cut), None);
        prop_assert_eq!(digests.open_token(&format!("{text}{other}")), None);
    }

    #[test]
    fn no_text_from_outside_opens(text in "\\PC{0,80}", letters in "[a-z2-7]{56}") {
        let digests = &*DIGESTS;
        prop_assert_eq!(digests.open_token(&text), None);
        prop_assert_eq!(digests.open_token(&letters), None);
    }
}
