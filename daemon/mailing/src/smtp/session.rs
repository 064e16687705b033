//! One SMTP session up to the point where it can take mails: connect, TLS, EHLO, AUTH.
//!
//! lettre's connection speaks, over our own stream. Every failure here is the relay's and no
//! mail's. Called by the pool.

use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::reply::Reply;
use super::tls::Tls;
use super::wire::{Wire, WireError};
use super::{Login, RelayConfig, TlsMode, TroubleCause};

/// A connection unused for longer is asked with NOOP before a mail is started on it.
const ASK_AFTER: Duration = Duration::from_secs(10);

/// What the server offered in its last EHLO reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offers {
    pub(super) start_tls: bool,
    pub(super) pipelining: bool,
    pub(super) eight_bit: bool,
    pub(super) smtp_utf8: bool,
    pub(super) dsn: bool,
    /// Offered at all; `Some(0)` is "no fixed limit" (RFC 1870).
    pub(super) size: Option<u64>,
    pub(super) auth_plain: bool,
    pub(super) auth_login: bool,
}

impl Offers {
    fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            match words.next().unwrap_or("").to_ascii_uppercase().as_str() {
                "STARTTLS" => offers.start_tls = true,
                "PIPELINING" => offers.pipelining = true,
                "8BITMIME" => offers.eight_bit = true,
                "SMTPUTF8" => offers.smtp_utf8 = true,
                "DSN" => offers.dsn = true,
                "SIZE" => {
                    offers.size = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(0))
                }
                "AUTH" => {
                    for mechanism in words {
                        offers.auth_plain |= mechanism.eq_ignore_ascii_case("PLAIN");
                        offers.auth_login |= mechanism.eq_ignore_ascii_case("LOGIN");
                    }
                }
                _ => {}
            }
        }
        offers
    }
}

/// What the next mail on this session must do first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Ready,
    /// A transaction was broken off: RSET first.
    Unfinished,
    /// Not to be used again.
    Lost,
}

pub(super) struct Session {
    pub(super) connection: AsyncSmtpConnection,
    pub(super) wire: Wire,
    pub(super) offers: Offers,
    pub(super) condition: Condition,
    pub(super) mails: u32,
    pub(super) used_at: Instant,
    /// Why the last mail was refused, when that was none of its fault.
    pub(super) trouble: Option<TroubleCause>,
}

impl Session {
    pub(super) async fn open(
        config: &RelayConfig,
        tls: Option<&Tls>,
    ) -> Result<Self, TroubleCause> {
        let address = (config.host.as_str(), config.port);
        let stream = timeout(config.timeouts.connect, TcpStream::connect(address))
            .await
            .map_err(|_| TroubleCause::Timeout("the connection"))?
            .map_err(|e| TroubleCause::Connect(e.kind().to_string()))?;
        // Without it the last packet of each mail waits 40 ms for a delayed acknowledgement.
        stream.set_nodelay(true).map_err(|e| TroubleCause::Connect(e.kind().to_string()))?;
        let loopback = stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
        let wire = match (config.tls, tls) {
            (TlsMode::Implicit, Some(tls)) => Wire::tls(handshake(config, tls, stream).await?),
            (TlsMode::StartTls, Some(_)) => Wire::plain(stream),
            (TlsMode::NoneToLoopback, _) if loopback => Wire::plain(stream),
            (TlsMode::NoneToLoopback, _) => return Err(TroubleCause::NotLoopback),
            (TlsMode::Implicit | TlsMode::StartTls, None) => {
                return Err(TroubleCause::Tls("not set up".to_owned()));
            }
        };
        let mut session = Self::greet(wire, config).await?;
        if let (TlsMode::StartTls, Some(tls)) = (config.tls, tls) {
            session = session.start_tls(config, tls).await?;
        }
        if let Some(login) = &config.login {
            session.sign_in(login, config).await?;
        }
        session.used_at = Instant::now();
        Ok(session)
    }

    /// Greeting and EHLO.
    async fn greet(wire: Wire, config: &RelayConfig) -> Result<Self, TroubleCause> {
        let name = ClientId::Domain(config.helo_name.clone());
        let (silent, _) = wire.progress();
        let connecting = AsyncSmtpConnection::connect_with_transport(Box::new(wire.clone()), &name);
        let connected = timeout(config.timeouts.command, connecting).await;
        let step = if wire.progress().0 == silent { "the greeting" } else { "EHLO" };
        let connection = match connected {
            Err(_) => return Err(TroubleCause::Timeout(step)),
            Ok(Err(error)) => return Err(refusal(&error, &wire, step)),
            Ok(Ok(connection)) => connection,
        };
        let offers = wire.last_reply().map(|reply| Offers::read(&reply)).unwrap_or_default();
        Ok(Self {
            connection,
            wire,
            offers,
            condition: Condition::Ready,
            mails: 0,
            used_at: Instant::now(),
            trouble: None,
        })
    }

    async fn start_tls(mut self, config: &RelayConfig, tls: &Tls) -> Result<Self, TroubleCause> {
        if !self.offers.start_tls {
            return Err(TroubleCause::NoStartTls);
        }
        self.ask("STARTTLS\r\n", "STARTTLS", config).await?;
        let stream = self.wire.take_plain().map_err(|e| cause(e, "STARTTLS"))?;
        self.wire.go_on_in_tls(handshake(config, tls, stream).await?);
        // What was offered before TLS is forgotten (RFC 3207 §4.2): a new connection of lettre
        // over the same wire.
        Self::greet(self.wire, config).await
    }

    async fn sign_in(&mut self, login: &Login, config: &RelayConfig) -> Result<(), TroubleCause> {
        let password = tokio::fs::read_to_string(&login.password_file).await.map_err(|e| {
            TroubleCause::Password { path: login.password_file.clone(), kind: e.kind() }
        })?;
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if self.connection.server_info().get_auth_mechanism(&mechanisms).is_none() {
            return Err(TroubleCause::NoMechanism);
        }
        let password = password.trim_end_matches(['\r', '\n']).to_owned();
        let credentials = Credentials::new(login.user.clone(), password);
        let signing = self.connection.auth(&mechanisms, &credentials);
        match timeout(config.timeouts.command, signing).await {
            Err(_) => Err(TroubleCause::Timeout("AUTH")),
            Ok(Err(error)) => Err(refusal(&error, &self.wire, "AUTH")),
            Ok(Ok(_)) => Ok(()),
        }
    }

    /// Whether a mail may be started on this kept session: the server has not said farewell,
    /// answers after a pause, and has forgotten a transaction that was broken off.
    pub(super) async fn is_usable(&mut self, config: &RelayConfig) -> bool {
        let paused = self.used_at.elapsed();
        if paused >= config.keep_idle || self.mails >= config.mails_per_connection {
            return false;
        }
        if !self.wire.is_quiet() {
            return false;
        }
        let question = match self.condition {
            Condition::Ready if paused <= ASK_AFTER => return true,
            Condition::Ready => "NOOP\r\n",
            Condition::Unfinished => "RSET\r\n",
            Condition::Lost => return false,
        };
        let answered = self.ask(question, "RSET", config).await.is_ok();
        self.condition = if answered { Condition::Ready } else { Condition::Lost };
        answered
    }

    /// Says goodbye, without waiting for long.
    pub(super) async fn quit(mut self) {
        if self.condition != Condition::Lost {
            let _ = timeout(Duration::from_secs(1), self.connection.quit()).await;
        }
    }

    /// A command that must be answered positively.
    async fn ask(
        &mut self,
        command: &str,
        step: &'static str,
        config: &RelayConfig,
    ) -> Result<(), TroubleCause> {
        match timeout(config.timeouts.command, self.connection.command(command)).await {
            Err(_) => Err(TroubleCause::Timeout(step)),
            Ok(Err(error)) => Err(refusal(&error, &self.wire, step)),
            Ok(Ok(_)) => Ok(()),
        }
    }

    /// A reply as the transaction needs it: lettre makes an error of each refusal.
    pub(super) fn reply_of(&self, answered: Result<Response, Error>) -> Result<Reply, WireError> {
        match answered {
            Ok(response) => Ok(Reply {
                code: response.code().into(),
                lines: response.message().map(str::to_owned).collect(),
            }),
            Err(error) => {
                let code = error.status().map(u16::from);
                code.and_then(|code| self.wire.last_reply().filter(|reply| reply.code == code))
                    .ok_or_else(|| self.wire.error())
            }
        }
    }
}

async fn handshake(
    config: &RelayConfig,
    tls: &Tls,
    stream: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, TroubleCause> {
    timeout(config.timeouts.connect, tls.connector.connect(tls.server.clone(), stream))
        .await
        .map_err(|_| TroubleCause::Timeout("the TLS handshake"))?
        .map_err(|e| TroubleCause::Tls(e.to_string()))
}

fn refusal(error: &Error, wire: &Wire, step: &'static str) -> TroubleCause {
    match error.status() {
        Some(code) => TroubleCause::Refused { step, code: code.into() },
        None => cause(wire.error(), step),
    }
}

fn cause(error: WireError, step: &'static str) -> TroubleCause {
    match error {
        WireError::Closed => TroubleCause::Closed(step),
        WireError::TimedOut => TroubleCause::Timeout(step),
        WireError::Garbage => TroubleCause::Garbage(step),
    }
}
