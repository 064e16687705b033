//! The listening end: connections in, answers out, and an orderly end.
//!
//! A visitor who is slow to write or to read holds a connection only for a limited time, and
//! there is a limit to connections, of all and of one visitor, so nobody can keep the form from
//! others for long. TLS ends at the proxy in front.

mod patience;
mod peers;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::network::Peer;
use crate::router::router;
use crate::serve::patience::Patient;
use crate::serve::peers::Peers;
use crate::web::Web;

const MOST_CONNECTIONS: usize = 1024;
/// To send the head of a request; also how long an idle connection is kept.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// For answers in progress when we are told to stop.
const DRAIN_TIME: Duration = Duration::from_secs(15);
/// After an error of accepting that concerns us, not the visitor (no file descriptors left).
const PAUSE: Duration = Duration::from_millis(200);

/// The pages had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listening socket is of no use any more.
    #[error("cannot accept connections for the pages: {0}")]
    Listener(#[source] io::Error),
}

/// Answers requests until `cancel`; then lets those in progress, and filings, end: at most
/// 15 seconds.
///
/// # Errors
/// [`ServeError::Listener`] when the socket itself fails.
pub async fn serve(
    listener: TcpListener,
    web: Arc<Web>,
    cancel: CancellationToken,
) -> Result<(), ServeError> {
    let router = router(Arc::clone(&web));
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let peers = Arc::new(Peers::default());
    let graceful = GracefulShutdown::new();
    loop {
        let (stream, place) = tokio::select! {
            () = cancel.cancelled() => break,
            next = next_connection(&listener, &places) => match next {
                Ok(next) => next,
                Err(error) if is_passing(&error) => continue,
                Err(error) if is_ours(&error) => {
                    tracing::warn!(%error, "cannot accept a connection for the pages");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(error) => return Err(ServeError::Listener(error)),
            },
        };
        let Ok(peer) = stream.peer_addr() else { continue };
        let Some(peer_place) = peers.admit(peer.ip(), &web.config.trusted_proxies) else {
            // No event: a flood must not fill the log. Closed here, at once.
            continue;
        };
        let stream = TokioIo::new(Patient::new(stream));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .serve_connection(stream, answer(router.clone(), Peer(peer.ip())));
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A visitor who goes away in the middle is no event.
            let _ = watched.await;
            drop((place, peer_place));
        });
    }
    drop(listener);
    let drained = async {
        graceful.shutdown().await;
        web.filings.close();
        web.filings.wait().await;
    };
    if tokio::time::timeout(DRAIN_TIME, drained).await.is_err() {
        tracing::warn!("some visitors were cut off at the end");
    }
    Ok(())
}

async fn next_connection(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

fn answer(
    router: Router,
    peer: Peer,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = Infallible,
    Future: Send,
> {
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            router.oneshot(request).await
        }
    })
}

/// The visitor went away before we could greet.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
            | io::ErrorKind::NotConnected
            | io::ErrorKind::InvalidInput
    )
}

/// Out of descriptors or memory: passes when others leave.
fn is_ours(error: &io::Error) -> bool {
    // ENFILE and EMFILE, ENOMEM, ENOBUFS (errno(3)).
    matches!(error.raw_os_error(), Some(12 | 23 | 24 | 105))
}
