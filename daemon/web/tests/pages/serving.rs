//! The listening end, over real sockets.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use web::serve;

use crate::stage::{Fault, Stage};

async fn started(
    stage: &Stage,
) -> (std::net::SocketAddr, CancellationToken, tokio::task::JoinHandle<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let cancel = CancellationToken::new();
    let serving = serve(listener, Arc::clone(&stage.web), cancel.clone());
    (address, cancel, tokio::spawn(async move { serving.await.is_ok() }))
}

async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("readable");
    String::from_utf8(bytes).expect("UTF-8")
}

#[tokio::test]
async fn a_request_in_progress_is_answered_after_the_end_was_called() {
    let stage = Stage::new();
    let (address, cancel, task) = started(&stage).await;
    let mut idle = TcpStream::connect(address).await.expect("connects");
    let mut busy = TcpStream::connect(address).await.expect("connects");
    let head = "POST /ru/status HTTP/1.1\r\nhost: x\r\ncontent-length: 15\r\n\
                content-type: application/x-www-form-urlencoded\r\nexpect: 100-continue\r\n\r\n";
    busy.write_all(head.as_bytes()).await.expect("writes");
    // "100 Continue" says that the page has begun to read the body.
    let mut continued = [0; 25];
    busy.read_exact(&mut continued).await.expect("reads");
    assert!(continued.starts_with(b"HTTP/1.1 100"));
    cancel.cancel();
    assert_eq!(read(&mut idle).await, "", "an idle connection is closed at once");
    busy.write_all(b"number=x&code=y").await.expect("writes");
    assert!(read(&mut busy).await.starts_with("HTTP/1.1 422"));
    assert!(task.await.expect("no panic"), "it ends without an error");
    assert!(TcpStream::connect(address).await.is_err(), "the door is closed");
}

#[tokio::test]
async fn the_peers_address_is_the_evidence() {
    let stage = Stage::new();
    let token = stage.token().await;
    let (address, cancel, task) = started(&stage).await;
    let body = format!("email=a%40b.example&text=x&form_token={token}");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!(
        "POST /ru/feedback HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("writes");
    assert!(read(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert_eq!(stage.entries()[0].remote_address, "127.0.0.1");
    cancel.cancel();
    assert!(task.await.expect("no panic"));
}

#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_ever() {
    let stage = Stage::new();
    let token = stage.token().await;
    stage.fault(Fault::Hangs);
    let (address, cancel, task) = started(&stage).await;
    let body = format!("email=a%40b.example&text=x&form_token={token}");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!(
        "POST /ru/feedback HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("writes");
    cancel.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(60), task).await;
    assert!(ended.expect("within the limit").expect("no panic"));
}

#[tokio::test(start_paused = true)]
async fn who_asks_and_never_reads_is_left() {
    let stage = Stage::new();
    let (address, cancel, task) = started(&stage).await;
    let mut deaf = TcpStream::connect(address).await.expect("connects");
    // Questions go out until our answers, unread, fill every buffer between us; then the server
    // may wait for a limited time only. A connection held for ever would never fail here.
    let asking = async {
        let questions = "GET /assets/site.css HTTP/1.1\r\nhost: x\r\n\r\n".repeat(64);
        while deaf.write_all(questions.as_bytes()).await.is_ok() {}
    };
    let left = tokio::time::timeout(Duration::from_secs(120), asking).await;
    assert!(left.is_ok(), "the connection is still held");
    cancel.cancel();
    assert!(task.await.expect("no panic"));
}

#[tokio::test]
async fn one_visitor_cannot_hold_all_the_places() {
    let stage = Stage::new();
    let (address, cancel, task) = started(&stage).await;
    let mut held = Vec::new();
    for _ in 0..64 {
        held.push(TcpStream::connect(address).await.expect("connects"));
    }
    let mut over = TcpStream::connect(address).await.expect("connects");
    assert_eq!(read(&mut over).await, "", "closed at once");

    // Somebody else is answered, and so is the same visitor on what they hold.
    let ask = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let other = TcpSocket::new_v4().expect("a socket");
    other.bind("127.0.0.2:0".parse().expect("an address")).expect("binds");
    let mut other = other.connect(address).await.expect("connects");
    other.write_all(ask.as_bytes()).await.expect("writes");
    assert!(read(&mut other).await.starts_with("HTTP/1.1 200"));
    let mut first = held.swap_remove(0);
    first.write_all(ask.as_bytes()).await.expect("writes");
    assert!(read(&mut first).await.starts_with("HTTP/1.1 200"));
    cancel.cancel();
    assert!(task.await.expect("no panic"));
}
