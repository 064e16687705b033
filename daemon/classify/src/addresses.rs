//! Address-shaped words of a text; they only propose, and are never logged.

use domain::address::EmailAddress;

/// Most addresses taken from one text.
const LIMIT: usize = 50;

/// The address-shaped words of a text, in order, each once.
pub(crate) fn addresses(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if !text.contains('@') {
        return found;
    }
    let separators = |c: char| {
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
                    | '«'
                    | '»'
                    | '“'
                    | '”'
                    | '|'
                    | '\''
            )
    };
    for word in text.split(separators) {
        let Some((_, domain)) = word.split_once('@') else { continue };
        if word.len() > 260 || !domain.contains('.') {
            continue;
        }
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if word.contains('/') || EmailAddress::parse(word).is_err() {
            continue;
        }
        if !found.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            found.push(word.to_owned());
        }
        if found.len() == LIMIT {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_between_other_signs_and_named_once() {
        let text = "Пишите на <a.b@mail.example>, (a.b@mail.example) или c@d.example. Не a@b и не https://x.example/@y.z";
        assert_eq!(addresses(text), ["a.b@mail.example", "c@d.example"]);
    }
}
