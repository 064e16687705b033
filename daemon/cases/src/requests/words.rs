//! What words a decision needs: what was done, on which base something goes on, by which article
//! something is refused.

use domain::regime::RequestName;

use super::{executing::Carried, refused};
use crate::CasesError;

/// Words that stand before the number of an article.
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
/// Words that name a contract.
const CONTRACT: [&str; 9] = [
    "договор",
    "договора",
    "договору",
    "договором",
    "соглашение",
    "соглашения",
    "соглашению",
    "contract",
    "agreement",
];

/// Whether a text names an article by its number: "152-ФЗ ст. 6 ч. 1", "art. 17(3)", "§ 35".
pub(super) fn names_article(text: &str) -> bool {
    let text = text.to_lowercase();
    let of_sign = text.split('§').skip(1).any(begins_with_number);
    of_sign || words(&text).any(|(word, rest)| ARTICLE.contains(&word) && begins_with_number(rest))
}

/// Whether a text names a contract by its number or date: "договор № 7 от 01.02.2026".
fn names_contract(text: &str) -> bool {
    let text = text.to_lowercase();
    let digit = |rest: &str| rest.chars().any(|c| c.is_ascii_digit());
    words(&text).any(|(word, rest)| CONTRACT.contains(&word) && digit(rest))
}

/// Each word of letters with what stands behind it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(char::is_alphabetic)?;
        let from = &rest[start..];
        let end = from.find(|c: char| !c.is_alphabetic()).unwrap_or(from.len());
        let (word, behind) = from.split_at(end);
        rest = behind;
        Some((word, behind))
    })
}

fn begins_with_number(text: &str) -> bool {
    text.trim_start_matches(['.', ' ', '\u{a0}', '\u{202f}', '№'])
        .starts_with(|c: char| c.is_ascii_digit())
}

/// What is proposed to be carried out by hand, in words that a decision can stand on.
pub(super) fn check_words(name: RequestName, carried: &Carried) -> Result<(), CasesError> {
    if carried.not_confirmed {
        return check_not_confirmed(carried);
    }
    if carried.done.iter().all(|done| done.trim().is_empty()) {
        let why = "say what was done, in words that the person understands: --done";
        return Err(refused("done_is_said", why));
    }
    let unfounded = |(purpose, base): &(String, String)| {
        purpose.trim().is_empty() || !(names_article(base) || names_contract(base))
    };
    if carried.continues.iter().any(unfounded) {
        let why = "what goes on needs its base: an article, such as `договор=152-ФЗ ст. 6 ч. 1 п. 5`, or a contract by its number or date";
        return Err(refused("continues_with_base", why));
    }
    let per_purpose = matches!(name, RequestName::ConsentWithdrawal | RequestName::Objection);
    if carried.all_continue && (carried.continues.is_empty() || !per_purpose) {
        let why = "that every purpose goes on is said of a withdrawal or an objection, and each with its base: --continues";
        return Err(refused("continues_with_base", why));
    }
    Ok(())
}

fn check_not_confirmed(carried: &Carried) -> Result<(), CasesError> {
    if !carried.continues.is_empty() || carried.all_continue {
        let why = "what was not confirmed changes nothing: leave --continues out";
        return Err(refused("continues_with_base", why));
    }
    if !names_article(&carried.clause) {
        let why = "that a claim was not confirmed is a refusal: name the article, such as `152-ФЗ ст. 14 ч. 8`: --clause";
        return Err(refused("refusal_needs_clause", why));
    }
    if carried.reasons.trim().chars().count() < 10 {
        let why = "a refusal says why, in words that the person understands: --reasons";
        return Err(refused("refusal_needs_reasons", why));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_is_a_word_for_it_and_a_number() {
        for yes in [
            "152-ФЗ ст. 6 ч. 1 п. 5",
            "ст.14",
            "Статья 10",
            "статьи 21",
            "GDPR Art. 12(5)",
            "article 17",
            "§ 35 BDSG",
            "ч. 1 ст. 6 152-ФЗ",
        ] {
            assert!(names_article(yes), "{yes}");
        }
        for no in ["стол 1", "не хотим", "1", "статья", "старт 5", "party 7", "ст. без номера 4"]
        {
            assert!(!names_article(no), "{no}");
        }
    }

    #[test]
    fn a_contract_has_a_number_or_a_date() {
        assert!(names_contract("договор № 7 от 01.02.2026"));
        assert!(names_contract("Contract 12/B"));
        for no in ["1", "договор", "уговор 1"] {
            assert!(!names_contract(no), "{no}");
        }
    }
}
