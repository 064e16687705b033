//! The same form for programs: `/api/v1/feedback`, JSON in and out, errors by RFC 9457.
//!
//! A program first asks for a form (`GET …/form`) and shows its policy version to the person,
//! then posts what the person typed with the form's token. Checks and limits are the page's.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::language::Locale;
use serde_json::{Value, json};

use crate::asking::add_retry_after;
use crate::feedback::check::Typed;
use crate::feedback::policy_in_force;
use crate::feedback::submit::{Refusal, submit};
use crate::feedback::token::{self, FormInstance, InstanceQuery, Reading};
use crate::guard::Audience;
use crate::network::Origin;
use crate::pages::{Problem, problem_json, show_problem, word};
use crate::visitor::Visitor;
use crate::web::Web;

/// `GET /api/v1/feedback/form?locale=ru&capture_point=order&page=https://…`.
pub(crate) async fn describe(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    query: Result<Query<InstanceQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let (Audience::People(preferred) | Audience::Programs(preferred)) = audience;
    let query = query.map(|Query(query)| query).unwrap_or_default();
    let locale = Locale::from_code(&query.locale).unwrap_or(preferred);
    let policy = policy_in_force(&web, locale).await;
    let instance = FormInstance::new(&web, locale, &query, policy, &headers);
    Json(json!({
        "form_token": token::write(&web, &instance),
        "locale": locale.code(),
        "capture_point": instance.capture_point,
        "page": instance.page,
        "policy": { "url": instance.policy_url, "version": instance.policy_version },
        "puzzle": { "seed": instance.seed(), "bits": web.rules.puzzle_bits },
        "minimum_age_seconds": web.rules.minimum_age_seconds,
        "maximum_age_hours": web.rules.maximum_age_hours,
    }))
    .into_response()
}

/// `POST /api/v1/feedback`: 202, whatever it led to, or a problem; number and code go by mail.
pub(crate) async fn take(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    Extension(origin): Extension<Origin>,
    headers: HeaderMap,
    body: Result<Json<Typed>, JsonRejection>,
) -> Response {
    let typed = match body {
        Ok(Json(typed)) => typed,
        Err(rejection) => return refuse_body(&web, audience, &rejection),
    };
    let (Audience::People(preferred) | Audience::Programs(preferred)) = audience;
    // The language of the form that the person saw.
    let locale = match token::read(&web, &typed.form_token) {
        Reading::Good(instance) | Reading::Expired(instance) => instance.locale,
        Reading::Unknown => preferred,
    };
    let visitor = Visitor::new(origin, &headers, locale);
    match submit(&web, &typed, &visitor).await {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({ "status": "received" }))).into_response(),
        Err(refusal) => show_refusal(&web, locale, &refusal),
    }
}

fn show_refusal(web: &Web, locale: Locale, refusal: &Refusal) -> Response {
    let code = match refusal {
        Refusal::Mistakes(_) => "invalid",
        Refusal::TooMany(_) => "too_many",
        Refusal::Unavailable => "unavailable",
    };
    let lines = refusal.lines();
    let errors: Vec<Value> = lines
        .iter()
        .map(|(field, path)| {
            let field = if field.is_empty() { Value::Null } else { json!(field) };
            let code = path.rsplit('.').next().unwrap_or(path);
            json!({ "field": field, "code": code, "message": word(web, locale, path) })
        })
        .collect();
    let title = word(web, locale, "feedback.errors_title");
    let detail = lines.first().map(|(_, path)| word(web, locale, path)).unwrap_or_default();
    let mut response = problem_json(refusal.status(), code, &title, &detail, json!(errors));
    add_retry_after(&mut response, refusal.retry_after());
    response
}

fn refuse_body(web: &Web, audience: Audience, rejection: &JsonRejection) -> Response {
    let problem = match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::MediaType,
        _ => Problem::Unreadable,
    };
    show_problem(web, audience, problem)
}
