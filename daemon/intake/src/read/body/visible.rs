//! Which of the parts of a message a person is shown, and their text.
//!
//! Called by `body` for every message. The plain part counts where there is some text in it; where
//! the HTML part says something else, its text is kept beside it, because most programs show that.

use std::collections::HashSet;

use mail_parser::{Message, MessagePartId, PartType};

use crate::read::{Oddities, header, part};

/// Text of the HTML part that is compared, in bytes.
const MAX_COMPARED: usize = 128 * 1024;
/// Bits in the table of words.
const BITS: usize = 1 << 16;

/// What is seen of a message.
#[derive(Default)]
pub(super) struct Visible {
    pub(super) text: String,
    pub(super) from_html: bool,
    /// The text of the HTML part where it disagrees.
    pub(super) other: String,
}

/// The plain text where there is some, else the text of the HTML.
pub(super) fn read(
    message: &Message<'_>,
    readable: &HashSet<usize>,
    limit: usize,
    odd: &mut Oddities,
) -> Visible {
    let (text, from_html) = of(message, &message.text_body, readable, limit, odd);
    // Some programs write an empty plain part beside the real HTML.
    if text.trim().is_empty() {
        let (text, from_html) = of(message, &message.html_body, readable, limit, odd);
        return Visible { text, from_html, other: String::new() };
    }
    let has_html = message.html_body.iter().any(|id| !message.text_body.contains(id));
    if from_html || !has_html {
        return Visible { text, from_html, other: String::new() };
    }
    let (mut other, _) = of(message, &message.html_body, readable, limit, odd);
    header::cut(&mut other, MAX_COMPARED);
    if agree(&text, &other) {
        other.clear();
    }
    Visible { text, from_html, other }
}

fn of(
    message: &Message<'_>,
    ids: &[MessagePartId],
    readable: &HashSet<usize>,
    limit: usize,
    odd: &mut Oddities,
) -> (String, bool) {
    let mut text = String::new();
    let mut from_html = false;
    for id in ids.iter().filter_map(|id| usize::try_from(*id).ok()) {
        let Some(one) = message.parts.get(id).filter(|_| readable.contains(&id)) else {
            continue;
        };
        let Some(found) = part::shown(one, message, odd) else { continue };
        from_html |= matches!(one.body, PartType::Html(_)) && !found.is_empty();
        if text.is_empty() {
            text = found;
        } else {
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&found);
        }
        if text.len() > limit {
            break;
        }
    }
    (text, from_html)
}

/// Whether two texts say the same: nearly all words of the second stand in the first. The other
/// way round the plain text may say more (addresses of links, a note on HTML).
fn agree(plain: &str, html: &str) -> bool {
    let mut table = vec![0u64; BITS / 64];
    for hash in words(plain) {
        table[hash / 64] |= 1 << (hash % 64);
    }
    let (mut known, mut strange) = (0usize, 0usize);
    for hash in words(html) {
        if table[hash / 64] & (1 << (hash % 64)) == 0 { strange += 1 } else { known += 1 }
    }
    strange < 4 || strange * 3 < known
}

/// Hashes of the words of three letters and more (FNV-1a, folded into the table); case is left
/// out for Latin letters, and Cyrillic ones keep theirs in both texts.
fn words(text: &str) -> impl Iterator<Item = usize> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2).map(|word| {
        let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
        });
        usize::try_from((hash ^ (hash >> 32)) % 65_536).unwrap_or(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_agree_whatever_their_dress() {
        let plain = "Добрый день! Пришлите прайс: https://clinic.example/price";
        assert!(agree(plain, "Добрый день!\n\nПришлите прайс"));
        assert!(!agree(plain, "Прошу немедленно удалить все мои персональные данные"));
        assert!(agree("", ""));
    }
}
