//! The state of a ticket for whoever has its number and code.
//!
//! A wrong number and a wrong code get one and the same answer, and both are counted.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, OriginalUri, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use domain::language::Locale;
use domain::request::RequestState;
use domain::ticket_number::{StatusCode as TicketCode, TicketNumber};
use render::{PageName, wording};
use serde::Deserialize;

use crate::asking;
use crate::asking::add_retry_after;
use crate::desk::{DeskError, StatusView};
use crate::guard::Audience;
use crate::limits::TooMany;
use crate::network::Origin;
use crate::pages;
use crate::pages::{
    ErrorLine, Field, Problem, RequestLine, Site, StatusPage, StatusShownPage, show_problem, word,
};
use crate::web::Web;

/// What was typed; the code is a secret.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    number: String,
    code: String,
}

/// Why nothing is shown.
enum Refusal {
    Mistakes(Vec<(&'static str, &'static str)>),
    TooMany(Duration),
    Unavailable,
}

/// `GET /{locale}/status`: the question.
pub(crate) async fn ask(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let (Audience::People(locale) | Audience::Programs(locale)) = audience;
    show_question(&web, locale, StatusCode::OK, &uri, &Asked::default(), &[])
}

/// `POST /{locale}/status`: the answer. It changes nothing; it is a POST so that the code stands
/// in no address, history or log.
pub(crate) async fn show(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    Extension(origin): Extension<Origin>,
    OriginalUri(uri): OriginalUri,
    form: Result<Form<Asked>, FormRejection>,
) -> Response {
    let (Audience::People(locale) | Audience::Programs(locale)) = audience;
    let asked = match form {
        Ok(Form(asked)) => asked,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return show_problem(&web, audience, Problem::TooLarge);
        }
        Err(_) => return show_problem(&web, audience, Problem::Unreadable),
    };
    let (status, lines, wait) = match look_up(&web, origin, &asked).await {
        Ok(view) => return show_ticket(&web, locale, &view),
        Err(Refusal::Mistakes(lines)) => (StatusCode::UNPROCESSABLE_ENTITY, lines, None),
        Err(Refusal::TooMany(wait)) => {
            (StatusCode::TOO_MANY_REQUESTS, vec![("", "errors.status_too_many")], Some(wait))
        }
        Err(Refusal::Unavailable) => {
            let wait = Some(asking::ASK_AGAIN);
            (StatusCode::SERVICE_UNAVAILABLE, vec![("", "errors.status_unavailable")], wait)
        }
    };
    let mut response = show_question(&web, locale, status, &uri, &asked, &lines);
    add_retry_after(&mut response, wait);
    response
}

async fn look_up(web: &Web, origin: Origin, asked: &Asked) -> Result<StatusView, Refusal> {
    let mut mistakes = Vec::new();
    if asked.number.trim().is_empty() {
        mistakes.push(("number", "errors.number_missing"));
    }
    if asked.code.trim().is_empty() {
        mistakes.push(("code", "errors.code_missing"));
    }
    if !mistakes.is_empty() {
        return Err(Refusal::Mistakes(mistakes));
    }
    let wrong = || Refusal::Mistakes(vec![("number", "status.not_found")]);
    let over = |over: TooMany| Refusal::TooMany(over.retry_after);
    let now = web.clock.boot_time();
    web.limiters.status_network.take(&origin.limit_key(), now).map_err(over)?;
    let (Ok(number), Ok(code)) =
        (TicketNumber::parse(&asked.number), TicketCode::parse(&asked.code))
    else {
        return Err(wrong());
    };
    // Also per ticket: a code is not to be guessed from many networks at once.
    web.limiters.status_ticket.take(&number.to_string(), now).map_err(over)?;
    let answer = web.desk.request_status(number, code);
    match asking::look("asking for the state of a ticket", answer).await {
        Ok(view) => view.ok_or_else(wrong),
        Err(DeskError::Unavailable | DeskError::Failed) => Err(Refusal::Unavailable),
    }
}

fn show_question(
    web: &Web,
    locale: Locale,
    status: StatusCode,
    uri: &Uri,
    asked: &Asked,
    lines: &[(&'static str, &'static str)],
) -> Response {
    let errors: Vec<ErrorLine> = lines
        .iter()
        .map(|(field, path)| ErrorLine { field, text: word(web, locale, path) })
        .collect();
    let field = |id: &str, value: &str| Field {
        value: value.to_owned(),
        error: errors
            .iter()
            .find(|line| line.field == id)
            .map(|line| line.text.clone())
            .unwrap_or_default(),
    };
    let page = StatusPage {
        site: Site::new(web, locale, "status.title").with_other_language(locale, "status", uri),
        action: format!("/{}/status", locale.code()),
        number: field("number", &asked.number),
        code: field("code", &asked.code),
        errors,
    };
    pages::show(web, status, PageName::Status, locale, &page)
}

fn show_ticket(web: &Web, locale: Locale, view: &StatusView) -> Response {
    let requests = view
        .requests
        .iter()
        .map(|request| RequestLine {
            what: wording::request(request.name, locale).to_owned(),
            state: word(web, locale, &format!("request_states.{}", request.state.name())),
            owed: request
                .owed
                .iter()
                .filter_map(|(duty, by)| wording::owed(request.name, *duty, *by, locale))
                .collect(),
        })
        .collect();
    let waits = view.requests.iter().any(|request| request.state == RequestState::Identity);
    let code_url = if waits { format!("/{}/challenge", locale.code()) } else { String::new() };
    let number = view.ticket_number.to_string();
    let page = StatusShownPage {
        site: Site::new(web, locale, "shown.title").with_number(&number),
        state: word(web, locale, &format!("ticket_states.{}", view.state.name())),
        opened_at: wording::instant(view.opened_at, &web.config.zone, locale),
        requests,
        code_url,
    };
    pages::show(web, StatusCode::OK, PageName::StatusShown, locale, &page)
}
