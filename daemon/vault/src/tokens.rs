//! Tokens in our own mail: by them an unsubscribe or a bounce says which delivery it is about.
//!
//! Called when a campaign mail is built, and by intake and the public pages when one comes back.
//! A token is opaque and authenticated: AES-256-GCM-SIV under a key of its own, derived from a
//! digest key, so that no table of tokens is kept and a rotation retires none (RFC 8058 §3.1 wants
//! an opaque part that is hard to forge). 56 letters and digits: it fits a local part.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use data_encoding::{BASE32_NOPAD, BASE32_NOPAD_NOCASE};
use domain::digest::DigestKeyId;
use domain::ids::{DeliveryId, SubscriptionId};

use crate::digests::{Digests, Purpose};

/// How long every token is, in characters: `bounce+` and it have 63 of the 64 octets that a local
/// part may have (RFC 5321 §4.5.3.1.1).
pub const TOKEN_LENGTH: usize = 56;

const VERSION: u8 = 1;
const HEAD: usize = 3;
const IDS: usize = 16;
const TAG: usize = 16;
const SEALED: usize = HEAD + IDS + TAG;

const BOUNCE: u8 = 0b10;
const HAS_SUBSCRIPTION: u8 = 0b01;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Ends the subscription.
    Unsubscribe,
    /// Tells which delivery bounced or was complained about.
    Bounce,
}

/// What a token says.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MailToken {
    /// What it is good for.
    pub kind: TokenKind,
    /// The mail that it was sent with.
    pub delivery: DeliveryId,
    /// The subscription by which that mail was sent; none for a mail outside campaigns.
    pub subscription: Option<SubscriptionId>,
}

impl fmt::Debug for MailToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailToken(***)")
    }
}

impl Digests {
    /// The token of these words under the current key: 56 characters `a` to `z` and `2` to `7`.
    /// The same words give the same token until the key is rotated.
    #[must_use]
    pub fn seal_token(&self, token: &MailToken) -> String {
        let (id, key) = self.current_token_key();
        key.seal(id, token)
    }

    /// What a token says, in upper or lower case and under any key; `None` when it is not ours or
    /// not whole.
    #[must_use]
    pub fn open_token(&self, token: &str) -> Option<MailToken> {
        let sealed = unpack(token)?;
        let number = [sealed[1], sealed[2]];
        let mut candidates = self.token_keys().filter(|(id, _)| short(*id) == number);
        candidates.find_map(|(_, key)| key.open(&sealed))
    }
}

/// The key that seals tokens, derived from a digest key.
pub(crate) struct TokenKey(LessSafeKey);

impl TokenKey {
    pub(crate) fn derive(digest_key: &hmac::Key) -> Self {
        let key = hmac::sign(digest_key, &Purpose::MailToken.prefixed(b""));
        let key = UnboundKey::new(&AES_256_GCM_SIV, key.as_ref())
            .expect("HMAC-SHA-256 gives the 32 bytes of an AES-256 key");
        Self(LessSafeKey::new(key))
    }

    fn seal(&self, id: DigestKeyId, token: &MailToken) -> String {
        let mut sealed = [0; SEALED];
        let (head, rest) = sealed.split_at_mut(HEAD);
        let (ids, tag) = rest.split_at_mut(IDS);
        let [high, low] = short(id);
        head.copy_from_slice(&[form(token), high, low]);
        ids[..8].copy_from_slice(&token.delivery.0.to_be_bytes());
        let subscription = token.subscription.map_or(0, |subscription| subscription.0);
        ids[8..].copy_from_slice(&subscription.to_be_bytes());
        let made = self
            .0
            .seal_in_place_separate_tag(nonce(), Aad::from(&*head), ids)
            .expect("16 bytes are far below the limit of AES-GCM-SIV");
        tag.copy_from_slice(made.as_ref());
        let mut text = BASE32_NOPAD.encode(&sealed);
        text.make_ascii_lowercase();
        text
    }

    fn open(&self, sealed: &[u8; SEALED]) -> Option<MailToken> {
        let (head, rest) = sealed.split_at(HEAD);
        let (ids, tag) = rest.split_at(IDS);
        let mut plain = [0; IDS];
        self.0.open_separate_gather(nonce(), Aad::from(head), ids, tag, &mut plain).ok()?;
        let (kind, has_subscription) = read_form(head[0])?;
        let (delivery, subscription) = plain.split_at(8);
        let number = |bytes: &[u8]| bytes.try_into().ok().map(i64::from_be_bytes);
        let subscription = SubscriptionId(number(subscription)?);
        Some(MailToken {
            kind,
            delivery: DeliveryId(number(delivery)?),
            subscription: has_subscription.then_some(subscription),
        })
    }
}

/// One nonce for all: RFC 8452 is made for that, and only says whether two texts are the same,
/// which is what is wanted here.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// The low half of a key's number, which names it among the few that there are; should two share
/// it, the tag decides.
fn short(id: DigestKeyId) -> [u8; 2] {
    let [.., high, low] = id.0.to_be_bytes();
    [high, low]
}

/// The first byte: version, kind, and whether there is a subscription.
fn form(token: &MailToken) -> u8 {
    let kind = match token.kind {
        TokenKind::Unsubscribe => 0,
        TokenKind::Bounce => BOUNCE,
    };
    let subscription = if token.subscription.is_some() { HAS_SUBSCRIPTION } else { 0 };
    VERSION << 4 | kind | subscription
}

fn read_form(form: u8) -> Option<(TokenKind, bool)> {
    if form >> 4 != VERSION {
        return None;
    }
    let kind = match form & 0b1110 {
        0 => TokenKind::Unsubscribe,
        BOUNCE => TokenKind::Bounce,
        _ => return None,
    };
    Some((kind, form & HAS_SUBSCRIPTION != 0))
}

fn unpack(token: &str) -> Option<[u8; SEALED]> {
    if token.len() != TOKEN_LENGTH {
        return None;
    }
    BASE32_NOPAD_NOCASE.decode(token.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests;
