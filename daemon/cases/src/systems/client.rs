//! The one way out by HTTP: a signed POST, no redirects, a limit on time and on the answer.
//!
//! What a system answers is never logged: it may repeat what it was sent.

use std::net::IpAddr;

use domain::webhook::{LARGEST_EXPORT, SystemAct};
use reqwest::{Certificate, Client, Url, redirect::Policy};

use super::System;

/// The largest answer that is read, but for one that says what a system holds.
const LARGEST_ANSWER: usize = 64 * 1024;

/// How much of an answer is read, in bytes.
pub(super) fn largest_answer(act: SystemAct) -> usize {
    match act {
        SystemAct::Access => LARGEST_EXPORT,
        SystemAct::Block
        | SystemAct::Unblock
        | SystemAct::Correct
        | SystemAct::Destroy
        | SystemAct::StopPublication
        | SystemAct::ResumePublication => LARGEST_ANSWER,
    }
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Why there is no answer, in one word.
pub(super) type NoAnswer = &'static str;

/// Whether calls may go to this address: https, or plain http on this very machine.
///
/// # Errors
/// What is wrong with it, and the remedy.
pub fn check_url(text: &str) -> Result<(), &'static str> {
    let url = Url::parse(text).map_err(|_| "is no address; write https://shop.example/path")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a name or password; calls are signed, leave it out");
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here =
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" if !host.is_empty() => Ok(()),
        "http" if is_here => Ok(()),
        "http" => Err("is not encrypted; write https:// (http:// only for this machine itself)"),
        _ => Err("is neither https:// nor http:// on this machine"),
    }
}

/// Makes the call and reads the answer, up to a limit.
pub(super) async fn post(
    system: &System,
    (id, timestamp, signatures): (&str, i64, &str),
    body: Vec<u8>,
    most: usize,
) -> Result<Answer, NoAnswer> {
    check_url(&system.url).map_err(|_| "address_refused")?;
    let client = client(system)?;
    let request = client
        .post(&system.url)
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp.to_string())
        .header("webhook-signature", signatures)
        .body(body);
    let whole = async {
        let mut response = request.send().await.map_err(|error| word(&error))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| word(&error))? {
            if body.len() + chunk.len() > most {
                return Err("answer_too_long");
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body })
    };
    tokio::time::timeout(system.timeout, whole).await.map_err(|_| "timeout")?
}

fn word(error: &reqwest::Error) -> NoAnswer {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "no_connection"
    } else {
        "connection_lost"
    }
}

fn client(system: &System) -> Result<&Client, NoAnswer> {
    if let Some(client) = system.client.get() {
        return Ok(client);
    }
    let mut builder = Client::builder()
        .redirect(Policy::none())
        // Persons' data go where the configuration says, not where an environment variable does.
        .no_proxy()
        .connect_timeout(system.timeout)
        .pool_max_idle_per_host(1)
        .user_agent(concat!("consentry/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = &system.ca_file {
        let pem = std::fs::read(path).map_err(|_| "ca_file_unreadable")?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| "ca_file_unreadable")?;
        builder = builder.tls_certs_only(certificates);
    }
    let made = builder.build().map_err(|_| "tls_unavailable")?;
    Ok(system.client.get_or_init(|| made))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_go_over_https_or_stay_on_this_machine() {
        for good in [
            "https://shop.example/privacy",
            "https://shop.example:8443/",
            "http://127.0.0.1:8080/x",
            "http://[::1]/x",
            "http://localhost/x",
        ] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in [
            "http://shop.example/",
            "http://127.0.0.1.shop.example/",
            "https://user:word@shop.example/",
            "ftp://shop.example/",
            "file:///etc/passwd",
            "shop.example",
            "",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
