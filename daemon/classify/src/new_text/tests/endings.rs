//! Signatures, marks of phones, footers.

use super::*;

#[test]
fn signatures_go_and_their_offices_are_kept_for_the_marks() {
    let found = taken("Прошу представить сведения до 5 мая.\n\nНачальник отдела\nР. Ф. Уткин\n");
    assert_eq!(found.new_text, "Прошу представить сведения до 5 мая.");
    assert!(found.signature.contains("Начальник отдела"));
    let found = taken("Bitte löschen.\n\nMit freundlichen Grüßen\nOroz, Rechtsanwältin\n");
    assert_eq!(
        (found.new_text.as_str(), found.signature.contains("Rechtsanwältin")),
        ("Bitte löschen.", true)
    );
    for (body, signature) in [
        ("Удалите аккаунт.", "--\nИнна\nОтправлено из мобильной Почты Mail.ru"),
        ("Удалите аккаунт.", "-- \nИнна Петрова\nкосметолог"),
        ("Удалите аккаунт.", "Вера Синяева\n8 900 555-47-12"),
        ("Удалите аккаунт.", "Ваш клиент Иванов, тел. 8 900 555-47-12"),
        ("Удалите аккаунт.", "С уважением, Иванов Иван\nг. Самара, ул. Мира, 5, кв. 8\n12.09.2024"),
        ("Удалите аккаунт.", "«5» мая 2024 г.\n__________ / Иванов И. И. /"),
        ("Удалите аккаунт.", "Эмма Юрьевна, ваша пациентка"),
        ("Thanks, all done.", "Best regards,\nJohn Smith\n+44 20 7946 0000"),
        (
            "Please call.",
            "________________________________________\nGary Smith\nContent Manager\ntel: 202-555-7098",
        ),
        ("See you then.", "Your friend, Craig."),
        ("Bitte löschen.", "Ich verbleibe mit freundlichen Grüßen\nA. van der Berg"),
        (
            "Merci de supprimer mes données.",
            "Veuillez agréer, Madame, Monsieur, mes salutations distinguées.\n\nJean Petit",
        ),
        ("Prego di cancellare.", "Distinti saluti\nPaola Rossi\nVia Roma 5, Milano"),
        ("Por favor, borren mis datos.", "Atentamente,\nAna García López"),
        ("Proszę usunąć moje dane.", "Z poważaniem\nJan Kowalski"),
        ("Verwijder mijn gegevens.", "Met vriendelijke groet,\nPiet de Vries"),
        ("Прошу видалити.", "З повагою\nОлена Коваль"),
        ("Smažte prosím mé údaje.", "S pozdravem\nJana Nováková"),
        ("Apaguem os meus dados.", "Atenciosamente,\nJoão da Silva"),
        ("Verilerimi silin.", "Saygılarımla\nAyşe Yılmaz"),
    ] {
        check(&format!("{body}\n\n{signature}"), body);
    }
    check("Give us a call sometime.\nBryn", "Give us a call sometime.");
    check("Thanks for all your help today.\n\nBERT", "Thanks for all your help today.");
}

#[test]
fn marks_of_phones_and_programs_go() {
    for device in [
        "Отправлено с iPhone",
        "Отправлено из мобильной Яндекс Почты",
        "Отправлено из Почты Mail.ru для Android",
        "Отправлено с устройства Samsung Galaxy",
        "Отправлено с моего телефона, извините за опечатки",
        "Sent from my iPhone",
        "Sent from Outlook for Android<https://a.example/x>",
        "Sent from Yahoo Mail on Android",
        "Get Outlook for iOS",
        "(sent from a phone)",
        "Gesendet von Mail für Windows",
        "Von meinem iPad gesendet",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Wysłane z iPhone'a",
        "Verstuurd vanaf mijn iPhone",
        "Надіслано з iPhone",
        "Odesláno z iPhonu",
        "iPhone'umdan gönderildi",
    ] {
        check(&format!("Удалите аккаунт.\n\n{device}"), "Удалите аккаунт.");
    }
    for text in [
        "Hello\n\nSent from my desk, it is much easier than from a telephone.",
        "Добрый день.\n\nОтправлено с сайта было письмо, которого я не ждала, зачем?",
    ] {
        check(text, text);
    }
}

#[test]
fn a_wish_in_the_last_lines_is_never_cut() {
    for wish in [
        "P.S. И удалите, пожалуйста, мой аккаунт.",
        "И номер телефона тоже удалите",
        "Please delete my number too",
        "Und bitte auch die Telefonnummer löschen",
    ] {
        for signature in ["С уважением, Ирина", "--\nИрина", "Best regards,\nIrina", "Ирина Котова"]
        {
            let text = format!("Спасибо за курс!\n\n{signature}\n\n{wish}");
            let found = taken(&text);
            assert!(found.new_text.contains(wish), "of {text:?}: {:?}", found.new_text);
        }
    }
    let text = "Добрый день.\n---\nПрошу удалить мои данные.\n---\nИ отзыв тоже.";
    check(text, text);
}

#[test]
fn what_a_colon_announces_is_no_signature() {
    for text in [
        "Замените телефон, новый номер:\n\n+7 900 555-47-12",
        "Моя новая фамилия:\n\nПетрова",
        "Поменяйте номер на новый.\n\n+7 900 555-47-12",
        "It should be:\n\n2.0 + 2.0 + 12.0",
        "Прошу вас\n\nУдалите",
    ] {
        check(text, text);
    }
}

#[test]
fn legal_footers_ask_for_nothing() {
    for footer in [
        "Это сообщение содержит конфиденциальную информацию. Если оно попало к вам по ошибке, удалите его.",
        "Настоящее письмо и вложения предназначены только адресату.\nРаспространение запрещено.",
        "This e-mail is confidential. If you are not the intended recipient, delete it and all copies.",
        "CONFIDENTIALITY NOTICE: This message is intended only for the person to whom it is addressed.",
        "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie sie irrtümlich erhalten, löschen Sie sie.",
        "Ce message est confidentiel. Merci de le supprimer s'il vous est parvenu par erreur.",
        "Este mensaje es confidencial. Si no es el destinatario, bórrelo.",
        "Questo messaggio è riservato ai destinatari indicati.",
        "Niniejsza wiadomość jest poufna i przeznaczona dla adresata.",
        "Це повідомлення є конфіденційним і призначене лише адресату.",
        "Please consider the environment before printing this e-mail.",
        "Подумайте об окружающей среде, прежде чем печатать это письмо.",
        "Без вирусов. www.avast.com",
        "You received this message because you are subscribed to the group \"x\".\nTo unsubscribe from this group, write to x.",
        "_______________________________________________\nTalk mailing list\ntalk@lists.example\nhttps://lists.example/listinfo/talk",
    ] {
        check(&format!("Исключите меня, всё.\n\n{footer}"), "Исключите меня, всё.");
    }
}

#[test]
fn a_persons_words_about_a_letter_are_no_footer() {
    for text in [
        "Здравствуйте!\n\nЭто письмо пришло мне по ошибке, удалите мой адрес.",
        "Hello,\n\nThis email was sent to me by mistake and is confidential, delete my address.",
    ] {
        check(text, text);
    }
}

#[test]
fn the_armour_of_a_signed_mail_goes() {
    check(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nDelete my data.\n-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----",
        "Delete my data.",
    );
}

#[test]
fn a_lone_short_text_is_never_taken_for_a_signature() {
    for text in ["Стоп", "С уважением, Анна", "Анна Петрова", "--"] {
        check(text, text);
    }
}
