//! Letters that open with header lines of their own, as people write them above a formal wish.

use super::*;

const BLOCKS: &[&str] = &[
    "От: Ивановой Анны Петровны\nКому: ООО Эстетика\nТема: отзыв согласия\nДата: 12.03.2024",
    "Кому: ООО «Эстетика»\nОт: Ивановой А.П.\nДата: 12.03.2024",
    "Кому: отдел кадров\nКопия: юристу\nТема: мои данные",
    "An: Beispiel GmbH\nVon: Anna Beispiel\nDatum: 12. März 2024\nBetreff: Löschung",
    "To: Example Ltd\nFrom: Anna Example\nDate: 12 March 2024\nSubject: Erasure",
    "To: Example Ltd\nFrom: Anna Example\nDate: 12/03/24\nRe: my data",
    "От: Анна\nДата: 12.03\nТема: запись",
];

const WISH: &str = "Прошу прекратить обработку моих персональных данных.";

#[test]
fn header_lines_of_a_formal_letter_are_the_letter() {
    for block in BLOCKS {
        for above in ["", "Здравствуйте!\n\n", "Добрый день!\n", "Hello,\n\n"]
        {
            let text = format!("{above}{block}\n\n{WISH}");
            for subject in ["", "отзыв согласия", "Re: вопрос"] {
                let found = take(&mail(subject, &text), &own());
                assert_eq!((found.new_text.as_str(), found.forwarded), (&*text, false));
            }
        }
    }
}

#[test]
fn header_lines_below_more_than_a_greeting_are_a_quote() {
    for block in BLOCKS {
        check(&format!("Спасибо, вопрос закрыт.\n\n{block}\n\n{WISH}"), "Спасибо, вопрос закрыт.");
    }
}

#[test]
fn header_lines_with_an_address_or_a_time_of_day_are_a_quote() {
    for block in [
        "От: Клиника <news@shop.example>\nДата: 12.03.2024\nТема: Акция",
        "От: Клиника\nДата: 12.03.2024 10:02\nТема: Акция",
        "Fra: Klinik\nDato: 04.07.2024 17.45\nEmne: Tilbud",
        "De : Clinique\nDate : mardi 5 mars 2024 10h02\nObjet : Offre",
    ] {
        check(&format!("{block}\n\n{WISH}"), "");
    }
}

#[test]
fn header_lines_in_a_forward_are_those_of_the_forwarded_mail() {
    let text = format!("{}\n\n{WISH}", BLOCKS[0]);
    let found = take(&mail("Fwd: отзыв", &text), &own());
    assert_eq!((found.new_text.as_str(), found.forwarded), (WISH, true));
}

#[test]
fn the_wish_of_such_a_letter_is_seen() {
    for text in [
        "От: Анна\nКому: ООО Пример\nДата: 12.03.2024\n\nПрошу уничтожить мои персональные данные.",
        "An: Beispiel GmbH\nVon: Anna\nDatum: 12.03.2024\nBetreff: Daten\n\nBitte löschen Sie alle meine Daten.",
    ] {
        let found = crate::classify(&mail("", text), &crate::Packs::embedded(), &own());
        assert!(found.acting_labels().any(|(l, _)| l.name() == "erasure"), "of {text:?}");
    }
}
