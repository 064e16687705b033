//! What a tag does to the text inside it: hide it, quote it, colour it.
//!
//! Called by `html` for every element. Only what the element itself says is known, and the simple
//! rules of the page's own style that hide a class or an id; the rest of CSS is not read.

use std::collections::HashSet;

use mail_parser::decoders::html::add_html_token;

use super::tag::Tag;

/// Bytes of a style that are read.
const MAX_STYLE: usize = 64 * 1024;
/// Names that are remembered.
const MAX_NAMES: usize = 500;
/// Classes and ids of quoted mails.
const QUOTES: [&str; 8] = [
    "gmail_quote",
    "yahoo_quoted",
    "moz-cite",
    "protonmail_quote",
    "zmail_extra",
    "tutanota_quote",
    "skiff_quote",
    "quoted-message",
];

/// A colour: red, green, blue.
type Colour = [u8; 3];

/// What stands behind the text.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Ground {
    /// Nothing was said: white in all programs.
    #[default]
    Nothing,
    Colour(Colour),
    /// A picture, or a colour that is not known.
    Unknown,
}

/// What holds for the text inside an element.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct State {
    pub(super) is_hidden: bool,
    /// How many mails deep the text is quoted.
    pub(super) quoted: u8,
    /// Line ends are shown (`pre`).
    pub(super) keeps_lines: bool,
    ink: Option<Colour>,
    ground: Ground,
}

/// Marks of one element that count together.
#[derive(Default)]
struct Marks {
    is_hidden: bool,
    is_cut: bool,
    is_empty_box: bool,
    is_taken_out: bool,
    is_far_left: bool,
    is_quote: bool,
    is_indented: bool,
    has_left_border: bool,
}

impl State {
    /// The state inside an element that begins here; `after` is what follows its tag.
    pub(super) fn inside(self, tag: &Tag<'_>, after: &str, names: &HiddenNames<'_>) -> Self {
        let mut state = self;
        let mut marks = Marks::default();
        state.keeps_lines |= tag.is("pre");
        for (name, value) in tag.attributes() {
            match name.len() {
                5 if name.eq_ignore_ascii_case("style") => state.style(value, &mut marks),
                5 if name.eq_ignore_ascii_case("class") => {
                    name_marks(value, names.classes(), &mut marks)
                }
                2 if name.eq_ignore_ascii_case("id") => name_marks(value, names.ids(), &mut marks),
                4 if name.eq_ignore_ascii_case("type") => {
                    marks.is_quote |= value.eq_ignore_ascii_case("cite");
                }
                5 if name.eq_ignore_ascii_case("color") => state.ink = colour(value),
                6 if name.eq_ignore_ascii_case("hidden") => marks.is_hidden = true,
                7 if name.eq_ignore_ascii_case("bgcolor") => {
                    state.ground = colour(value).map_or(Ground::Unknown, Ground::Colour);
                }
                10 if name.eq_ignore_ascii_case("background") => state.ground = Ground::Unknown,
                _ => {}
            }
        }
        let same = match (state.ink, state.ground) {
            (Some(ink), Ground::Colour(ground)) => is_near(ink, ground),
            _ => false,
        };
        state.is_hidden |= marks.is_hidden
            || same
            || (marks.is_cut && marks.is_empty_box)
            || (marks.is_taken_out && marks.is_far_left);
        // Some programs indent with this element what was not quoted.
        let is_quote = (tag.is("blockquote") && !marks.is_indented)
            || (tag.is("div") && marks.has_left_border)
            || marks.is_quote;
        if is_quote && !is_forward(after) {
            state.quoted = state.quoted.saturating_add(1);
        }
        state
    }

    /// White text where nothing is said of what stands behind it.
    pub(super) fn is_white_on_nothing(&self) -> bool {
        self.ground == Ground::Nothing && self.ink.is_some_and(|ink| is_near(ink, [255; 3]))
    }

    fn style(&mut self, value: &str, marks: &mut Marks) {
        let decoded = value.contains('&').then(|| decoded(value));
        for (name, value) in declarations(decoded.as_deref().unwrap_or(value)) {
            marks.declare(name, value);
            match name {
                _ if is(name, "color") => {
                    marks.is_hidden |= is_transparent(value);
                    self.ink = colour(value);
                }
                _ if is(name, "background-color") || is(name, "background") => {
                    self.ground = ground(value, self.ground);
                }
                _ if is(name, "background-image") && !begins(value, "none") => {
                    self.ground = Ground::Unknown;
                }
                _ if is(name, "white-space") => self.keeps_lines = begins(value, "pre"),
                _ => {}
            }
        }
    }
}

impl Marks {
    fn declare(&mut self, name: &str, value: &str) {
        match name {
            _ if is(name, "display") => self.is_hidden |= begins(value, "none"),
            _ if is(name, "visibility") => {
                self.is_hidden |= begins(value, "hidden") || begins(value, "collapse");
            }
            _ if is(name, "opacity") => self.is_hidden |= number(value).is_some_and(|n| n < 0.05),
            _ if is(name, "font-size") => self.is_hidden |= is_tiny(value),
            _ if is(name, "overflow") || is(name, "overflow-y") => {
                self.is_cut |= begins(value, "hidden");
            }
            _ if is(name, "height")
                || is(name, "max-height")
                || is(name, "width")
                || is(name, "max-width") =>
            {
                self.is_empty_box |= number(value).is_some_and(|n| n < 1.0);
            }
            _ if is(name, "position") => {
                self.is_taken_out |= begins(value, "absolute") || begins(value, "fixed");
            }
            _ if is(name, "left") || is(name, "top") => {
                self.is_far_left |= number(value).is_some_and(|n| n <= -500.0);
            }
            _ if is(name, "text-indent") || is(name, "margin-left") => {
                self.is_hidden |= number(value).is_some_and(|n| n <= -500.0);
            }
            _ if is(name, "margin") => self.is_indented |= value.contains("40px"),
            _ if is(name, "border-left") => {
                self.has_left_border |= ["solid", "double", "dashed", "ridge", "groove"]
                    .iter()
                    .any(|kind| value.contains(kind));
            }
            _ => {}
        }
    }
}

fn is(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

fn begins(value: &str, wanted: &str) -> bool {
    value.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted))
}

/// The declarations of a style, without comments.
fn declarations(style: &str) -> impl Iterator<Item = (&str, &str)> {
    style.split(';').filter_map(|one| {
        let (name, value) = one.split_once(':')?;
        Some((behind_comment(name.trim()), behind_comment(value.trim())))
    })
}

fn behind_comment(text: &str) -> &str {
    match text.strip_prefix("/*").and_then(|rest| rest.split_once("*/")) {
        Some((_, after)) => after.trim_start(),
        None => text,
    }
}

fn decoded(value: &str) -> String {
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
fn number(value: &str) -> Option<f32> {
    let length = value
        .bytes()
        .take(12)
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
        .count();
    value[..length].parse().ok()
}

fn is_tiny(value: &str) -> bool {
    let Some(size) = number(value) else { return false };
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    size < 0.01 || (size <= 1.0 && (begins(unit, "px") || begins(unit, "pt")))
}

fn is_transparent(value: &str) -> bool {
    begins(value, "transparent")
        || (begins(value, "rgba(")
            && value.trim_end_matches([')', ' ']).rsplit(',').next().and_then(|a| number(a.trim()))
                == Some(0.0))
}

fn ground(value: &str, before: Ground) -> Ground {
    if begins(value, "transparent") || begins(value, "none") || begins(value, "inherit") {
        return before;
    }
    if value.contains("url(") || value.contains("gradient") {
        return Ground::Unknown;
    }
    colour(value).map_or(Ground::Unknown, Ground::Colour)
}

/// Reads a colour as written in a style or an attribute.
fn colour(value: &str) -> Option<Colour> {
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

fn is_near(one: Colour, other: Colour) -> bool {
    one.iter().zip(other).all(|(a, b)| a.abs_diff(b) <= 6)
}

fn name_marks(value: &str, hidden: &HashSet<&str>, marks: &mut Marks) {
    marks.is_quote |= QUOTES.iter().any(|quote| value.contains(quote));
    if !hidden.is_empty() {
        marks.is_hidden |= value.split_ascii_whitespace().any(|name| hidden.contains(name));
    }
}

/// Whether a forwarded mail follows: Gmail puts it into the same element as a quoted one.
fn is_forward(after: &str) -> bool {
    let mut end = after.len().min(400);
    while !after.is_char_boundary(end) {
        end -= 1;
    }
    after[..end].contains("---------- ")
}

/// Classes and ids that the page's own style hides.
#[derive(Default)]
pub(super) struct HiddenNames<'a> {
    classes: HashSet<&'a str>,
    ids: HashSet<&'a str>,
}

impl<'a> HiddenNames<'a> {
    fn classes(&self) -> &HashSet<&'a str> {
        &self.classes
    }

    fn ids(&self) -> &HashSet<&'a str> {
        &self.ids
    }

    /// Reads the simple rules of a style: `.name{…}`, `p.name{…}`, `#id{…}`. Rules inside a
    /// condition (`@media`) hold elsewhere, and are passed over.
    pub(super) fn read(&mut self, style: &'a str) {
        let mut end = style.len().min(MAX_STYLE);
        while !style.is_char_boundary(end) {
            end -= 1;
        }
        let mut rest = &style[..end];
        while let Some((selectors, inside)) = rest.split_once('{') {
            let selectors = selectors.rsplit(['}', ';']).next().unwrap_or(selectors);
            if selectors.trim_start().starts_with('@') {
                rest = behind_block(inside);
                continue;
            }
            let (body, after) = inside.split_once('}').unwrap_or((inside, ""));
            rest = after;
            let mut marks = Marks::default();
            declarations(body).for_each(|(name, value)| marks.declare(name, value));
            if !(marks.is_hidden || (marks.is_cut && marks.is_empty_box)) {
                continue;
            }
            for selector in selectors.split(',').map(str::trim) {
                self.add(selector);
            }
        }
    }

    fn add(&mut self, selector: &'a str) {
        if self.classes.len() + self.ids.len() >= MAX_NAMES {
            return;
        }
        let is_simple = |name: &str| {
            !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || ".#:[>+~".contains(c))
        };
        if let Some((_, class)) = selector.split_once('.').filter(|(_, name)| is_simple(name)) {
            self.classes.insert(class);
        } else if let Some((_, id)) = selector.split_once('#').filter(|(_, name)| is_simple(name)) {
            self.ids.insert(id);
        }
    }
}

/// What follows the end of a block that may hold further blocks.
fn behind_block(text: &str) -> &str {
    let mut depth = 1usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
    }
    ""
}
