//! Articles of the law as readers of each language cite them.

use domain::language::Locale;

/// A citation in the reader's language: `152-FZ art. 9(3)` is "152-ФЗ ст. 9 ч. 3" in Russian and
/// the other way round. No-break spaces keep each article in one line; what is no citation stays
/// as it is.
#[must_use]
pub fn law(citation: &str, locale: Locale) -> String {
    let parts = citation.split(';').map(str::trim).map(|part| match locale {
        Locale::Ru => in_russian(part),
        Locale::En => in_english(part),
    });
    parts.collect::<Vec<_>>().join("; ")
}

const ORDER_RU: &str = "приказ Роскомнадзора от 28.10.2022 № 179";

fn in_russian(part: &str) -> String {
    let named = part
        .replace("-FZ", "-ФЗ")
        .replace("Civil Code", "ГК РФ")
        .replace("order 179 p. ", "order 179 п. ")
        .replace("order 179", ORDER_RU)
        .replace("art. ", "ст. ");
    // Articles of the GDPR keep their brackets in Russian too.
    let counted = if named.starts_with("GDPR") { named } else { without_brackets(&named) };
    ["ст.", "ч.", "п.", "№"]
        .iter()
        .fold(counted, |text, mark| text.replace(&format!("{mark} "), &format!("{mark}\u{a0}")))
}

/// `9(3)` is "9 ч. 3", `19(2)(8)` is "19 ч. 2 п. 8".
fn without_brackets(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut depth = 0;
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        let (before, behind) = rest.split_at(open);
        let Some(close) = behind.find(')') else { break };
        let number = &behind[1..close];
        let follows = depth > 0 && before.is_empty();
        let counts = before.ends_with(|c: char| c.is_ascii_digit()) || follows;
        out.push_str(before);
        if counts && number.starts_with(|c: char| c.is_ascii_digit()) {
            depth = if follows { depth + 1 } else { 1 };
            let mark = if depth == 1 { "ч." } else { "п." };
            out.push_str(&format!(" {mark} {number}"));
        } else {
            depth = 0;
            out.push_str(&behind[..=close]);
        }
        rest = &behind[close + 1..];
    }
    out.push_str(rest);
    out
}

fn in_english(part: &str) -> String {
    let named = part
        .replace('\u{a0}', " ")
        .replace("-ФЗ", "-FZ")
        .replace("ГК РФ", "Civil Code")
        .replace(ORDER_RU, "order 179")
        .replace("order 179 п. ", "order 179, clause ")
        .replace("order 179 p. ", "order 179, clause ")
        .replace("ст. ", "art. ");
    let mut out = String::with_capacity(named.len());
    let mut rest = named.as_str();
    while let Some(at) = [" ч. ", " п. "].iter().filter_map(|mark| rest.find(mark)).min() {
        let (before, behind) = rest.split_at(at);
        let number = behind.get(" ч. ".len()..).unwrap_or_default();
        let end = number.find([' ', ',']).unwrap_or(number.len());
        out.push_str(&format!("{before}({})", &number[..end]));
        rest = &number[end..];
    }
    out.push_str(rest);
    ["art.", "clause"]
        .iter()
        .fold(out, |text, mark| text.replace(&format!("{mark} "), &format!("{mark}\u{a0}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_own_way_to_cite() {
        for (en, ru) in [
            ("152-FZ art. 21(5)", "152-ФЗ ст. 21 ч. 5"),
            ("152-FZ art. 9(3); Civil Code art. 196", "152-ФЗ ст. 9 ч. 3; ГК РФ ст. 196"),
            ("152-FZ art. 19(2)(8)", "152-ФЗ ст. 19 ч. 2 п. 8"),
            ("152-FZ art. 21(5.1)", "152-ФЗ ст. 21 ч. 5.1"),
            ("152-FZ art. 20(3), 21", "152-ФЗ ст. 20 ч. 3, 21"),
            ("GDPR art. 17(1)(b), 12(3)", "GDPR ст. 17(1)(b), 12(3)"),
            ("402-FZ art. 29", "402-ФЗ ст. 29"),
        ] {
            let plain = |text: String| text.replace('\u{a0}', " ");
            assert_eq!(plain(law(en, Locale::Ru)), ru);
            assert_eq!(plain(law(ru, Locale::Ru)), ru, "it is Russian already");
            assert_eq!(plain(law(ru, Locale::En)), en);
            assert_eq!(plain(law(en, Locale::En)), en, "it is English already");
        }
    }

    #[test]
    fn the_order_on_proofs_is_named_in_full_in_russian() {
        let clause = "152-FZ art. 21(7); order 179 п. 8";
        let ru =
            "152-ФЗ ст.\u{a0}21 ч.\u{a0}7; приказ Роскомнадзора от 28.10.2022 №\u{a0}179 п.\u{a0}8";
        for clause in [clause.to_owned(), clause.replace('п', "p")] {
            assert_eq!(law(&clause, Locale::Ru), ru);
        }
        assert_eq!(law(clause, Locale::En), "152-FZ art.\u{a0}21(7); order 179, clause\u{a0}8");
    }

    #[test]
    fn what_is_no_citation_stays_as_it_is() {
        for text in ["", "договор от 01.02.2026", "the contract (of 2026)", "bracket (open"]
        {
            assert_eq!(law(text, Locale::Ru), text);
            assert_eq!(law(text, Locale::En), text);
        }
    }
}
