//! Text to words: the form in which rules see a text.
//!
//! Called for the new text and the subject before any rule looks at them. A word keeps its byte
//! span in the text as written, so that evidence can be shown in place; its form is lower case,
//! NFKC, without zero-width signs, with look-alike letters of the other script folded. Texts in
//! transliteration or typed in the wrong keyboard layout are read as what was meant.

mod fold;
mod layout;

use smol_str::SmolStr;

pub(crate) use fold::{is_letter, looser, lower, plain};
pub(crate) use layout::{Reading, reading, reread};

/// Longest text that is looked at; what stands behind it is not judged (a person sees it).
pub(crate) const TEXT_LIMIT: usize = 256 * 1024;

/// Most words that are looked at; what stands behind them is not judged.
const WORDS_LIMIT: usize = 40_000;

/// Longest word kept; longer runs are no words of any language here.
const WORD_LIMIT: usize = 64;

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The folded form, or `#number`, `#mail`, `#url` for what is not a word.
    pub form: SmolStr,
    /// Byte range in the text as written.
    pub span: (usize, usize),
    /// Number of the sentence, from 0.
    pub sentence: u32,
    /// Number of the clause, from 0: sentences and what stands between commas.
    pub clause: u32,
}

/// A text cut into words.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// The words in order.
    pub words: Vec<Word>,
    /// For each sentence, whether it ends with a question mark.
    pub questions: Vec<bool>,
    /// For each sentence, whether it is an item of a list and hangs on what stands above it.
    pub items: Vec<bool>,
    /// The clause of the next word.
    clause: u32,
}

/// Cuts a text into words and sentences. Linear in the text; at most [`TEXT_LIMIT`] bytes.
#[must_use]
pub fn words(text: &str) -> Words {
    let text = cut(text, TEXT_LIMIT);
    let mut out = Words {
        words: Vec::with_capacity(text.len() / 8),
        questions: vec![false],
        items: vec![false],
        clause: 0,
    };
    let mut folded = String::new();
    let mut rest = 0;
    while let Some(first) = text[rest..].chars().next() {
        if out.words.len() >= WORDS_LIMIT {
            break;
        }
        if is_word_char(first) {
            let own = word_length(&text[rest..]);
            let behind = &text[rest + own..];
            let length =
                if ends_run(behind) { own } else { foreign_length(&text[rest..]).max(own) };
            push_word(&mut out, text, (rest, rest + length), &mut folded);
            rest += length;
        } else {
            let after = rest + first.len_utf8();
            if matches!(first, ',' | ':' | '(' | ')' | '—' | '–') {
                out.clause += 1;
            }
            if ends_sentence(&out, text, rest, first) {
                if first == '?' {
                    mark_question(&mut out);
                }
                next_sentence(&mut out, item_follows(first, &text[after..]));
            }
            rest = after;
        }
    }
    out
}

/// Cuts a text into words and reads transliteration and the wrong keyboard layout as what was
/// meant; `true` when that was so.
pub(crate) fn read(text: &str) -> (Words, bool) {
    let mut cut = words(text);
    let reading = reading(&cut);
    reread(&mut cut, text, reading);
    (cut, reading != Reading::AsWritten)
}

/// The text up to `limit` bytes, cut at a character.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn is_word_char(c: char) -> bool {
    match c {
        'а'..='я' | 'a'..='z' | 'А'..='Я' | 'A'..='Z' | '0'..='9' => true,
        '\0'..='\u{7f}' => false,
        // Letters all of them.
        '\u{400}'..='\u{481}' => true,
        _ => c.is_alphanumeric() || is_ignorable(c),
    }
}

/// Signs that stand inside words without being seen: soft hyphen, zero-width, combining.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{300}'..='\u{36f}')
}

/// Length of the word at the start: letters, digits, and apostrophes between letters.
fn word_length(text: &str) -> usize {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        let inside = is_word_char(c)
            || (matches!(c, '\'' | '’' | '`' | 'ʼ')
                && at > 0
                && chars.as_str().chars().next().is_some_and(char::is_alphabetic));
        if !inside {
            return at;
        }
    }
    text.len()
}

/// Whether what stands behind a word shows that it is neither an address nor a link: white space,
/// perhaps behind one sign that ends a sentence.
fn ends_run(behind: &str) -> bool {
    let bytes = behind.as_bytes();
    let blank = |at: usize| bytes.get(at).is_none_or(|byte| matches!(byte, b' ' | b'\n' | b'\r'));
    blank(0)
        || matches!(bytes[0], b',' | b')' | b';')
        || matches!(bytes[0], b'.' | b'!' | b'?' | b':') && blank(1)
}

/// Length of an address or a link at the start, 0 when it is none.
fn foreign_length(text: &str) -> usize {
    let end = text
        .char_indices()
        .take(512)
        .find(|(_, c)| {
            c.is_whitespace() || matches!(c, '<' | '>' | '"' | '(' | ')' | ',' | ';' | '«' | '»')
        })
        .map_or_else(|| cut(text, 512).len(), |(at, _)| at);
    let run = text[..end].trim_end_matches(['.', ':', '!', '?', '\'']);
    let is_link = run.starts_with("http://")
        || run.starts_with("https://")
        || run.starts_with("www.")
        || run.starts_with("mailto:");
    let is_address = run
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.contains('@'));
    if is_link || is_address { run.len() } else { 0 }
}

fn push_word(out: &mut Words, text: &str, (start, end): (usize, usize), folded: &mut String) {
    let written = &text[start..end];
    let form = if written.contains("://") || written.starts_with("www.") {
        SmolStr::new_static("#url")
    } else if written.contains('@') {
        SmolStr::new_static("#mail")
    } else {
        fold::plain_into(cut(written, WORD_LIMIT * 4), folded);
        SmolStr::new(folded)
    };
    if form.is_empty() {
        return;
    }
    let sentence = u32::try_from(out.questions.len() - 1).unwrap_or(u32::MAX);
    out.words.push(Word { form, span: (start, end), sentence, clause: out.clause });
}

/// Whether the sign at `at` ends the sentence.
fn ends_sentence(out: &Words, text: &str, at: usize, sign: char) -> bool {
    let Some(last) = out.words.last() else { return false };
    let after = &text[at + sign.len_utf8()..];
    match sign {
        '!' | '?' | '…' | '✅' | '•' | ';' => true,
        // A full stop after an abbreviation, inside a number or a name goes on.
        '.' => {
            let next = after.chars().find(|c| !c.is_whitespace());
            let tight = after.chars().next().is_some_and(|c| !c.is_whitespace());
            let short =
                || last.form.chars().count() <= 2 || ABBREVIATIONS.contains(&last.form.as_str());
            let continued = next.is_some_and(|c| c.is_lowercase() || c.is_ascii_digit());
            !(tight && next != Some('.') || (continued || is_law_short(&last.form)) && short())
        }
        // An empty line, or a line that begins like the item of a list.
        '\n' => {
            let line = after.trim_start_matches([' ', '\t', '\r']);
            line.starts_with(['\n', '-', '*', '•', '—', '–']) || line.is_empty() || numbered(line)
        }
        _ => false,
    }
}

const ABBREVIATIONS: [&str; 12] =
    ["ст", "ул", "тел", "руб", "art", "abs", "nr", "mrs", "гр", "перс", "моб", "исп"];

fn is_law_short(form: &str) -> bool {
    matches!(
        form,
        "ст" | "ч" | "п" | "гр" | "г" | "art" | "mr" | "ms" | "dr" | "mrs" | "тел" | "ул"
    )
}

fn numbered(line: &str) -> bool {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    (1..=2).contains(&digits) && line[digits..].starts_with(['.', ')'])
        || line.starts_with('(') && line[1..].starts_with(|c: char| c.is_ascii_digit())
        || line.chars().nth(1) == Some(')') && line.starts_with(char::is_alphabetic)
}

fn mark_question(out: &mut Words) {
    if let Some(last) = out.questions.last_mut() {
        *last = true;
    }
}

/// Whether what follows the sign is an item of a list: behind a semicolon, or a line that begins
/// with a dash, a bullet or a number.
fn item_follows(sign: char, after: &str) -> bool {
    let line = after.trim_start_matches(['\n', ' ', '\t', '\r']);
    let marked = line.starts_with(['-', '*', '•', '—', '–']) || numbered(line);
    matches!(sign, ';' | '•' | '✅') || (sign == '\n' && marked)
}

fn next_sentence(out: &mut Words, item: bool) {
    let current = u32::try_from(out.questions.len() - 1).unwrap_or(u32::MAX);
    if out.words.last().is_some_and(|w| w.sentence == current) {
        out.questions.push(false);
        out.items.push(item);
        out.clause += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(text: &str) -> Vec<SmolStr> {
        words(text).words.into_iter().map(|w| w.form).collect()
    }

    #[test]
    fn words_are_folded_and_keep_their_place() {
        let text = "Удалите\u{200b} МОЁ, e.g. o'Neil";
        let cut = words(text);
        assert_eq!(cut.words[0].form, "удалите");
        let (from, to) = cut.words[1].span;
        assert_eq!((&text[from..to], cut.words[1].form.as_str()), ("МОЁ", "мое"));
    }

    #[test]
    fn look_alike_letters_of_the_other_script_are_folded() {
        assert_eq!(forms("yдaлитe dаta"), ["удалите", "data"]);
    }

    #[test]
    fn addresses_links_and_numbers_are_no_words() {
        assert_eq!(
            forms("на a.b@mail.example, https://x.example/удалить 8 900"),
            ["на", "#mail", "#url", "8", "900"]
        );
    }

    #[test]
    fn commas_and_sentences_end_clauses() {
        let cut = words("не против, присылайте. Да");
        let clauses: Vec<u32> = cut.words.iter().map(|w| w.clause).collect();
        assert_eq!(clauses, [0, 0, 1, 2]);
    }

    #[test]
    fn an_abbreviation_does_not_end_a_sentence() {
        let cut = words("По ст. 14 закона. Прошу данные? Да");
        let sentences: Vec<u32> = cut.words.iter().map(|w| w.sentence).collect();
        assert_eq!(sentences, [0, 0, 0, 0, 1, 1, 2]);
        assert_eq!(cut.questions, [false, true, false]);
    }
}
