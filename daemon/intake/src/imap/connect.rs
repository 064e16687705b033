//! Getting a protected connection: IMAPS, STARTTLS, or plaintext on the loopback if asked.
//!
//! There is no fallback from TLS to plaintext. After STARTTLS everything the server said before
//! is forgotten, capabilities included (RFC 3501 §6.2.1), and so is what an attacker may have
//! slipped in behind its answer: a new client starts on the bare socket.

use std::{net::IpAddr, path::Path, sync::Arc, time::Duration};

use async_imap::{
    Client,
    imap_proto::{Response, Status},
};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs},
};

use super::{
    ImapConfig, ImapError, Security,
    capabilities::{Capabilities, before_login},
    login,
    stream::{Meter, Stream, Wire},
};
use crate::imap::Session;

/// Limit for the TCP connection alone.
const CONNECT: Duration = Duration::from_secs(20);

impl Session {
    /// Connects and logs in.
    ///
    /// # Errors
    /// [`ImapError`]; nothing is retried here.
    pub async fn connect(config: &ImapConfig) -> Result<Self, ImapError> {
        let tcp = connected(config).await?;
        let meter = Meter::new();
        let plain = |tcp| Stream::new(Wire::Plain(tcp), &meter);
        let (client, capabilities) = match config.security {
            Security::PlaintextOnLoopback => {
                if !tcp.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) {
                    return Err(ImapError::PlaintextRefused);
                }
                greeted(plain(tcp), config.time_limit).await?
            }
            Security::Tls => {
                let tls = protected(tcp, config).await?;
                greeted(Stream::new(tls, &meter), config.time_limit).await?
            }
            Security::StartTls => {
                let (mut client, _) = greeted(plain(tcp), config.time_limit).await?;
                start_tls(&mut client, config.time_limit).await?;
                let Wire::Plain(tcp) = client.into_inner().wire else {
                    return Err(ImapError::Protocol { what: "start TLS", why: "TLS twice" });
                };
                (Client::new(Stream::new(protected(tcp, config).await?, &meter)), None)
            }
        };
        let (client, capabilities) = match capabilities {
            Some(capabilities) => (client, capabilities),
            None => before_login(client, config.time_limit).await?,
        };
        let session = login::log_in(client, &capabilities, config).await?;
        let mut session = Self::new(session, config.time_limit, meter);
        session.refresh_capabilities().await?;
        Ok(session)
    }
}

async fn connected(config: &ImapConfig) -> Result<TcpStream, ImapError> {
    let fail = |kind| ImapError::Connect { host: config.host.clone(), port: config.port, kind };
    let attempt = async {
        let mut last = std::io::ErrorKind::NotFound;
        let addresses =
            lookup_host((config.host.as_str(), config.port)).await.map_err(|e| e.kind())?;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(tcp) => return Ok(tcp),
                Err(error) => last = error.kind(),
            }
        }
        Err(last)
    };
    let tcp = timeout(CONNECT, attempt)
        .await
        .map_err(|_| fail(std::io::ErrorKind::TimedOut))?
        .map_err(fail)?;
    // Commands are small: without this every one waits for a delayed acknowledgement.
    tcp.set_nodelay(true).map_err(|error| fail(error.kind()))?;
    Ok(tcp)
}

async fn protected(tcp: TcpStream, config: &ImapConfig) -> Result<Wire, ImapError> {
    let fail = |reason: String| ImapError::Tls { host: config.host.clone(), reason };
    let name = match config.host.parse::<IpAddr>() {
        Ok(address) => ServerName::IpAddress(address.into()),
        Err(_) => ServerName::try_from(config.host.clone())
            .map_err(|_| fail("the host is no valid name".to_owned()))?,
    };
    let roots = roots(config.tls_ca_file.as_deref())?;
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| fail(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let handshake = TlsConnector::from(Arc::new(tls)).connect(name, tcp);
    match timeout(config.time_limit, handshake).await {
        Ok(Ok(stream)) => Ok(Wire::Tls(Box::new(stream))),
        Ok(Err(error)) => Err(fail(error.to_string())),
        Err(_) => Err(ImapError::TimedOut { what: "start TLS" }),
    }
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, ImapError> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let fail = |reason: String| ImapError::File { key: "tls_ca_file", reason };
            let certificates =
                CertificateDer::pem_file_iter(file).map_err(|error| fail(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| fail(error.to_string()))?;
                roots.add(certificate).map_err(|error| fail(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(fail("it holds no certificate".to_owned()));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

/// Reads the greeting; a BYE is a refusal, PREAUTH is not for us.
async fn greeted(
    stream: Stream,
    limit: Duration,
) -> Result<(Client<Stream>, Option<Capabilities>), ImapError> {
    const WHAT: &str = "read the greeting";
    let mut client = Client::new(stream);
    let greeting = match timeout(limit, client.read_response()).await {
        Ok(Ok(Some(greeting))) => greeting,
        Ok(Ok(None)) => return Err(ImapError::Closed { what: WHAT }),
        Ok(Err(error)) => return Err(ImapError::Broken { what: WHAT, kind: error.kind() }),
        Err(_) => return Err(ImapError::TimedOut { what: WHAT }),
    };
    let capabilities = match greeting.parsed() {
        Response::Data { status: Status::Ok, outcome } => {
            outcome.code.as_ref().and_then(Capabilities::in_code)
        }
        Response::Data { status: Status::Bye, .. } => {
            return Err(ImapError::Refused { what: WHAT, status: "BYE", code: String::new() });
        }
        _ => return Err(ImapError::Protocol { what: WHAT, why: "no OK greeting" }),
    };
    drop(greeting);
    Ok((client, capabilities))
}

async fn start_tls(client: &mut Client<Stream>, limit: Duration) -> Result<(), ImapError> {
    const WHAT: &str = "start TLS";
    match timeout(limit, client.run_command_and_check_ok("STARTTLS", None)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(super::command::plain_error(WHAT, &error)),
        Err(_) => Err(ImapError::TimedOut { what: WHAT }),
    }
}
