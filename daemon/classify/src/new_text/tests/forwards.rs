//! Mails that were passed on: whose words count.

use super::*;
use domain::mail::AttachedMail;

const LETTER: &str = "Удалите мой профиль.";

fn check_forward(subject: &str, text: &str, expected: &str) {
    let found = take(&mail(subject, text), &own());
    assert_eq!(found.new_text, expected, "of {text:?}");
    assert!(found.forwarded, "of {text:?}");
}

#[test]
fn a_forward_with_few_words_or_none_is_read_itself() {
    for head in [
        "---------- Forwarded message ----------\nFrom: Анна <a@mail.example>\nDate: 5 мая\nSubject: просьба",
        "---------- Forwarded message ---------\nОт: Анна <a@mail.example>\nDate: ср, 5 мая 2024 г. в 10:00\nSubject: просьба\nTo: <b@mail.example>",
        "-------- Пересылаемое сообщение --------\n05.05.2024, 10:00, \"Анна\" <a@mail.example>:",
        "-------- Перенаправленное сообщение --------\nТема: просьба\nДата: Sun, 5 May 2024 10:00:00 +0300\nОт: Анна <a@mail.example>\nКому: b@mail.example",
        "Начало переадресованного сообщения:\n\nОт: Анна <a@mail.example>\nТема: просьба\nДата: 5 мая 2024 г., 10:00:00 GMT+3\nКому: b@mail.example",
        "Begin forwarded message:\n\nFrom: Anna <a@mail.example>\nSubject: Wish\nDate: 5 May 2024 at 10:00:00 CEST\nTo: b@mail.example",
        "-------- Weitergeleitete Nachricht --------\nBetreff: Bitte\nDatum: Sun, 5 May 2024 10:00\nVon: Anna <a@mail.example>",
        "-----Original Message-----\nFrom: Anna <a@mail.example>\nSent: Sunday, 5 May 2024 10:00\nTo: B",
        "От: Анна <a@mail.example>\nОтправлено: 5 мая 2024 г. 10:00\nКому: B\nТема: просьба",
    ] {
        check_forward("Fwd: просьба", &format!("{head}\n\n{LETTER}"), LETTER);
        for above in [
            "см. ниже",
            "FYI",
            "Прошу исполнить.",
            "Коллеги, для информации",
            "Siehe unten",
            "Добрый день!",
        ] {
            let expected = format!("{above}\n\n{LETTER}");
            check_forward("Fwd: просьба", &format!("{above}\n\n{head}\n\n{LETTER}"), &expected);
        }
        check("Спасибо, уже не надо ничего удалять.", "Спасибо, уже не надо ничего удалять.");
        let text = format!("Спасибо, вопрос решён, ничего делать не надо.\n\n{head}\n\n{LETTER}");
        check(&text, "Спасибо, вопрос решён, ничего делать не надо.");
    }
}

#[test]
fn a_forward_with_signs_of_quoting_is_read_without_them() {
    let text = "Begin forwarded message:\n\n> From: Anna <a@mail.example>\n> Subject: Wish\n> Date: 5 May 2024 at 10:00\n> To: b@mail.example\n>\n> Please delete my profile.";
    check_forward("Fwd: Wish", text, "Please delete my profile.");
}

#[test]
fn the_signature_and_the_quotes_of_a_passed_on_mail_go_too() {
    let text = "См. ниже.\n\n-------- Пересылаемое сообщение --------\n05.05.2024, 10:00, \"Анна\" <a@mail.example>:\n\nУдалите мой профиль.\n\nС уважением,\nАнна\n\n01.05.2024, 10:00, \"Клиника\" <news@shop.example>:\n> Акция!\n-------- Конец пересылаемого сообщения --------";
    check_forward("Fwd: x", text, "См. ниже.\n\nУдалите мой профиль.");
}

#[test]
fn what_was_passed_on_twice_is_read() {
    let text = "---------- Forwarded message ---------\nFrom: B <b@mail.example>\nDate: 6 May 2024\nSubject: Fwd: x\n\n\n---------- Forwarded message ---------\nFrom: Anna <a@mail.example>\nDate: 5 May 2024\nSubject: x\n\nPlease delete my profile.";
    check_forward("Fwd: x", text, "Please delete my profile.");
}

#[test]
fn our_own_mail_that_comes_back_is_never_what_is_asked() {
    for subject in ["Fwd: Акция", "Re: Акция", "Акция"] {
        for text in [
            "-----Original Message-----\nFrom: Shop <news@shop.example>\nSent: today\n\nУдалить профиль: нажмите здесь.",
            "---------- Forwarded message ---------\nFrom: Shop <news@shop.example>\nDate: 5 мая\nSubject: Акция\n\nУдалить профиль: нажмите здесь.",
            "пт, 18 сент. 2026 г. в 09:15, Shop <news@shop.example>:\n> Удалить профиль: нажмите здесь.",
        ] {
            let found = take(&mail(subject, text), &own());
            assert_eq!((found.new_text.as_str(), found.forwarded), ("", false), "of {text:?}");
        }
    }
}

#[test]
fn a_text_that_is_only_quotes_says_nothing() {
    check("> Удалить данные?\n> Отписаться", "");
    let found = taken("> Удалить данные?\n> Отписаться");
    assert_eq!(found.cut.len(), 1);
}

#[test]
fn who_sends_their_own_letter_again_means_it() {
    let text = "Повторно, прошу рассмотреть.\n\nпт, 18 сент. 2026 г. в 09:15, Анна <anna@mail.example>:\n> Удалите мой профиль.";
    check_forward("Re: просьба", text, "Повторно, прошу рассмотреть.\n\nУдалите мой профиль.");
}

#[test]
fn an_attached_mail_below_few_words_is_read() {
    let mut forward = mail("Fwd: просьба", "См. вложение");
    forward.attached = vec![AttachedMail {
        from: vec![HeaderAddress { name: String::new(), address: "a@mail.example".to_owned() }],
        text: format!("{LETTER}\n\nС уважением, Анна"),
        ..AttachedMail::default()
    }];
    let found = take(&forward, &own());
    assert_eq!(
        (found.new_text.as_str(), found.forwarded),
        ("См. вложение\n\nУдалите мой профиль.", true)
    );
    forward.report.report_type = Some("delivery-status".to_owned());
    assert_eq!(take(&forward, &own()).new_text, "См. вложение");
}
