//! Who sends a form, as far as the connection tells: evidence kept with what they sent.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};
use domain::language::Locale;

use crate::desk::Visit;
use crate::network::Origin;

const LONGEST_USER_AGENT: usize = 300;
const LONGEST_PAGE: usize = 500;

/// A visitor with a form in their hand.
pub(crate) struct Visitor {
    pub(crate) origin: Origin,
    pub(crate) user_agent: String,
    pub(crate) locale: Locale,
}

impl Visitor {
    pub(crate) fn new(origin: Origin, headers: &HeaderMap, locale: Locale) -> Self {
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent = agent.unwrap_or_default().chars().take(LONGEST_USER_AGENT).collect();
        Self { origin, user_agent, locale }
    }

    /// The address as evidence; empty when the connection tells none.
    pub(crate) fn remote_address(&self) -> String {
        match self.origin.0 {
            IpAddr::V4(address) if address.is_unspecified() => String::new(),
            address => address.to_string(),
        }
    }

    /// As the desk keeps it.
    pub(crate) fn visit(&self) -> Visit {
        Visit { remote_address: self.remote_address(), user_agent: self.user_agent.clone() }
    }
}

/// The page a form was sent from, as the browser says, without what may be private in it.
pub(crate) fn page_came_from(headers: &HeaderMap) -> Option<String> {
    let page = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    page.and_then(page_without_query)
}

/// Whether the browser says that the form stood on a page of ours; `None` when it says nothing.
///
/// Our pages send no `Referer`, so this header (Fetch Metadata) is what a browser tells instead.
pub(crate) fn came_from_us(headers: &HeaderMap) -> Option<bool> {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok())?;
    Some(site.eq_ignore_ascii_case("same-origin"))
}

/// The address of a page without query and fragment, if it is one.
pub(crate) fn page_without_query(text: &str) -> Option<String> {
    let page = text.split(['?', '#']).next().unwrap_or_default();
    let rest = page.strip_prefix("https://").or_else(|| page.strip_prefix("http://"))?;
    let host = rest.split('/').next().unwrap_or_default();
    let is_plain = page.len() <= LONGEST_PAGE
        && !host.is_empty()
        && !host.contains('@')
        && !page.chars().any(|c| c.is_control() || c.is_whitespace());
    is_plain.then(|| page.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_kept_without_what_may_be_private_in_it() {
        for (text, expected) in [
            ("https://shop.example/order?id=7#x", Some("https://shop.example/order")),
            ("http://shop.example", Some("http://shop.example")),
            ("https://anna:secret@shop.example/", None),
            ("javascript:alert(1)", None),
            ("https://", None),
            ("https://shop.example/a b", None),
            ("", None),
        ] {
            assert_eq!(page_without_query(text).as_deref(), expected, "{text}");
        }
        assert_eq!(page_without_query(&format!("https://a.example/{}", "x".repeat(500))), None);
    }
}
