//! The lists for programs: `/api/lists` and `/api/subscriptions`, JSON, errors by RFC 9457.
//!
//! A program asks for the lists, shows each text word for word beside an empty box (or a button)
//! of its own, and posts which texts the person agreed to. Checks and limits are the page's.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::form::CapturePoint;
use domain::language::Locale;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::asking::add_retry_after;
use crate::desk::Act;
use crate::guard::Audience;
use crate::lists::subscribe::open_lists;
use crate::lists::wish::{Mistake, Place, Refusal, Ticked, Typed, check, submit};
use crate::lists::{Link, show_unavailable};
use crate::network::Origin;
use crate::pages::{Problem, problem_json, show_problem, word};
use crate::visitor::{Visitor, page_without_query};
use crate::web::Web;

/// A wish as a program sends it; personal data, so it prints nothing of it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    email: String,
    name: String,
    locale: String,
    policy_version: String,
    lists: Vec<SentList>,
    /// How the person agreed: `checkbox` or `button`.
    action: String,
    /// The page on which they did.
    page: String,
    website: String,
}

#[derive(Deserialize)]
struct SentList {
    name: String,
    text_id: i64,
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sent(***)")
    }
}

/// `GET /api/lists?locale=ru`.
pub(crate) async fn lists(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    RawQuery(query): RawQuery,
) -> Response {
    let link = Link::read(query.as_deref());
    let locale = link.locale.unwrap_or(audience.locale());
    let Ok(open) = open_lists(&web, locale).await else {
        return show_unavailable(&web, Audience::Programs(locale));
    };
    let lists: Vec<Value> = open
        .lists
        .iter()
        .filter(|list| link.lists.is_empty() || link.lists.contains(&list.name))
        .map(|list| {
            json!({
                "name": list.name,
                "title": list.title,
                "text_id": list.text_id.0,
                "text": list.text,
            })
        })
        .collect();
    Json(json!({
        "locale": locale.code(),
        "policy": { "url": open.policy_url, "version": open.policy_version },
        "lists": lists,
    }))
    .into_response()
}

/// `POST /api/subscriptions`: 202 for every address, or a problem.
pub(crate) async fn take(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    Extension(origin): Extension<Origin>,
    headers: HeaderMap,
    body: Result<Json<Sent>, JsonRejection>,
) -> Response {
    let sent = match body {
        Ok(Json(sent)) => sent,
        Err(rejection) => return refuse_body(&web, audience, &rejection),
    };
    let locale = Locale::from_code(&sent.locale).unwrap_or(audience.locale());
    let Ok(open) = open_lists(&web, locale).await else {
        return show_unavailable(&web, Audience::Programs(locale));
    };
    let act = Act::from_name(&sent.action);
    let page = page_without_query(&sent.page).unwrap_or_default();
    let typed = typed(sent);
    let visitor = Visitor::new(origin, &headers, locale);
    let taken = match act {
        Some(act) => {
            let place = Place { capture_point: CapturePoint::Api, act, page };
            submit(&web, &open, &typed, place, &visitor).await
        }
        None => {
            let mut mistakes = check(&typed, &open).err().unwrap_or_default();
            mistakes.push(("action", "errors.action_missing"));
            Err(Refusal::Mistakes(mistakes))
        }
    };
    match taken {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({ "status": "received" }))).into_response(),
        Err(refusal) => show_refusal(&web, locale, &refusal),
    }
}

fn typed(sent: Sent) -> Typed {
    let ticked = |list: SentList| Ticked { list: list.name, text_id: list.text_id.to_string() };
    Typed {
        email: sent.email,
        name: sent.name,
        ticked: sent.lists.into_iter().map(ticked).collect(),
        policy_version: sent.policy_version,
        website: sent.website,
    }
}

fn show_refusal(web: &Web, locale: Locale, refusal: &Refusal) -> Response {
    let lines = refusal.lines();
    let code = match refusal {
        // Its own code: the program must fetch the lists again and show the new text.
        Refusal::Mistakes(_) if lines.iter().any(is_changed) => "text_changed",
        Refusal::Mistakes(_) => "invalid",
        Refusal::TooMany(_) => "too_many",
        Refusal::Unavailable => "unavailable",
    };
    let errors: Vec<Value> = lines
        .iter()
        .map(|(field, path)| {
            let field = if field.is_empty() { Value::Null } else { json!(field) };
            let code = path.rsplit('.').next().unwrap_or(path);
            json!({ "field": field, "code": code, "message": word(web, locale, path) })
        })
        .collect();
    let title = word(web, locale, "subscribe.errors_title");
    let detail = lines.first().map(|(_, path)| word(web, locale, path)).unwrap_or_default();
    let mut response = problem_json(refusal.status(), code, &title, &detail, json!(errors));
    add_retry_after(&mut response, refusal.retry_after());
    response
}

fn is_changed((_, path): &Mistake) -> bool {
    matches!(*path, "errors.text_changed" | "errors.policy_changed")
}

fn refuse_body(web: &Web, audience: Audience, rejection: &JsonRejection) -> Response {
    let problem = match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::MediaType,
        _ => Problem::Unreadable,
    };
    show_problem(web, audience, problem)
}
