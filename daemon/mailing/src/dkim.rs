//! DKIM: the signatures that stand on top of each mail (RFC 6376, 8301, 8463).
//!
//! Called by dispatch on the finished bytes. RSA-2048 and, where configured, Ed25519 beside it;
//! relaxed/relaxed, no body length. A header that is not there is signed as absent and one that
//! is there once more than it is there, so that nobody can add a second. The work takes a third
//! of a millisecond per RSA signature, so it is done off the reactor. The time in `t=` is the
//! one place where a library reads the clock for us; nothing of ours depends on it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{DkimSigner, Done};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

/// The headers that are signed; a name that stands here twice cannot be added to.
pub const SIGNED_HEADERS: [&str; 31] = [
    "From",
    "From",
    "To",
    "To",
    "Subject",
    "Subject",
    "Date",
    "Date",
    "Message-ID",
    "Message-ID",
    "Reply-To",
    "Reply-To",
    "In-Reply-To",
    "References",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Language",
    "List-Id",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Feedback-ID",
    "CFBL-Address",
    "CFBL-Feedback-ID",
    "Auto-Submitted",
];

/// Why a key cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum DkimError {
    /// The file cannot be read as a private key.
    #[error(
        "cannot read the DKIM key `{path}`: {problem}; it must be a PEM file with an Ed25519 key or an RSA key of at least 2048 bits"
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Signing failed.
    #[error("cannot sign the mail: {0}")]
    Signing(String),
}

/// A key with its place in the DNS: `selector._domainkey.domain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimKeyConfig {
    /// The selector.
    pub selector: String,
    /// The file with the private key (PEM); whether RSA or Ed25519 is seen from it.
    pub key_file: PathBuf,
}

enum Key {
    Rsa(DkimSigner<RsaKey<Sha256>, Done>),
    Ed25519(DkimSigner<Ed25519Key, Done>),
}

/// The signer of one domain.
#[derive(Clone)]
pub struct Signer {
    keys: Arc<Vec<Key>>,
    records: Vec<(String, String)>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Signer {
    /// Reads the keys of `domain`.
    ///
    /// # Errors
    /// [`DkimError`] names the file and what is wrong with it.
    pub fn load(domain: &str, keys: &[DkimKeyConfig]) -> Result<Self, DkimError> {
        let mut signers = Vec::with_capacity(keys.len());
        let mut records = Vec::with_capacity(keys.len());
        for config in keys {
            let (key, record) = load_key(domain, &config.selector, &config.key_file)?;
            signers.push(key);
            records.push((format!("{}._domainkey.{domain}", config.selector), record));
        }
        Ok(Self { keys: Arc::new(signers), records })
    }

    /// The DNS records that must be published: name and text. For `doctor` and the guide.
    #[must_use]
    pub fn dns_records(&self) -> &[(String, String)] {
        &self.records
    }

    /// Puts one signature per key on top of `message` (CRLF line ends), off the reactor.
    ///
    /// # Errors
    /// [`DkimError::Signing`], which no sound key and mail gives.
    pub async fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, DkimError> {
        let keys = Arc::clone(&self.keys);
        tokio::task::spawn_blocking(move || sign_with(&keys, &message))
            .await
            .map_err(|_| DkimError::Signing("the signing was broken off".to_owned()))?
    }
}

fn sign_with(keys: &[Key], message: &[u8]) -> Result<Vec<u8>, DkimError> {
    let mut signed = Vec::with_capacity(message.len() + keys.len() * 1024);
    for key in keys {
        let signature = match key {
            Key::Rsa(signer) => signer.sign(message),
            Key::Ed25519(signer) => signer.sign(message),
        };
        let signature = signature.map_err(|e| DkimError::Signing(e.to_string()))?;
        signed.extend_from_slice(signature.to_header().as_bytes());
    }
    signed.extend_from_slice(message);
    Ok(signed)
}

fn load_key(domain: &str, selector: &str, path: &Path) -> Result<(Key, String), DkimError> {
    let wrong = |problem: String| DkimError::Key { path: path.to_owned(), problem };
    let der = PrivateKeyDer::from_pem_file(path).map_err(|e| wrong(e.to_string()))?;
    // An Ed25519 key has a PKCS#8 file too: what the one reader refuses, the other tries.
    if let PrivateKeyDer::Pkcs8(pkcs8) = &der
        && let Ok(key) = Ed25519Key::from_pkcs8_maybe_unchecked_der(pkcs8.secret_pkcs8_der())
    {
        let record = format!("v=DKIM1; k=ed25519; p={}", base64_of(&key.public_key()));
        let signer =
            DkimSigner::from_key(key).domain(domain).selector(selector).headers(SIGNED_HEADERS);
        return Ok((Key::Ed25519(signer), record));
    }
    let key = RsaKey::<Sha256>::from_key_der(der).map_err(|e| wrong(e.to_string()))?;
    let public = key.public_key();
    let record = format!("v=DKIM1; k=rsa; p={}", base64_of(&subject_public_key_info(&public)));
    let signer =
        DkimSigner::from_key(key).domain(domain).selector(selector).headers(SIGNED_HEADERS);
    Ok((Key::Rsa(signer), record))
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Wraps an `RSAPublicKey` as the DNS record wants it (RFC 6376 §3.6.1 by RFC 3279).
fn subject_public_key_info(public: &[u8]) -> Vec<u8> {
    const RSA_ENCRYPTION: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let mut bits = vec![0x00];
    bits.extend_from_slice(public);
    let mut content = RSA_ENCRYPTION.to_vec();
    content.extend(der_element(0x03, &bits));
    der_element(0x30, &content)
}

fn der_element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|b| *b == 0).collect();
    match length.as_slice() {
        [] => element.push(0),
        [short] if *short < 0x80 => element.push(*short),
        long => {
            element.push(0x80 | u8::try_from(long.len()).unwrap_or(0x7f));
            element.extend_from_slice(long);
        }
    }
    element.extend_from_slice(content);
    element
}

#[cfg(test)]
mod tests;
