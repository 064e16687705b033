//! Mails inside the mail that stay cut and yet may be what is asked: told apart, not dropped.

use super::*;
use domain::classification::Band;

const HEADS: &[&str] = &[
    "---------- Forwarded message ----------\nFrom: Анна <a@mail.example>\nDate: 5 мая\nSubject: просьба",
    "-------- Пересылаемое сообщение --------\n05.05.2024, 10:00, \"Анна\" <a@mail.example>:",
    "От: Анна <a@mail.example>\nОтправлено: 5 мая 2024 г. 10:00\nКому: B\nТема: просьба",
];
const LETTER: &str = "Удалите мой профиль.\nАнна";
const LONG: &str = "Добрый день! Пишет сестра Анны, она сейчас в больнице, почтой не пользуется и очень просила меня довести до вас вот это её старое письмо, ответьте мне.";

fn beside(subject: &str, text: &str) -> String {
    take(&mail(subject, text), &own()).forwarded_text
}

#[test]
fn thanks_in_a_covering_note_say_nothing() {
    for head in HEADS {
        for above in [
            "Здравствуйте, к вам. Спасибо заранее",
            "Please see below, thanks!",
            "Siehe unten, danke",
            "Merci !",
        ] {
            let text = format!("{above}\n\n{head}\n\n{LETTER}");
            let found = take(&mail("Fwd: просьба", &text), &own());
            assert!(found.new_text.contains("Удалите мой профиль."), "of {text:?}");
            assert_eq!((found.forwarded_text.as_str(), found.forwarded), ("", true));
        }
    }
}

#[test]
fn a_mail_below_a_long_covering_note_is_told_beside() {
    for head in HEADS {
        let text = format!("{LONG}\n\n{head}\n\n{LETTER}");
        let found = take(&mail("Fwd: просьба", &text), &own());
        assert_eq!((found.new_text.as_str(), found.forwarded), (LONG, false));
        assert!(found.forwarded_text.contains("Удалите мой профиль."), "of {text:?}");
    }
    let quoted = format!("{LONG}\n\n{}\n\n> Удалите мой профиль.\n> > Акция!", HEADS[0]);
    assert_eq!(beside("просьба", &quoted), "Удалите мой профиль.");
}

#[test]
fn our_own_mail_is_never_told_beside() {
    for head in [
        "---------- Forwarded message ----------\nFrom: Shop <news@shop.example>\nDate: 5 мая\nSubject: Акция",
        "---------- Forwarded message ----------\nFrom: Shop\nDate: 5 мая\nSubject: Акция\nhttps://www.shop.example/",
        "пт, 18 сент. 2026 г. в 09:15, Shop <news@shop.example>:",
    ] {
        for above in ["Ну и?", LONG, "Не присылайте мне такое."] {
            let text = format!("{above}\n\n{head}\n\n{LETTER}");
            assert_eq!(beside("Fwd: Акция", &text), "", "of {text:?}");
        }
    }
}

#[test]
fn somebody_elses_words_that_are_only_answered_are_not_told_beside() {
    let quote = "пт, 18 сент. 2026 г. в 09:15, Борис <b@mail.example>:\n> Удалите мой профиль.";
    assert_eq!(beside("Re: вопрос", &format!("Вопрос закрыт.\n\n{quote}")), "");
}

#[test]
fn a_reminder_above_ones_own_earlier_letter_tells_it_beside() {
    for above in ["Any update on this?", "Ну и?", "Жду ответа", "Спасибо, жду"]
    {
        for quote in [
            "Anna <anna@mail.example> wrote:\n> Please erase my data.\n>\n> > Offers!",
            "On Mon, 4 Mar 2024 at 11:02, Anna <Anna@mail.example> wrote:\n\nPlease erase my data.",
        ] {
            let text = format!("{above}\n\n{quote}");
            assert_eq!(beside("Re: вопрос", &text), "Please erase my data.", "of {text:?}");
        }
    }
    let quote = "Anna <anna@mail.example> wrote:\n> Please erase my data.";
    assert_eq!(beside("Re: вопрос", &format!("{LONG}\n\n{quote}")), "");
}

#[test]
fn what_is_told_beside_is_suggested_and_never_sure() {
    let below = "---------- Forwarded message ----------\nFrom: Anna <a@mail.example>\nDate: 5 May\nSubject: x";
    for (subject, text) in [
        ("Fwd: x", format!("{LONG}\n\n{below}\n\nPlease erase all my personal data.")),
        (
            "Re: x",
            "Any update on this?\n\nAnna <anna@mail.example> wrote:\n> Please erase all my personal data.".to_owned(),
        ),
    ] {
        let found = crate::classify(&mail(subject, &text), &crate::Packs::embedded(), &own());
        let acting: Vec<_> = found.acting_labels().map(|(l, band)| (l.name(), band)).collect();
        assert!(acting.contains(&("erasure", Band::Suggest)), "{acting:?} of {text:?}");
    }
}
