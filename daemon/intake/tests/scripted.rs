//! What servers do wrong: a scripted one on the loopback says exactly what is in the script.

use std::{path::PathBuf, time::Duration};

use intake::imap::{ImapConfig, ImapError, Login, Security, Session};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinHandle,
};

/// One step: a line whose end (after the tag) must be this, and what is answered, `T` being its
/// tag. An answer that ends in `!` closes the connection after it; at a `~` it halts for 200 ms.
type Step = (&'static str, &'static str);

struct Scripted {
    port: u16,
    server: JoinHandle<()>,
    dir: tempfile::TempDir,
}

async fn server(greeting: &'static str, steps: Vec<Step>) -> Scripted {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        writer.write_all(greeting.as_bytes()).await.expect("written");
        for (command, answer) in steps {
            let Ok(Some(line)) = lines.next_line().await else { panic!("no {command}") };
            let (tag, rest) = line.split_once(' ').unwrap_or(("", &line));
            assert_eq!(rest, command);
            let answer = format!("\n{answer}").replace("\nT ", &format!("\n{tag} "));
            let answer = answer.trim_start_matches('\n');
            let text = answer.strip_suffix('!').unwrap_or(answer);
            for (at, part) in text.split('~').enumerate() {
                if at > 0 {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                // The client may have left.
                let _ = writer.write_all(part.as_bytes()).await;
            }
            if answer.ends_with('!') {
                return;
            }
        }
        // Stays silent until the client leaves.
        let _ = lines.next_line().await;
    });
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("secret"), "token\n").expect("written");
    Scripted { port, server, dir }
}

impl Scripted {
    fn config(&self, login: fn(PathBuf) -> Login) -> ImapConfig {
        ImapConfig {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            security: Security::PlaintextOnLoopback,
            tls_ca_file: None,
            user: "hello".to_owned(),
            login: login(self.dir.path().join("secret")),
            time_limit: Duration::from_millis(500),
        }
    }
}

fn password(file: PathBuf) -> Login {
    Login::Password { file }
}

const HELLO: &str = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n";
const LOGIN: [Step; 2] = [
    ("AUTHENTICATE PLAIN", "+ \r\n"),
    // The base64 text has no space, so it is all "rest" with an empty tag.
    ("AGhlbGxvAHRva2Vu", "A0001 OK in\r\n"),
];
const CAPABILITY: Step = ("CAPABILITY", "* CAPABILITY IMAP4rev1 MOVE IDLE\r\nT OK\r\n");
const SELECT: Step = (
    "SELECT \"INBOX\"",
    "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT 9] .\r\n* OK [PERMANENTFLAGS (\\Seen)] .\r\nT OK [READ-WRITE] .\r\n",
);

async fn session(steps: &[Step]) -> (Session, Scripted) {
    let mut script = LOGIN.to_vec();
    script.push(CAPABILITY);
    script.extend_from_slice(steps);
    let server = server(HELLO, script).await;
    let session = Session::connect(&server.config(password)).await.expect("logged in");
    (session, server)
}

#[tokio::test]
async fn a_fetch_answered_no_is_an_error_and_the_connection_stays() {
    let (mut session, server) = session(&[
        SELECT,
        ("UID FETCH 1:2 (UID BODY.PEEK[])", "T NO [SERVERBUG] later\r\n"),
        ("UID FETCH 1 (UID BODY.PEEK[])", "T BAD what\r\n"),
        ("NOOP", "T OK\r\n"),
    ])
    .await;
    let selected = session.select("INBOX").await.expect("selected");
    assert!(!selected.allows_keyword);
    let error = session.fetch(&[2, 1]).await.expect_err("NO");
    assert!(matches!(&error, ImapError::Refused { status: "NO", code, .. } if code == "SERVERBUG"));
    let error = session.fetch(&[1]).await.expect_err("BAD");
    assert!(error.leaves_connection());
    session.noop().await.expect("still good");
    drop(session);
    server.server.await.expect("the script was followed");
}

#[tokio::test]
async fn a_connection_cut_in_a_literal_is_never_a_short_mail() {
    let (mut session, _server) = session(&[
        SELECT,
        (
            "UID FETCH 1:2 (UID BODY.PEEK[])",
            "* 1 FETCH (UID 1 BODY[] {4}\r\nabcd)\r\n* 2 FETCH (UID 2 BODY[] {100}\r\nabc!",
        ),
    ])
    .await;
    session.select("INBOX").await.expect("selected");
    let error = session.fetch(&[1, 2]).await.expect_err("cut");
    assert!(!error.leaves_connection(), "{error}");
    // It is not used again.
    assert!(matches!(session.noop().await, Err(ImapError::Closed { .. })));
}

#[tokio::test]
async fn a_connection_that_ends_between_responses_is_no_end_of_the_answer() {
    let (mut session, _server) = session(&[
        SELECT,
        ("UID FETCH 1:2 (UID BODY.PEEK[])", "* 1 FETCH (UID 1 BODY[] {4}\r\nabcd)\r\n!"),
    ])
    .await;
    session.select("INBOX").await.expect("selected");
    assert!(matches!(session.fetch(&[1, 2]).await, Err(ImapError::Closed { .. })));
}

#[tokio::test]
async fn mails_that_were_not_asked_for_are_not_taken() {
    let (mut session, _server) = session(&[
        SELECT,
        (
            "UID FETCH 1 (UID BODY.PEEK[])",
            "* 9 FETCH (UID 9 BODY[] {1}\r\nx)\r\n* 3 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 BODY[] {1}\r\ny)\r\nT OK\r\n",
        ),
        (
            "UID FETCH 5:* (UID RFC822.SIZE INTERNALDATE)",
            "* 3 FETCH (UID 4 RFC822.SIZE 9 FLAGS ())\r\nT OK\r\n",
        ),
    ])
    .await;
    session.select("INBOX").await.expect("selected");
    let bodies = session.fetch(&[1]).await.expect("fetched");
    assert_eq!(
        bodies.iter().map(|b| (b.uid, b.raw.as_slice())).collect::<Vec<_>>(),
        [(1, &b"y"[..])]
    );
    assert!(session.walk(5, None).await.expect("walked").0.is_empty());
}

#[tokio::test]
async fn a_silent_server_is_left_in_time() {
    let (mut session, _server) = session(&[SELECT, ("NOOP", "")]).await;
    session.select("INBOX").await.expect("selected");
    assert!(matches!(session.noop().await, Err(ImapError::TimedOut { .. })));
    assert!(matches!(session.noop().await, Err(ImapError::Closed { .. })));
}

#[tokio::test]
async fn garbage_is_an_error_that_does_not_repeat_it() {
    let (mut session, _server) =
        session(&[("NOOP", "* 1 FETCH (UID anna@mail.example secret\r\nT OK\r\n")]).await;
    let error = session.noop().await.expect_err("garbage");
    assert!(matches!(error, ImapError::Protocol { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("anna"));
}

#[tokio::test]
async fn idle_on_a_connection_that_dies_is_an_error() {
    let never = std::future::pending::<()>;
    let (mut dying, _server) = session(&[SELECT, ("IDLE", "+ idling\r\n!")]).await;
    dying.select("INBOX").await.expect("selected");
    let error = dying.idle(Duration::from_secs(9), never()).await.expect_err("dead");
    assert!(matches!(error, ImapError::Closed { .. } | ImapError::Broken { .. }), "{error}");
    let (mut leaving, _server) = session(&[SELECT, ("IDLE", "+ idling\r\n* BYE\r\n!")]).await;
    leaving.select("INBOX").await.expect("selected");
    let error = leaving.idle(Duration::from_secs(9), never()).await.expect_err("bye");
    assert!(matches!(error, ImapError::Closed { .. }), "{error}");
    let (mut refusing, _server) = session(&[SELECT, ("IDLE", "T BAD no\r\n")]).await;
    refusing.select("INBOX").await.expect("selected");
    let error = refusing.idle(Duration::from_secs(9), never()).await.expect_err("refused");
    assert!(error.leaves_connection());
}

#[tokio::test]
async fn a_move_tells_the_new_uids_from_the_untagged_answer() {
    let (mut session, _server) = session(&[
        SELECT,
        ("UID MOVE 2:3 \"Done\"", "T NO [TRYCREATE] no such\r\n"),
        ("CREATE \"Done\"", "T OK\r\n"),
        (
            "UID MOVE 2:3 \"Done\"",
            "* OK [COPYUID 8 2:3 11,15] .\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\nT OK\r\n",
        ),
    ])
    .await;
    session.select("INBOX").await.expect("selected");
    let moved = session.move_to(&[3, 2], "Done").await.expect("moved");
    assert_eq!((moved[&2], moved[&3]), ((8, 11), (8, 15)));
}

#[tokio::test]
async fn a_copy_without_uidplus_expunges_nothing() {
    let mut script = LOGIN.to_vec();
    script.extend_from_slice(&[
        ("CAPABILITY", "* CAPABILITY IMAP4rev1\r\nT OK\r\n"),
        SELECT,
        ("UID COPY 2 \"Done\"", "T OK\r\n"),
        ("UID STORE 2 +FLAGS.SILENT (\\Deleted)", "T OK\r\n"),
        ("NOOP", "T OK\r\n"),
    ]);
    let server = server(HELLO, script).await;
    let mut session = Session::connect(&server.config(password)).await.expect("logged in");
    session.select("INBOX").await.expect("selected");
    assert!(session.copy_to(&[2], "Done").await.expect("copied").is_empty());
    session.remove(&[2]).await.expect("removed");
    session.noop().await.expect("no EXPUNGE in between");
}

#[tokio::test]
async fn no_password_is_sent_where_login_is_disabled() {
    let server = server("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS] hi\r\n", vec![]).await;
    let error = Session::connect(&server.config(password)).await.expect_err("disabled");
    assert!(matches!(error, ImapError::NoMechanism { .. }), "{error}");
}

#[tokio::test]
async fn a_refused_token_is_told_from_a_broken_connection() {
    let token = |token_file| Login::OAuthBearer { token_file };
    let server = server(
        "* OK [CAPABILITY IMAP4rev1 AUTH=OAUTHBEARER] hi\r\n",
        vec![
            ("AUTHENTICATE OAUTHBEARER", "+ \r\n"),
            // "n,a=hello,^Ahost=127.0.0.1^Aport=…" is checked by its length only: the port varies.
        ],
    )
    .await;
    let error = Session::connect(&server.config(token)).await.expect_err("no answer");
    assert!(matches!(error, ImapError::TimedOut { .. } | ImapError::Closed { .. }), "{error}");
    let token = |token_file| Login::XOAuth2 { token_file };
    let server = self::server(
        "* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] hi\r\n",
        vec![
            ("AUTHENTICATE XOAUTH2", "+ \r\n"),
            ("dXNlcj1oZWxsbwFhdXRoPUJlYXJlciB0b2tlbgEB", "+ eyJzdGF0dXMiOiI0MDAifQ==\r\n"),
            ("", "A0001 NO [AUTHENTICATIONFAILED] expired\r\n"),
        ],
    )
    .await;
    let error = Session::connect(&server.config(token)).await.expect_err("refused");
    assert!(
        matches!(&error, ImapError::LoginRefused { code, .. } if code == "AUTHENTICATIONFAILED")
    );
}

#[tokio::test]
async fn plaintext_is_refused_beyond_the_loopback() {
    let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    // An address of this machine that is not the loopback, if it has one.
    let Ok(probe) = std::net::UdpSocket::bind("0.0.0.0:0") else { return };
    let own = probe.connect("192.0.2.1:9").and_then(|()| probe.local_addr());
    let Some(own) = own.ok().filter(|own| !own.ip().is_loopback()) else { return };
    let config = ImapConfig {
        host: own.ip().to_string(),
        port,
        security: Security::PlaintextOnLoopback,
        tls_ca_file: None,
        user: "hello".to_owned(),
        login: password("/nonexistent".into()),
        time_limit: Duration::from_millis(500),
    };
    let error = Session::connect(&config).await.expect_err("refused");
    assert!(matches!(error, ImapError::PlaintextRefused), "{error}");
}

#[tokio::test]
async fn a_trickle_is_left_in_time_with_a_beating_heart() {
    let (session, _server) = session(&[
        SELECT,
        (
            "UID FETCH 1 (UID BODY.PEEK[])",
            "* 1 FETCH (UID 1 BODY[] {12}\r\nab~cd~ef~gh~ij~kl)\r\nT OK\r\n",
        ),
    ])
    .await;
    let beats = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&beats);
    let mut session = session.beating(std::sync::Arc::new(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }));
    session.select("INBOX").await.expect("selected");
    let before = beats.load(std::sync::atomic::Ordering::Relaxed);
    // It comes in, but so slowly that it would never end: the rate counts as well.
    let bodies = session.fetch(&[1]).await;
    assert!(matches!(bodies, Err(ImapError::TimedOut { .. })));
    assert!(beats.load(std::sync::atomic::Ordering::Relaxed) > before);
}

/// A literal of so many bytes in five parts with halts between them.
fn slow(bytes: usize) -> &'static str {
    let part = "x".repeat(bytes / 5);
    let text = [part.as_str(); 5].join("~");
    let length = part.len() * 5;
    format!("* 1 FETCH (UID 1 BODY[] {{{length}}}\r\n~{text}~)\r\nT OK\r\n").leak()
}

#[tokio::test]
async fn a_mail_may_take_longer_than_a_silence_while_it_comes_in() {
    let fetch = ("UID FETCH 1 (UID BODY.PEEK[])", slow(20_000));
    let (mut session, _server) = session(&[SELECT, fetch]).await;
    session.select("INBOX").await.expect("selected");
    assert_eq!(session.fetch(&[1]).await.expect("fetched")[0].raw.len(), 20_000);
}

#[tokio::test]
async fn an_answer_beyond_all_bounds_ends_the_connection() {
    let fetch = ("UID FETCH 1 (UID BODY.PEEK[])", slow(13 * 1024 * 1024));
    let (mut session, _server) = session(&[SELECT, fetch]).await;
    session.select("INBOX").await.expect("selected");
    let error = session.fetch(&[1]).await.expect_err("too much");
    assert!(error.to_string().contains("more than was asked for"), "{error}");
    assert!(matches!(session.noop().await, Err(ImapError::Closed { .. })));
}

#[tokio::test]
async fn a_folder_is_selected_by_the_name_that_the_server_wrote() {
    let (mut session, _server) = session(&[
        ("LIST \"\" \"*\"", "* LIST (\\Junk) \"/\" \"Entw&APw-rf &\"\r\nT OK\r\n"),
        ("SELECT \"Entw&APw-rf &\"", SELECT.1),
    ])
    .await;
    let folders = session.folders().await.expect("listed");
    session.select(&folders[0].name).await.expect("selected");
}
