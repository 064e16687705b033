//! The public pages, put together, and the probe that keeps their heartbeat.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vault::Purpose;
use web::{Organisation, Policy, Web, WebConfig, WebParts};

use super::heartbeat::Pulse;
use crate::house::{House, clock, entropy};

const PROBE_EVERY: Duration = Duration::from_secs(20);
const PROBE_PATIENCE: Duration = Duration::from_secs(10);
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// The pages, every template tried once.
///
/// # Errors
/// When a template, probably an override, does not go with its values.
pub fn pages(house: &House) -> anyhow::Result<Arc<Web>> {
    let config = &house.config;
    let organisation = &config.organisation;
    // The same on every node and after a restart, and nobody else can make it.
    let form_secret = house.digests.digest(Purpose::Challenge, b"form tokens").bytes;
    let parts = WebParts {
        config: WebConfig {
            public_url: config.web.public_url.clone(),
            trusted_proxies: config.web.trusted_proxies.clone(),
            organisation: Organisation {
                name: organisation.name.clone(),
                email: config.mail.from.clone(),
                contact: organisation.contact.clone(),
            },
            policy: Policy {
                url: organisation.policy_url.clone(),
                version: organisation.policy_version.clone(),
            },
            default_locale: organisation.locale,
            zone: organisation.zone.clone(),
        },
        rules: house.rulebook.form.clone(),
        renderer: Arc::clone(&house.rulebook.renderer),
        desk: Arc::new(house.cases.clone()),
        clock: clock(),
        entropy: entropy(),
        form_secret,
    };
    Ok(Arc::new(Web::new(parts).context("the pages cannot be shown")?))
}

/// Asks the pages whether they live, as a visitor would: that is their heartbeat. While they do
/// not answer nothing beats, and it does not end either, since whoever starts a part beats for it:
/// the watchdog is to hear of pages that hang.
pub async fn probe(address: SocketAddr, pulse: &Pulse) {
    // A socket on all addresses is asked on the loopback.
    let address = match address.ip().is_unspecified() {
        true if address.is_ipv6() => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], address.port())),
        true => SocketAddr::from(([127, 0, 0, 1], address.port())),
        false => address,
    };
    while !pulse.is_cancelled() {
        let problem = match tokio::time::timeout(PROBE_PATIENCE, ask(address)).await {
            Ok(Ok(())) => {
                pulse.rest(PROBE_EVERY).await;
                continue;
            }
            Ok(Err(error)) => format!("{error:#}"),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!("the pages do not answer a probe: {problem}");
        pulse.wait(ASK_AGAIN).await;
    }
}

async fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    anyhow::ensure!(answer.ends_with(b"200"), "the pages answered other than 200");
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::daemon::heartbeat::Heartbeat;

    #[tokio::test]
    async fn pages_that_do_not_answer_are_silent_until_they_do() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let (heartbeat, cancel) = (Heartbeat::default(), CancellationToken::new());
        let pulse = heartbeat.pulse("pages probe", Duration::from_millis(100), &cancel);
        let probing = tokio::spawn(async move { probe(address, &pulse).await });
        // The pages break off without an answer.
        drop(listener.accept().await.expect("asked"));
        while heartbeat.silent().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(!probing.is_finished(), "who starts it again would beat");
        let (mut asked, _) = listener.accept().await.expect("asked again");
        asked.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("answered");
        while !heartbeat.silent().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        cancel.cancel();
        probing.await.expect("ended in order");
    }
}
