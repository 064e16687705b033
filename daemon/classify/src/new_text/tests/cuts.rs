//! What was cut stays visible: nothing is lost between the new text and the cuts.

use super::*;
use proptest::prelude::*;

#[test]
fn every_sort_of_cut_is_told_with_its_place() {
    let text = "Исключите меня.\n\nС уважением,\nАнна\n\nпт, 18 сент. 2026 г. в 09:15, Shop <news@shop.example>:\n> Акция!\n\nThis e-mail is confidential and for the intended recipient.";
    assert_eq!(
        told(text),
        [
            ("signature", "С уважением,\nАнна"),
            ("attribution", "пт, 18 сент. 2026 г. в 09:15, Shop <news@shop.example>:"),
            ("quote", "> Акция!"),
            ("footer", "This e-mail is confidential and for the intended recipient."),
        ]
    );
    let text = "Нет.\r\n\r\n-----Original Message-----\r\nFrom: A <a@shop.example>\r\nSent: today\r\n\r\nАкция!";
    assert_eq!(
        told(text),
        [
            (
                "forward_header",
                "-----Original Message-----\r\nFrom: A <a@shop.example>\r\nSent: today"
            ),
            ("quote", "Акция!")
        ]
    );
}

/// Every line with a sign on it stands in a cut or in the new text, and no line in both.
fn covers(text: &str) {
    let found = take(&mail("Fwd: x", text), &own());
    let mut at = 0;
    let mut rest = found.new_text.as_str();
    for cut in &found.cut {
        assert!(at <= cut.span.0 && cut.span.0 < cut.span.1 && cut.span.1 <= text.len());
        at = cut.span.1;
    }
    for line in super::super::lines::lines(text) {
        if line.is_blank() {
            continue;
        }
        let in_cut = found.cut.iter().any(|cut| cut.span.0 <= line.start && line.end <= cut.span.1);
        if in_cut {
            continue;
        }
        let kept = [line.text, line.unquoted().text];
        let found = kept.iter().find_map(|kept| rest.trim_start_matches(['\n']).strip_prefix(kept));
        rest = found.unwrap_or_else(|| panic!("{:?} of {text:?} is nowhere", line.text));
    }
    assert_eq!(rest.trim(), "", "of {text:?}");
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Удалите мои данные.".to_owned()),
        Just("> Акция!".to_owned()),
        Just(">".to_owned()),
        Just(String::new()),
        Just("С уважением,".to_owned()),
        Just("Анна Петрова".to_owned()),
        Just("+7 900 555-47-12".to_owned()),
        Just("--".to_owned()),
        Just("Отправлено с iPhone".to_owned()),
        Just("-----Original Message-----".to_owned()),
        Just("---------- Forwarded message ---------".to_owned()),
        Just("-------- Конец пересылаемого сообщения --------".to_owned()),
        Just("From: A <a@mail.example>".to_owned()),
        Just("Sent: 5 May 2024 10:00".to_owned()),
        Just("Subject: x".to_owned()),
        Just("От: Анна".to_owned()),
        Just("Дата: 12.03.2024".to_owned()),
        Just("Тема: отзыв".to_owned()),
        Just("Anna <anna@mail.example> wrote:".to_owned()),
        Just("On 29 Sep 2026, at 19:11, Shop <a@shop.example> wrote:".to_owned()),
        Just("<a@shop.example> wrote:".to_owned()),
        Just("This e-mail is confidential, for the intended recipient.".to_owned()),
        Just("_______________".to_owned()),
        Just("| x".to_owned()),
        Just("см. ниже".to_owned()),
        "\\PC{0,40}",
    ]
}

proptest! {
    #[test]
    fn the_new_text_and_the_cuts_cover_the_text(
        pieces in prop::collection::vec(piece(), 0..24),
        end in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
    ) {
        covers(&pieces.join(end));
    }

    #[test]
    fn any_text_is_taken_apart(text in "\\PC*") {
        covers(&text);
    }
}
