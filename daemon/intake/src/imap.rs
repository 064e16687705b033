//! IMAP, as much of it as mail in needs: connect, walk by UID, fetch, mark or move, wait.
//!
//! Called by the poller. It sits on `async-imap` for the wire and the grammar, and does by itself
//! what that crate leaves open: every command and every response has a time limit, the tagged
//! status is always looked at (a FETCH answered NO is an error, not an empty mailbox), returned
//! UIDs are held against the asked ones, and after any fault the connection is never used again.
//! Never FETCH ENVELOPE or BODYSTRUCTURE: their grammar is where servers and parsers break.

mod capabilities;
mod command;
mod connect;
mod fetch;
mod folder;
mod idle;
mod login;
mod mark;
mod names;
mod stream;

use std::{path::PathBuf, time::Duration};

pub use self::{
    command::Session,
    fetch::{Body, Large, Seen, WHOLE},
    folder::{Folder, Selected},
    idle::Wakeup,
    mark::KEYWORD,
};

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (port 993).
    Tls,
    /// STARTTLS, without a way back to plaintext (port 143).
    StartTls,
    /// No protection; refused unless the server is on the loopback.
    PlaintextOnLoopback,
}

/// How we prove who we are. Secrets are files, read anew at each login, so that a renewed token
/// or password is taken up without a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// PLAIN where offered, else LOGIN.
    Password {
        /// The file that holds the password.
        file: PathBuf,
    },
    /// XOAUTH2 (Gmail, Yandex, Microsoft).
    XOAuth2 {
        /// The file that holds the access token.
        token_file: PathBuf,
    },
    /// OAUTHBEARER (RFC 7628).
    OAuthBearer {
        /// The file that holds the access token.
        token_file: PathBuf,
    },
}

/// Where a mailbox is and how to get in.
#[derive(Clone)]
pub struct ImapConfig {
    /// Host name or address; the certificate must be for it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS or not.
    pub security: Security,
    /// Certificates (PEM) to trust instead of the system's.
    pub tls_ca_file: Option<PathBuf>,
    /// The user name; an address of ours, not printed.
    pub user: String,
    /// The secret.
    pub login: Login,
    /// Limit for one command's next response.
    pub time_limit: Duration,
}

impl ImapConfig {
    /// The time limit used unless the configuration names another.
    pub const TIME_LIMIT: Duration = Duration::from_secs(60);
}

impl std::fmt::Debug for ImapConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImapConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

/// What went wrong with the server. No text of the server is kept but response codes: it may
/// quote addresses, and the parser's errors quote mail.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    /// No connection.
    #[error("cannot connect to `{host}:{port}`: {kind}; check `host`, `port` and the network")]
    Connect {
        /// The configured host.
        host: String,
        /// The configured port.
        port: u16,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// TLS failed, mostly for the certificate.
    #[error("TLS with `{host}` failed: {reason}; check `host` and `tls_ca_file`")]
    Tls {
        /// The configured host.
        host: String,
        /// What the TLS library says.
        reason: String,
    },
    /// A certificate or secret file cannot be used.
    #[error("cannot use the file of `{key}`: {reason}; check its path and rights")]
    File {
        /// The configuration key.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The configuration asks for what is not done.
    #[error("plaintext is only spoken with a server on the loopback; set `security` to `tls`")]
    PlaintextRefused,
    /// The server offers no way to log in that we may use.
    #[error("the server offers no login that fits `login` (wanted {wanted}); check `security`")]
    NoMechanism {
        /// What was looked for.
        wanted: &'static str,
    },
    /// The server does not let us in. Not to be repeated quickly: accounts get locked.
    #[error("the server refuses the login: {status} [{code}]; check `user` and its secret file")]
    LoginRefused {
        /// NO or BAD.
        status: &'static str,
        /// Its response code (RFC 5530), if it gave one.
        code: String,
    },
    /// The server refuses a command.
    #[error("cannot {what}: the server says {status} [{code}]")]
    Refused {
        /// What we wanted.
        what: &'static str,
        /// NO or BAD.
        status: &'static str,
        /// Its response code, if it gave one.
        code: String,
    },
    /// An answer did not come in time.
    #[error("cannot {what}: no answer in time; check the network and the server's load")]
    TimedOut {
        /// What we wanted.
        what: &'static str,
    },
    /// The connection ended.
    #[error("cannot {what}: the connection was closed")]
    Closed {
        /// What we wanted.
        what: &'static str,
    },
    /// The connection broke.
    #[error("cannot {what}: the connection broke ({kind})")]
    Broken {
        /// What we wanted.
        what: &'static str,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
    /// The server said something that is no IMAP, or not what was asked.
    #[error("cannot {what}: the server's answer is not understood ({why})")]
    Protocol {
        /// What we wanted.
        what: &'static str,
        /// What is wrong with the answer.
        why: &'static str,
    },
}

impl ImapError {
    /// Whether the connection may be used further: only an orderly refusal leaves it whole.
    #[must_use]
    pub fn leaves_connection(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}
