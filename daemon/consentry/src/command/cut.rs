//! What was left out of the new text of a letter, shown to people: nothing that a person wrote may
//! vanish without a trace.

use domain::classification::Cut;
use serde_json::{Value, json};

/// The pieces that were left out, with their words.
#[must_use]
pub fn cuts_json(text: &str, cuts: &[Cut]) -> Value {
    let piece = |cut: &Cut| json!({ "what": cut.what.name(), "span": cut.span, "text": words_of(text, cut) });
    cuts.iter().map(piece).collect()
}

/// The words of a piece; none when the span does not fit the text.
#[must_use]
pub fn words_of<'a>(text: &'a str, cut: &Cut) -> &'a str {
    text.get(cut.span.0..cut.span.1).unwrap_or_default()
}

/// The whole text, the lines that were left out with what they are before them.
#[must_use]
pub fn whole(text: &str, cuts: &[Cut]) -> String {
    let mut shown = String::with_capacity(text.len() * 2);
    let mut at = 0;
    let mut next = cuts.iter().peekable();
    for line in text.split_inclusive('\n') {
        while next.next_if(|cut| cut.span.1 <= at).is_some() {}
        let what = next.peek().filter(|cut| cut.span.0 < at + line.len()).map(|cut| cut.what);
        if let Some(what) = what {
            shown.push_str(&format!("[{}] ", what.name()));
        }
        shown.push_str(line);
        at += line.len();
    }
    shown
}

/// One line that says what was left out; none when nothing was.
#[must_use]
pub fn summary(text: &str, cuts: &[Cut]) -> Option<String> {
    if cuts.is_empty() {
        return None;
    }
    let piece = |cut: &Cut| {
        let lines = words_of(text, cut).lines().count();
        format!("{} ({lines} line{})", cut.what.name(), if lines == 1 { "" } else { "s" })
    };
    Some(cuts.iter().map(piece).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use domain::classification::CutWhat;

    use super::*;

    #[test]
    fn every_line_is_shown_and_the_left_out_ones_are_named() {
        let text = "Удалите меня.\n\n-- \nАнна\n> старое\n";
        let signature = text.find("--").expect("there");
        let quote = text.find('>').expect("there");
        let cuts = [
            Cut { what: CutWhat::Signature, span: (signature, quote) },
            Cut { what: CutWhat::Quote, span: (quote, text.len()) },
        ];
        let shown = "Удалите меня.\n\n[signature] -- \n[signature] Анна\n[quote] > старое\n";
        assert_eq!(whole(text, &cuts), shown);
        assert_eq!(summary(text, &cuts).as_deref(), Some("signature (2 lines), quote (1 line)"));
        assert_eq!(whole(text, &[]), text);
        assert_eq!(summary(text, &[]), None);
        // A row is input: a span that fits no text shows nothing and breaks nothing.
        let astray = [Cut { what: CutWhat::Quote, span: (1, 9999) }];
        assert_eq!(words_of(text, &astray[0]), "");
    }
}
