//! References to the law, as people of ours write them under a decision.
//!
//! A refusal stands on an article of an act, what goes on on an article or a contract. A reference
//! is read to its last word, so that nothing else (a name, a reason) hides in what is kept in
//! clear.

/// Words for an article, before its number.
const ARTICLE: [&str; 14] = [
    "ст",
    "статья",
    "статьи",
    "статье",
    "статью",
    "статьёй",
    "статьей",
    "статей",
    "статьям",
    "статьями",
    "art",
    "arts",
    "article",
    "articles",
];
/// Words for a part of an article, before its number or letter.
const PART: [&str; 27] = [
    "ч",
    "часть",
    "части",
    "частью",
    "п",
    "пп",
    "пункт",
    "пункта",
    "пункту",
    "пунктом",
    "подп",
    "подпункт",
    "подпункта",
    "абз",
    "абзац",
    "абзаца",
    "para",
    "paragraph",
    "paragraphs",
    "point",
    "points",
    "lit",
    "letter",
    "sentence",
    "abs",
    "satz",
    "nr",
];
/// Acts by a word of their own.
const ACT: [&str; 19] = [
    "gdpr",
    "dsgvo",
    "bdsg",
    "uwg",
    "ttdsg",
    "tdddg",
    "гк",
    "тк",
    "нк",
    "ук",
    "упк",
    "гпк",
    "апк",
    "кас",
    "ск",
    "жк",
    "коап",
    "конституция",
    "конституции",
];
/// What may stand around an act.
const AROUND: [&str; 17] = [
    "рф",
    "россии",
    "eu",
    "ес",
    "закон",
    "закона",
    "законом",
    "федеральный",
    "федерального",
    "федеральным",
    "regulation",
    "regulations",
    "и",
    "and",
    "or",
    "или",
    "n",
];
/// Words that name a contract.
const CONTRACT: [&str; 10] = [
    "договор",
    "договора",
    "договору",
    "договором",
    "соглашение",
    "соглашения",
    "соглашению",
    "соглашением",
    "contract",
    "agreement",
];

/// Whether a text is a reference to an article of a named act, and nothing else:
/// `152-ФЗ ст. 14 ч. 8 п. 3`, `GDPR Art. 12(5)`, `ст. 196 ГК РФ; 402-ФЗ ст. 29`.
#[must_use]
pub fn is_article(text: &str) -> bool {
    let tokens = tokens(text);
    let (mut acts, mut articles) = (0, 0);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let word = token.as_str();
        let next = tokens.get(at + 1).map(String::as_str);
        at += 1;
        if word == "§" || ARTICLE.contains(&word) {
            if !next.is_some_and(is_number) {
                return false;
            }
            articles += 1;
            at += 1;
        } else if PART.contains(&word) {
            if !next.is_some_and(|next| is_number(next) || is_letter(next)) {
                return false;
            }
            at += 1;
        } else if ACT.contains(&word) || is_numbered_act(word, &tokens) {
            acts += 1;
        } else if word == "(" {
            // "(5)", "(b)" behind a number; "(EU)" of a regulation.
            let inner = next.is_some_and(|next| is_number(next) || is_letter(next) || next == "eu");
            if !inner || tokens.get(at + 1).map(String::as_str) != Some(")") {
                return false;
            }
            at += 2;
        } else if !(matches!(word, "," | ";")
            || AROUND.contains(&word)
            || (is_number(word) && articles > 0))
        {
            return false;
        }
    }
    acts > 0 && articles > 0
}

/// Whether a text names a contract by its number or date, and nothing else:
/// `договор № 7 от 01.02.2026`, `contract 12/B`.
#[must_use]
pub fn is_contract(text: &str) -> bool {
    let tokens = tokens(text);
    let Some((first, rest)) = tokens.split_first() else { return false };
    let known = |token: &String| {
        let word = token.as_str();
        matches!(word, "n" | "no" | "от" | "of" | "dated" | "г" | ",")
            || word.chars().any(|c| c.is_ascii_digit())
    };
    CONTRACT.contains(&first.as_str())
        && rest.iter().any(|token| token.chars().any(|c| c.is_ascii_digit()))
        && rest.iter().all(known)
}

/// Whether a text is a base on which processing may go on: an article, or a contract.
#[must_use]
pub fn is_base(text: &str) -> bool {
    is_article(text) || is_contract(text)
}

/// Words in small letters without the dots behind them, numbers, and signs of their own.
fn tokens(text: &str) -> Vec<String> {
    let mut apart = String::new();
    for c in text.to_lowercase().chars() {
        match c {
            '№' => apart.push_str(" n "),
            '(' | ')' | ',' | ';' | '§' => apart.extend([' ', c, ' ']),
            '«' | '»' | '"' | '\u{a0}' | '\u{202f}' => apart.push(' '),
            '\u{2011}' => apart.push('-'),
            _ => apart.push(c),
        }
    }
    let mut tokens = Vec::new();
    for word in apart.split_whitespace() {
        let word = word.trim_end_matches('.');
        // "ст.14": an abbreviation against its number.
        match word.split_once('.') {
            Some((before, behind))
                if !before.is_empty() && before.chars().all(char::is_alphabetic) =>
            {
                tokens.extend([before, behind].map(str::to_owned));
            }
            _ if word.is_empty() => {}
            _ => tokens.push(word.to_owned()),
        }
    }
    tokens
}

/// "6", "10.1", "2–11", "6a".
fn is_number(word: &str) -> bool {
    let bare = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.len() - bare.len() <= 1
        && bare.len() <= 9
        && bare.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '–'))
}

/// "b", "«б»".
fn is_letter(word: &str) -> bool {
    word.chars().count() == 1 && word.chars().all(char::is_alphabetic)
}

/// "152-фз", "2016/679"; "2300-1" where the text says "закон".
fn is_numbered_act(word: &str, tokens: &[String]) -> bool {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match (word.split_once('-'), word.split_once('/')) {
        (Some((number, "фз" | "фкз")), _) => digits(number),
        (_, Some((year, number))) => year.len() == 4 && digits(year) && digits(number),
        (Some((number, part)), _) => {
            let is_law = |token: &String| token.starts_with("закон");
            digits(number) && (digits(part) || part == "i") && tokens.iter().any(is_law)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_has_an_act_and_a_number_and_nothing_beside() {
        for yes in [
            "152-ФЗ ст. 14 ч. 8 п. 3",
            "152-ФЗ ст.14 ч.8",
            "ч. 1 ст. 6 152-ФЗ",
            "Федеральный закон № 152-ФЗ, статья 10.1, часть 12",
            "ст. 6 ч. 1 п. 2–11 Федерального закона № 152-ФЗ",
            "ст. 196 ГК РФ; 402-ФЗ ст. 29",
            "Закон РФ № 2300-1, ст. 16",
            "GDPR Art. 12(5)",
            "Art. 6(1)(b) GDPR",
            "GDPR article 17 paragraph 3 point b",
            "Regulation (EU) 2016/679 Art. 17",
            "§ 35 BDSG",
            "152\u{2011}ФЗ\u{a0}ст.\u{a0}21",
        ] {
            assert!(is_article(yes), "{yes}");
        }
        for no in [
            "",
            "стол 1",
            "152-ФЗ",
            "ст. 14",
            "152-ФЗ стол 1",
            "152-ФЗ ст. много",
            "не хотим по ст. 14 152-ФЗ",
            "152-ФЗ ст. 14, Иванова",
            "старт 5 ГК",
            "party 7 GDPR",
            "GDPR 12",
            "GDPR Art. 12 (see Smith)",
        ] {
            assert!(!is_article(no), "{no}");
        }
    }

    #[test]
    fn a_contract_has_a_number_or_a_date() {
        for yes in ["договор № 7 от 01.02.2026", "Contract 12/B", "договор от 01.02.2026 г."]
        {
            assert!(is_contract(yes), "{yes}");
            assert!(is_base(yes), "{yes}");
        }
        for no in ["1", "договор", "уговор 1", "договор с Ивановым № 7", "contract seven"]
        {
            assert!(!is_base(no), "{no}");
        }
    }
}
