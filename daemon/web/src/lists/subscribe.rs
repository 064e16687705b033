//! The subscription page: each list with its own empty box beside its own text.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::form::CapturePoint;
use domain::language::Locale;
use render::PageName;

use crate::asking;
use crate::asking::add_retry_after;
use crate::desk::{Act, DeskError, OpenLists};
use crate::guard::Audience;
use crate::lists::body::{Fields, body_problem};
use crate::lists::wish::{Mistake, Place, Ticked, Typed, submit};
use crate::lists::{Link, other, show_unavailable, subscribe_url, without_scripts};
use crate::network::Origin;
use crate::pages::{
    ErrorLine, Field, ListBox, ShownPolicy, Site, SubscribePage, SubscribeSentPage, show,
    show_problem, word,
};
use crate::visitor::{Visitor, came_from_us, page_came_from};
use crate::web::Web;

/// The largest form: a hundred boxes, a name and an address fit many times.
pub(crate) const LARGEST_FORM: usize = 64 * 1024;
/// The hidden field `form` of our own page.
const OWN_FORM: &str = "page";
/// No page shows more lists.
const MOST_LISTS: usize = 100;

/// `GET /subscribe?list=news&locale=ru`: an empty form.
pub(crate) async fn show_form(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    RawQuery(query): RawQuery,
) -> Response {
    let link = Link::read(query.as_deref());
    let locale = link.locale.unwrap_or(audience.locale());
    let Ok(open) = open_lists(&web, locale).await else {
        return show_unavailable(&web, Audience::People(locale));
    };
    let view = FormView { locale, shown: link.lists, typed: Typed::default(), errors: Vec::new() };
    view.show(&web, &open, StatusCode::OK)
}

/// `POST /subscribe`: the filled form, from our page or from another site.
pub(crate) async fn take_form(
    State(web): State<Arc<Web>>,
    Extension(audience): Extension<Audience>,
    Extension(origin): Extension<Origin>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let fields = match body {
        Ok(body) => Fields::read(&headers, body).await,
        Err(rejection) => Err(body_problem(&rejection)),
    };
    let fields = match fields {
        Ok(fields) => fields,
        Err(problem) => return show_problem(&web, audience, problem),
    };
    let locale = Locale::from_code(fields.first("locale")).unwrap_or(audience.locale());
    let Ok(open) = open_lists(&web, locale).await else {
        return show_unavailable(&web, Audience::People(locale));
    };
    let typed = typed(&fields);
    let visitor = Visitor::new(origin, &headers, locale);
    let place = Place {
        capture_point: CapturePoint::SubscriptionForm,
        act: Act::Checkbox,
        page: page_came_from(&headers)
            .or_else(|| own_page(&web, &open, &fields, &headers, locale))
            .unwrap_or_default(),
    };
    match submit(&web, &open, &typed, place, &visitor).await {
        Ok(()) => show_sent(&web, locale, &open),
        Err(refusal) => {
            let shown = fields.all("list").map(str::to_owned).collect();
            let view = FormView { locale, shown, typed, errors: refusal.lines() };
            let mut response = view.show(&web, &open, refusal.status());
            add_retry_after(&mut response, refusal.retry_after());
            response
        }
    }
}

/// Our own page, when the form stood on it: its browser names no page, since ours forbid it to.
/// Only open lists are named, so that nothing a person typed can be in it.
fn own_page(
    web: &Web,
    open: &OpenLists,
    fields: &Fields,
    headers: &HeaderMap,
    locale: Locale,
) -> Option<String> {
    // A browser that says nothing of it: only our page has this field, the piece of HTML for
    // other sites has not.
    let is_ours = came_from_us(headers).unwrap_or(fields.first("form") == OWN_FORM);
    let is_open = |name: &&str| open.lists.iter().any(|list| list.name == *name);
    let lists = fields.all("list").filter(is_open);
    let site = web.config.public_url.as_str();
    is_ours.then(|| format!("{site}{}", subscribe_url(locale, lists)))
}

/// What can be subscribed to, as many as a page shows.
///
/// # Errors
/// [`DeskError`].
pub(crate) async fn open_lists(web: &Web, locale: Locale) -> Result<OpenLists, DeskError> {
    let mut open = asking::look("asking for the open lists", web.desk.open_lists(locale)).await?;
    open.lists.truncate(MOST_LISTS);
    Ok(open)
}

/// The boxes of the lists that were asked for; of all lists when none of those is open.
pub(crate) fn boxes(open: &OpenLists, shown: &[String], ticked: &[Ticked]) -> Vec<ListBox> {
    let is_shown = |name: &String| shown.contains(name);
    let shows_all = !open.lists.iter().any(|list| is_shown(&list.name));
    let lists = open.lists.iter().filter(|list| shows_all || is_shown(&list.name));
    lists
        .enumerate()
        .map(|(place, list)| ListBox {
            id: format!("consent-{}", place + 1),
            name: list.name.clone(),
            title: list.title.clone(),
            // Byte for byte what was hashed.
            text: list.text.clone(),
            value: Ticked::value(&list.name, list.text_id),
            is_ticked: ticked.iter().any(|ticked| ticked.is_for(&list.name, list.text_id)),
        })
        .collect()
}

/// The policy beside the boxes.
pub(crate) fn policy(open: &OpenLists) -> ShownPolicy {
    ShownPolicy { url: open.policy_url.clone(), version: open.policy_version.clone() }
}

fn typed(fields: &Fields) -> Typed {
    Typed {
        email: fields.first("email").to_owned(),
        name: fields.first("name").to_owned(),
        ticked: fields.all("consent").map(Ticked::from_value).collect(),
        policy_version: fields.first("policy").to_owned(),
        website: fields.first("website").to_owned(),
    }
}

/// One page for every address, known or not: it tells nobody who is on a list.
fn show_sent(web: &Web, locale: Locale, open: &OpenLists) -> Response {
    let site = Site::new(web, locale, "subscribe_sent.title").with_policy(&policy(open));
    let page = SubscribeSentPage { site };
    without_scripts(show(web, StatusCode::OK, PageName::SubscribeSent, locale, &page))
}

/// The form as it is shown: fresh, or with what was typed and what is wrong with it. A box whose
/// text changed comes back empty.
struct FormView {
    locale: Locale,
    shown: Vec<String>,
    typed: Typed,
    errors: Vec<Mistake>,
}

impl FormView {
    fn show(self, web: &Web, open: &OpenLists, status: StatusCode) -> Response {
        let Self { locale, shown, typed, errors } = self;
        let error = |id: &str| {
            let line = errors.iter().find(|(field, _)| *field == id);
            line.map(|(_, path)| word(web, locale, path)).unwrap_or_default()
        };
        let policy = policy(open);
        let mut site = Site::new(web, locale, "subscribe.title").with_policy(&policy);
        // What was typed would be lost on the way to the other language.
        if errors.is_empty() {
            let lists = shown.iter().map(String::as_str);
            site = site.with_other_url(subscribe_url(other(locale), lists));
        }
        let page = SubscribePage {
            site,
            lists: boxes(open, &shown, &typed.ticked),
            lists_error: error("lists"),
            email: Field { error: error("email"), value: typed.email },
            name: Field { error: error("name"), value: typed.name },
            trap: Field { error: error("website"), value: typed.website },
            policy,
            errors: errors
                .iter()
                .map(|(field, path)| ErrorLine {
                    // The summary leads to the first box.
                    field: if *field == "lists" { "consent-1" } else { field },
                    text: word(web, locale, path),
                })
                .collect(),
        };
        without_scripts(show(web, status, PageName::Subscribe, locale, &page))
    }
}
