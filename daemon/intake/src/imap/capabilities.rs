//! What the server says that it can do.
//!
//! Asked after the greeting, and again after TLS and after login: what was said before is void
//! (RFC 3501 §7.2.1).

use std::{collections::HashSet, time::Duration};

use async_imap::{
    Client,
    imap_proto::{Capability, Response, ResponseCode},
    types::UnsolicitedResponse,
};
use tokio::time::timeout;

use super::{ImapError, Session, command::plain_error, stream::Stream};

/// The capabilities, in upper case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities(HashSet<String>);

impl Capabilities {
    /// Whether the server has a capability, named in upper case.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// From a response code, such as the greeting's.
    pub(super) fn in_code(code: &ResponseCode<'_>) -> Option<Self> {
        match code {
            ResponseCode::Capabilities(list) => Some(Self::from_list(list)),
            _ => None,
        }
    }

    pub(super) fn from_list(list: &[Capability<'_>]) -> Self {
        Self(
            list.iter()
                .map(|capability| match capability {
                    Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
                    Capability::Auth(mechanism) => format!("AUTH={mechanism}").to_uppercase(),
                    Capability::Atom(atom) => atom.to_uppercase(),
                })
                .collect(),
        )
    }
}

/// Asks before login.
pub(super) async fn before_login(
    mut client: Client<Stream>,
    limit: Duration,
) -> Result<(Client<Stream>, Capabilities), ImapError> {
    const WHAT: &str = "ask for capabilities";
    let (send, receive) = async_channel::bounded(16);
    match timeout(limit, client.run_command_and_check_ok("CAPABILITY", Some(send))).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(plain_error(WHAT, &error)),
        Err(_) => return Err(ImapError::TimedOut { what: WHAT }),
    }
    let mut found = Capabilities::default();
    while let Ok(response) = receive.try_recv() {
        if let UnsolicitedResponse::Other(data) = response
            && let Response::Capabilities(list) = data.parsed()
        {
            found = Capabilities::from_list(list);
        }
    }
    Ok((client, found))
}

impl Session {
    /// Whether the server has a capability, named in upper case.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.capabilities.has(name)
    }

    pub(super) async fn refresh_capabilities(&mut self) -> Result<(), ImapError> {
        let mut found = Capabilities::default();
        self.command("ask for capabilities", "CAPABILITY", |response| {
            if let Response::Capabilities(list) = response {
                found = Capabilities::from_list(list);
            }
            Ok(())
        })
        .await?;
        self.capabilities = found;
        Ok(())
    }
}
