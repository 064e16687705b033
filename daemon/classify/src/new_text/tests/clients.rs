//! Quotes as mail programs write them, by program and language.

use super::*;

#[test]
fn what_stands_below_the_line_of_a_mail_program_is_a_quote() {
    for introduction in [
        "On Mon, 4 Mar 2024 at 11:02, Esthetique 24 <news@shop.example> wrote:",
        "On 29 Sep 2026, at 19:11, Esthetique 24 wrote:",
        "On 3/4/24 11:02 AM, Esthetique 24 wrote:",
        "On Mon, 4 Mar 2024 at 11:02, Esthetique 24\n<news@shop.example> wrote:",
        "On Monday, March 4, 2024 at 11:02:13 AM GMT+3, Esthetique 24 the shop of all shops\n<\nnews@shop.example>\nwrote:",
        "Monday, March 4, 2024, 11:02:13 AM, you wrote:",
        "пт, 18 сент. 2026 г. в 09:15, Esthetique 24 <news@shop.example>:",
        "14 окт. 2026 г., в 11:20, Esthetique 24 <news@shop.example> написал(а):",
        "14 окт. 2026 г., в 11:20, Esthetique 24\n<news@shop.example> написал(а):",
        "24.11.2023 8:01, Esthetique 24 пишет:",
        "Вы писали 4 апреля 2024 г., 16:08:23:",
        "Пятница, 20 октября 2023, 10:02 +03:00 от Клиника <news@shop.example>:",
        "Понедельник, 1 января 2024, 10:02 +03:00 от news@shop.example:",
        "01.02.2025, 10:00, \"Анна\" <anna@mail.example>:",
        "Am 03.05.2024 um 15:20 schrieb Esthetique <news@shop.example>:",
        "Am Fr., 3. Mai 2024 um 15:20 Uhr schrieb Esthetique 24 <\nnews@shop.example>:",
        "Esthetique <news@shop.example> schrieb am Fr., 3.\nMai 2024 um 15:20:",
        "Le lun. 4 mars 2024 à 11:02, Esthetique <news@shop.example> a écrit :",
        "Il giorno 10 giu 2024, alle ore 09:02, Esthetique <news@shop.example> ha scritto:",
        "El lun, 4 mar 2024 a las 11:02, Esthetique (<news@shop.example>) escribió:",
        "Em seg., 4 de mar. de 2024 às 11:02, Esthetique <news@shop.example>\nescreveu:",
        "Op ma 4 mrt 2024 om 11:02 schreef Esthetique <news@shop.example>:",
        "pon., 4 mar 2024 o 11:02 Esthetique <news@shop.example> napisał(a):",
        "W dniu 04.03.2024 o 11:02, Esthetique pisze:",
        "11 жовт. 2026 р. о 09:00 Esthetique 24 <news@shop.example> пише:",
        "po 4. 3. 2024 v 11:02 odesílatel Esthetique <news@shop.example> napsal:",
        "Den mån 4 mars 2024 kl 11:02 skrev Esthetique <news@shop.example>:",
        "man. 4. mars 2024 kl. 11:02 skrev Esthetique <news@shop.example\n>:",
        "4 Mar 2024 Pzt, saat 11:02 tarihinde Esthetique <news@shop.example> şunu yazdı:",
        "нд, 4 бер. 2024 р. о 11:02 Esthetique <news@shop.example> пише:",
        "ср, 4 сак. 2024 г. у 11:02 Esthetique <news@shop.example> піша:",
    ] {
        check(
            &format!("стоп\n\n{introduction}\n> Акция!\n> Отписаться: https://shop.example/u"),
            "стоп",
        );
        check(&format!("стоп\n\n{introduction}\n\nАкция!\nУдалите данные здесь"), "стоп");
        check(&format!("стоп\n{introduction}\n\nАкция!\nУдалите данные здесь"), "стоп");
    }
}

#[test]
fn below_an_outlook_block_everything_is_a_quote() {
    for block in [
        "-----Original Message-----\nFrom: A <a@b.example>\nSent: Tuesday",
        "----- Original Message -----\nFrom: \"A\" <a@b.example>\nTo: <b@c.example>",
        "-----Исходное сообщение-----\nОт: A\nОтправлено: 12 февраля",
        "-----Ursprüngliche Nachricht-----\nVon: A\nGesendet: Dienstag",
        "-----Message d'origine-----\nDe : A\nEnvoyé : mardi",
        "-----Mensaje original-----\nDe: A\nEnviado: martes",
        "-----Messaggio originale-----\nDa: A\nInviato: martedì",
        "-----Oorspronkelijk bericht-----\nVan: A\nVerzonden: dinsdag",
        "-------- Oprindelig besked --------\nFra: A <a@b.example>\nDato: 04.07.2024 17.45",
        "-----Wiadomość oryginalna-----\nOd: A\nWysłano: wtorek",
        "---- Исходное сообщение от A ----",
        "From: A <a@b.example>\nSent: 19 November 2024 16:22\nTo: B\nSubject: Reminder",
        "From: A <a@b.example>\nDate: Tuesday, 19 November 2024 at 16:22\nTo: B <b@c.example>\nSubject: Reminder",
        "________________________________\nОт: A <a@b.example>\nОтправлено: 5 мая\nКому: B\nТема: Акция",
        "________________________________\n\nVon: A <a@b.example>\nGesendet: Freitag, 5. Mai 2024 09:00\nAn: B\nBetreff: Akt",
        "De : A <a@b.example>\nEnvoyé : mardi 5 mai 2024 10:00\nÀ : B\nObjet : RE: x",
        "De: A <a@b.example>\nEnviado el: martes, 5 de mayo de 2024 10:00\nPara: B\nAsunto: x",
        "Da: A <a@b.example>\nInviato: martedì 5 maggio 2024 10:00\nA: B\nOggetto: x",
        "Van: A <a@b.example>\nVerzonden: dinsdag 5 mei 2024 10:00\nAan: B\nOnderwerp: x",
        "Od: A <a@b.example>\nWysłano: wtorek, 5 maja 2024 10:00\nDo: B\nTemat: x",
        "Від: A <a@b.example>\nНадіслано: 5 травня 2024 р. 10:00\nКому: B\nТема: x",
        "Ад: A <a@b.example>\nАдпраўлена: 5 мая 2024 г. 10:00\nКаму: B\nТэма: x",
        "De: A <a@b.example>\nEnviada em: terça-feira, 5 de maio de 2024 10:00\nPara: B\nAssunto: x",
        "Odesílatel: A <a@b.example>\nOdesláno: úterý 5. května 2024 10:00\nKomu: B\nPředmět: x",
        "Kimden: A <a@b.example>\nGönderildi: 5 Mayıs 2024 10:00\nKime: B\nKonu: x",
        "*От:* A <a@b.example>\n*Отправлено:* 5 мая\n*Кому:* B",
        "От: A\nДата: 5 мая 2024 г. в 10:00\nКому: B\nТема: Акция",
        "====\n\nMessage du : 12/12/2024 13:20\nDe : \"A\" <a@b.example>\nA : b@c.example\nCopie à :\nSujet : x",
        "----------------\nКому: anna@mail.example (anna@mail.example);\nТема: Акция;\n01.02.2025, 10:00, \"A\" <a@b.example>:",
        "A Person/Office/Firm@FIRM\n05/05/2001 10:00 AM\nTo: B/Office@FIRM\ncc: C/Office@FIRM\nSubject: x",
    ] {
        check(
            &format!("Спасибо, вопрос закрыт.\n\n{block}\n\nПрошу удалить мои данные"),
            "Спасибо, вопрос закрыт.",
        );
    }
}

#[test]
fn answers_between_and_below_quotes_are_kept_in_their_order() {
    check("> Удалить данные?\nДа, прошу.\n> А рассылку?\nТоже.", "Да, прошу.\nТоже.");
    check("| Удалить данные?\n| Точно?\nДа, прошу.", "Да, прошу.");
    check("ИП> Удалить данные?\n\nДа, прошу.", "Да, прошу.");
    check(
        "пн, 15 янв. 2024 г. в 13:44, Клиника <a@b.example>:\n> Звонить вам?\n\nНе надо.",
        "Не надо.",
    );
    check(
        "-----Original Message-----\nFrom: A <a@shop.example>\nSent: Tuesday\n\n> Звонить вам?\n\nНе надо.",
        "Не надо.",
    );
}

#[test]
fn a_quote_may_begin_on_the_line_that_introduces_it() {
    check(
        "стоп\n\n  On Sun, Jan 1, 2023 at 1:15 PM, Shop<news@shop.example> wrote:   Акция! Удалите\nданные здесь",
        "стоп",
    );
    let text = "Добрый день.\n\n5 мая 2024 в 10:30 я получила письмо от <news@shop.example>: удалите меня.";
    check(text, text);
}

#[test]
fn a_line_broken_off_a_quoted_one_is_quoted() {
    let text = "Нет.\n\n> Мы собрали для вас самые лучшие предложения этой осени, чтобы вы могли\nудалить морщины\n> без очереди";
    check(text, "Нет.");
}

#[test]
fn what_people_tell_of_others_words_is_text() {
    for text in [
        "В марте 2024 года ваш администратор написала:\nданные удалены.\nЭто неправда, удалите их.",
        "Я писала вам в 10:30:\nудалите профиль.",
        "Письмо от 05.03.2024 в 10:30 на anna@mail.example:\nпрошу удалить.",
        "Прошу исправить:\nимя: Анна\nтелефон: 8 900\nадрес: Мира, 5",
        "From: now on, please write to my new address.\nTo: be sure, answer.",
        "Кому: директору\nОт: Ивановой Анны\nТема: отзыв согласия\n\nПрошу удалить мои данные.",
        "** Важное сообщение **\nПрошу удалить мои данные.",
        "| не таблица, а одна строка\nпрошу удалить",
    ] {
        check(text, text);
    }
}

#[test]
fn thanks_right_above_the_line_of_a_mail_program_stay() {
    check("Спасибо\nOn 29 Sep 2026, at 19:11, Shop <news@shop.example> wrote:\n> x", "Спасибо");
    check(
        "Приеду 5 мая\nпт, 18 сент. 2026 г. в 09:15, Shop <news@shop.example>:\n> x",
        "Приеду 5 мая",
    );
}
