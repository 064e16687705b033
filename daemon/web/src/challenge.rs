//! "Was it you?": the link of a challenge letter with its two buttons, and the same by typed code.
//!
//! Mail programs open every link before its person does, some with scripts, so only a POST that
//! says which button it was answers. A wrong number, a wrong code and a challenge that is over get
//! one and the same answer, and all are counted.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, OriginalUri, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use domain::language::Locale;
use domain::ticket_number::{StatusCode as TypedCode, TicketNumber};
use render::{PageName, wording};
use serde::Deserialize;

use crate::asking::{self, add_retry_after};
use crate::caller::Caller;
use crate::desk::{ChallengeAnswer, ChallengeStanding, ChallengeView, DeskError};
use crate::guard::Audience;
use crate::limits::TooMany;
use crate::lists::{other, without_scripts};
use crate::network::Origin;
use crate::pages::{
    self, ChallengeCodePage, ChallengePage, ErrorLine, Field, Problem, Site, show_problem, word,
};
use crate::web::Web;

/// The largest body of a POST to these pages.
pub(crate) const LARGEST_POST: usize = 8 * 1024;

/// Which button was pressed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pressed {
    answer: String,
}

/// What was typed; the code is a secret.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    number: String,
    code: String,
    answer: String,
}

fn answer_of(word: &str) -> Option<ChallengeAnswer> {
    match word {
        "mine" => Some(ChallengeAnswer::Mine),
        "not_mine" => Some(ChallengeAnswer::NotMine),
        _ => None,
    }
}

/// `GET /c/{token}`: what is asked, and two buttons. It answers nothing.
pub(crate) async fn ask(State(web): State<Arc<Web>>, caller: Caller) -> Response {
    let found = look(&web, caller.token.as_deref()).await;
    show_found(&web, &caller, found)
}

/// `POST /c/{token}`: one of the two buttons; a POST that says neither shows them again.
pub(crate) async fn answer(
    State(web): State<Arc<Web>>,
    caller: Caller,
    form: Result<Form<Pressed>, FormRejection>,
) -> Response {
    let pressed = form.ok().and_then(|Form(pressed)| answer_of(&pressed.answer));
    let found = match (&caller.token, pressed) {
        (Some(token), Some(answer)) => {
            let (desk, token) = (Arc::clone(&web.desk), token.clone());
            let answering = async move { desk.answer_challenge(&token, answer).await };
            asking::act(&web, "answering a challenge", answering).await
        }
        (token, _) => look(&web, token.as_deref()).await,
    };
    show_found(&web, &caller, found)
}

async fn look(web: &Web, token: Option<&str>) -> Result<Option<ChallengeView>, DeskError> {
    let Some(token) = token else { return Ok(None) };
    asking::look("asking for a challenge", web.desk.challenge(token)).await
}

fn show_found(
    web: &Web,
    caller: &Caller,
    found: Result<Option<ChallengeView>, DeskError>,
) -> Response {
    match found {
        Ok(Some(view)) => {
            let locale = caller.chosen.unwrap_or(view.locale);
            show_view(web, locale, caller.token.as_deref(), &view)
        }
        Ok(None) => caller.show_unknown(web, |web, locale| {
            let page = ended(web, locale, "unknown");
            let status = StatusCode::NOT_FOUND;
            without_scripts(pages::show(web, status, PageName::Challenge, locale, &page))
        }),
        Err(DeskError::Unavailable | DeskError::Failed) => caller.show_unavailable(web),
    }
}

fn show_view(web: &Web, locale: Locale, token: Option<&str>, view: &ChallengeView) -> Response {
    let (status, name) = match view.standing {
        ChallengeStanding::Open => (StatusCode::OK, "ask"),
        ChallengeStanding::Answered => (StatusCode::OK, "mine"),
        ChallengeStanding::Disowned => (StatusCode::OK, "not_mine"),
        ChallengeStanding::Over => (StatusCode::GONE, "over"),
    };
    let mut page = ended(web, locale, name);
    if view.standing == ChallengeStanding::Open {
        page.has_buttons = true;
        if let Some(token) = token {
            let url = format!("/c/{token}?locale={}", other(locale).code());
            page.site = page.site.with_other_url(url);
        }
    }
    page.number = view.ticket_number.to_string();
    page.opened_at = wording::instant(view.opened_at, &web.config.zone, locale);
    page.requests =
        view.requests.iter().map(|request| wording::request(*request, locale).to_owned()).collect();
    without_scripts(pages::show(web, status, PageName::Challenge, locale, &page))
}

/// A page that says how things stand, without buttons.
fn ended(web: &Web, locale: Locale, name: &str) -> ChallengePage {
    ChallengePage {
        site: Site::new(web, locale, &format!("challenge.{name}_title")),
        lead: word(web, locale, &format!("challenge.{name}_lead")),
        number: String::new(),
        opened_at: String::new(),
        requests: Vec::new(),
        has_buttons: false,
    }
}

/// Why nothing is answered.
enum Refusal {
    Mistakes(Vec<(&'static str, &'static str)>),
    TooMany(Duration),
    Unavailable,
}

/// `GET /{locale}/challenge`: number and code, for who cannot open the link.
pub(crate) async fn ask_code(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let (Audience::People(locale) | Audience::Programs(locale)) = audience;
    show_question(&web, locale, StatusCode::OK, &uri, &Typed::default(), &[])
}

/// `POST /{locale}/challenge`: the answer with number and code.
pub(crate) async fn take_code(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    Extension(origin): Extension<Origin>,
    OriginalUri(uri): OriginalUri,
    form: Result<Form<Typed>, FormRejection>,
) -> Response {
    let (Audience::People(locale) | Audience::Programs(locale)) = audience;
    let typed = match form {
        Ok(Form(typed)) => typed,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return show_problem(&web, audience, Problem::TooLarge);
        }
        Err(_) => return show_problem(&web, audience, Problem::Unreadable),
    };
    let (status, lines, wait) = match take(&web, origin, &typed).await {
        Ok(view) => return show_view(&web, locale, None, &view),
        Err(Refusal::Mistakes(lines)) => (StatusCode::UNPROCESSABLE_ENTITY, lines, None),
        Err(Refusal::TooMany(wait)) => {
            (StatusCode::TOO_MANY_REQUESTS, vec![("", "errors.status_too_many")], Some(wait))
        }
        Err(Refusal::Unavailable) => {
            let wait = Some(asking::ASK_AGAIN);
            (StatusCode::SERVICE_UNAVAILABLE, vec![("", "errors.status_unavailable")], wait)
        }
    };
    let mut response = show_question(&web, locale, status, &uri, &typed, &lines);
    add_retry_after(&mut response, wait);
    response
}

async fn take(web: &Web, origin: Origin, typed: &Typed) -> Result<ChallengeView, Refusal> {
    let mut mistakes = Vec::new();
    if typed.number.trim().is_empty() {
        mistakes.push(("number", "errors.number_missing"));
    }
    if typed.code.trim().is_empty() {
        mistakes.push(("code", "errors.code_missing"));
    }
    let answer = answer_of(&typed.answer);
    if answer.is_none() {
        mistakes.push(("", "challenge.no_answer"));
    }
    let (Some(answer), true) = (answer, mistakes.is_empty()) else {
        return Err(Refusal::Mistakes(mistakes));
    };
    let wrong = || Refusal::Mistakes(vec![("number", "challenge.not_found")]);
    let over = |over: TooMany| Refusal::TooMany(over.retry_after);
    let now = web.clock.boot_time();
    // The same limits as the status page's, in the same tables: whoever guesses there is slower here.
    web.limiters.status_network.take(&origin.limit_key(), now).map_err(over)?;
    let (Ok(number), Ok(code)) =
        (TicketNumber::parse(&typed.number), TypedCode::parse(&typed.code))
    else {
        return Err(wrong());
    };
    web.limiters.status_ticket.take(&number.to_string(), now).map_err(over)?;
    let desk = Arc::clone(&web.desk);
    let answering = async move { desk.answer_challenge_code(number, code, answer).await };
    match asking::act(web, "answering a challenge by code", answering).await {
        Ok(view) => view.ok_or_else(wrong),
        Err(DeskError::Unavailable | DeskError::Failed) => Err(Refusal::Unavailable),
    }
}

fn show_question(
    web: &Web,
    locale: Locale,
    status: StatusCode,
    uri: &Uri,
    typed: &Typed,
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
    let site = Site::new(web, locale, "challenge.code_title");
    let page = ChallengeCodePage {
        site: site.with_other_language(locale, "challenge", uri),
        action: format!("/{}/challenge", locale.code()),
        number: field("number", &typed.number),
        code: field("code", &typed.code),
        errors,
    };
    without_scripts(pages::show(web, status, PageName::ChallengeCode, locale, &page))
}
