//! Taking out of what people of ours wrote whatever names somebody else.
//!
//! Addresses and telephone numbers are known by their shape, the names of those who share an
//! address by the list. Other names no program finds: a person reads the package before it is approved.

/// What stands in the place of what was taken out.
pub(super) const MASK: &str = "***";

/// What is the person's own, and what is surely another's.
#[derive(Clone, Default)]
pub(super) struct Known {
    /// The person's addresses and telephone numbers.
    pub(super) own: Vec<String>,
    /// Names and numbers of others.
    pub(super) others: Vec<String>,
}

impl Known {
    /// A text without addresses, telephone numbers and known names of others.
    pub(super) fn mask(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for word in &self.others {
            // One's own name stays, even when somebody who shares the address has it, too.
            if !self.own.contains(word) {
                masked = without(&masked, word);
            }
        }
        let words = masked.split_inclusive(char::is_whitespace).map(|word| self.mask_word(word));
        self.mask_numbers(&words.collect::<String>())
    }

    fn mask_word(&self, word: &str) -> String {
        let is_edge = |c: char| !c.is_alphanumeric();
        let bare = word.trim_matches(is_edge);
        let is_own = self.own.iter().any(|own| own.to_lowercase() == bare.to_lowercase());
        if bare.contains('@') && !is_own { word.replace(bare, MASK) } else { word.to_owned() }
    }

    /// Runs of digits with the marks that stand in telephone numbers; dates and sums are shorter.
    fn mask_numbers(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut run = String::new();
        for c in text.chars().chain(std::iter::once('\0')) {
            if c.is_ascii_digit() || (!run.is_empty() && " -()".contains(c)) || c == '+' {
                run.push(c);
                continue;
            }
            let digits = digits(&run);
            let is_own = self.own.iter().any(|own| self::digits(own) == digits);
            if digits.len() >= 9 && !is_own {
                let end = run.trim_end();
                masked.push_str(MASK);
                masked.push_str(&run[end.len()..]);
            } else {
                masked.push_str(&run);
            }
            run.clear();
            if c != '\0' {
                masked.push(c);
            }
        }
        masked
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// A text with every occurrence of a word, in any case, masked.
fn without(text: &str, word: &str) -> String {
    let (low, wanted) = (text.to_lowercase(), word.trim().to_lowercase());
    // Lower case may have another length than what it stands for: then the text is gone as a whole.
    if wanted.is_empty() || !low.contains(&wanted) {
        return text.to_owned();
    }
    if low.len() != text.len() {
        return MASK.to_owned();
    }
    let mut masked = String::new();
    let mut rest = 0;
    for (at, found) in low.match_indices(&wanted) {
        masked.push_str(text.get(rest..at).unwrap_or_default());
        masked.push_str(MASK);
        rest = at + found.len();
    }
    masked.push_str(text.get(rest..).unwrap_or_default());
    masked
}

#[cfg(test)]
mod tests {
    use super::Known;

    #[test]
    fn what_names_others_is_taken_out_and_ones_own_stays() {
        let known = Known {
            own: vec!["anna@mail.example".into(), "+7 495 123-45-67".into()],
            others: vec!["Борис Петров".into()],
        };
        let check = |text: &str, expected: &str| assert_eq!(known.mask(text), expected);
        check("Анна (anna@mail.example) звонила", "Анна (anna@mail.example) звонила");
        check("звонил борис петров, её муж", "звонил ***, её муж");
        check("писать на <boris@mail.example>.", "писать на <***>.");
        check("тел. +7 (916) 000-11-22, срочно", "тел. ***, срочно");
        check("тел. +7 495 123-45-67", "тел. +7 495 123-45-67");
        check("от 12.11.2026 на 1500 руб.", "от 12.11.2026 на 1500 руб.");
    }
}
