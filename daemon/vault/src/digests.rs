//! Keyed digests: how an address, a Message-ID or a token is known again without being kept.
//!
//! HMAC-SHA-256 under numbered keys in `<keys directory>/digest/`. The newest key makes new
//! digests; older ones are kept for matching. Every use has its own [`Purpose`], so that a digest
//! made for one thing never matches another. Losing these keys means that no stop matches any
//! more: the process compares [`Digests::keys`] and [`Digests::fingerprint`] with the database.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::hmac;
use domain::address::EmailAddress;
use domain::ambient::{Entropy, random_bytes};
use domain::digest::{AddressDigests, Digest, DigestKeyId};

use crate::durable::{self, Incoming, Sync};
use crate::error::VaultError;
use crate::keys::{self, Key, NoKey};
use crate::tokens::TokenKey;

const SUFFIX: &str = ".key";

/// What a digest is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// An address as it is, but for case.
    ExactAddress,
    /// The wide form of an address, by which stops match.
    StopKey,
    /// A Message-ID.
    MessageId,
    /// The bytes of a raw mail.
    RawMessage,
    /// The content of a form entry, to know a double click.
    FormEntry,
    /// The code with which a person sees the status of a ticket.
    StatusCode,
    /// A token in a link.
    Token,
    /// The key that seals the tokens in our own mail.
    MailToken,
    /// Our mark on our own mail, to break loops.
    LoopMark,
    /// A challenge that a form's page handed out.
    Challenge,
    /// A sender or a visitor, for counting against a limit.
    RateLimit,
    /// The old value of a field that is to be corrected.
    OldValue,
    /// The key itself, to tell whether it is the one that the database knows.
    Fingerprint,
}

impl Purpose {
    /// The word that goes into the digest; never changed once in use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ExactAddress => "exact-address",
            Self::StopKey => "stop-key",
            Self::MessageId => "message-id",
            Self::RawMessage => "raw-message",
            Self::FormEntry => "form-entry",
            Self::StatusCode => "status-code",
            Self::Token => "token",
            Self::MailToken => "mail-token",
            Self::LoopMark => "loop-mark",
            Self::Challenge => "challenge",
            Self::RateLimit => "rate-limit",
            Self::OldValue => "old-value",
            Self::Fingerprint => "fingerprint",
        }
    }
}

/// The digest keys; clones share them. A rotation by another process is seen at the next open.
#[derive(Clone)]
pub struct Digests {
    directory: PathBuf,
    /// Newest first, never empty.
    keys: Arc<[DigestKey]>,
}

struct DigestKey {
    id: DigestKeyId,
    key: hmac::Key,
    tokens: TokenKey,
}

impl std::fmt::Debug for Digests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Digests").field(&self.keys()).finish()
    }
}

impl Digests {
    /// Reads the keys in `<keys_directory>/digest/`; makes the first when there is none. Blocks
    /// for a few file reads.
    ///
    /// # Errors
    /// When a key is damaged, the directory cannot be written, or others may read it.
    pub fn open(keys_directory: &Path, entropy: &dyn Entropy) -> Result<Self, VaultError> {
        let directory = keys_directory.join("digest");
        durable::prepare(&directory)?;
        keys::check_private(&directory)?;
        let mut found = read_keys(&directory)?;
        if found.is_empty() {
            create_key(&directory, DigestKeyId(1), entropy)?;
            found = read_keys(&directory)?;
        }
        if found.is_empty() {
            return Err(VaultError::NoDigestKey(DigestKeyId(1)));
        }
        Ok(Self { directory, keys: found.into() })
    }

    /// The number of the key that makes new digests.
    #[must_use]
    pub fn current(&self) -> DigestKeyId {
        self.newest().id
    }

    /// The numbers of all keys, newest first.
    #[must_use]
    pub fn keys(&self) -> Vec<DigestKeyId> {
        self.keys.iter().map(|key| key.id).collect()
    }

    /// Makes a new key the current one. What stays stored under older keys goes on matching.
    ///
    /// # Errors
    /// When the key cannot be written, or another process rotates just now.
    pub fn rotate(&mut self, entropy: &dyn Entropy) -> Result<DigestKeyId, VaultError> {
        let next = DigestKeyId(self.current().0.saturating_add(1));
        create_key(&self.directory, next, entropy)?;
        self.keys = read_keys(&self.directory)?.into();
        Ok(self.current())
    }

    /// A digest under the current key.
    #[must_use]
    pub fn digest(&self, purpose: Purpose, data: &[u8]) -> Digest {
        self.newest().digest(purpose, data)
    }

    /// The digests under every key, current first: what a stored one is matched against.
    #[must_use]
    pub fn digest_all(&self, purpose: Purpose, data: &[u8]) -> Vec<Digest> {
        self.keys.iter().map(|key| key.digest(purpose, data)).collect()
    }

    /// A digest under the key of that number.
    ///
    /// # Errors
    /// [`VaultError::NoDigestKey`].
    pub fn digest_under(
        &self,
        key: DigestKeyId,
        purpose: Purpose,
        data: &[u8],
    ) -> Result<Digest, VaultError> {
        let known = self.keys.iter().find(|known| known.id == key);
        known.map(|known| known.digest(purpose, data)).ok_or(VaultError::NoDigestKey(key))
    }

    /// What tells this key from another of the same number, to be kept in the database.
    ///
    /// # Errors
    /// [`VaultError::NoDigestKey`].
    pub fn fingerprint(&self, key: DigestKeyId) -> Result<Digest, VaultError> {
        self.digest_under(key, Purpose::Fingerprint, b"")
    }

    /// The digests by which an address is stored, under the current key.
    #[must_use]
    pub fn address(&self, address: &EmailAddress) -> AddressDigests {
        self.newest().address(&address.exact_key(), &address.stop_key())
    }

    /// The digests by which an address is looked for, one pair for each key, current first.
    #[must_use]
    pub fn address_all(&self, address: &EmailAddress) -> Vec<AddressDigests> {
        let (exact, stop) = (address.exact_key(), address.stop_key());
        self.keys.iter().map(|key| key.address(&exact, &stop)).collect()
    }

    /// The digest of a Message-ID without angle brackets.
    #[must_use]
    pub fn message_id(&self, message_id: &str) -> Digest {
        self.digest(Purpose::MessageId, message_id.as_bytes())
    }

    /// The digests of a Message-ID under every key, current first.
    #[must_use]
    pub fn message_id_all(&self, message_id: &str) -> Vec<Digest> {
        self.digest_all(Purpose::MessageId, message_id.as_bytes())
    }

    /// The digest of a raw mail.
    #[must_use]
    pub fn raw(&self, bytes: &[u8]) -> Digest {
        self.digest(Purpose::RawMessage, bytes)
    }

    /// The digests of a raw mail under every key, current first.
    #[must_use]
    pub fn raw_all(&self, bytes: &[u8]) -> Vec<Digest> {
        self.digest_all(Purpose::RawMessage, bytes)
    }

    /// The digest of a raw mail that comes in pieces.
    #[must_use]
    pub fn raw_in_pieces(&self) -> RawDigest {
        let newest = self.newest();
        RawDigest { key: newest.id, context: newest.begin(Purpose::RawMessage) }
    }

    /// The digest of a token.
    #[must_use]
    pub fn token(&self, token: &str) -> Digest {
        self.digest(Purpose::Token, token.as_bytes())
    }

    /// The digests of a token under every key, current first.
    #[must_use]
    pub fn token_all(&self, token: &str) -> Vec<Digest> {
        self.digest_all(Purpose::Token, token.as_bytes())
    }

    /// The digest of a ticket's status code.
    #[must_use]
    pub fn status_code(&self, code: &str) -> Digest {
        self.digest(Purpose::StatusCode, code.as_bytes())
    }

    /// The digests of a ticket's status code under every key, current first.
    #[must_use]
    pub fn status_code_all(&self, code: &str) -> Vec<Digest> {
        self.digest_all(Purpose::StatusCode, code.as_bytes())
    }

    /// The value of our X-Consentry-Loop header for a mail (`data`: its Message-ID), in hex.
    #[must_use]
    pub fn loop_mark(&self, data: &str) -> String {
        hex::encode(self.digest(Purpose::LoopMark, data.as_bytes()).bytes)
    }

    /// Whether a loop mark is ours, under any key; the comparison takes constant time.
    #[must_use]
    pub fn verify_loop_mark(&self, data: &str, mark: &str) -> bool {
        let Ok(mark) = hex::decode(mark.trim()) else {
            return false;
        };
        let text = Purpose::LoopMark.prefixed(data.as_bytes());
        self.keys.iter().any(|key| hmac::verify(&key.key, &text, &mark).is_ok())
    }

    /// The key that seals new tokens, with its number.
    pub(crate) fn current_token_key(&self) -> (DigestKeyId, &TokenKey) {
        let newest = self.newest();
        (newest.id, &newest.tokens)
    }

    /// The keys by which tokens may have been sealed, newest first.
    pub(crate) fn token_keys(&self) -> impl Iterator<Item = (DigestKeyId, &TokenKey)> {
        self.keys.iter().map(|key| (key.id, &key.tokens))
    }

    fn newest(&self) -> &DigestKey {
        &self.keys[0]
    }
}

impl Purpose {
    pub(crate) fn prefixed(self, data: &[u8]) -> Vec<u8> {
        [self.word().as_bytes(), &[0], data].concat()
    }
}

impl DigestKey {
    fn begin(&self, purpose: Purpose) -> hmac::Context {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(purpose.word().as_bytes());
        // No word has a zero byte, so no two purposes can ever meet in one text.
        context.update(&[0]);
        context
    }

    fn digest(&self, purpose: Purpose, data: &[u8]) -> Digest {
        let mut context = self.begin(purpose);
        context.update(data);
        digest_of(self.id, context)
    }

    fn address(&self, exact: &str, stop: &str) -> AddressDigests {
        AddressDigests {
            exact: self.digest(Purpose::ExactAddress, exact.as_bytes()),
            stop: self.digest(Purpose::StopKey, stop.as_bytes()),
        }
    }
}

/// The digest of a raw mail in the making.
pub struct RawDigest {
    key: DigestKeyId,
    context: hmac::Context,
}

impl std::fmt::Debug for RawDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawDigest({})", self.key.0)
    }
}

impl RawDigest {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.context.update(piece);
    }

    /// The digest of all pieces; the same as [`Digests::raw`] of them together.
    #[must_use]
    pub fn finish(self) -> Digest {
        digest_of(self.key, self.context)
    }
}

fn digest_of(key: DigestKeyId, context: hmac::Context) -> Digest {
    let tag = context.sign();
    let bytes = tag.as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes");
    Digest { key, bytes }
}

/// Writes a key; that another process wrote one of this number at the same time is fine.
fn create_key(directory: &Path, id: DigestKeyId, entropy: &dyn Entropy) -> Result<(), VaultError> {
    let key = Key::from_bytes(random_bytes(entropy));
    let path = directory.join(format!("{}{SUFFIX}", id.0));
    let incoming = Incoming::open(directory)?;
    let named = incoming.write(&key.to_file(), Sync::Now).and_then(|new| new.name_new(&path));
    match named {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(VaultError::io("write digest key", &path)(error))
        }
        _ => durable::sync_directory(directory).map_err(VaultError::io("sync", directory)),
    }
}

/// The keys of a directory, newest first.
fn read_keys(directory: &Path) -> Result<Vec<DigestKey>, VaultError> {
    let reading = || VaultError::io("read directory", directory);
    let mut keys = Vec::new();
    for entry in fs::read_dir(directory).map_err(reading())? {
        let path = entry.map_err(reading())?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        let number = name.strip_suffix(SUFFIX).and_then(|number| number.parse().ok());
        let Some(id) = number.map(DigestKeyId) else {
            continue;
        };
        let key = keys::read_file(&path).map_err(|reason| match reason {
            NoKey::Io(error) => VaultError::io("read digest key", &path)(error),
            NoKey::Missing | NoKey::Wiped | NoKey::Damaged => VaultError::CorruptKey(path.clone()),
        })?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.bytes());
        keys.push(DigestKey { id, tokens: TokenKey::derive(&key), key });
    }
    keys.sort_by_key(|key| std::cmp::Reverse(key.id));
    Ok(keys)
}

#[cfg(test)]
mod tests;
