//! The letters: one file a part, all that a letter may say and the least.

use std::error::Error;
use std::path::Path;

use domain::language::Locale;
use domain::regime::{DutyName, RequestName};
use jiff::civil::date;
use jiff::tz::TimeZone;
use render::mail::{AcknowledgedRequest, Acknowledgement, Alarm, BlockNotice, Confirmation, Wish};
use render::{MailName, RenderedMail, Renderer, wording};

use crate::case_letters::{rich, sparse};
use crate::{said, write as write_file};

/// Writes text, HTML and subject of each letter.
pub(crate) fn write(
    renderer: &Renderer,
    locale: Locale,
    directory: &Path,
) -> Result<(), Box<dyn Error>> {
    for name in MailName::ALL {
        let file = |kind: &str| format!("{}.{}.{kind}", name.folder(), locale.code());
        let save = |kind: &str, mail: RenderedMail| -> Result<(), Box<dyn Error>> {
            let text = format!("Subject: {}\n\n{}", mail.subject, mail.text);
            write_file(directory, &format!("{}.txt", file(kind)), text.as_bytes())?;
            match mail.html {
                Some(html) => {
                    write_file(directory, &format!("{}.html", file(kind)), html.as_bytes())
                }
                None => Ok(()),
            }
        };
        match name {
            MailName::Acknowledgement => {
                save("rich", renderer.mail(name, locale, &acknowledgement(locale, true))?)?;
                save("sparse", renderer.mail(name, locale, &acknowledgement(locale, false))?)?;
            }
            MailName::Alarm => save("rich", renderer.mail(name, locale, &alarm())?)?,
            MailName::BlockNotice => {
                save("rich", renderer.mail(name, locale, &block_notice(locale))?)?;
            }
            MailName::Confirmation => {
                save("rich", renderer.mail(name, locale, &confirmation(locale))?)?;
            }
            _ => {
                save("rich", renderer.mail(name, locale, &rich(name, locale))?)?;
                save("sparse", renderer.mail(name, locale, &sparse(locale))?)?;
            }
        }
    }
    Ok(())
}

pub(crate) fn moment(text: &str, locale: Locale) -> String {
    let zone = TimeZone::get("Europe/Moscow").unwrap_or(TimeZone::UTC);
    wording::instant(text.parse().unwrap_or_default(), &zone, locale)
}

pub(crate) fn organisation(locale: Locale) -> String {
    said("ООО «Эстетимед»", "Esthetimed LLC", locale)
}

pub(crate) fn contact(locale: Locale) -> String {
    said("Белова А. П., privacy@clinic.example", "A. Belova, privacy@clinic.example", locale)
}

pub(crate) const POLICY: &str = "https://clinic.example/policy";

fn acknowledgement(locale: Locale, rich: bool) -> Acknowledgement {
    let owed = |request, duty, day| wording::owed(request, duty, date(2026, 12, day), locale);
    let erasure = [DutyName::Stop, DutyName::Answer, DutyName::Destroy];
    let requests = vec![
        AcknowledgedRequest {
            what: wording::request(RequestName::Erasure, locale).to_owned(),
            owed: erasure
                .into_iter()
                .zip([4, 4, 22])
                .filter_map(|(duty, day)| owed(RequestName::Erasure, duty, day))
                .collect(),
        },
        AcknowledgedRequest {
            what: wording::request(RequestName::StopMarketing, locale).to_owned(),
            owed: Vec::new(),
        },
    ];
    Acknowledgement {
        ticket_number: "CT-7H2K9MXQ".to_owned(),
        status_code: if rich { "4T8V2ZC6RN".to_owned() } else { String::new() },
        status_url: format!("https://hello.clinic.example/{}/status", locale.code()),
        received_at: moment("2026-11-22T14:57:00Z", locale),
        requests: if rich { requests } else { Vec::new() },
        blocked_full: rich,
        blocked_marketing: false,
        blocked_fields: false,
        under_review: false,
        organisation: organisation(locale),
        contact: contact(locale),
        policy_url: POLICY.to_owned(),
    }
}

fn alarm() -> Alarm {
    Alarm {
        headline: "a duty is overdue".to_owned(),
        noticed_at: moment("2026-11-22T14:57:00Z", Locale::En),
        facts: vec!["ticket CT-7H2K9MXQ".to_owned()],
        remedy: "consentry request show 5".to_owned(),
        node: "node-1".to_owned(),
    }
}

fn block_notice(locale: Locale) -> BlockNotice {
    BlockNotice {
        ticket_number: "CT-7H2K9MXQ".to_owned(),
        received_at: moment("2026-11-22T14:57:00Z", locale),
        blocked_full: true,
        blocked_marketing: false,
        blocked_fields: false,
        organisation: organisation(locale),
        contact: contact(locale),
        policy_url: POLICY.to_owned(),
    }
}

fn confirmation(locale: Locale) -> Confirmation {
    let title = said("Новости клиники", "News of the clinic", locale);
    let text = said(
        "Я даю ООО «Эстетимед» согласие получать рекламу по электронной почте.",
        "I consent to get advertising by e-mail from Esthetimed LLC.",
        locale,
    );
    Confirmation {
        asked_at: moment("2026-11-22T14:57:00Z", locale),
        wishes: vec![Wish::new(&title, &organisation(locale), &text, 3)],
        confirm_url: "https://hello.clinic.example/subscribe/confirm/4f7c2k9wq3mzr8t6v1xa5hbn0d"
            .to_owned(),
        expires_at: moment("2026-11-29T14:57:00Z", locale),
        organisation: organisation(locale),
        contact: contact(locale),
        policy_url: POLICY.to_owned(),
        policy_version: "7".to_owned(),
    }
}
