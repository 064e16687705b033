//! What a person is told when a letter of theirs was taken for a demand that it does not make.

use domain::{language::Locale, regime::RequestName};

use super::request;

/// The paragraphs of that letter: what was confirmed by mistake, that nobody goes on with it, whether
/// a block fell with it, and how to ask for it after all.
#[must_use]
pub fn misread(names: &[RequestName], is_lifted: bool, locale: Locale) -> Vec<String> {
    let names: Vec<_> = names.iter().map(|name| request(*name, locale)).collect();
    let names = names.join("; ");
    let (what, lifted, after_all) = match locale {
        Locale::Ru => (
            format!(
                "Ранее мы сообщили, что зарегистрировали ваше обращение и рассматриваем его как требование: {names}. Мы поняли письмо неверно: сотрудник прочитал его и такого требования в нём не нашёл. Как требование мы его больше не рассматриваем."
            ),
            "Блокировка ваших данных, поставленная из-за этого, снята.",
            "Если вы всё-таки этого требуете, ответьте на это письмо: мы вернёмся к требованию.",
        ),
        Locale::En => (
            format!(
                "We told you that we had registered your letter and treat it as this request: {names}. We understood the letter wrongly: a person read it and found no such request in it. We no longer treat it as one."
            ),
            "The block of your data that was set for it is lifted.",
            "If you do ask for it, answer this letter: we will take the request up again.",
        ),
    };
    let lifted = is_lifted.then(|| lifted.to_owned());
    [what].into_iter().chain(lifted).chain([after_all.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_names_what_was_confirmed_and_a_block_only_where_one_fell() {
        let names = [RequestName::Erasure, RequestName::Access];
        for (locale, block) in [(Locale::Ru, "Блокировка"), (Locale::En, "The block")] {
            let told = misread(&names, true, locale).join("\n");
            assert!(names.iter().all(|name| told.contains(request(*name, locale))), "{told}");
            assert!(told.contains(block), "{told}");
            assert!(!misread(&names, false, locale).join("\n").contains(block));
        }
    }
}
