//! The link of a confirmation mail: a page with one button.
//!
//! Programs open every link in a mail before its person does, some with scripts, so only the
//! button's POST confirms; it takes any body and needs nothing but the link.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::language::Locale;
use render::PageName;

use crate::asking;
use crate::caller::Caller;
use crate::desk::{ConfirmationState, ConfirmationView, DeskError};
use crate::lists::subscribe::{open_lists, policy};
use crate::lists::{other, site, subscribe_url, without_scripts};
use crate::pages::{ConfirmEndedPage, ConfirmLine, ConfirmPage, ShownPolicy, Site, show, word};
use crate::visitor::Visitor;
use crate::web::Web;

/// `GET /subscribe/confirm/{token}`: what the button would confirm.
pub(crate) async fn ask(State(web): State<Arc<Web>>, caller: Caller) -> Response {
    let found = match &caller.token {
        Some(token) => {
            asking::look("asking for a confirmation", web.desk.confirmation(token)).await
        }
        None => Ok(None),
    };
    show_found(&web, &caller, found).await
}

/// `POST /subscribe/confirm/{token}`: the button.
pub(crate) async fn confirm(
    State(web): State<Arc<Web>>,
    caller: Caller,
    headers: HeaderMap,
) -> Response {
    let found = match &caller.token {
        Some(token) => {
            let visitor = Visitor::new(caller.origin, &headers, caller.locale());
            let (desk, token) = (Arc::clone(&web.desk), token.clone());
            let confirming = async move { desk.confirm(&token, visitor.visit()).await };
            asking::act(&web, "confirming a subscription", confirming).await
        }
        None => Ok(None),
    };
    show_found(&web, &caller, found).await
}

async fn show_found(
    web: &Web,
    caller: &Caller,
    found: Result<Option<ConfirmationView>, DeskError>,
) -> Response {
    match found {
        Ok(Some(view)) => {
            let locale = caller.chosen.unwrap_or(view.locale);
            // The link stands for itself: the page is shown also when this is not known.
            let open = open_lists(web, locale).await.unwrap_or_default();
            let token = caller.token.as_deref().unwrap_or_default();
            show_view(web, (locale, policy(&open)), token, view)
        }
        Ok(None) => caller.show_unknown(web, show_unknown),
        Err(DeskError::Unavailable | DeskError::Failed) => caller.show_unavailable(web),
    }
}

fn show_view(
    web: &Web,
    (locale, policy): (Locale, ShownPolicy),
    token: &str,
    view: ConfirmationView,
) -> Response {
    let (title, lead, has_button) = match view.state {
        ConfirmationState::Open => ("confirm.title", "confirm.lead", true),
        ConfirmationState::Confirmed => ("confirm.done_title", "confirm.done_lead", false),
        ConfirmationState::Already => ("confirm.already_title", "confirm.already_lead", false),
        ConfirmationState::Expired => {
            return show_expired(web, (locale, &policy), &view);
        }
    };
    let mut site = Site::new(web, locale, title).with_policy(&policy);
    if has_button {
        let other = other(locale).code();
        site = site.with_other_url(format!("/subscribe/confirm/{token}?locale={other}"));
    }
    let lists =
        view.lists.into_iter().map(|list| ConfirmLine { title: list.title, text: list.text });
    let page =
        ConfirmPage { site, lead: word(web, locale, lead), lists: lists.collect(), has_button };
    without_scripts(show(web, StatusCode::OK, PageName::SubscribeConfirm, locale, &page))
}

fn show_expired(
    web: &Web,
    (locale, policy): (Locale, &ShownPolicy),
    view: &ConfirmationView,
) -> Response {
    let lists = view.lists.iter().map(|list| list.name.as_str());
    let page = ConfirmEndedPage {
        site: Site::new(web, locale, "confirm.expired_title").with_policy(policy),
        lead: word(web, locale, "confirm.expired_lead"),
        again_url: subscribe_url(locale, lists),
    };
    without_scripts(show(web, StatusCode::GONE, PageName::SubscribeEnded, locale, &page))
}

fn show_unknown(web: &Web, locale: Locale) -> Response {
    let page = ConfirmEndedPage {
        site: site(web, locale, "confirm.unknown_title"),
        lead: word(web, locale, "confirm.unknown_lead"),
        again_url: subscribe_url(locale, std::iter::empty()),
    };
    without_scripts(show(web, StatusCode::NOT_FOUND, PageName::SubscribeEnded, locale, &page))
}
