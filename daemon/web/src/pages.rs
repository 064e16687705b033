//! From values to an answer: the frame around every page, and the pages for problems.

mod challenges;
mod contexts;
mod lists;
mod packages;
mod problem;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use domain::language::Locale;
use render::{PageName, RenderError};
use serde::Serialize;

pub(crate) use challenges::{ChallengeCodePage, ChallengePage};
pub(crate) use contexts::{
    ErrorLine, FeedbackPage, Field, FiledPage, ProblemPage, RequestLine, Site, StatusPage,
    StatusShownPage, try_all,
};
pub(crate) use lists::{
    ConfirmEndedPage, ConfirmLine, ConfirmPage, EmbeddedForm, ListBox, ShownPolicy, SubscribePage,
    SubscribeSentPage, UnsubscribePage, UnsubscribeUnknownPage,
};
pub(crate) use packages::{PackageEndedPage, PackagePage};
pub(crate) use problem::{Problem, problem_json, show_problem};

use crate::web::Web;

/// Renders a page; a page that cannot be rendered becomes a bare answer without details.
pub(crate) fn show(
    web: &Web,
    status: StatusCode,
    page: PageName,
    locale: Locale,
    context: &impl Serialize,
) -> Response {
    match web.renderer.page(page, locale, context) {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            let language = HeaderValue::from_static(locale.code());
            response.headers_mut().insert(header::CONTENT_LANGUAGE, language);
            response
        }
        Err(error) => {
            tracing::error!(page = page.file(), %error, "a page cannot be rendered");
            bare_failure()
        }
    }
}

/// The answer when even the page for problems fails.
pub(crate) fn bare_failure() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "500\n").into_response()
}

/// A word of the pages. All words were there at start; should one lack all the same, its path
/// is shown rather than nothing.
pub(crate) fn word(web: &Web, locale: Locale, path: &str) -> String {
    web.renderer.word(locale, path).unwrap_or(path).to_owned()
}

/// Renders without an answer around it; for the trial at start.
fn render_only(
    web: &Web,
    page: PageName,
    locale: Locale,
    context: &impl Serialize,
) -> Result<(), RenderError> {
    web.renderer.page(page, locale, context).map(|_| ())
}
