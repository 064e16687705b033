//! What a negation, a quotation, a complaint and a polite question make of the words of an act.

use super::*;

/// The band of one label for a text alone.
fn band(label: &str, text: &str) -> Band {
    labels("", text).into_iter().find(|(l, _)| *l == label).map_or(Band::None, |(_, band)| band)
}

#[test]
fn what_a_negation_undoes_is_never_carried_out() {
    for text in [
        "Ich möchte nicht, dass Sie meine Daten löschen.",
        "Löschen Sie meine Daten bitte noch nicht.",
        "Es ist nicht nötig, meine Daten zu löschen.",
        "Sie brauchen meine Daten nicht zu löschen.",
        "Ich widerrufe meine Einwilligung nicht.",
        "Ich widerrufe hiermit nicht meine Einwilligung.",
        "I don't want you to delete my data.",
        "I don’t want you to delete my data.",
        "I am not asking you to erase my account.",
        "There is no need to delete my data.",
        "You do not have to delete my personal data.",
        "I do not withdraw my consent.",
        "I don't want to withdraw my consent.",
        "please don't unsubscribe me",
        "Please don't delete my account.",
        "Нет необходимости удалять мои данные.",
        "Нет никакой нужды удалять мои персональные данные.",
        "Я не хочу, чтобы вы удаляли мои данные.",
        "Я не прошу, чтобы вы удалили мои данные.",
        "Согласие не отзываю.",
        "Своё согласие я пока не отзываю.",
        "Рассылку не отключайте.",
    ] {
        let labels = labels("", text);
        assert!(
            labels.iter().all(|(l, b)| *b != Band::Auto || *l == "other"),
            "{text}: {labels:?}"
        );
    }
    assert_eq!(band("erasure", "Please don't delete my account."), Band::None);
}

#[test]
fn a_negation_of_something_else_leaves_the_act_alone() {
    for text in [
        "Löschen Sie meine personenbezogenen Daten, ich brauche das Konto nicht.",
        "Bitte löschen Sie meine Daten und kontaktieren Sie mich nicht.",
        "Ich möchte nicht, dass Sie mir schreiben. Bitte löschen Sie meine personenbezogenen Daten.",
        "I do not want to hear from you, please delete my account and all my personal data.",
        "I am not a customer any more. Please delete my personal data.",
    ] {
        assert_eq!(band("erasure", text), Band::Auto, "{text}");
    }
}

#[test]
fn words_that_another_said_are_told() {
    for text in [
        "Der Chatbot sagt 'löschen Sie meine Daten' sei der Befehl. Stimmt das?",
        "Der Chatbot sagt, „löschen Sie meine personenbezogenen Daten“ sei der Befehl.",
        "Мама прочитала и говорит: «Удалите мои персональные данные из базы». Что это значит?",
        "The manual says \"delete my account and all personal data\". Is that right?",
    ] {
        assert_ne!(band("erasure", text), Band::Auto, "{text}");
    }
    assert_eq!(
        band("erasure", "Прошу удалить мои персональные данные из базы «Клиенты»."),
        Band::Auto
    );
}

#[test]
fn a_complaint_about_an_undone_request_is_the_request_again() {
    let mut missed = Vec::new();
    for (text, label) in [
        ("Почему вы до сих пор не удалили мои данные?", "erasure"),
        ("Я же просила удалить, почему данные всё ещё у вас?", "erasure"),
        ("Why don't you delete my account already?", "erasure"),
        ("You still haven't deleted my account.", "erasure"),
        ("Warum haben Sie meine Daten noch nicht gelöscht?", "erasure"),
        ("Warum bekomme ich immer noch Ihre Newsletter?", "stop_marketing"),
        ("Why am I still getting your newsletter?", "stop_marketing"),
        ("Почему мне всё ещё приходит ваша рассылка?", "stop_marketing"),
    ] {
        if band(label, text) == Band::None {
            missed.push(text);
        }
    }
    assert_eq!(missed, [""; 0]);
    let asked = "Вы удалили мои данные?";
    assert_ne!(band("erasure", asked).max(band("policy_question", asked)), Band::None);
}

#[test]
fn a_polite_question_is_a_request() {
    let mut missed = Vec::new();
    for (text, label) in [
        ("Не могли бы вы удалить мои данные?", "erasure"),
        ("Не могли бы удалить мои персональные данные?", "erasure"),
        ("Не могли бы вы отписать меня от рассылки?", "stop_marketing"),
        ("Не можете ли вы отписать меня от рассылки?", "stop_marketing"),
        ("Не затруднит ли вас исправить мою фамилию в карточке?", "rectification"),
        ("Could you not send me a copy of my personal data?", "access"),
        ("Would you mind deleting my account?", "erasure"),
        ("Könnten Sie nicht bitte meine Daten löschen?", "erasure"),
    ] {
        if band(label, text) == Band::None {
            missed.push(text);
        }
    }
    assert_eq!(missed, [""; 0]);
    assert_ne!(band("erasure", "Could you not delete my account?"), Band::Auto);
    assert_ne!(band("erasure", "Не могли бы вы не удалять мои данные?"), Band::Auto);
}

#[test]
fn giving_consent_withdraws_nothing_by_itself() {
    for text in [
        "Я согласна на обработку моих персональных данных. Не возражаю против рассылки.",
        "Согласен на обработку персональных данных, против рассылки не возражаю.",
        "I consent to the processing of my data and do not object to your newsletter.",
        "Ich willige in die Verarbeitung meiner Daten ein und widerspreche der Werbung nicht.",
    ] {
        let labels = labels("", text);
        assert!(
            labels.iter().all(|(l, b)| *b != Band::Auto || *l == "other"),
            "{text}: {labels:?}"
        );
    }
}
