//! The link that every mail of a list carries: a page on GET, one-click leaving on POST.
//!
//! RFC 8058 §3.1: the POST comes from a mail provider, without cookies, Origin or any other
//! context, in bursts; it is answered 200 and never redirected. A right link always works, also
//! for the second time and when the subscription is gone; only wrong ones are limited.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::language::Locale;
use render::PageName;

use crate::asking;
use crate::asking::add_retry_after;
use crate::caller::Caller;
use crate::desk::{DeskError, LeaveAnswer, Leaving, UnsubscribeView};
use crate::lists::body::{Fields, body_problem};
use crate::lists::{count_wrong_token, other, site, subscribe_url, without_scripts};
use crate::pages::{UnsubscribePage, UnsubscribeUnknownPage, show, show_problem, word};
use crate::visitor::Visitor;
use crate::web::Web;

/// The largest body of a POST to a link.
pub(crate) const LARGEST_POST: usize = 8 * 1024;

impl Caller {
    async fn look(&self, web: &Web) -> Result<Option<UnsubscribeView>, DeskError> {
        let Some(token) = &self.token else { return Ok(None) };
        asking::look("asking for a subscription", web.desk.unsubscription(token)).await
    }

    async fn leave(
        &self,
        web: &Web,
        leaving: Leaving,
        headers: &HeaderMap,
    ) -> Result<LeaveAnswer, DeskError> {
        let Some(token) = self.token.clone() else { return Ok(LeaveAnswer::Unknown) };
        let visit = Visitor::new(self.origin, headers, self.locale()).visit();
        let desk = Arc::clone(&web.desk);
        let leave = async move { desk.unsubscribe(&token, leaving, visit).await };
        asking::act(web, "leaving a list", leave).await
    }
}

/// `GET /u/{token}`: the buttons. Programs open this link by themselves; it changes nothing.
pub(crate) async fn ask(State(web): State<Arc<Web>>, caller: Caller) -> Response {
    let found = caller.look(&web).await;
    show_page(&web, &caller, found, None)
}

/// `POST /u/{token}`: one click of a mail program, or a button of our page.
pub(crate) async fn leave(
    State(web): State<Arc<Web>>,
    caller: Caller,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return show_problem(&web, caller.audience, body_problem(&rejection)),
    };
    match will(&headers, body).await {
        Some(Leaving::OneClick) => {
            let left = caller.leave(&web, Leaving::OneClick, &headers).await;
            answer_program(&web, &caller, left)
        }
        Some(leaving) => {
            let found = match caller.leave(&web, leaving, &headers).await {
                Ok(LeaveAnswer::Left) => caller.look(&web).await,
                Ok(LeaveAnswer::Unknown) => Ok(None),
                Err(error) => Err(error),
            };
            show_page(&web, &caller, found, Some(leaving))
        }
        // Whatever it says, it does not say to leave: it gets the buttons.
        None => show_page(&web, &caller, caller.look(&web).await, None),
    }
}

/// What a body asks for.
async fn will(headers: &HeaderMap, body: Bytes) -> Option<Leaving> {
    match Fields::read(headers, body.clone()).await {
        Ok(fields) => {
            let is_one_click = |(name, value): (&str, &str)| {
                name.trim().eq_ignore_ascii_case("list-unsubscribe")
                    && value.trim().eq_ignore_ascii_case("one-click")
            };
            if fields.pairs().any(is_one_click) {
                return Some(Leaving::OneClick);
            }
            match fields.first("leave") {
                "list" => Some(Leaving::List),
                "everything" => Some(Leaving::Everything),
                _ => None,
            }
        }
        // Sent without a type, under a wrong one, or cut off: the pair itself is clear enough.
        Err(_) => holds_the_pair(&body).then_some(Leaving::OneClick),
    }
}

fn holds_the_pair(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    let value = text.split_once("list-unsubscribe").map(|(_, rest)| rest);
    value.is_some_and(|rest| {
        rest.trim_start_matches(['"', '\'', '=', ' ', '\r', '\n']).starts_with("one-click")
    })
}

/// For the mail provider's program: a status and a word.
fn answer_program(web: &Web, caller: &Caller, left: Result<LeaveAnswer, DeskError>) -> Response {
    let (status, text, wait) = match left {
        Ok(LeaveAnswer::Left) => (StatusCode::OK, "unsubscribed\n", None),
        Ok(LeaveAnswer::Unknown) => match count_wrong_token(web, caller.origin) {
            Ok(()) => (StatusCode::NOT_FOUND, "unknown link\n", None),
            Err(over) => {
                (StatusCode::TOO_MANY_REQUESTS, "too many unknown links\n", Some(over.retry_after))
            }
        },
        Err(DeskError::Unavailable | DeskError::Failed) => {
            (StatusCode::SERVICE_UNAVAILABLE, "try again later\n", Some(asking::ASK_AGAIN))
        }
    };
    let content_type = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    let mut response = (status, content_type, text).into_response();
    add_retry_after(&mut response, wait);
    without_scripts(response)
}

/// For people: the state of things, and the buttons that are left; `done` is what was just left.
fn show_page(
    web: &Web,
    caller: &Caller,
    found: Result<Option<UnsubscribeView>, DeskError>,
    done: Option<Leaving>,
) -> Response {
    let view = match found {
        Ok(Some(view)) => view,
        Ok(None) => return caller.show_unknown(web, show_unknown),
        Err(DeskError::Unavailable | DeskError::Failed) => return caller.show_unavailable(web),
    };
    let locale = caller.chosen.unwrap_or(view.locale);
    let list = view.list.as_ref();
    let is_left = list.map(|list| list.is_left);
    let word_of = match (done, is_left) {
        (_, None) => "gone",
        (Some(Leaving::Everything), _) => "everything",
        (Some(Leaving::List | Leaving::OneClick), _) => "done",
        (None, Some(true)) => "already",
        (None, Some(false)) => "ask",
    };
    let mut site = site(web, locale, &format!("unsubscribe.{word_of}_title"));
    if let (None, Some(token)) = (done, &caller.token) {
        site = site.with_other_url(format!("/u/{token}?locale={}", other(locale).code()));
    }
    let shown = list.filter(|_| word_of != "everything");
    let left = list.filter(|_| word_of != "ask");
    let page = UnsubscribePage {
        site,
        lead: word(web, locale, &format!("unsubscribe.{word_of}_lead")),
        list: shown.map(|list| list.title(locale).to_owned()).unwrap_or_default(),
        can_leave_list: word_of == "ask",
        can_leave_everything: shown.is_some(),
        has_left_everything: word_of == "everything",
        again_url: left
            .map(|list| subscribe_url(locale, [list.name.as_str()].into_iter()))
            .unwrap_or_default(),
    };
    without_scripts(show(web, StatusCode::OK, PageName::Unsubscribe, locale, &page))
}

fn show_unknown(web: &Web, locale: Locale) -> Response {
    let page = UnsubscribeUnknownPage { site: site(web, locale, "unsubscribe.unknown_title") };
    without_scripts(show(web, StatusCode::NOT_FOUND, PageName::UnsubscribeUnknown, locale, &page))
}
