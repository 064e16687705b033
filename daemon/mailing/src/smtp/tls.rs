//! The TLS client: rustls with aws-lc-rs, the machine's CAs or those of one file.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::RelayConfig;
use crate::error::MailingError;

/// The connector of a relay and the name that its certificate must bear.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) connector: TlsConnector,
    pub(super) server: ServerName<'static>,
}

pub(super) fn client(config: &RelayConfig) -> Result<Tls, MailingError> {
    let wrong = |problem: String| MailingError::Config { relay: config.name.clone(), problem };
    let server = ServerName::try_from(config.host.clone())
        .map_err(|_| wrong("`host` is no name that a certificate can bear".to_owned()))?;
    let mut roots = RootCertStore::empty();
    if let Some(path) = &config.tls_ca_file {
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|e| wrong(format!("cannot read `tls_ca_file` {}: {e}", path.display())))?;
        for certificate in certificates {
            roots
                .add(certificate)
                .map_err(|e| wrong(format!("bad certificate in `tls_ca_file`: {e}")))?;
        }
    } else {
        let native = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(native.certs);
    }
    if roots.is_empty() {
        return Err(wrong(
            "there is no CA certificate to check the server with; install `ca-certificates` or set `tls_ca_file`"
                .to_owned(),
        ));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(format!("TLS cannot be set up: {e}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Tls { connector: TlsConnector::from(Arc::new(client)), server })
}
