//! Tags, attributes and ends of elements, cut out of a page without copying.
//!
//! Called by `html` alone. Every look ahead is bounded or done once, so that the work grows with
//! the size of the page only.

/// Tags whose quotes are never closed, before quotes count no more: each costs a walk to the end.
pub(super) const TRIES: u8 = 8;

/// A tag as written.
#[derive(Clone, Copy)]
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    attributes: &'a str,
    pub(super) is_end: bool,
    /// It has no content: `<br/>`, `<!doctype …>`.
    pub(super) is_empty: bool,
}

impl<'a> Tag<'a> {
    /// Whether it is the element of that (lower-case) name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Its attributes, in order.
    pub(super) fn attributes(&self) -> Attributes<'a> {
        Attributes(self.attributes)
    }
}

/// Reads a tag at the start of `text`, quotes respected; `None` when it is none.
pub(super) fn read<'a>(text: &'a str, tries: &mut u8) -> Option<(Tag<'a>, &'a str)> {
    let bytes = text.as_bytes();
    let first = *bytes.get(1)?;
    if !(first.is_ascii_alphabetic() || matches!(first, b'/' | b'!' | b'?')) {
        return None;
    }
    let found = if *tries == 0 { None } else { end(bytes) };
    let end = match found {
        Some(end) => end,
        None => {
            *tries = tries.saturating_sub(1);
            memchr::memchr(b'>', bytes)?
        }
    };
    let inner = &text[1..end];
    let is_end = inner.starts_with('/');
    let is_empty = inner.ends_with('/') || inner.starts_with(['!', '?']);
    let inner = inner.trim_start_matches('/');
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b':';
    let length = inner.bytes().take_while(is_name).count();
    let (name, attributes) = inner.split_at(length);
    Some((Tag { name, attributes, is_end, is_empty }, &text[end + 1..]))
}

/// The `>` that ends the tag: the first one outside quotes.
fn end(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr3(b'>', b'"', b'\'', bytes.get(at..)?)?;
        let quote = bytes[at];
        if quote == b'>' {
            return Some(at);
        }
        if bytes[..at].trim_ascii_end().last() == Some(&b'=') {
            at += 1 + memchr::memchr(quote, &bytes[at + 1..])?;
        }
        at += 1;
    }
}

/// What follows a comment; an unclosed one hides the rest.
pub(super) fn behind_comment(text: &str) -> &str {
    let inner = &text["<!--".len()..];
    // `<!-->` and `<!--->` are comments without content.
    if let Some(after) = inner.strip_prefix('>').or_else(|| inner.strip_prefix("->")) {
        return after;
    }
    let bytes = inner.as_bytes();
    let end = memchr::memchr_iter(b'>', bytes)
        .find(|at| bytes[..*at].ends_with(b"--") || bytes[..*at].ends_with(b"--!"));
    end.map_or("", |at| &inner[at + 1..])
}

/// Where the end tag of an element begins and ends, whose content is not markup.
pub(super) fn end_of(text: &str, name: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    memchr::memmem::find_iter(bytes, b"</").find_map(|open| {
        let start = open + 2;
        let is_it = bytes
            .get(start..start + name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
            && bytes.get(start + name.len()).is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let end = is_it.then(|| memchr::memchr(b'>', &bytes[start..]))?;
        Some((open, end.map_or(bytes.len(), |end| start + end + 1)))
    })
}

/// A page without the files that stand in its attributes, which can be longer than all the rest.
pub(super) fn without_data(page: &[u8]) -> Vec<u8> {
    let mut short = Vec::with_capacity(page.len() / 2);
    let mut rest = page;
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&rest[from..], b"data:").map(|at| from + at) {
        let quote = at.checked_sub(1).map(|before| rest[before]);
        let Some(quote @ (b'"' | b'\'')) = quote else {
            from = at + 1;
            continue;
        };
        // Where a quote is not closed, none behind it is.
        let Some(length) = memchr::memchr(quote, &rest[at..]) else { break };
        short.extend_from_slice(&rest[..at]);
        rest = &rest[at + length..];
        from = 0;
    }
    short.extend_from_slice(rest);
    short
}

/// The attributes of a tag: name as written, value without quotes.
pub(super) struct Attributes<'a>(&'a str);

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let is_gap = |c: char| c.is_ascii_whitespace() || c == '/';
        let rest = self.0.trim_start_matches(is_gap);
        if rest.is_empty() {
            return None;
        }
        let ends_name = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/');
        // A stray `=` in front is part of the name.
        let length = rest.char_indices().skip(1).find(|(_, c)| ends_name(*c)).map(|(at, _)| at);
        let (name, after) = rest.split_at(length.unwrap_or(rest.len()));
        let Some(value) = after.trim_start().strip_prefix('=').map(str::trim_start) else {
            self.0 = after;
            return Some((name, ""));
        };
        let quoted = ['"', '\''].iter().find_map(|quote| {
            let inner = value.strip_prefix(*quote)?;
            Some(inner.split_once(*quote).unwrap_or((inner, "")))
        });
        let (value, after) = quoted.unwrap_or_else(|| {
            value.split_at(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len()))
        });
        self.0 = after;
        Some((name, value))
    }
}
