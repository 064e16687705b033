//! Our own words, come back without any sign of quoting.

use super::*;

const TEMPLATE: &str = "Здравствуйте!\n\nМы получили ваше обращение {{received_at}}.\nНомер обращения: {{ticket_number}}\n\n{{#if requests}}\nКак мы поняли, вы просите вот о чём:\n{{#each requests}}\n- {{what}}\n{{/each}}\n{{/if}}\nЕсли мы поняли вас неверно, просто ответьте на это письмо\nи напишите, что именно удалить.\n";

fn knowing() -> OwnIdentity {
    let own_text =
        OwnText::from_sources([TEMPLATE]).with_pieces(["удалить ваши персональные данные"]);
    OwnIdentity { own_text, ..own() }
}

#[test]
fn our_template_below_an_answer_without_any_sign_goes() {
    let text = "Всё верно, спасибо.\n\nЗдравствуйте!\n\nМы получили ваше обращение 5 мая 2024 г. в 10:00.\nНомер обращения: 24-000-1\n\nКак мы поняли, вы просите вот о чём:\n\n- удалить ваши персональные данные\n\nЕсли мы поняли вас неверно, просто ответьте на\nэто письмо и напишите, что именно удалить.";
    let found = take(&mail("Re: обращение", text), &knowing());
    assert_eq!(found.new_text, "Всё верно, спасибо.");
    assert!(found.cut.iter().any(|cut| cut.what == CutWhat::OwnText));
}

#[test]
fn short_pieces_of_ours_count_only_beside_our_lines() {
    for text in [
        "удалить ваши персональные данные",
        "Здравствуйте!\n\nУдалите мой профиль.",
        "Номер обращения: 5",
    ] {
        assert_eq!(take(&mail("", text), &knowing()).new_text, text);
    }
}

#[test]
fn a_persons_line_that_quotes_a_few_words_of_ours_stays() {
    let text = "Вы пишете: если мы поняли вас неверно, просто ответьте. Отвечаю: поняли неверно, удалите всё, что у вас обо мне есть, и телефон.";
    assert_eq!(take(&mail("", text), &knowing()).new_text, text);
}

#[test]
fn nothing_of_a_text_is_in_a_debug_print() {
    let printed = format!("{:?}", OwnText::from_sources([TEMPLATE]));
    assert!(!printed.contains("обращение"));
}
