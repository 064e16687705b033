//! The listening end, over real sockets.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
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
