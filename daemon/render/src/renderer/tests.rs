//! What people read, letter by letter; and what a template or a value may not do.

use serde_json::json;

use super::*;
use crate::mail::{Alarm, Wish, sample};

mod letters;

fn renderer() -> Renderer {
    Renderer::new(&[]).expect("the built-in templates are in order")
}

fn with_override(name: &str, text: &str) -> Result<Renderer, RenderError> {
    Renderer::new(&[OverrideFile { name: name.to_owned(), text: text.to_owned() }])
}

#[test]
fn every_built_in_template_keeps_the_rules_and_the_layouts_hold_a_mail() {
    let renderer = renderer();
    let compiled = renderer.engine.compile_all().expect("all compile");
    assert_eq!(compiled, assets::names().filter(|name| name.ends_with(".hbs")).count());
    for locale in LOCALES {
        CampaignTemplate::try_layouts(&renderer, locale).expect("a layout");
    }
}

/// Values of the sort an attacker would choose: broken lines, template and page syntax, marks
/// that turn the direction of writing, a long name.
fn hostile() -> String {
    format!(
        "a\r\nBcc: b@c.example\n{{{{ticket_number}}}}<script>alert(1)</script>\u{202e}gpj.exe\0{}",
        "я".repeat(5_000)
    )
}

#[test]
fn the_mails_read_as_they_should() {
    let renderer = renderer();
    insta::with_settings!({ snapshot_path => "../../snapshots", prepend_module_to_snapshot => false }, {
        for locale in LOCALES {
            for name in MailName::ALL {
                for (number, context) in sample::contexts(name, locale).iter().enumerate() {
                    let mail = renderer.mail(name, locale, context).expect("it renders");
                    let mut shown = format!("Subject: {}\n\n{}", mail.subject, mail.text);
                    if let Some(html) = &mail.html {
                        shown = format!("{shown}\n{}", without_style(html));
                    }
                    let file = format!("{}_{}_{number}", name.folder(), locale.code());
                    insta::assert_snapshot!(file, shown);
                }
            }
        }
    });
}

/// The style is one for all letters, and is shown once, with the hostile confirmation.
fn without_style(html: &str) -> String {
    match (html.find("<style>"), html.find("</style>")) {
        (Some(from), Some(to)) => format!("{}<style>[…]{}", &html[..from], &html[to..]),
        _ => html.to_owned(),
    }
}

#[test]
fn lines_of_a_mail_stay_short_and_paragraphs_single_spaced() {
    let renderer = renderer();
    for locale in LOCALES {
        for name in MailName::ALL {
            for context in sample::contexts(name, locale) {
                let text = renderer.mail(name, locale, &context).expect("it renders").text;
                assert!(!text.contains("\n\n\n"), "{name:?} {locale:?} has a hole:\n{text}");
                assert!(!text.contains(" \n"), "{name:?} {locale:?} has trailing blanks");
                // The text of a consent is shown as it is; a link stands alone, however long.
                let ours = text.lines().filter(|line| !line.starts_with("> "));
                let (links, words): (Vec<_>, Vec<_>) = ours.partition(|line| line.contains("://"));
                let longest = words.iter().map(|line| line.chars().count()).max();
                assert!(longest <= Some(78), "{name:?} {locale:?}: {longest:?}\n{text}");
                let shared = links.iter().find(|line| line.trim().contains(' '));
                assert!(shared.is_none(), "{name:?} {locale:?}: {shared:?}");
                let entity = ["&amp;", "&lt;", "&gt;", "&quot;", "&#"].iter();
                assert!(!entity.clone().any(|entity| text.contains(entity)), "{name:?}:\n{text}");
            }
        }
    }
}

#[test]
fn a_hostile_value_stays_in_its_line_of_a_mail() {
    let renderer = renderer();
    for locale in LOCALES {
        let mut context = sample::acknowledgement(locale);
        context.organisation = hostile();
        context.contact = hostile();
        let mail = renderer.mail(MailName::Acknowledgement, locale, &context).expect("it renders");
        assert!(!mail.text.lines().any(|line| line.starts_with("Bcc:")));
        assert!(!mail.text.contains(['\r', '\0', '\u{202e}']));
        // Values are never read as a template.
        assert!(mail.text.contains("{{ticket_number}}<script>"));
        insta::with_settings!({ snapshot_path => "../../snapshots", prepend_module_to_snapshot => false }, {
            let shortened = mail.text.replace(&"я".repeat(5_000), "[5000 letters]");
            insta::assert_snapshot!(format!("hostile_{}", locale.code()), shortened);
        });
    }
}

#[test]
fn a_hostile_value_stays_a_value_in_the_html_of_a_confirmation() {
    let renderer = renderer();
    for locale in LOCALES {
        let mut context = sample::confirmation(locale);
        context.organisation = hostile();
        context.wishes = vec![Wish::new(&hostile(), &hostile(), &hostile(), 1)];
        context.confirm_url = "https://x.example/\" onclick=\"alert(1)".to_owned();
        let mail = renderer.mail(MailName::Confirmation, locale, &context).expect("it renders");
        let html = mail.html.expect("a confirmation has HTML");
        assert!(!html.contains("<script>") && !html.contains("\" onclick"));
        for text in [&html, &mail.text, &mail.subject] {
            assert!(!text.contains(['\r', '\0', '\u{202e}']));
        }
        assert!(!mail.subject.contains('\n'));
        assert!(!mail.text.lines().any(|line| line.starts_with("Bcc:")));
        insta::with_settings!({ snapshot_path => "../../snapshots", prepend_module_to_snapshot => false }, {
            let shown = format!("Subject: {}\n\n{}\n{html}", mail.subject, mail.text);
            let shortened = shown.replace(&"я".repeat(5_000), "[5000 letters]");
            insta::assert_snapshot!(format!("confirmation_hostile_{}", locale.code()), shortened);
        });
    }
}

#[test]
fn a_subject_that_breaks_its_line_is_refused() {
    // The escaping of values already keeps them in one line, so the break is the template's own.
    let broken = with_override("mail/ru/alarm/subject.txt.hbs", "a\nBcc: b {{headline}}");
    assert!(matches!(broken, Err(RenderError::HeaderValue { .. })), "{broken:?}");
    let empty = with_override("mail/ru/alarm/subject.txt.hbs", "  ");
    assert!(matches!(empty, Err(RenderError::HeaderValue { .. })), "{empty:?}");
    let renderer = renderer();
    let alarm = Alarm { headline: "a\r\nBcc: b@c.example".to_owned(), ..sample::alarm() };
    let mail = renderer.mail(MailName::Alarm, Locale::En, &alarm).expect("it renders");
    assert_eq!(mail.subject, "[Consentry] a Bcc: b@c.example");
}

#[test]
fn an_override_takes_the_place_of_one_file_and_is_checked_at_start() {
    let name = "mail/en/alarm/body.txt.hbs";
    let renderer = with_override(name, "Look: {{headline}}").expect("it is in order");
    let mail = renderer.mail(MailName::Alarm, Locale::En, &sample::alarm()).expect("it renders");
    assert_eq!(mail.text, "Look: full blocks are limited");
    let mail = renderer.mail(MailName::Alarm, Locale::Ru, &sample::alarm()).expect("it renders");
    assert!(mail.text.contains("Требуется"));

    for (name, text, wanted) in [
        (name, "{{headlime}}", "asks for `headlime`"),
        (name, "{{#if headlime}}x{{/if}}", "asks for `headlime`"),
        (name, "{{#each headlime}}x{{/each}}", "headlime"),
        (name, "{{log headline}}", "is refused"),
        ("mail/de/alarm/body.txt.hbs", "x", "does not exist"),
        ("page/words/ru.toml", "x = 1", "not a text"),
        ("page/words/ru.toml", "x = \"y\"", "is not known"),
        ("page/words/ru.toml", "x = ", "is refused"),
    ] {
        let error = with_override(name, text).expect_err(text).to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
}

#[test]
fn an_endless_text_ends_at_the_limit() {
    let renderer = renderer();
    let long = Alarm { remedy: "x".repeat(Renderer::OUTPUT_LIMIT), ..sample::alarm() };
    let result = renderer.mail(MailName::Alarm, Locale::En, &long);
    assert!(matches!(result, Err(RenderError::TooLong { .. })), "{result:?}");
    let many = Alarm { facts: vec!["x".to_owned(); 101], ..sample::alarm() };
    let result = renderer.mail(MailName::Alarm, Locale::En, &many);
    assert!(matches!(result, Err(RenderError::Failed { .. })), "{result:?}");
}

#[test]
fn an_error_names_the_missing_value_and_shows_none() {
    let renderer = renderer();
    let context = json!({ "headline": "secret@person.example" });
    let error = renderer.mail(MailName::Alarm, Locale::En, &context).expect_err("values lack");
    assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
}

#[test]
fn both_languages_have_the_same_words() {
    fn keys(value: &Value, path: &str, into: &mut Vec<String>) {
        match value.as_object() {
            Some(fields) => {
                fields.iter().for_each(|(key, value)| keys(value, &format!("{path}.{key}"), into));
            }
            None => into.push(path.to_owned()),
        }
    }
    let renderer = renderer();
    let [ru, en] = LOCALES.map(|locale| {
        let mut all = Vec::new();
        keys(renderer.words_of(locale), "", &mut all);
        all
    });
    assert_eq!(ru, en);
}
