//! Which address is answered by which page.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use crate::guard::{Audience, guard};
use crate::pages::{Problem, show_problem};
use crate::web::Web;
use crate::{assets, feedback, health, language, status};

/// The largest body of any request. 20,000 characters of text, each percent-encoded, fit.
pub(crate) const LARGEST_BODY: usize = 256 * 1024;

/// The router of all public pages.
pub fn router(web: Arc<Web>) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/ru/feedback", get(feedback::show_form).post(feedback::take_form))
        .route("/en/feedback", get(feedback::show_form).post(feedback::take_form))
        .route("/ru/status", get(status::ask).post(status::show))
        .route("/en/status", get(status::ask).post(status::show))
        .route("/api/v1/feedback", post(feedback::api::take))
        .route("/api/v1/feedback/form", get(feedback::api::describe))
        .route("/assets/{name}", get(assets::show))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&web), guard))
        .with_state(web)
}

/// `GET /`: to the form, in the language of the browser.
async fn home(State(web): State<Arc<Web>>, headers: HeaderMap) -> Response {
    let locale = language::preferred(&headers, web.config.default_locale);
    let mut response = Redirect::to(&format!("/{}/feedback", locale.code())).into_response();
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Language"));
    response
}

async fn not_found(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
) -> Response {
    show_problem(&web, audience, Problem::NotFound)
}
