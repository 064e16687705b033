//! What is said when a request cannot be answered: a page for people, RFC 9457 for programs.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::language::Locale;
use render::PageName;
use serde_json::{Value, json};

use crate::guard::Audience;
use crate::pages::{ProblemPage, ShownPolicy, Site, show, word};
use crate::web::Web;

/// A problem that has nothing to do with what a person typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    NotFound,
    Method,
    TooLarge,
    Unreadable,
    MediaType,
    Slow,
    Broken,
    /// The desk does not answer; the same may work in a moment.
    Unavailable,
    /// Over a limit.
    TooMany,
}

impl Problem {
    pub(crate) const ALL: [Self; 9] = [
        Self::NotFound,
        Self::Method,
        Self::TooLarge,
        Self::Unreadable,
        Self::MediaType,
        Self::Slow,
        Self::Broken,
        Self::Unavailable,
        Self::TooMany,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Method => "method",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
            Self::MediaType => "media_type",
            Self::Slow => "slow",
            Self::Broken => "broken",
            Self::Unavailable => "unavailable",
            Self::TooMany => "too_many",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Slow | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    pub(crate) fn page(self, web: &Web, locale: Locale) -> ProblemPage {
        let name = self.name();
        ProblemPage {
            // Without a version: the same page stands for the lists' policy and the form's.
            site: Site::new(web, locale, &format!("problems.{name}.title"))
                .with_policy(&ShownPolicy::default()),
            text: word(web, locale, &format!("problems.{name}.text")),
        }
    }
}

/// The answer for a problem, in the form its reader understands.
pub(crate) fn show_problem(web: &Web, audience: Audience, problem: Problem) -> Response {
    match audience {
        Audience::People(locale) => {
            let page = problem.page(web, locale);
            show(web, problem.status(), PageName::Problem, locale, &page)
        }
        Audience::Programs(locale) => {
            let name = problem.name();
            let title = word(web, locale, &format!("problems.{name}.title"));
            let detail = word(web, locale, &format!("problems.{name}.text"));
            problem_json(problem.status(), name, &title, &detail, json!([]))
        }
    }
}

/// An `application/problem+json` answer (RFC 9457). `code` is stable, the texts are for people.
pub(crate) fn problem_json(
    status: StatusCode,
    code: &str,
    title: &str,
    detail: &str,
    errors: Value,
) -> Response {
    let body = json!({
        "type": "about:blank",
        "status": status.as_u16(),
        "code": code,
        "title": title,
        "detail": detail,
        "errors": errors,
    });
    let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, content_type, body.to_string()).into_response()
}
