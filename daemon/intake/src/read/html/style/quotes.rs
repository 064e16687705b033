//! Elements that hold a quoted mail.
//!
//! Called by `style`. Programs mark them by a name of their own; a border is only a mark where it
//! is said who wrote what it stands beside.

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

/// Fields with which the header of a quoted mail begins.
const FIELDS: [&str; 14] = [
    "From",
    "Sent",
    "Date",
    "To",
    "Subject",
    "От",
    "Отправлено",
    "Дата",
    "Кому",
    "Тема",
    "Від",
    "Von",
    "De",
    "Da",
];

pub(super) fn is_quote_name(value: &str) -> bool {
    QUOTES.iter().any(|quote| value.contains(quote))
}

/// Whether a mail is quoted here: who wrote it is said before, or its header follows. A border
/// alone is how forms and notices are dressed.
pub(super) fn is_answered(before: &str, after: &str) -> bool {
    let mut start = before.len().saturating_sub(400);
    while !before.is_char_boundary(start) {
        start -= 1;
    }
    let line = before[start..].trim_end().lines().next_back().unwrap_or("");
    line.ends_with(':') || line.starts_with("-----") || shows_header(after)
}

/// Whether the first words behind a tag are a field of a header, such as "From:".
pub(super) fn shows_header(after: &str) -> bool {
    let mut end = after.len().min(1_024);
    while !after.is_char_boundary(end) {
        end -= 1;
    }
    let mut rest = after[..end].trim_start();
    while let Some((_, behind)) = rest.strip_prefix('<').and_then(|tag| tag.split_once('>')) {
        rest = behind.trim_start();
    }
    let word = rest.split([':', '<', '&']).next().unwrap_or("");
    let is_field = word.len() < 40 && word.chars().all(|c| c.is_alphabetic() || c == ' ');
    let sign = &rest[word.len()..];
    is_field
        && !word.is_empty()
        && (sign.starts_with(':') || sign.starts_with("<"))
        && FIELDS.iter().any(|field| word.trim().eq_ignore_ascii_case(field))
}

/// Whether a forwarded mail follows: Gmail puts it into the same element as a quoted one.
pub(super) fn is_forward(after: &str) -> bool {
    let mut end = after.len().min(400);
    while !after.is_char_boundary(end) {
        end -= 1;
    }
    after[..end].contains("---------- ")
}
