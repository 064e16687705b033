//! A mailbox over a real database and vault, with a standing clock and the example reader.

use std::{path::PathBuf, sync::Arc, time::Duration};

use cases::{Cases, Settings};
use intake::{
    MailSource, Mailbox, MailboxTask, Outcome,
    authenticate::Authenticator,
    child::{ReaderConfig, ReaderPool},
    imap::{ImapConfig, Login, Security},
};
use store::StoreConfig;
use tempfile::TempDir;
use tests::{
    ambient::StandingClock,
    certificates::Certificates,
    place::Place,
    scripted::ScriptedImap,
    servers::{Dovecot, MailStore},
};

#[path = "../../../cases/tests/shared/house.rs"]
mod house;

pub const HELLO: &str = "hello@clinic.example";

pub struct Room {
    pub task: MailboxTask,
    pub clock: Arc<StandingClock>,
    pub dir: TempDir,
}

/// The example program stands beside the test's directory.
pub fn reader() -> ReaderPool {
    let test = std::env::current_exe().expect("own path");
    let profile = test.parent().and_then(|deps| deps.parent()).expect("target/debug");
    ReaderPool::new(ReaderConfig {
        time_limit: Duration::from_secs(20),
        ..ReaderConfig::new(profile.join("examples/reader"), vec![])
    })
}

impl Room {
    /// A Maildir over SQLite.
    pub async fn with_maildir() -> Self {
        let dir = TempDir::new().expect("a directory");
        let path = dir.path().join("consentry.sqlite");
        Self::over(StoreConfig::Sqlite { path }, dir, None).await
    }

    pub async fn with_maildir_over(config: StoreConfig) -> Self {
        Self::over(config, TempDir::new().expect("a directory"), None).await
    }

    /// A server's mailbox over SQLite.
    pub async fn on_server(server: &Server, move_to: Option<&str>) -> Self {
        let dir = TempDir::new().expect("a directory");
        let path = dir.path().join("consentry.sqlite");
        let source = MailSource::Imap {
            server: server.config(),
            folders: vec!["INBOX".to_owned()],
            move_to: move_to.map(ToOwned::to_owned),
        };
        Self::over(StoreConfig::Sqlite { path }, dir, Some(source)).await
    }

    /// The mailbox of a server whose faults the test chooses, over SQLite.
    pub async fn on_scripted(server: &ScriptedImap, move_to: Option<&str>) -> Self {
        let dir = TempDir::new().expect("a directory");
        let path = dir.path().join("consentry.sqlite");
        let password = dir.path().join("password");
        std::fs::write(&password, "secret").expect("written");
        let server = ImapConfig {
            host: "127.0.0.1".to_owned(),
            port: server.port(),
            security: Security::PlaintextOnLoopback,
            tls_ca_file: None,
            user: HELLO.to_owned(),
            login: Login::Password { file: password },
            time_limit: Duration::from_secs(2),
        };
        let folders = vec!["INBOX".to_owned()];
        let move_to = move_to.map(ToOwned::to_owned);
        let source = MailSource::Imap { server, folders, move_to };
        Self::over(StoreConfig::Sqlite { path }, dir, Some(source)).await
    }

    async fn over(config: StoreConfig, dir: TempDir, source: Option<MailSource>) -> Self {
        let clock = house::noon();
        let mut parts = house::parts(&config, dir.path(), clock.clone(), 7).await;
        parts.settings = Arc::new(Settings { acknowledgements_per_hour: 100, ..house::settings() });
        let entropy = Arc::clone(&parts.entropy);
        let cases = Cases::new(parts).expect("cases");
        let path = dir.path().join("Maildir");
        tests::maildir::make(&path).expect("made");
        let folders = vec!["INBOX".to_owned()];
        let mailbox = Mailbox {
            name: "hello".to_owned(),
            source: source.unwrap_or(MailSource::Maildir { path, folders }),
            poll_interval: Duration::from_secs(60),
            max_message_size: 64 * 1024,
        };
        let task = MailboxTask {
            mailbox,
            cases,
            authenticator: Authenticator::new(&[], 0, None),
            reader: reader(),
            owner: "epoch-1".to_owned(),
            clock: clock.clone(),
            entropy,
            beat: Arc::new(|| {}),
        };
        Self { task, clock, dir }
    }

    pub fn maildir(&self) -> PathBuf {
        self.dir.path().join("Maildir")
    }

    pub fn deliver(&self, raw: &[u8]) {
        tests::maildir::deliver(&self.maildir(), raw, 1_796_370_000).expect("delivered");
    }

    pub async fn poll(&self) -> Vec<Outcome> {
        intake::poll_once(&self.task).await.expect("a whole pass")
    }

    /// The same mailbox, polled by another run of the daemon.
    pub fn restarted_as(&self, owner: &str) -> MailboxTask {
        MailboxTask { owner: owner.to_owned(), ..self.task.clone() }
    }

    pub async fn number(&self, sql: &str) -> i64 {
        store::probe::number(self.task.cases.store(), sql).await.expect("a number")
    }

    pub async fn messages(&self, state: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM message WHERE state = '{state}'")).await
    }

    pub async fn tickets(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM ticket").await
    }
}

/// A Dovecot with one mailbox.
pub struct Server {
    pub dovecot: Dovecot,
    pub mail: MailStore,
    certificates: Certificates,
    password: PathBuf,
    _place: Place,
}

impl Server {
    pub fn start() -> Self {
        let place = Place::new().expect("a place");
        let certificates = Certificates::make(&place).expect("certificates");
        let mail = MailStore::make(&place, &[HELLO]).expect("a store");
        let dovecot = Dovecot::start(&place, &mail, &certificates).expect("dovecot");
        let password = place.file("password", &mail.accounts[0].password).expect("written");
        Self { dovecot, mail, certificates, password, _place: place }
    }

    fn config(&self) -> ImapConfig {
        ImapConfig {
            host: "localhost".to_owned(),
            port: self.dovecot.tls_port(),
            security: Security::Tls,
            tls_ca_file: Some(self.certificates.authority.clone()),
            user: HELLO.to_owned(),
            login: Login::Password { file: self.password.clone() },
            time_limit: Duration::from_secs(20),
        }
    }

    pub fn append(&self, folder: &str, raw: &[u8]) {
        let mut session = self.dovecot.session(HELLO).expect("signed in");
        session.append(folder, raw, None).expect("appended");
    }
}

/// A mail whose subject tells the example reader what to do.
pub fn mail(subject: &str) -> Vec<u8> {
    format!(
        "From: Anna <anna-{subject}@mail.example>\r\nTo: {HELLO}\r\nSubject: {subject}\r\n\
         Message-ID: <{subject}@mail.example>\r\n\r\ntext of {subject}\r\n"
    )
    .into_bytes()
}
