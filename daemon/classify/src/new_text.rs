//! What the person newly wrote: the visible text without quotes, signature and legal footer.
//!
//! Called before anything is judged, so that our own newsletter, quoted below a thank-you, asks for
//! nothing. Works on lines: quoted blocks and the line that introduces them go, answers between
//! quotes stay; below an Outlook header block everything goes; then the end is trimmed.

mod footer;
mod quotes;
mod signature;

use crate::words::{TEXT_LIMIT, cut};

/// A text taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The newly written text.
    pub new_text: String,
    /// The signature, on which only marks are looked for.
    pub signature: String,
}

/// Takes the newly written text out of a mail's visible text.
pub(crate) fn take(text: &str) -> Taken {
    let text = cut(text, TEXT_LIMIT).replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut kept = quotes::strip(&lines);
    if kept.iter().all(|line| line.trim().is_empty()) {
        // Nothing of one's own: a forward. What was forwarded is what is meant.
        kept = quotes::forwarded(&lines);
    }
    let kept = footer::strip(kept);
    let (body, signature) = signature::split(&kept);
    let only_device =
        signature.iter().all(|line| line.trim().is_empty() || signature::is_device(line));
    if body.iter().all(|line| line.trim().is_empty()) && !signature.is_empty() && !only_device {
        return Taken { new_text: join(&kept), signature: String::new() };
    }
    Taken { new_text: join(&body), signature: join(&signature) }
}

/// Joins lines, with at most one empty line in a row and none at the ends.
fn join(lines: &[&str]) -> String {
    let mut out = String::new();
    let mut empty = 0;
    for line in lines {
        if line.trim().is_empty() {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        empty = 0;
        out.push_str(line);
    }
    out
}

#[cfg(test)]
mod tests;
