//! The IMAP module against a real Dovecot: TLS both ways, walk, pieces, move, keyword, IDLE.

use std::{
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use intake::imap::{ImapConfig, ImapError, Large, Login, Security, Session, Wakeup};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

const NOBODY: u32 = 65_534;

struct Dovecot {
    child: Child,
    dir: tempfile::TempDir,
    plain: u16,
    tls: u16,
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A certificate authority and a leaf: rustls takes no server certificate that is its own CA.
fn certificates(dir: &Path) {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().expect("key");
    let ca_cert = ca.self_signed(&ca_key).expect("ca");
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().expect("key");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf = CertificateParams::new(names).expect("names").signed_by(&key, &issuer);
    fs::write(dir.join("ca.pem"), ca_cert.pem()).expect("written");
    fs::write(dir.join("cert.pem"), leaf.expect("leaf").pem()).expect("written");
    fs::write(dir.join("key.pem"), key.serialize_pem()).expect("written");
}

impl Dovecot {
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        certificates(root);
        fs::write(root.join("password"), "secret pa\"ss\n").expect("written");
        fs::write(root.join("users"), "hello:{PLAIN}secret pa\"ss\n").expect("written");
        let mail = root.join("mail");
        fs::create_dir(&mail).expect("made");
        std::os::unix::fs::chown(&mail, Some(NOBODY), Some(NOBODY)).expect("run as root");
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(root, open).expect("opened");
        let (plain, tls) = (free_port(), free_port());
        let mut config = String::new();
        let at = root.display();
        write!(
            config,
            "base_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\nprotocols = imap\n\
             listen = 127.0.0.1\nssl = yes\nssl_cert = <{at}/cert.pem\nssl_key = <{at}/key.pem\n\
             disable_plaintext_auth = no\nauth_mechanisms = plain login\nfirst_valid_uid = 1\n\
             first_valid_gid = 1\nmail_location = maildir:{at}/mail/%u\n\
             passdb {{\n driver = passwd-file\n args = {at}/users\n}}\n\
             userdb {{\n driver = static\n args = uid={NOBODY} gid={NOBODY} home={at}/mail/%u\n}}\n\
             namespace inbox {{\n inbox = yes\n separator = /\n\
             mailbox \"Спам\" {{\n  auto = create\n  special_use = \\Junk\n }}\n}}\n\
             service imap-login {{\n inet_listener imap {{\n  port = {plain}\n }}\n\
             inet_listener imaps {{\n  port = {tls}\n  ssl = yes\n }}\n}}\n"
        )
        .expect("a string");
        fs::write(root.join("dovecot.conf"), config).expect("written");
        let child = Command::new("/usr/sbin/dovecot")
            .args(["-F", "-c"])
            .arg(root.join("dovecot.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("dovecot-imapd is installed");
        for _ in 0..200 {
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", plain)) {
                let mut greeting = [0; 4];
                if stream.read_exact(&mut greeting).is_ok() {
                    break;
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, dir, plain, tls }
    }

    fn config(&self, security: Security) -> ImapConfig {
        ImapConfig {
            host: "localhost".to_owned(),
            port: if security == Security::Tls { self.tls } else { self.plain },
            security,
            tls_ca_file: Some(self.file("ca.pem")),
            user: "hello".to_owned(),
            login: Login::Password { file: self.file("password") },
            time_limit: Duration::from_secs(20),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn session(&self) -> Session {
        Session::connect(&self.config(Security::Tls)).await.expect("logged in")
    }

    /// Puts mails into a folder as another client would.
    fn append(&self, folder: &str, mails: &[Vec<u8>]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.plain)).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        let mut say = |bytes: &[u8], until: &str| {
            stream.write_all(bytes).expect("written");
            let mut heard = Vec::new();
            let mut byte = [0; 1];
            while !String::from_utf8_lossy(&heard).contains(until) {
                stream.read_exact(&mut byte).expect("an answer");
                heard.push(byte[0]);
            }
        };
        say(b"a login hello \"secret pa\\\"ss\"\r\n", "a OK");
        for mail in mails {
            say(format!("b append {folder} {{{}}}\r\n", mail.len()).as_bytes(), "+ ");
            say(mail, "");
            say(b"\r\n", "b OK");
        }
    }
}

fn mail(n: usize) -> Vec<u8> {
    format!("From: a@mail.example\r\nSubject: {n}\r\n\r\nbody {n}\r\n").into_bytes()
}

#[tokio::test]
async fn tls_is_spoken_both_ways_and_never_given_up() {
    let server = Dovecot::start();
    for security in [Security::Tls, Security::StartTls, Security::PlaintextOnLoopback] {
        let mut session = Session::connect(&server.config(security)).await.expect("logged in");
        assert!(session.has("IDLE") && session.has("UIDPLUS"));
        session.noop().await.expect("alive");
        session.close().await;
    }
    for security in [Security::Tls, Security::StartTls] {
        let untrusting = ImapConfig { tls_ca_file: None, ..server.config(security) };
        let refused = Session::connect(&untrusting).await.expect_err("unknown authority");
        assert!(matches!(refused, ImapError::Tls { .. }), "{refused}");
    }
    fs::write(server.file("wrong"), "wrong").expect("written");
    let login = Login::Password { file: server.file("wrong") };
    let config = ImapConfig { login, ..server.config(Security::Tls) };
    let refused = Session::connect(&config).await.expect_err("wrong password");
    assert!(
        matches!(&refused, ImapError::LoginRefused { code, .. } if code == "AUTHENTICATIONFAILED")
    );
    assert!(!format!("{refused} {refused:?}").contains("wrong"));
}

#[tokio::test]
async fn a_folder_is_walked_and_fetched_by_uid() {
    let server = Dovecot::start();
    server.append("INBOX", &(1..=25).map(mail).collect::<Vec<_>>());
    let mut session = server.session().await;
    let selected = session.select("INBOX").await.expect("selected");
    assert_eq!((selected.exists, selected.uid_next), (25, Some(26)));
    assert!(selected.allows_keyword && !selected.is_read_only);
    let (seen, next) = session.walk(1, selected.uid_next).await.expect("walked");
    assert_eq!(seen.iter().map(|s| s.uid).collect::<Vec<_>>(), (1..=25).collect::<Vec<_>>());
    assert!(seen.iter().all(|s| s.received_at.is_some() && s.size > 40));
    assert_eq!(next, None);
    // Past the end the server returns the last mail; it is not taken for a new one.
    assert_eq!(session.walk(26, selected.uid_next).await.expect("walked").0, []);
    assert_eq!(session.walk(99, None).await.expect("walked").0, []);
    let bodies = session.fetch(&[3, 4, 77]).await.expect("fetched");
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0].raw, mail(3));
    let header = session.fetch_header(7).await.expect("fetched").expect("there");
    assert_eq!(header.raw, b"From: a@mail.example\r\nSubject: 7\r\n\r\n");
    assert!(session.fetch_header(70).await.expect("asked").is_none());
    assert!(session.select("Nowhere").await.is_err_and(|e| e.leaves_connection()));
    session.noop().await.expect("still good");
}

#[tokio::test]
async fn a_mail_of_50_mb_comes_in_pieces() {
    let server = Dovecot::start();
    let mut big = mail(1);
    while big.len() < 50 * 1024 * 1024 {
        big.extend_from_slice(&[b'x'; 70]);
        big.extend_from_slice(b"\r\n");
    }
    server.append("INBOX", &[big.clone()]);
    let mut session = server.session().await;
    session.select("INBOX").await.expect("selected");
    let fetched = session.fetch_large(1, 64 << 20).await.expect("fetched").expect("there");
    let Large::Whole(body) = fetched else { panic!("over the limit") };
    assert!(body.raw == big, "{} of {} bytes", body.raw.len(), big.len());
    assert!(session.fetch_large(2, 64 << 20).await.expect("asked").is_none());
    let over = session.fetch_large(1, 1 << 20).await.expect("fetched");
    assert!(matches!(over, Some(Large::OverLimit)));
    session.noop().await.expect("still good");
}

#[tokio::test]
async fn mails_are_marked_and_moved_and_their_new_uids_known() {
    let server = Dovecot::start();
    server.append("INBOX", &(1..=5).map(mail).collect::<Vec<_>>());
    let mut session = server.session().await;
    session.select("INBOX").await.expect("selected");
    session.set_keyword(&[1, 2, 99]).await.expect("marked");
    // The target does not exist yet and has a name that people read.
    let moved = session.move_to(&[2, 4], "Обработано").await.expect("moved");
    let selected = session.select("Обработано").await.expect("selected");
    assert_eq!(moved[&2], (selected.uid_validity, 1));
    assert_eq!(moved[&4], (selected.uid_validity, 2));
    assert_eq!(session.fetch(&[2]).await.expect("fetched")[0].raw, mail(4));
    // What was moved is gone; moving it again is harmless.
    session.select("INBOX").await.expect("selected");
    assert!(session.move_to(&[2, 4], "Обработано").await.expect("nothing to do").is_empty());
    assert_eq!(session.walk(1, None).await.expect("walked").0.len(), 3);
}

#[tokio::test]
async fn the_junk_folder_is_found_by_its_attribute() {
    let server = Dovecot::start();
    let mut session = server.session().await;
    let folders = session.folders().await.expect("listed");
    let junk: Vec<_> = folders.iter().filter(|f| f.is_junk).map(|f| f.name.as_str()).collect();
    assert_eq!(junk, ["Спам"]);
    server.append("\"&BCEEPwQwBDw-\"", &[mail(1)]);
    assert_eq!(session.select("Спам").await.expect("selected").exists, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_wakes_for_new_mail_and_stops_on_wish() {
    let server = Dovecot::start();
    let mut session = server.session().await;
    session.select("INBOX").await.expect("selected");
    let never = std::future::pending::<()>;
    let elapsed = session.idle(Duration::from_millis(200), never()).await.expect("idle");
    assert_eq!(elapsed, Wakeup::Elapsed);
    let stopped = session.idle(Duration::from_secs(60), std::future::ready(())).await;
    assert_eq!(stopped.expect("idle"), Wakeup::Stopped);
    let appended = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::task::block_in_place(|| server.append("INBOX", &[mail(1)]));
    };
    let (woken, ()) = tokio::join!(session.idle(Duration::from_secs(60), never()), appended);
    assert_eq!(woken.expect("idle"), Wakeup::NewMail);
    assert_eq!(session.walk(1, None).await.expect("walked").0.len(), 1);
}
