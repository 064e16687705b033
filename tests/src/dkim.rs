//! DKIM keys for the daemon, and OpenDKIM as the verifier that is not ours.
//!
//! OpenDKIM reads the public keys from a file instead of the DNS (`TestPublicKeys`), so that no
//! resolver has to be deceived.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use rcgen::{KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize};

use crate::{
    child::run,
    place::{Place, write_secret},
};

/// Keys of one domain: RSA under selector `rsa`, Ed25519 under selector `ed`.
#[derive(Debug)]
pub struct DkimKeys {
    /// The domain that signs.
    pub domain: String,
    /// The RSA key (PEM, PKCS#8).
    pub rsa: PathBuf,
    /// The Ed25519 key (PEM, PKCS#8).
    pub ed25519: PathBuf,
    config: PathBuf,
}

impl DkimKeys {
    /// Makes the keys and the verifier's configuration.
    ///
    /// # Errors
    /// When a key cannot be made or a file not be written.
    pub fn make(place: &Place, domain: &str) -> Result<Self> {
        let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        let ed25519 = KeyPair::generate_for(&PKCS_ED25519)?;
        let record = format!(
            "rsa._domainkey.{domain} v=DKIM1; k=rsa; p={}\n",
            BASE64.encode(rsa.subject_public_key_info())
        );
        let public = place.file("dkim/public", record)?;
        let config = format!("TestPublicKeys {}\nMode v\nSyslog no\n", public.display());
        let secret = |name: &str, key: &KeyPair| -> Result<PathBuf> {
            let path = place.room("dkim")?.join(name);
            write_secret(&path, key.serialize_pem())?;
            Ok(path)
        };
        Ok(Self {
            domain: domain.to_owned(),
            rsa: secret("rsa.pem", &rsa)?,
            ed25519: secret("ed25519.pem", &ed25519)?,
            config: place.file("dkim/opendkim.conf", config)?,
        })
    }

    /// Whether OpenDKIM finds the RSA signature of `mail` right.
    ///
    /// # Errors
    /// When OpenDKIM cannot be run.
    pub fn verify(&self, place: &Place, mail: &[u8]) -> Result<bool> {
        let path = place.file("dkim/mail.eml", mail)?;
        let said = run(Command::new("/usr/sbin/opendkim")
            .arg("-x")
            .arg(&self.config)
            .arg("-t")
            .arg(&path)
            .arg("-vv"))
        .context("OpenDKIM did not run")?;
        let right = format!("dkim=pass (2048-bit key) header.d={}", self.domain);
        Ok(said.contains(&right))
    }
}
