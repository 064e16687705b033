//! Which address is answered by which page.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use crate::guard::{Audience, guard};
use crate::lists::{api, confirm, embed, subscribe, unsubscribe};
use crate::pages::{Problem, show_problem};
use crate::web::Web;
use crate::{assets, challenge, feedback, health, language, package, status, systems};

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
        .merge(challenges())
        .merge(packages())
        .route("/api/v1/feedback", post(feedback::api::take))
        .route("/api/v1/feedback/form", get(feedback::api::describe))
        .merge(lists())
        .route(
            "/api/systems/{name}/acknowledgements",
            post(systems::hear).layer(DefaultBodyLimit::max(systems::LARGEST_MESSAGE)),
        )
        .route("/assets/{name}", get(assets::show))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&web), guard))
        .with_state(web)
}

/// The pages of the lists. With a slash at the end they are the same pages: a redirect would lose
/// the POST of a mail provider (RFC 8058 §3.1 forbids it).
fn lists() -> Router<Arc<Web>> {
    let form = || {
        get(subscribe::show_form)
            .post(subscribe::take_form)
            .layer(DefaultBodyLimit::max(subscribe::LARGEST_FORM))
    };
    let confirmation = || get(confirm::ask).post(confirm::confirm);
    let link = || {
        get(unsubscribe::ask)
            .post(unsubscribe::leave)
            .layer(DefaultBodyLimit::max(unsubscribe::LARGEST_POST))
    };
    Router::new()
        .route("/subscribe", form())
        .route("/subscribe/", form())
        .route("/subscribe/form", get(embed::show_html))
        .route("/subscribe/confirm/{token}", confirmation())
        .route("/subscribe/confirm/{token}/", confirmation())
        .route("/u/{token}", link())
        .route("/u/{token}/", link())
        .route("/api/lists", get(api::lists))
        .route(
            "/api/subscriptions",
            post(api::take).layer(DefaultBodyLimit::max(subscribe::LARGEST_FORM)),
        )
}

/// The link of a package of a person's own data.
fn packages() -> Router<Arc<Web>> {
    let link = || {
        get(package::ask).post(package::fetch).layer(DefaultBodyLimit::max(package::LARGEST_POST))
    };
    Router::new().route("/p/{token}", link()).route("/p/{token}/", link())
}

/// The pages of "was it you?".
fn challenges() -> Router<Arc<Web>> {
    let link = || {
        get(challenge::ask)
            .post(challenge::answer)
            .layer(DefaultBodyLimit::max(challenge::LARGEST_POST))
    };
    let code = || {
        get(challenge::ask_code)
            .post(challenge::take_code)
            .layer(DefaultBodyLimit::max(challenge::LARGEST_POST))
    };
    Router::new()
        .route("/c/{token}", link())
        .route("/c/{token}/", link())
        .route("/ru/challenge", code())
        .route("/en/challenge", code())
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
