//! Who failed, in a report of words: the addresses, and what is said of each.
//!
//! Servers name the failed address in one of a few forms: in a list under a line that announces
//! it, behind a word such as "recipient", at the start of a line, or in the sentence that tells of
//! the failure. The surest form that occurs counts; what stands in other places (help desks, the
//! head of the returned mail) is never taken beside it. One pass over the lines.

use domain::address::EmailAddress;

use super::fields::RECIPIENTS;
use super::wording::{
    announces, is_head_field, names_no_recipient, names_recipient, tells_failure,
};
use crate::words::cut;

/// As much as is kept of what is said of one recipient, in bytes.
const SAID: usize = 2 * 1024;
/// Most addresses looked at in one line.
const IN_LINE: usize = 20;
/// Longest list entry, in lines without an address between two entries.
const SILENT: usize = 12;

/// How an address stands in a report; the later, the surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// In the summary of the mail that was sent: `To: …`.
    Head,
    /// Somewhere in the text.
    Somewhere,
    /// In a sentence that tells of the failure.
    Sentence,
    /// At the start of a line.
    Start,
    /// Behind a word for recipients.
    Named,
    /// Under, or in, the line that announces the failed addresses.
    Listed,
}

/// A failed recipient of a report in words.
pub(super) struct Entry {
    /// The address as written.
    pub address: String,
    /// What the report says from here to the next entry.
    pub said: String,
    form: Form,
}

/// The failed recipients that `text` names; `is_other` tells addresses that are ours or the
/// server's, which count only where nothing else is named.
pub(super) fn entries(text: &str, is_other: impl Fn(&str) -> bool) -> Vec<Entry> {
    let mut reader = Reader::default();
    for line in text.lines() {
        reader.line(cut(line, 2_000));
        if reader.entries.len() > 4 * RECIPIENTS {
            break;
        }
    }
    let mut entries = reader.entries;
    // What we are told of ourselves is seldom the failure: it is, if it alone is listed.
    if entries.iter().any(|entry| !is_other(&entry.address)) {
        entries.retain(|entry| !is_other(&entry.address));
    } else {
        entries.retain(|entry| entry.form >= Form::Start);
    }
    let surest = entries.iter().map(|entry| entry.form).max();
    entries.retain(|entry| Some(entry.form) == surest);
    if matches!(surest, Some(Form::Start | Form::Sentence | Form::Somewhere)) {
        entries.truncate(1);
    }
    if surest == Some(Form::Head) && entries.len() > 1 {
        // Several were written to, and nothing says who of them failed.
        entries.clear();
    }
    entries.truncate(RECIPIENTS);
    entries
}

/// Whether a text announces failed addresses and names one.
pub(super) fn lists_recipients(text: &str) -> bool {
    entries(text, |_| false).iter().any(|entry| entry.form == Form::Listed)
}

#[derive(Default)]
struct Reader {
    entries: Vec<Entry>,
    /// Whether the failed addresses were announced and their list goes on.
    is_list: bool,
    /// Whether the list has an entry.
    has_entry: bool,
    /// Lines since the last address of the list.
    silent: usize,
    after_blank: bool,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            self.after_blank = true;
            return;
        }
        let lower = trimmed.to_lowercase();
        let found = addresses_in(trimmed);
        let is_announced = announces(&lower);
        if is_announced {
            (self.is_list, self.has_entry, self.silent) = (true, false, 0);
        } else if self.is_list {
            self.go_on(trimmed, &lower, &found);
        }
        for at in &found {
            let before = lower_before(trimmed, at.start);
            let Some(form) = self.form(&lower, &before, at, is_announced) else { continue };
            self.has_entry |= self.is_list;
            self.silent = 0;
            self.add(at.address, form);
        }
        if let Some(last) = self.entries.last_mut().filter(|last| last.said.len() < SAID) {
            last.said.push_str(&lower);
            last.said.push('\n');
        }
        self.after_blank = false;
    }

    /// A list ends at a rule, at the head of what was returned, and at the first paragraph that
    /// begins without an address once the list has one.
    fn go_on(&mut self, trimmed: &str, lower: &str, found: &[At<'_>]) {
        self.silent += 1;
        let is_rule = trimmed.starts_with("---") || trimmed.starts_with("===");
        let begins_other = self.after_blank && !found.iter().any(|at| at.is_at_start);
        let begins_head = self.after_blank && is_head_field(lower);
        if self.has_entry && (is_rule || begins_other || begins_head) || self.silent > SILENT {
            self.is_list = false;
        }
    }

    fn form(&self, lower: &str, before: &str, at: &At<'_>, is_announced: bool) -> Option<Form> {
        if names_no_recipient(before) {
            return None;
        }
        Some(if is_head_field(lower) {
            Form::Head
        } else if self.is_list && (at.is_at_start || is_announced) {
            Form::Listed
        } else if names_recipient(before) {
            Form::Named
        } else if at.is_at_start {
            Form::Start
        } else if tells_failure(lower) {
            Form::Sentence
        } else {
            Form::Somewhere
        })
    }

    fn add(&mut self, address: &str, form: Form) {
        let known = self.entries.iter_mut().find(|e| e.address.eq_ignore_ascii_case(address));
        match known {
            Some(entry) => entry.form = entry.form.max(form),
            None => {
                self.entries.push(Entry { address: address.to_owned(), said: String::new(), form });
            }
        }
    }
}

/// An address in a line.
struct At<'l> {
    address: &'l str,
    start: usize,
    /// Whether nothing but signs, or a name before a bracket, stands in front of it.
    is_at_start: bool,
}

/// The addresses of a line, with where they stand.
fn addresses_in(line: &str) -> Vec<At<'_>> {
    let mut found: Vec<At<'_>> = Vec::new();
    let mut from = 0;
    while let Some(sign) = line.get(from..).and_then(|rest| rest.find('@')) {
        let sign = from + sign;
        from = sign + 1;
        let Some((start, end)) = around(line, sign) else { continue };
        from = from.max(end);
        let Some(address) = line.get(start..end) else { continue };
        if EmailAddress::parse(address).is_err() {
            continue;
        }
        let head = line.get(..start).unwrap_or_default();
        found.push(At { address, start, is_at_start: found.is_empty() && is_bare_head(head) });
        if found.len() == IN_LINE {
            break;
        }
    }
    found
}

/// Where the address around the `@` at `sign` begins and ends.
fn around(line: &str, sign: usize) -> Option<(usize, usize)> {
    let ends = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '<' | '>'
                    | '('
                    | ')'
                    | '['
                    | ']'
                    | ','
                    | ';'
                    | ':'
                    | '"'
                    | '\''
                    | '`'
                    | '«'
                    | '»'
                    | '“'
                    | '”'
                    | '„'
                    | '|'
                    | '{'
                    | '}'
                    | '@'
                    | '、'
                    | '。'
                    | '「'
                    | '」'
            )
    };
    let (before, after) = (line.get(..sign)?, line.get(sign + 1..)?);
    // `dda:SMTP=a@b.example;` of X.400; a longer local part than 64 is none.
    let start = before
        .char_indices()
        .rev()
        .take(65)
        .find(|(_, c)| ends(*c) || *c == '=')
        .map_or(0, |(at, c)| at + c.len_utf8());
    let start = if sign - start > 256 { return None } else { start };
    let length = after.find(ends).unwrap_or(after.len());
    let domain = after.get(..length.min(254))?;
    let domain = domain.trim_end_matches(|c: char| !c.is_alphanumeric());
    // `a@b.example...` and `a@b.example.` end before their dots.
    let domain = domain.split("..").next().unwrap_or(domain);
    (sign > start && domain.contains('.')).then(|| (start, sign + 1 + domain.len()))
}

/// Whether what stands before an address leaves it at the start of its line: nothing, signs of a
/// list, `To:` of a list, a name before `<`, the head of an X.400 address.
fn is_bare_head(head: &str) -> bool {
    let head = head.trim();
    let is_name = head.ends_with(['<', '(', '[']) && head.len() < 80 && !head.contains([':', '@']);
    let lower = head.to_ascii_lowercase();
    head.chars().all(|c| !c.is_alphanumeric())
        || is_name
        || matches!(lower.as_str(), "to:" | "to: <" | "to:<" | "smtp:" | "mailto:" | "кому:")
        || lower.ends_with("dda:smtp=")
        || lower.ends_with("<mailto:")
}

fn lower_before(line: &str, start: usize) -> String {
    let head = line.get(..start).unwrap_or_default();
    let from = head.char_indices().rev().nth(60).map_or(0, |(at, _)| at);
    head.get(from..).unwrap_or_default().to_lowercase()
}
