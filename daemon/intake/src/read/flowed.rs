//! Paragraphs that were wrapped for sending (RFC 3676, `format=flowed`).
//!
//! Called for plain parts that declare it. A line that ends with a space goes on in the next one
//! of the same quote depth; quotes keep their `>`, so that the quote stripper knows them.

/// Joins the wrapped lines. `del_sp` says that the space at the end was put there by the program.
#[must_use]
pub fn unwrapped(text: &str, del_sp: DelSp) -> String {
    let mut whole = String::with_capacity(text.len());
    // The quote depth of the line that is being continued.
    let mut open: Option<usize> = None;
    let mut is_first = true;
    for line in text.split('\n') {
        let depth = line.bytes().take_while(|byte| *byte == b'>').count();
        let content = &line[depth..];
        // Space-stuffing (§4.4): one space in front is no part of the line.
        let content = content.strip_prefix(' ').unwrap_or(content);
        let is_signature = content == "-- ";
        let goes_on = open == Some(depth) && !is_signature;
        if !goes_on {
            if !is_first {
                whole.push('\n');
            }
            for _ in 0..depth {
                whole.push('>');
            }
            if depth > 0 {
                whole.push(' ');
            }
        }
        let is_soft = content.ends_with(' ') && !is_signature;
        match (is_soft, del_sp) {
            (true, DelSp::Yes) => whole.push_str(&content[..content.len() - 1]),
            (true, DelSp::No) | (false, _) => whole.push_str(content),
        }
        open = is_soft.then_some(depth);
        is_first = false;
    }
    whole
}

/// The `DelSp` parameter (RFC 3676 §4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DelSp {
    /// The trailing space is deleted.
    Yes,
    /// The trailing space stands between two words.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_lines_become_paragraphs() {
        for (wrapped, whole) in [
            ("one \ntwo\nthree", "one two\nthree"),
            ("> a \n> b\nc", "> a b\nc"),
            ("> a \nb", "> a \nb"),
            (">> a \n>> b\n> c", ">> a b\n> c"),
            (" >no quote\n From", ">no quote\nFrom"),
            ("text \n-- \nAnna", "text \n-- \nAnna"),
            ("", ""),
            ("a\n\nb", "a\n\nb"),
        ] {
            assert_eq!(unwrapped(wrapped, DelSp::No), whole, "{wrapped:?}");
        }
        assert_eq!(unwrapped("проте \nкание", DelSp::Yes), "протекание");
    }
}
