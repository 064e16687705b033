//! Which language a visitor gets before they chose one.

use axum::http::{HeaderMap, header};
use domain::language::Locale;

/// The best of our languages for a browser's `Accept-Language` (RFC 9110 §12.5.4).
pub(crate) fn preferred(headers: &HeaderMap, default: Locale) -> Locale {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let mut ranges: Vec<(&str, f32)> =
        accepted.unwrap_or_default().split(',').take(20).filter_map(range).collect();
    ranges.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranges
        .iter()
        .find_map(|(language, _)| Locale::from_code(language))
        .or_else(|| ranges.first().map(|(language, _)| Locale::for_reply(Some(language), default)))
        .unwrap_or(default)
}

/// One range with its weight, reduced to its primary language; weight 0 means "not this".
fn range(text: &str) -> Option<(&str, f32)> {
    let (tag, weight) = text.split_once(';').unwrap_or((text, ""));
    let language = tag.trim().split('-').next().filter(|tag| !tag.is_empty() && *tag != "*")?;
    let weight = match weight.trim().strip_prefix("q=") {
        Some(weight) => weight.trim().parse().ok()?,
        None => 1.0,
    };
    (weight > 0.0).then_some((language, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_gets_the_language_their_browser_prefers() {
        for (accepted, expected) in [
            ("ru-RU,ru;q=0.9,en;q=0.8", Locale::Ru),
            ("en-US,en;q=0.9,ru;q=0.8", Locale::En),
            ("de-DE,de;q=0.9,ru;q=0.5", Locale::Ru),
            ("ru;q=0.2,en;q=0.7", Locale::En),
            ("uk", Locale::Ru),
            ("fr", Locale::En),
            ("ru;q=0, en;q=0.1", Locale::En),
            ("*", Locale::Ru),
            ("", Locale::Ru),
            (";;;q=x,\u{1}", Locale::Ru),
        ] {
            let mut headers = HeaderMap::new();
            if let Ok(value) = accepted.parse() {
                headers.insert(header::ACCEPT_LANGUAGE, value);
            }
            assert_eq!(preferred(&headers, Locale::Ru), expected, "{accepted}");
        }
    }
}
