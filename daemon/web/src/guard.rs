//! Around every page: time limit, panics caught, and the headers that every answer carries.
//!
//! The outermost layer, so that an answer made by any other layer has the headers too.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::language::Locale;
use futures::FutureExt;

use crate::language;
use crate::network::{Origin, Peer};
use crate::pages::{Problem, show_problem};
use crate::web::Web;

/// From the first byte of a request's head to the whole of its answer.
const LONGEST: Duration = Duration::from_secs(20);

/// Everything comes from us, nothing inline runs, nobody frames us, forms come back to us.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Who reads an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// People, in their language.
    People(Locale),
    /// Programs, with texts in a language that their people may see.
    Programs(Locale),
}

impl Audience {
    pub(crate) fn of(path: &str, headers: &HeaderMap, default: Locale) -> Self {
        let mut segments = path.split('/').skip(1);
        let first = segments.next().unwrap_or_default();
        if let Some(locale) = Locale::from_code(first) {
            return Self::People(locale);
        }
        let locale = language::preferred(headers, default);
        if first == "api" { Self::Programs(locale) } else { Self::People(locale) }
    }

    /// The language of the answer.
    pub(crate) fn locale(self) -> Locale {
        let (Self::People(locale) | Self::Programs(locale)) = self;
        locale
    }
}

/// The layer. Puts [`Origin`] and [`Audience`] into the request for the pages.
pub(crate) async fn guard(
    State(web): State<Arc<Web>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let audience = Audience::of(&path, request.headers(), web.config.default_locale);
    let unknown = Peer(std::net::Ipv4Addr::UNSPECIFIED.into());
    let peer = request.extensions().get::<Peer>().copied().unwrap_or(unknown);
    let origin = Origin::find(peer, request.headers(), &web.config.trusted_proxies);
    request.extensions_mut().insert(origin);
    request.extensions_mut().insert(audience);

    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = match tokio::time::timeout(LONGEST, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => {
            // The message of a panic may hold what a person typed: it is not looked at.
            tracing::error!(%method, "a page panicked; the place is on standard error");
            show_problem(&web, audience, Problem::Broken)
        }
        Err(_) => {
            tracing::warn!(%method, "a page took longer than its limit");
            show_problem(&web, audience, Problem::Slow)
        }
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED && method != Method::HEAD {
        let allowed = response.headers().get(header::ALLOW).cloned();
        response = show_problem(&web, audience, Problem::Method);
        if let Some(allowed) = allowed {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
    }
    add_headers(&web, response.headers_mut());
    response
}

fn add_headers(web: &Web, headers: &mut HeaderMap) {
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    let always = [
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Links of ours are for one person, not for a search engine.
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=()",
        ),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Pages show what a person typed, or the state of their ticket.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if web.config.public_url.is_https() {
        let value = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
}
