//! `POST /api/systems/{name}/acknowledgements`: what a connected system says of a call that it had
//! accepted. Signed like the calls themselves (Standard Webhooks).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::asking::{self, add_retry_after};
use crate::desk::{DeskError, SystemMessage, SystemMessageAnswer};
use crate::limits::TooMany;
use crate::lists::count_wrong_token;
use crate::network::Origin;
use crate::pages::problem_json;
use crate::web::Web;

/// The largest message: an id, a word, a code, and what the system holds of a person.
pub(crate) const LARGEST_MESSAGE: usize = domain::webhook::LARGEST_EXPORT + 4 * 1024;

/// Takes a message. Whoever is not known gets one answer, whatever was wrong.
pub(crate) async fn hear(
    State(web): State<Arc<Web>>,
    Extension(origin): Extension<Origin>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    // Before the signature is reckoned: a system that has done much at once waits, and says the
    // rest later.
    let now = web.clock.boot_time();
    if let Err(over) = web.limiters.acknowledgement.take(&origin.limit_key(), now) {
        return too_many(over);
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The message is too large");
        }
        Err(_) => return problem(StatusCode::BAD_REQUEST, "unreadable", "The body broke off"),
    };
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let message = SystemMessage {
        system: &name,
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body: &body,
    };
    match web.desk.hear_system(message).await {
        Ok(SystemMessageAnswer::Noted) => {
            (StatusCode::OK, Json(json!({ "status": "noted" }))).into_response()
        }
        Ok(SystemMessageAnswer::Forged) => match count_wrong_token(&web, origin) {
            Ok(()) => problem(
                StatusCode::UNAUTHORIZED,
                "not_signed",
                "Not signed by this system, or not now",
            ),
            Err(over) => too_many(over),
        },
        Ok(SystemMessageAnswer::Unreadable) => {
            problem(StatusCode::BAD_REQUEST, "unreadable", "Write id, status and code")
        }
        Ok(SystemMessageAnswer::Unknown) => {
            problem(StatusCode::NOT_FOUND, "no_such_call", "This system was not made such a call")
        }
        Ok(SystemMessageAnswer::Settled) => {
            problem(StatusCode::CONFLICT, "settled", "The call is settled otherwise")
        }
        Err(DeskError::Unavailable | DeskError::Failed) => {
            let mut response =
                problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Say it again later");
            add_retry_after(&mut response, Some(asking::ASK_AGAIN));
            response
        }
    }
}

fn too_many(over: TooMany) -> Response {
    let mut response =
        problem(StatusCode::TOO_MANY_REQUESTS, "too_many", "Too many messages; say it again later");
    add_retry_after(&mut response, Some(over.retry_after));
    response
}

fn problem(status: StatusCode, code: &str, title: &str) -> Response {
    problem_json(status, code, title, title, Value::Array(Vec::new()))
}
