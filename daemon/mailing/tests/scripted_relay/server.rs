//! An SMTP server that behaves as the script says and remembers what it heard.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What is done instead of the usual answer.
#[derive(Debug, Clone)]
pub enum Act {
    /// Always says this.
    Say(&'static str),
    /// Says this the first time only.
    Once(&'static str),
    /// Says this after a while.
    SayLate(&'static str, Duration),
    /// Says nothing, keeps the connection.
    Hang,
    /// Closes.
    Close,
    /// Closes the first time only.
    CloseOnce,
}

#[derive(Clone)]
pub struct Script {
    pub pipelining: bool,
    pub smtp_utf8: bool,
    pub size: usize,
    /// Mechanisms offered; the password is `secret`.
    pub auth: &'static str,
    pub start_tls: Option<TlsAcceptor>,
    pub implicit_tls: Option<TlsAcceptor>,
    /// Answers DATA with 354 although no recipient was taken (RFC 2920 allows it).
    pub data_after_refusal: bool,
    pub closes_after_mail: bool,
    pub acts: HashMap<&'static str, Act>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            pipelining: true,
            smtp_utf8: false,
            size: 100_000_000,
            auth: "",
            start_tls: None,
            implicit_tls: None,
            data_after_refusal: false,
            closes_after_mail: false,
            acts: HashMap::new(),
        }
    }
}

impl Script {
    pub fn at(mut self, verb: &'static str, act: Act) -> Self {
        self.acts.insert(verb, act);
        self
    }
}

#[derive(Debug, Clone, Default)]
pub struct Received {
    pub connections: usize,
    pub closed: usize,
    pub commands: Vec<String>,
    pub mails: Vec<Vec<u8>>,
    pub signed_in: Vec<(String, String)>,
    /// Whether MAIL, RCPT and DATA once came in one read.
    pub in_one_read: bool,
    /// When each MAIL came.
    pub started_at: Vec<tokio::time::Instant>,
    used_up: std::collections::HashSet<&'static str>,
}

pub struct Server {
    port: u16,
    received: Arc<Mutex<Received>>,
    closed: Arc<tokio::sync::Semaphore>,
}

impl Server {
    pub async fn start(script: Script) -> Self {
        Self::start_at(0, script).await
    }

    pub async fn start_at(port: u16, script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("bound");
        let port = listener.local_addr().expect("an address").port();
        let received = Arc::new(Mutex::new(Received::default()));
        let closed = Arc::new(tokio::sync::Semaphore::new(0));
        let (shared, ends) = (Arc::clone(&received), Arc::clone(&closed));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("accepted");
                shared.lock().expect("unpoisoned").connections += 1;
                let (script, shared, ends) =
                    (script.clone(), Arc::clone(&shared), Arc::clone(&ends));
                tokio::spawn(async move {
                    serve(stream, script, &shared).await;
                    ends.add_permits(1);
                });
            }
        });
        Self { port, received, closed }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn received(&self) -> Received {
        self.received.lock().expect("unpoisoned").clone()
    }

    /// Waits until one more connection was closed by the server, and the client can know it.
    pub async fn wait_until_closed(&self) {
        self.closed.acquire().await.expect("open").forget();
        // The reactor has to turn once for the end to be seen.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

struct Talk<'a> {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    script: Script,
    received: &'a Mutex<Received>,
    refused: bool,
}

async fn serve(stream: tokio::net::TcpStream, script: Script, received: &Mutex<Received>) {
    let stream: Box<dyn Stream> = match &script.implicit_tls {
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        },
        None => Box::new(stream),
    };
    let mut talk = Talk { stream, buffer: Vec::new(), script, received, refused: false };
    if talk.answer("GREETING", "220 test ESMTP").await {
        while talk.command().await {}
    }
    received.lock().expect("unpoisoned").closed += 1;
}

impl Talk<'_> {
    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|w| w == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Some(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            let mut chunk = [0; 65536];
            let count = self.stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
            self.buffer.extend_from_slice(&chunk[..count]);
            let text = String::from_utf8_lossy(&self.buffer);
            if text.contains("MAIL FROM") && text.contains("DATA\r\n") {
                self.received.lock().expect("unpoisoned").in_one_read = true;
            }
        }
    }

    /// Answers by the script or as usual; false when the connection is over.
    async fn answer(&mut self, verb: &'static str, usual: &str) -> bool {
        let act = match self.script.acts.get(verb) {
            Some(Act::Once(_) | Act::CloseOnce) => {
                // For all connections: the first one that comes here uses it up.
                let act = self.script.acts.remove(verb);
                let first = self.received.lock().expect("unpoisoned").used_up.insert(verb);
                act.filter(|_| first)
            }
            other => other.cloned(),
        };
        let text = match act {
            None => usual,
            Some(Act::Say(text) | Act::Once(text)) => text,
            Some(Act::SayLate(text, pause)) => {
                tokio::time::sleep(pause).await;
                text
            }
            Some(Act::Hang) => {
                // Until the client gives up.
                let mut rest = [0; 1024];
                while self.stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
                return false;
            }
            Some(Act::Close | Act::CloseOnce) => return false,
        };
        if verb == "RCPT" || verb == "MAIL" {
            self.refused |= !text.starts_with('2');
        }
        self.stream.write_all(format!("{text}\r\n").as_bytes()).await.is_ok()
            && !text.starts_with("421")
    }

    async fn command(&mut self) -> bool {
        let Some(line) = self.line().await else { return false };
        self.received.lock().expect("unpoisoned").commands.push(line.clone());
        let verb = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                let offers = self.offers();
                self.answer("EHLO", &offers).await
            }
            "STARTTLS" => self.start_tls().await,
            "AUTH" => self.sign_in(&line).await,
            "MAIL" => {
                let now = tokio::time::Instant::now();
                self.received.lock().expect("unpoisoned").started_at.push(now);
                self.refused = false;
                self.answer("MAIL", "250 2.1.0 ok").await
            }
            "RCPT" => self.answer("RCPT", "250 2.1.5 ok").await,
            "DATA" => self.data().await,
            "RSET" | "NOOP" => self.answer("RSET", "250 2.0.0 ok").await,
            "QUIT" => {
                self.answer("QUIT", "221 bye").await;
                false
            }
            _ => self.answer("OTHER", "500 what").await,
        }
    }

    fn offers(&self) -> String {
        let mut offers = format!("250-test\r\n250-SIZE {}\r\n250-DSN\r\n", self.script.size);
        if self.script.pipelining {
            offers.push_str("250-PIPELINING\r\n");
        }
        if self.script.smtp_utf8 {
            offers.push_str("250-SMTPUTF8\r\n250-8BITMIME\r\n");
        }
        if self.script.start_tls.is_some() {
            offers.push_str("250-STARTTLS\r\n");
        }
        if !self.script.auth.is_empty() {
            offers.push_str(&format!("250-AUTH {}\r\n", self.script.auth));
        }
        offers + "250 ENHANCEDSTATUSCODES"
    }

    async fn start_tls(&mut self) -> bool {
        let Some(acceptor) = self.script.start_tls.take() else {
            return self.answer("STARTTLS", "502 no").await;
        };
        if !self.answer("STARTTLS", "220 go").await {
            return false;
        }
        let plain = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        match acceptor.accept(plain).await {
            Ok(stream) => {
                self.stream = Box::new(stream);
                true
            }
            Err(_) => false,
        }
    }

    async fn sign_in(&mut self, line: &str) -> bool {
        let decode = |text: &str| {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (user, password) = if let Some(response) = line.strip_prefix("AUTH PLAIN ") {
            let words = decode(response);
            let mut words = words.split('\0').skip(1).map(str::to_owned);
            (words.next().unwrap_or_default(), words.next().unwrap_or_default())
        } else {
            self.answer("AUTH", "334 VXNlcm5hbWU6").await;
            let user = decode(&self.line().await.unwrap_or_default());
            self.answer("AUTH", "334 UGFzc3dvcmQ6").await;
            (user, decode(&self.line().await.unwrap_or_default()))
        };
        if password != "secret" {
            return self.answer("AUTH", &format!("535 5.7.8 wrong password for {user}")).await;
        }
        self.received.lock().expect("unpoisoned").signed_in.push((user, password));
        self.answer("AUTH", "235 2.7.0 ok").await
    }

    async fn data(&mut self) -> bool {
        let usual = if self.refused && !self.script.data_after_refusal {
            "503 5.5.1 no recipient"
        } else {
            "354 go on"
        };
        let open = match self.script.acts.get("DATA") {
            None => usual.starts_with("354"),
            Some(_) => false,
        };
        if !self.answer("DATA", usual).await {
            return false;
        }
        if !open {
            return true;
        }
        if matches!(self.script.acts.get("BODY"), Some(Act::Close)) {
            let mut some = [0; 65536];
            let _ = self.stream.read(&mut some).await;
            return false;
        }
        let mut mail = Vec::new();
        loop {
            match self.line().await.as_deref() {
                None => return false,
                Some(".") => break,
                Some(line) => {
                    mail.extend_from_slice(line.strip_prefix('.').unwrap_or(line).as_bytes());
                    mail.extend_from_slice(b"\r\n");
                }
            }
        }
        self.received.lock().expect("unpoisoned").mails.push(mail);
        let usual = if self.refused { "554 5.5.1 no valid recipients" } else { "250 2.0.0 queued" };
        self.answer(".", usual).await && !self.script.closes_after_mail
    }
}

/// A CA and a leaf for 127.0.0.1.
pub struct Certificates {
    directory: tempfile::TempDir,
    acceptor: TlsAcceptor,
}

impl Certificates {
    pub fn make() -> Self {
        let directory = tempfile::tempdir().expect("made");
        let ca_key = rcgen::KeyPair::generate().expect("made");
        let mut ca = rcgen::CertificateParams::new(Vec::new()).expect("made");
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca_certificate = ca.self_signed(&ca_key).expect("signed");
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let key = rcgen::KeyPair::generate().expect("made");
        let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("made");
        let certificate = leaf.signed_by(&key, &issuer).expect("signed");
        std::fs::write(directory.path().join("ca.pem"), ca_certificate.pem()).expect("written");
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a certificate");
        Self { directory, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    pub fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}
