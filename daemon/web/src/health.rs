//! For the machines that watch us: alive, and ready.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::web::Web;

const PATIENCE: Duration = Duration::from_secs(5);

/// `GET /healthz`: the process answers.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 when forms can be filed, else 503 with the names of the parts that fail.
pub(crate) async fn ready(State(web): State<Arc<Web>>) -> Response {
    let failing = match tokio::time::timeout(PATIENCE, web.desk.health()).await {
        Ok(health) => health.failing,
        Err(_) => vec!["desk".to_owned()],
    };
    let status = match failing.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = json!({ "is_ready": failing.is_empty(), "failing": failing });
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
