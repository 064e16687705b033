//! The feedback form (policy clauses 5.2 and 5.3): page in, entry to the desk, page out.
//!
//! The choice made for people without scripts: the form works for them in full. A signed token
//! with a minimum age stands in for the puzzle, and one network may send fewer forms. Nothing
//! is dropped in silence: whoever is refused is told why and how else to reach us.

pub(crate) mod api;
mod check;
mod puzzle;
mod spent;
mod submit;
mod token;

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, OriginalUri, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use domain::language::Locale;
use render::PageName;

use crate::asking::add_retry_after;
use crate::feedback::check::Typed;
use crate::feedback::submit::submit;
use crate::feedback::token::{FormInstance, InstanceQuery};
use crate::guard::Audience;
use crate::network::Origin;
use crate::pages::{
    ErrorLine, FeedbackPage, Field, FiledPage, Problem, ShownPolicy, Site, show, show_problem, word,
};
use crate::visitor::Visitor;
use crate::web::Web;

pub(crate) use spent::SpentForms;
pub(crate) use token::TokenKey;

/// `GET /{locale}/feedback?from=order&page=https://…`: a fresh form.
pub(crate) async fn show_form(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    OriginalUri(uri): OriginalUri,
    query: Result<Query<InstanceQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let (Audience::People(locale) | Audience::Programs(locale)) = audience;
    let query = query.map(|Query(query)| query).unwrap_or_default();
    let policy = policy_in_force(&web, locale).await;
    let instance = FormInstance::new(&web, locale, &query, policy, &headers);
    let form =
        FormView { locale, uri: &uri, typed: Typed::default(), instance, errors: Vec::new() };
    form.show(&web, StatusCode::OK)
}

/// `POST /{locale}/feedback`: the filled form.
pub(crate) async fn take_form(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    Extension(origin): Extension<Origin>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
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
    let visitor = Visitor::new(origin, &headers, locale);
    match submit(&web, &typed, &visitor).await {
        Ok(()) => show_filed(&web, locale),
        Err(refusal) => {
            let policy = policy_in_force(&web, locale).await;
            let instance = match token::read(&web, &typed.form_token) {
                // A token that is still good is kept: its age counts from the first page.
                token::Reading::Good(instance) => instance,
                token::Reading::Expired(instance) => instance.renewed(&web, policy),
                token::Reading::Unknown => {
                    FormInstance::new(&web, locale, &InstanceQuery::default(), policy, &headers)
                }
            };
            let errors = refusal.lines();
            let form = FormView { locale, uri: &uri, typed, instance, errors };
            let mut response = form.show(&web, refusal.status());
            add_retry_after(&mut response, refusal.retry_after());
            response
        }
    }
}

/// What stands beside the form: the version in force, and where none is written down, or cannot be
/// read now, the configured one.
pub(crate) async fn policy_in_force(web: &Web, locale: Locale) -> ShownPolicy {
    let configured = &web.config.policy;
    match web.desk.policy_in_force(locale).await {
        Ok(Some((url, version))) => {
            ShownPolicy { url: if url.is_empty() { configured.url.clone() } else { url }, version }
        }
        Ok(None) | Err(_) => {
            ShownPolicy { url: configured.url.clone(), version: configured.version.clone() }
        }
    }
}

/// One page for new, joined and repeated: it tells nobody whether an address has an open request.
fn show_filed(web: &Web, locale: Locale) -> Response {
    let page = FiledPage { site: Site::new(web, locale, "filed.title") };
    show(web, StatusCode::OK, PageName::FeedbackFiled, locale, &page)
}

/// The form as it is shown: fresh, or with what was typed and what is wrong with it.
struct FormView<'a> {
    locale: Locale,
    uri: &'a Uri,
    typed: Typed,
    instance: FormInstance,
    /// Control (or empty) and the path of the word.
    errors: Vec<(&'static str, &'static str)>,
}

impl FormView<'_> {
    fn show(self, web: &Web, status: StatusCode) -> Response {
        let Self { locale, uri, typed, instance, errors } = self;
        let lines: Vec<ErrorLine> = errors
            .iter()
            .map(|(field, path)| ErrorLine { field, text: word(web, locale, path) })
            .collect();
        let field = |id: &str, value: String| {
            let line = lines.iter().find(|line| line.field == id);
            Field { value, error: line.map(|line| line.text.clone()).unwrap_or_default() }
        };
        let policy = ShownPolicy {
            url: instance.policy_url.clone(),
            version: instance.policy_version.clone(),
        };
        let mut site =
            Site::new(web, locale, "feedback.title").with_policy(&policy).with_script(web);
        // What was typed would be lost on the way to the other language.
        if typed.is_empty() {
            site = site.with_other_language(locale, "feedback", uri);
        }
        let page = FeedbackPage {
            site,
            action: format!("/{}/feedback", locale.code()),
            name: field("name", typed.name),
            email: field("email", typed.email),
            phone: field("phone", typed.phone),
            text: field("text", typed.text),
            trap: field("website", typed.website),
            form_token: token::write(web, &instance),
            puzzle_seed: instance.seed(),
            puzzle_bits: web.rules.puzzle_bits,
            errors: lines,
        };
        show(web, status, PageName::Feedback, locale, &page)
    }
}
