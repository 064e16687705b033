//! The outlet to a relay: kept SMTP connections, and one mail through one of them.
//!
//! Called by dispatch: [`Relay::acquire`] before START, [`Lease::send`] between START and END.
//! lettre's `AsyncSmtpConnection` speaks the protocol, over a stream of ours that knows on which
//! side of the final dot a connection died (`wire`), from a bounded pool of ours.

mod pool;
mod reply;
mod session;
mod tls;
mod transaction;
mod wire;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use pool::{Lease, Relay, RelayHealth};

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain connection, then STARTTLS; a server that does not offer it is an error.
    StartTls,
    /// TLS from the first byte (port 465, RFC 8314).
    Implicit,
    /// Plaintext, for a relay on this machine only.
    NoneToLoopback,
}

/// Who signs in to the relay.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The file that holds the password; read at each connection, so that it can be changed.
    pub password_file: PathBuf,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("password_file", &self.password_file).finish_non_exhaustive()
    }
}

/// The longest waits for the server, each for one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP connection and TLS handshake.
    pub connect: Duration,
    /// The greeting and the reply to each command.
    pub command: Duration,
    /// One write of a part of the mail.
    pub data: Duration,
    /// The reply to the final dot (RFC 5321 §4.5.3.2.6 wants ten minutes).
    pub final_reply: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            command: Duration::from_secs(60),
            data: Duration::from_secs(180),
            final_reply: Duration::from_secs(600),
        }
    }
}

/// A relay as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayConfig {
    /// The name by which routes and reports call it.
    pub name: String,
    /// Host name or IP address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// A file with further CA certificates (PEM), instead of the machine's.
    pub tls_ca_file: Option<PathBuf>,
    /// Who signs in; nobody if absent.
    pub login: Option<Login>,
    /// What we call ourselves in EHLO: a host name that resolves to us.
    pub helo_name: String,
    /// Connections open at once, at least 1.
    pub connections: usize,
    /// A connection is replaced after this many mails.
    pub mails_per_connection: u32,
    /// A connection unused for so long is closed.
    pub keep_idle: Duration,
    /// The longest waits.
    pub timeouts: Timeouts,
}

impl RelayConfig {
    /// A relay with the defaults: STARTTLS, nobody signs in, 4 connections of 500 mails each.
    #[must_use]
    pub fn new(name: &str, host: &str, port: u16) -> Self {
        Self {
            name: name.to_owned(),
            host: host.to_owned(),
            port,
            tls: TlsMode::StartTls,
            tls_ca_file: None,
            login: None,
            helo_name: "localhost".to_owned(),
            connections: 4,
            mails_per_connection: 500,
            keep_idle: Duration::from_secs(60),
            timeouts: Timeouts::default(),
        }
    }

    /// What is wrong with the configuration, all at once; empty when nothing is.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let is_host = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>')
        };
        if !is_host(&self.host) {
            problems.push("`host` must be a host name or an IP address".to_owned());
        }
        if !is_host(&self.helo_name) {
            problems.push("`helo_name` must be this machine's host name".to_owned());
        }
        if self.connections == 0 {
            problems.push("`connections` must be at least 1".to_owned());
        }
        if self.mails_per_connection == 0 {
            problems.push("`mails_per_connection` must be at least 1".to_owned());
        }
        if self.tls == TlsMode::NoneToLoopback {
            let literal = self.host.parse::<std::net::IpAddr>();
            let loopback = literal.map_or(self.host == "localhost", |ip| ip.is_loopback());
            if !loopback {
                problems.push(
                    "`tls = \"none\"` is allowed to a loopback address only; use \"starttls\" or \"implicit\""
                        .to_owned(),
                );
            }
        }
        problems
    }
}

/// Why a relay cannot be used now. It is the relay's (or the configuration's) fault, so no mail
/// bears it: the rows stay as they were, and the relay's health says so.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("relay `{relay}`: {cause}")]
pub struct RelayTrouble {
    /// Its name in the configuration.
    pub relay: String,
    /// What happened.
    pub cause: TroubleCause,
}

/// What happened with a relay.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum TroubleCause {
    /// No TCP connection.
    #[error("cannot connect: {0}; check `host`, `port` and the network")]
    Connect(String),
    /// A step took too long.
    #[error("no answer to {0} in time")]
    Timeout(&'static str),
    /// The connection ended during a step.
    #[error("the connection was closed at {0}")]
    Closed(&'static str),
    /// The server's bytes are no SMTP.
    #[error("what came at {0} is not SMTP")]
    Garbage(&'static str),
    /// A step was answered with a refusal.
    #[error("{step} was refused with {code}")]
    Refused {
        /// The step.
        step: &'static str,
        /// The reply code.
        code: u16,
    },
    /// It answers, and puts off mail after mail.
    #[error("it puts off mail after mail{}; it is tried again after a pause, longer each time", of_code(.code))]
    Busy {
        /// The reply code of the last one; none when the connection was lost.
        code: Option<u16>,
    },
    /// STARTTLS is required and not offered.
    #[error(
        "STARTTLS is not offered; somebody may be stripping it, nothing was sent; use `tls = \"implicit\"` if the relay speaks it"
    )]
    NoStartTls,
    /// The TLS handshake failed.
    #[error("the TLS handshake failed: {0}; for a private CA set `tls_ca_file`")]
    Tls(String),
    /// Plaintext was asked for and the host is not this machine.
    #[error("plaintext is allowed to a loopback address only")]
    NotLoopback,
    /// The server offers no way to sign in that we speak.
    #[error("the server offers neither AUTH PLAIN nor AUTH LOGIN")]
    NoMechanism,
    /// The password file cannot be read.
    #[error("cannot read `password_file` {path}: {kind}")]
    Password {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        kind: std::io::ErrorKind,
    },
}

fn of_code(code: &Option<u16>) -> String {
    code.map(|code| format!(" with {code}")).unwrap_or_default()
}
