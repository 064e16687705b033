//! The values of styles and attributes: declarations, numbers, sizes and colours.
//!
//! Called by `style`. A value that is not understood is passed over, so that text is rather shown.

use mail_parser::decoders::html::add_html_token;

/// A colour: red, green, blue.
pub(super) type Colour = [u8; 3];

/// What stands behind the text.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ground {
    /// Nothing was said: white in all programs.
    #[default]
    Nothing,
    Colour(Colour),
    /// A picture, or a colour that is not known.
    Unknown,
}

pub(super) fn is(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

pub(super) fn begins(value: &str, wanted: &str) -> bool {
    value.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted))
}

/// The declarations of a style, without comments.
pub(super) fn declarations(style: &str) -> impl Iterator<Item = (&str, &str)> {
    style.split(';').filter_map(|one| {
        let (name, value) = one.split_once(':')?;
        Some((behind_comment(name.trim()), behind_comment(value.trim())))
    })
}

pub(super) fn behind_comment(text: &str) -> &str {
    match text.strip_prefix("/*").and_then(|rest| rest.split_once("*/")) {
        Some((_, after)) => after.trim_start(),
        None => text,
    }
}

pub(super) fn decoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, entity)) = rest.split_once('&') {
        text.push_str(before);
        match entity.bytes().take(32).position(|byte| byte == b';') {
            Some(end) => {
                let start = before.len();
                add_html_token(&mut text, &rest.as_bytes()[start..start + end + 2], false);
                rest = &entity[end + 1..];
            }
            None => {
                text.push('&');
                rest = entity;
            }
        }
    }
    text.push_str(rest);
    text
}

/// The number at the start of a value.
pub(super) fn number(value: &str) -> Option<f32> {
    let length = value
        .bytes()
        .take(12)
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
        .count();
    value[..length].parse().ok()
}

/// Whether a size is a share of the one around it, and not nothing of it.
pub(super) fn is_relative(value: &str) -> bool {
    let unit = unit(value);
    begins(value, "inherit")
        || (number(value).is_some_and(|n| n >= 0.01) && (begins(unit, "em") || begins(unit, "%")))
}

pub(super) fn unit(value: &str) -> &str {
    value.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
}

pub(super) fn is_tiny(value: &str) -> bool {
    let Some(size) = number(value) else { return false };
    let unit = unit(value);
    size < 0.01 || (size <= 1.0 && (begins(unit, "px") || begins(unit, "pt")))
}

pub(super) fn is_transparent(value: &str) -> bool {
    begins(value, "transparent")
        || (begins(value, "rgba(")
            && value.trim_end_matches([')', ' ']).rsplit(',').next().and_then(|a| number(a.trim()))
                == Some(0.0))
}

pub(super) fn ground(value: &str, before: Ground) -> Ground {
    if begins(value, "transparent") || begins(value, "none") || begins(value, "inherit") {
        return before;
    }
    if value.contains("url(") || value.contains("gradient") {
        return Ground::Unknown;
    }
    colour(value).map_or(Ground::Unknown, Ground::Colour)
}

/// Reads a colour as written in a style or an attribute.
pub(super) fn colour(value: &str) -> Option<Colour> {
    let value = value.trim();
    if let Some(hex) = value.strip_prefix('#') {
        let digits = hex.bytes().take(6).map_while(|b| char::from(b).to_digit(16));
        let digits: Vec<u8> = digits.filter_map(|d| u8::try_from(d).ok()).collect();
        return match *digits.as_slice() {
            [a, b, c, d, e, f] => Some([a * 16 + b, c * 16 + d, e * 16 + f]),
            [a, b, c, ..] => Some([a * 17, b * 17, c * 17]),
            _ => None,
        };
    }
    if begins(value, "rgb") {
        let (_, inner) = value.split_once('(')?;
        let mut parts = inner.split([',', ' ', ')']).filter(|part| !part.is_empty());
        let mut next = || parts.next().and_then(|part| part.trim().parse::<u8>().ok());
        return Some([next()?, next()?, next()?]);
    }
    [("white", [255; 3]), ("black", [0; 3]), ("snow", [255, 250, 250]), ("red", [255, 0, 0])]
        .into_iter()
        .find(|(name, _)| begins(value, name))
        .map(|(_, colour)| colour)
}

pub(super) fn is_near(one: Colour, other: Colour) -> bool {
    one.iter().zip(other).all(|(a, b)| a.abs_diff(b) <= 6)
}
