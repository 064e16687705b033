//! The subscription form as a piece of plain HTML to be put into another site.
//!
//! It carries the texts word for word with their ids. When a text or the policy changes, who
//! sends the old form is shown the new text on our page and nothing is taken.

use std::sync::Arc;

use axum::extract::{Extension, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use render::PageName;

use crate::guard::Audience;
use crate::lists::subscribe::{boxes, open_lists, policy};
use crate::lists::{Link, show_unavailable, subscribe_url, without_scripts};
use crate::pages::{EmbeddedForm, show};
use crate::web::Web;

/// `GET /subscribe/form?list=news&locale=ru`.
pub(crate) async fn show_html(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    RawQuery(query): RawQuery,
) -> Response {
    let link = Link::read(query.as_deref());
    let locale = link.locale.unwrap_or(audience.locale());
    let Ok(open) = open_lists(&web, locale).await else {
        return show_unavailable(&web, Audience::People(locale));
    };
    let site = web.config.public_url.as_str();
    let lists = boxes(&open, &link.lists, &[]);
    let page = subscribe_url(locale, lists.iter().map(|list| list.name.as_str()));
    let form = EmbeddedForm {
        action: format!("{site}/subscribe"),
        source_url: format!("{site}{}", page.replacen("/subscribe", "/subscribe/form", 1)),
        organisation: web.config.organisation.name.clone(),
        lists,
        policy: policy(&open),
    };
    without_scripts(show(&web, StatusCode::OK, PageName::SubscribeForm, locale, &form))
}
