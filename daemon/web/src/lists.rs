//! The public pages of the lists: subscribe, confirm, leave.
//!
//! A form or a program asks for lists, the mailbox confirms by a button, and every mail carries
//! the link by which its list is left. GET shows, POST acts. No page has a script, and none tells
//! whether an address is known.

pub(crate) mod api;
mod body;
pub(crate) mod confirm;
pub(crate) mod embed;
pub(crate) mod subscribe;
pub(crate) mod unsubscribe;
mod wish;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use domain::language::Locale;

use crate::asking::{self, add_retry_after};
use crate::guard::Audience;
use crate::limits::TooMany;
use crate::network::Origin;
use crate::pages::{Problem, ShownPolicy, Site, show_problem};
use crate::web::Web;

/// For pages that are reached by a link in a mail: not even a script of ours may run there.
const WITHOUT_SCRIPTS: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// No token of ours is longer.
const LONGEST_TOKEN: usize = 200;

/// What a link to these pages may say: the language, and which lists to show.
#[derive(Debug, Default)]
pub(crate) struct Link {
    pub(crate) locale: Option<Locale>,
    lists: Vec<String>,
}

impl Link {
    /// `?list=news&list=offers&locale=ru`; anything else in it is left alone.
    pub(crate) fn read(query: Option<&str>) -> Self {
        let mut link = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "locale" => link.locale = Locale::from_code(&value),
                "list" => link.lists.push(value.into_owned()),
                _ => {}
            }
        }
        link
    }
}

/// Whether it can be a token of ours; what cannot is not asked of the desk.
pub(crate) fn has_shape_of_token(token: &str) -> bool {
    (1..=LONGEST_TOKEN).contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Counts a token that is none of ours. Only these are counted: a mail provider presses the
/// buttons of a thousand people at once, from one network.
pub(crate) fn count_wrong_token(web: &Web, origin: Origin) -> Result<(), TooMany> {
    web.limiters.wrong_token.take(&origin.limit_key(), web.clock.boot_time())
}

/// The frame of a page that needs no policy beside it: it is named without a version, since the
/// one in force for lists may be another than the feedback form's.
fn site(web: &Web, locale: Locale, title: &str) -> Site {
    Site::new(web, locale, title).with_policy(&ShownPolicy::default())
}

/// The desk did not answer: whoever asked is to ask again, and nothing is lost by it.
pub(crate) fn show_unavailable(web: &Web, audience: Audience) -> Response {
    let mut response = show_problem(web, audience, Problem::Unavailable);
    add_retry_after(&mut response, Some(asking::ASK_AGAIN));
    response
}

/// Too many wrong links from there.
pub(crate) fn show_too_many(web: &Web, audience: Audience, over: TooMany) -> Response {
    let mut response = show_problem(web, audience, Problem::TooMany);
    add_retry_after(&mut response, Some(over.retry_after));
    response
}

/// The page forbids itself every script.
pub(crate) fn without_scripts(mut response: Response) -> Response {
    let policy = HeaderValue::from_static(WITHOUT_SCRIPTS);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

pub(crate) fn other(locale: Locale) -> Locale {
    match locale {
        Locale::Ru => Locale::En,
        Locale::En => Locale::Ru,
    }
}

/// The address of the subscription page with these lists.
fn subscribe_url<'a>(locale: Locale, lists: impl Iterator<Item = &'a str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("locale", locale.code());
    for list in lists {
        query.append_pair("list", list);
    }
    format!("/subscribe?{}", query.finish())
}
