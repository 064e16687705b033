//! A certificate authority of the test's own and one leaf for every server on loopback.
//!
//! rustls refuses a self-signed certificate that is an authority as well, so there are two.

use std::path::PathBuf;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use crate::place::Place;

/// PEM files: what a client trusts, what a server shows.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// The authority, for `tls_ca_file`.
    pub authority: PathBuf,
    /// The leaf for `localhost` and 127.0.0.1.
    pub certificate: PathBuf,
    /// The key of the leaf.
    pub key: PathBuf,
}

impl Certificates {
    /// Makes an authority and a leaf in `place`.
    ///
    /// # Errors
    /// When a key cannot be made or a file not be written.
    pub fn make(place: &Place) -> Result<Self> {
        let mut authority = CertificateParams::new(Vec::<String>::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.distinguished_name.push(DnType::CommonName, "Test authority");
        let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut leaf = CertificateParams::new(names)?;
        leaf.distinguished_name.push(DnType::CommonName, "localhost");
        leaf.use_authority_key_identifier_extension = true;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &issuer)?;
        Ok(Self {
            authority: place.file("tls/authority.pem", issuer.pem())?,
            certificate: place.file("tls/leaf.pem", certificate.pem())?,
            key: place.file("tls/leaf.key", key.serialize_pem())?,
        })
    }
}
