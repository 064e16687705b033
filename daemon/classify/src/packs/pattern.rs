//! The small language of patterns: a row of word classes with gaps.
//!
//! `%delete <4 %data` is a word of class `delete`, then at most four other words, then one of
//! class `data`, all in one sentence; `~4` in place of `<4` allows either order. `a|b*` are
//! alternatives; `^` and `$` are start and end of the text, `[` and `]` of a sentence. A gap with
//! a full stop (`<9.`) may reach into the next sentence, one with a comma (`<3,`) stays in the
//! clause.

/// Most words that may stand between two elements.
const GAP_LIMIT: u8 = 30;
/// Most elements of a pattern.
const STEP_LIMIT: usize = 8;

/// One element of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// The class its word belongs to.
    pub class: u16,
    /// How many other words may stand before it (after the previous element).
    pub gap: u8,
    /// Whether one end of a sentence may stand before it.
    pub crosses: bool,
    /// Whether it must stand in the same clause as the element before it.
    pub tight: bool,
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pattern {
    /// The elements in order; at least one.
    pub steps: Vec<Step>,
    /// The first element must be the first word of the text.
    pub text_start: bool,
    /// The last element must be the last word of the text.
    pub text_end: bool,
    /// The first element must begin its sentence.
    pub sentence_start: bool,
    /// The last element must end its sentence.
    pub sentence_end: bool,
}

/// Reads a pattern; `class` gives the class of an element's text. An either-order gap yields two
/// patterns.
///
/// # Errors
/// What is wrong with the pattern, in words.
pub(super) fn parse(
    text: &str,
    class: &mut dyn FnMut(&str) -> Result<u16, String>,
) -> Result<Vec<Pattern>, String> {
    let mut pattern = Pattern::default();
    let (mut gap, mut crosses, mut tight) = (0, false, false);
    let mut either = None;
    for token in text.split_whitespace() {
        match token {
            "^" => pattern.text_start = true,
            "$" => pattern.text_end = true,
            "[" => pattern.sentence_start = true,
            "]" => pattern.sentence_end = true,
            _ => {
                if let Some(number) = token.strip_prefix(['<', '~']) {
                    crosses = number.ends_with('.');
                    tight = number.ends_with(',');
                    let number = number.trim_end_matches(['.', ',']).parse().ok();
                    gap = number.filter(|n| *n <= GAP_LIMIT).ok_or_else(|| {
                        format!("gap `{token}` is not a number up to {GAP_LIMIT}")
                    })?;
                    if token.starts_with('~') {
                        either = Some(pattern.steps.len());
                    }
                } else {
                    pattern.steps.push(Step { class: class(token)?, gap, crosses, tight });
                    (gap, crosses, tight) = (0, false, false);
                }
            }
        }
    }
    if pattern.steps.is_empty() || pattern.steps.len() > STEP_LIMIT {
        return Err(format!("a pattern has 1 to {STEP_LIMIT} elements"));
    }
    let Some(at) = either else { return Ok(vec![pattern]) };
    if at == 0 || at >= pattern.steps.len() {
        return Err("`~` stands between two elements".to_owned());
    }
    let Step { gap, crosses, tight, .. } = pattern.steps[at];
    let mut turned = pattern.clone();
    turned.steps.rotate_left(at);
    let second = pattern.steps.len() - at;
    turned.steps[0] = Step { gap: 0, crosses: false, tight: false, ..turned.steps[0] };
    turned.steps[second] = Step { gap, crosses, tight, ..turned.steps[second] };
    Ok(vec![pattern, turned])
}
