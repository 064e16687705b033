//! What a tag does to the text inside it: hide it, quote it, colour it.
//!
//! Called by `html` for every element. Only what the element itself says is known, and the simple
//! rules of the page's own style that hide a class or an id; the rest of CSS is not read.

mod quotes;
mod sheet;
mod values;

pub(super) use self::sheet::HiddenNames;
use self::{
    quotes::{is_answered, is_forward, is_quote_name},
    sheet::Hiding,
    values::{
        Colour, Ground, begins, colour, declarations, decoded, ground, is, is_near, is_relative,
        is_tiny, is_transparent, number,
    },
};
use super::tag::Tag;

/// What holds for the text inside an element.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct State {
    pub(super) is_hidden: bool,
    /// How many mails deep the text is quoted.
    pub(super) quoted: u8,
    /// Line ends are shown (`pre`).
    pub(super) keeps_lines: bool,
    /// No element inside can show itself again; the other ways to hide are only inherited.
    is_gone: bool,
    is_tiny: bool,
    is_unseen: bool,
    is_clear: bool,
    ink: Option<Colour>,
    ground: Ground,
}

/// Marks of one element that count together.
#[derive(Default)]
struct Marks {
    hiding: Hiding,
    is_gone: bool,
    is_taken_out: bool,
    is_far_left: bool,
    is_quote: bool,
    is_indented: bool,
    has_left_border: bool,
}

impl State {
    /// The state inside an element that begins here; `before` is the text so far, `after` the
    /// page behind its tag.
    pub(super) fn inside(
        self,
        tag: &Tag<'_>,
        before: &str,
        after: &str,
        names: &HiddenNames<'_>,
    ) -> Self {
        let mut state = self;
        let mut marks = Marks::default();
        let mut named = Hiding::default();
        state.keeps_lines |= tag.is("pre");
        for (name, value) in tag.attributes() {
            match name.len() {
                5 if name.eq_ignore_ascii_case("style") => state.style(value, &mut marks),
                5 if name.eq_ignore_ascii_case("class") => {
                    marks.is_quote |= is_quote_name(value);
                    named = names.classes(value).then(named);
                }
                2 if name.eq_ignore_ascii_case("id") => {
                    marks.is_quote |= is_quote_name(value);
                    named = named.then(names.id(value));
                }
                4 if name.eq_ignore_ascii_case("size") && tag.is("font") => state.is_tiny = false,
                4 if name.eq_ignore_ascii_case("type") => {
                    marks.is_quote |= value.eq_ignore_ascii_case("cite");
                }
                5 if name.eq_ignore_ascii_case("color") => state.colour(value),
                6 if name.eq_ignore_ascii_case("hidden") => marks.is_gone = true,
                7 if name.eq_ignore_ascii_case("bgcolor") => {
                    state.ground = colour(value).map_or(Ground::Unknown, Ground::Colour);
                }
                10 if name.eq_ignore_ascii_case("background") => state.ground = Ground::Unknown,
                _ => {}
            }
        }
        state.hide(named.then(marks.hiding));
        state.is_gone |= marks.is_gone || (marks.is_taken_out && marks.is_far_left);
        let same = match (state.ink, state.ground) {
            (Some(ink), Ground::Colour(ground)) => is_near(ink, ground),
            _ => false,
        };
        state.is_hidden =
            state.is_gone || state.is_tiny || state.is_unseen || state.is_clear || same;
        // Some programs indent with this element what was not quoted.
        let is_quote = (tag.is("blockquote") && !marks.is_indented)
            || (tag.is("div") && marks.has_left_border && is_answered(before, after))
            || marks.is_quote;
        if is_quote && !is_forward(after) {
            state.quoted = state.quoted.saturating_add(1);
        }
        state
    }

    fn hide(&mut self, hiding: Hiding) {
        self.is_gone |= hiding.gone == Some(true)
            || hiding.faded == Some(true)
            || (hiding.cut == Some(true) && hiding.empty == Some(true));
        self.is_tiny = hiding.tiny.unwrap_or(self.is_tiny);
        self.is_unseen = hiding.unseen.unwrap_or(self.is_unseen);
    }

    fn colour(&mut self, value: &str) {
        if begins(value, "inherit") || begins(value, "currentcolor") {
            return;
        }
        self.is_clear = is_transparent(value);
        self.ink = colour(value);
    }

    fn style(&mut self, value: &str, marks: &mut Marks) {
        let decoded = value.contains('&').then(|| decoded(value));
        for (name, value) in declarations(decoded.as_deref().unwrap_or(value)) {
            marks.declare(name, value);
            match name {
                _ if is(name, "color") => self.colour(value),
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
        let hiding = &mut self.hiding;
        match name {
            _ if is(name, "display") => hiding.gone = Some(begins(value, "none")),
            _ if is(name, "visibility") && !begins(value, "inherit") => {
                hiding.unseen = Some(begins(value, "hidden") || begins(value, "collapse"));
            }
            _ if is(name, "opacity") => hiding.faded = number(value).map(|n| n < 0.05),
            _ if is(name, "font-size") && !is_relative(value) => {
                hiding.tiny = Some(is_tiny(value));
            }
            _ if is(name, "overflow") || is(name, "overflow-y") => {
                hiding.cut = Some(begins(value, "hidden"));
            }
            _ if is(name, "height")
                || is(name, "max-height")
                || is(name, "width")
                || is(name, "max-width") =>
            {
                if number(value).is_some_and(|n| n < 1.0) {
                    hiding.empty = Some(true);
                } else if begins(value, "auto") || begins(value, "none") {
                    hiding.empty = Some(false);
                }
            }
            _ if is(name, "position") => {
                self.is_taken_out |= begins(value, "absolute") || begins(value, "fixed");
            }
            _ if is(name, "left") || is(name, "top") => {
                self.is_far_left |= number(value).is_some_and(|n| n <= -500.0);
            }
            _ if is(name, "text-indent") || is(name, "margin-left") => {
                self.is_gone |= number(value).is_some_and(|n| n <= -500.0);
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
