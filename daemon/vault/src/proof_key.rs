//! The key that signs proofs of consent: one Ed25519 key in `<keys directory>/proof/`.
//!
//! Made at the first proof and never replaced: whoever keeps its public half can tell years later
//! that a proof came from here and was not changed. It signs nothing else.

use std::io;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use data_encoding::{BASE64, HEXLOWER};
use domain::ambient::{Entropy, random_bytes};

use crate::durable::{self, Incoming, Sync};
use crate::error::VaultError;
use crate::keys::{self, Key, NoKey};

const FILE: &str = "ed25519.key";

/// What precedes the 32 bytes of a public key in its DER form (RFC 8410 §4).
const SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The signing key of proofs.
pub struct ProofKey {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl std::fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProofKey(***)")
    }
}

impl ProofKey {
    /// Reads the key; makes it when there is none. Blocks for a few file reads.
    ///
    /// # Errors
    /// When the key is damaged, the directory cannot be written, or others may read it.
    pub fn open(keys_directory: &Path, entropy: &dyn Entropy) -> Result<Self, VaultError> {
        let directory = keys_directory.join("proof");
        durable::prepare(&directory)?;
        keys::check_private(&directory)?;
        let path = directory.join(FILE);
        let key = match keys::read_file(&path) {
            Err(NoKey::Missing) => {
                create(&directory, &path, entropy)?;
                keys::read_file(&path)
            }
            other => other,
        };
        let key = key.map_err(|reason| match reason {
            NoKey::Io(error) => VaultError::io("read proof key", &path)(error),
            NoKey::Missing | NoKey::Wiped | NoKey::Damaged => VaultError::CorruptKey(path.clone()),
        })?;
        let pair = Ed25519KeyPair::from_seed_unchecked(key.bytes())
            .map_err(|_| VaultError::CorruptKey(path.clone()))?;
        let public = pair.public_key().as_ref().try_into();
        Ok(Self { public: public.map_err(|_| VaultError::CorruptKey(path))?, pair })
    }

    /// Reads the key if there is one; makes none. Blocks for a few file reads.
    ///
    /// # Errors
    /// As [`ProofKey::open`].
    pub fn find(keys_directory: &Path, entropy: &dyn Entropy) -> Result<Option<Self>, VaultError> {
        if !keys_directory.join("proof").join(FILE).exists() {
            return Ok(None);
        }
        Self::open(keys_directory, entropy).map(Some)
    }

    /// The public half: 32 bytes.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.public
    }

    /// Signs.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

/// Writes a key; that another process wrote one at the same time is fine.
fn create(directory: &Path, path: &Path, entropy: &dyn Entropy) -> Result<(), VaultError> {
    let key = Key::from_bytes(random_bytes(entropy));
    let incoming = Incoming::open(directory)?;
    match incoming.write(&key.to_file(), Sync::Now).and_then(|new| new.name_new(path)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(VaultError::io("write proof key", path)(error))
        }
        _ => durable::sync_directory(directory).map_err(VaultError::io("sync", directory)),
    }
}

/// Whether a signature was made with the secret half of this public key.
#[must_use]
pub fn verify_proof(public: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
}

/// What a public key is known by: SHA-256 of its DER form, `SHA256:` and hexadecimal, as
/// `openssl pkey -pubin -outform DER | sha256sum` tells it.
#[must_use]
pub fn proof_key_fingerprint(public: &[u8; 32]) -> String {
    let der = [SPKI_PREFIX.as_slice(), public].concat();
    format!("SHA256:{}", HEXLOWER.encode(digest(&SHA256, &der).as_ref()))
}

/// A public key as other programs read it (PEM of SubjectPublicKeyInfo, RFC 8410).
#[must_use]
pub fn proof_key_pem(public: &[u8; 32]) -> String {
    let der = [SPKI_PREFIX.as_slice(), public].concat();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(&der))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_key_stays_and_only_its_signature_fits() {
        let directory = tempfile::tempdir().expect("a directory");
        let none = ProofKey::find(directory.path(), &Scripted::default()).expect("nothing to read");
        assert!(none.is_none() && !directory.path().join("proof").exists());
        let first = ProofKey::open(directory.path(), &Scripted::default()).expect("made");
        let again = ProofKey::open(directory.path(), &Scripted::default()).expect("read");
        let found = ProofKey::find(directory.path(), &Scripted::default()).expect("read");
        assert_eq!(found.expect("there").public(), first.public());
        assert_eq!(first.public(), again.public());
        let signature = again.sign(b"words");
        assert!(verify_proof(&first.public(), b"words", &signature));
        assert!(!verify_proof(&first.public(), b"Words", &signature));
        assert!(!verify_proof(&[7; 32], b"words", &signature));
    }

    /// The figure is OpenSSL's.
    #[test]
    fn a_fingerprint_is_what_openssl_tells() {
        assert_eq!(
            proof_key_fingerprint(&[7; 32]),
            "SHA256:5d2d7a2942537f03ce7c388afb54861fbcf87f4854b9c0dacb6db3a81704dea3"
        );
    }
}
