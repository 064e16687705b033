//! Logging in: PLAIN or LOGIN with a password, XOAUTH2 or OAUTHBEARER with a token.
//!
//! The secret is read from its file at each login and forgotten afterwards. A refusal is told
//! apart from a broken connection, since refusals must not be repeated quickly (lockout).

use std::path::Path;

use async_imap::{Authenticator, Client, error::Error};
use tokio::time::timeout;

use super::{
    ImapConfig, ImapError, Login, capabilities::Capabilities, command::plain_error, stream::Stream,
};

const WHAT: &str = "log in";

/// Logs in by the configured way.
pub(super) async fn log_in(
    client: Client<Stream>,
    capabilities: &Capabilities,
    config: &ImapConfig,
) -> Result<async_imap::Session<Stream>, ImapError> {
    let user = config.user.as_str();
    let attempt = async {
        match &config.login {
            Login::Password { file } => {
                let password = secret("password_file", file).await?;
                if capabilities.has("AUTH=PLAIN") {
                    let answers = Answers::one(format!("\0{user}\0{password}"));
                    return authenticated(client.authenticate("PLAIN", answers).await);
                }
                if capabilities.has("LOGINDISABLED") {
                    return Err(ImapError::NoMechanism { wanted: "PLAIN or LOGIN" });
                }
                authenticated(client.login(user, &password).await)
            }
            Login::XOAuth2 { token_file } => {
                if !capabilities.has("AUTH=XOAUTH2") {
                    return Err(ImapError::NoMechanism { wanted: "XOAUTH2" });
                }
                let token = secret("token_file", token_file).await?;
                // After an error challenge an empty answer brings the tagged NO.
                let answers = Answers {
                    first: Some(format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}")),
                    then: String::new(),
                };
                authenticated(client.authenticate("XOAUTH2", answers).await)
            }
            Login::OAuthBearer { token_file } => {
                if !capabilities.has("AUTH=OAUTHBEARER") {
                    return Err(ImapError::NoMechanism { wanted: "OAUTHBEARER" });
                }
                let token = secret("token_file", token_file).await?;
                let (host, port) = (&config.host, config.port);
                // RFC 7628 §3.1; after an error challenge a lone control-A (§3.2.3).
                let answers = Answers {
                    first: Some(format!(
                        "n,a={user},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {token}\u{1}\u{1}"
                    )),
                    then: "\u{1}".to_owned(),
                };
                authenticated(client.authenticate("OAUTHBEARER", answers).await)
            }
        }
    };
    timeout(config.time_limit, attempt).await.map_err(|_| ImapError::TimedOut { what: WHAT })?
}

/// The answers to the server's challenges, in order.
struct Answers {
    first: Option<String>,
    then: String,
}

impl Answers {
    fn one(answer: String) -> Self {
        Self { first: Some(answer), then: String::new() }
    }
}

impl Authenticator for Answers {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.first.take().unwrap_or_else(|| self.then.clone())
    }
}

fn authenticated(
    result: Result<async_imap::Session<Stream>, (Error, Client<Stream>)>,
) -> Result<async_imap::Session<Stream>, ImapError> {
    result.map_err(|(error, _)| match plain_error(WHAT, &error) {
        ImapError::Refused { status, code, .. } => ImapError::LoginRefused { status, code },
        other => other,
    })
}

async fn secret(key: &'static str, file: &Path) -> Result<String, ImapError> {
    let fail = |reason: String| ImapError::File { key, reason };
    let text = tokio::fs::read_to_string(file).await.map_err(|error| fail(error.to_string()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(fail("it is empty".to_owned()));
    }
    Ok(text.to_owned())
}
