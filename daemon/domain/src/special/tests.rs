//! What is recognised, what is not, and that nothing of it can break.

use proptest::prelude::*;

use super::*;

fn check(text: &str, expected: &str) {
    assert_eq!(find(text).words(), expected, "{text}");
}

#[test]
fn health_is_recognised_by_words_phrases_and_codes() {
    for text in [
        "Мне поставили диагноз, поэтому приём отменяю.",
        "Я беременна, можно ли делать процедуру?",
        "Прислали результаты анализов, посмотрите.",
        "Код по МКБ: L40, прошу учесть.",
        "У меня аллергия, врач назначил таблетки.",
        "После укола поднялась температура.",
        "I am pregnant and cannot come.",
        "Please delete my medical records.",
        "Ich bin schwanger und möchte absagen.",
        "У МЕНЯ САХАРНЫЙ ДИАБЕТ",
    ] {
        check(text, "health");
    }
}

#[test]
fn ordinary_mail_of_a_clinic_is_not_health() {
    for text in [
        "Здравствуйте, запишите меня на консультацию к врачу на вторник.",
        "Сколько стоит чистка лица?",
        "Удалите мои данные и не присылайте рассылку.",
        "Прошу вернуть деньги за операцию по карте.",
        "Сделайте анализ рынка и пришлите отчёт.",
        "Иванович Петрович Сидорович",
        "What is the price of a treatment?",
        "Diagnostic-Code: smtp; 550 5.1.1",
        "Мой рецепт борща",
    ] {
        check(text, "");
    }
}

#[test]
fn papers_are_recognised_by_form_checksum_and_the_words_before() {
    for text in [
        "Паспорт 4508 123456, выдан ОВД",
        "паспорт: серия 45 08 № 123456",
        "СНИЛС 112-233-445 95",
        "мой снилс 11223344595",
        "Полис ОМС 1234 5678 9012 3456",
        "ИНН 500100732259",
        "карта 4111 1111 1111 1111",
        "загранпаспорт 75 1234567",
        "P<RUSIVANOV<<IVAN<<<<<<<<<<<<<<<<<<<<<<<<<<<",
        "свидетельство о рождении IV-АК № 123456",
    ] {
        check(text, "identity_paper");
    }
}

#[test]
fn other_numbers_are_no_papers() {
    for text in [
        "Заказ 4508 123456 не пришёл",
        "тел. +7 495 123-45-67",
        "8 (926) 123-45-67",
        "112-233-445 96",
        "500100732258",
        "4111 1111 1111 1112",
        "трек 12345678901234",
        "0000 0000 0000 0000",
        "ИНН 7707083893",
        "CT-7K3M9QXW",
    ] {
        check(text, "");
    }
}

#[test]
fn digits_of_papers_are_masked_and_health_is_hidden() {
    assert_eq!(masked("Паспорт 4508 123456, жду"), "Паспорт •••• ••••56, жду");
    assert_eq!(masked("мой СНИЛС 112-233-445 95."), "мой СНИЛС •••-•••-••• 95.");
    assert_eq!(masked("у меня псориаз"), HIDDEN);
    assert_eq!(masked("Здравствуйте, удалите меня."), "Здравствуйте, удалите меня.");
}

#[test]
fn words_of_several_texts_stand_once() {
    assert_eq!(union(["health", "", "identity_paper health"]), "health identity_paper");
}

proptest! {
    #[test]
    fn no_text_breaks_it_and_what_is_masked_shows_no_paper(text in "[\\PC\n]{0,300}") {
        let shown = masked(&text);
        prop_assert!(!find(&shown).has(SpecialKind::Health) || shown == HIDDEN);
    }

    #[test]
    fn a_passport_is_masked_wherever_it_stands(
        a in "[а-яё ]{0,20}", series in 1000..9999_u32, number in 100_000..999_999_u32,
    ) {
        let text = format!("{a} паспорт {series} {number} {a}");
        prop_assert!(!masked(&text).contains(&number.to_string()));
    }
}
