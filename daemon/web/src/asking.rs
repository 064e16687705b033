//! Asking the desk with a limit to our patience.
//!
//! What changes something is a task of its own: a visitor who goes away in the middle takes their
//! connection along, not half a filing.

use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::Response;

use crate::desk::DeskError;
use crate::web::Web;

/// For the desk; under the limit of the whole request.
const PATIENCE: Duration = Duration::from_secs(15);
/// After which it is worth asking again.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(60);

/// Waits for an answer that changes nothing.
///
/// # Errors
/// What the desk says; [`DeskError::Unavailable`] when it does not answer in time.
pub(crate) async fn look<T>(
    what: &'static str,
    answer: impl Future<Output = Result<T, DeskError>>,
) -> Result<T, DeskError> {
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| {
        tracing::warn!("{what} took longer than its limit");
        Err(DeskError::Unavailable)
    })
}

/// Waits for what changes something; it is done to its end even if nobody waits any more.
///
/// # Errors
/// As [`look`]; after an outage nobody knows whether it was done, and the same may be asked again.
pub(crate) async fn act<T: Send + 'static>(
    web: &Web,
    what: &'static str,
    work: impl Future<Output = Result<T, DeskError>> + Send + 'static,
) -> Result<T, DeskError> {
    let task = web.filings.spawn(work);
    look(what, async {
        match task.await {
            Ok(done) => done,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(DeskError::Unavailable),
            },
        }
    })
    .await
}

/// `Retry-After` in whole seconds, rounded up.
pub(crate) fn add_retry_after(response: &mut Response, wait: Option<Duration>) {
    if let Some(wait) = wait {
        let seconds = wait.as_secs().saturating_add(1);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}
