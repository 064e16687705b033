//! The newsletter of the demo: two lists with their consent texts, fifty contacts, one campaign.
//!
//! Everything goes the way it goes for everybody: contacts by a CSV file whose papers another
//! operator attests, the campaign written, approved and scheduled at the desk. Two persons at the
//! end of the queue stop in the middle of the run: [`BY_WORDS`] writes, [`BY_LINK`] presses the
//! button of the link.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use cases::campaigns::{Begin, NewCampaign};
use cases::contacts::ImportOrder;
use cases::lists::{Entrance, ListToAdd};
use cases::policies::PolicyToAdd;
use cases::subscriptions::{Act, Capture, ListWish, NewSubscription, Visitor};
use domain::address::EmailAddress;
use domain::block::Purpose;
use domain::campaign::{BodyFormat, Content};
use domain::form::CapturePoint;
use domain::language::Locale;

use super::people;
use crate::house::{House, clock};

/// The name of the campaign.
pub const CAMPAIGN: &str = "demo";
/// Writes «удалите мои данные» while the campaign runs.
pub const BY_WORDS: &str = "v.stepanova@pochta.example";
/// Unsubscribes by the link while the campaign runs.
pub const BY_LINK: &str = "g.tarasov@bumaga.example";

const NEWS: &str = "news";
const OFFERS: &str = "offers";
const POLICY: &str = "2026-03-01";
const MARKETER: &str = "marketer";
const OPERATOR: &str = "operator";
/// Asks for the news on the page and never confirms.
const UNCONFIRMED: &str = "somebody@letterbox.example";
/// How many of the contacts stand on both lists, and how many have no paper.
const ON_BOTH_LISTS: usize = 3;
const WITHOUT_PAPER: usize = 4;

const BODY: &str = "\
<h1>Осенние тренинги</h1>\n\
<p>{{#if name}}Здравствуйте, {{name}}!{{else}}Здравствуйте!{{/if}}</p>\n\
<p>В декабре мы проводим три тренинга по уходу за кожей. Записаться можно на сайте.</p>\n\
<p><a href=\"https://estetimed.example/trainings\">Посмотреть расписание</a></p>\n\
<p>Не хотите больше получать эти письма? <a href=\"{{unsubscribe_url}}\">Отписаться</a>.</p>\n";

/// Makes everything, unless an earlier demo in the same directory did.
///
/// # Errors
/// When a step is refused or the database cannot be written.
pub async fn seed(house: &House, directory: &Path) -> anyhow::Result<()> {
    if store::lists::by_name(&house.store, NEWS).await?.is_some() {
        return Ok(());
    }
    add_lists(house).await?;
    import_contacts(house, directory).await?;
    ask_on_the_page(house).await?;
    schedule(house).await
}

async fn add_lists(house: &House) -> anyhow::Result<()> {
    let advertiser = &house.config.organisation.name;
    for locale in [Locale::Ru, Locale::En] {
        let policy = PolicyToAdd {
            version: POLICY.to_owned(),
            locale,
            url: house.config.organisation.policy_url.clone(),
            body: match locale {
                Locale::Ru => "Политика обработки персональных данных (образец).".to_owned(),
                Locale::En => "Privacy policy (a sample).".to_owned(),
            },
            effective_from_at: clock().now(),
        };
        house.cases.add_policy(&policy, OPERATOR).await?;
    }
    for (name, title_ru, title_en) in
        [(NEWS, "Новости клиники", "News of the clinic"), (OFFERS, "Акции и предложения", "Offers")]
    {
        let list = ListToAdd {
            name: name.to_owned(),
            purpose: Purpose::Newsletter,
            title_ru: title_ru.to_owned(),
            title_en: title_en.to_owned(),
            advertiser: advertiser.clone(),
            entrance: Entrance::Open,
        };
        house.cases.add_list(&list, MARKETER).await?;
        let russian = format!(
            "Я согласен(на) получать рекламные письма «{title_ru}» от {advertiser} по электронной \
             почте. Согласие можно отозвать в любой момент по ссылке в каждом письме."
        );
        let english = format!(
            "I agree to receive the advertising mails \"{title_en}\" of {advertiser} by e-mail. I \
             can withdraw at any time by the link in each mail."
        );
        for (locale, body) in [(Locale::Ru, russian), (Locale::En, english)] {
            house.cases.add_consent_text(name, locale, &body, MARKETER).await?;
        }
    }
    Ok(())
}

/// Fifty contacts out of a file, their papers attested by another person than the importer.
async fn import_contacts(house: &House, directory: &Path) -> anyhow::Result<()> {
    let path = directory.join("contacts.csv");
    std::fs::write(&path, contacts_csv()).context("cannot write the contacts of the demo")?;
    let order = ImportOrder::new(&path, None);
    let report = house.cases.import_contacts(&order, MARKETER, &mut |_| {}).await?;
    let import = report.import.context("the import has no number")?;
    house.cases.attest_import(import, OPERATOR).await?;
    Ok(())
}

/// The lines of the file; the two who stop stand at its end, so that their turn comes last.
fn contacts_csv() -> String {
    let mut csv =
        String::from("email;name;locale;list;act;consent_at;document_number;document_date\n");
    let mut line = |email: &str, name: &str, locale: &str, list: &str, paper: bool| {
        let (number, date) = if paper { ("A-2026-11", "2026-11-01") } else { ("", "") };
        let act = if paper { "paper" } else { "checkbox" };
        let _ = writeln!(
            csv,
            "{email};{name};{locale};{list};{act};2026-11-01T10:00:00Z;{number};{date}"
        );
    };
    for (name, email, locale) in people::KNOWN {
        line(email, name, locale, NEWS, true);
    }
    let others = 50 - people::KNOWN.len() - 2;
    for number in 1..=others {
        let list = if number % 3 == 0 { OFFERS } else { NEWS };
        let email = format!("reader{number:02}@letterbox.example");
        let name = format!("Читатель {number:02}");
        line(&email, &name, "ru", list, number > WITHOUT_PAPER);
        if number % 3 == 0
            && number / 3 > WITHOUT_PAPER
            && number / 3 <= WITHOUT_PAPER + ON_BOTH_LISTS
        {
            line(&email, &name, "ru", NEWS, true);
        }
    }
    line(BY_WORDS, "Вера Степанова", "ru", NEWS, true);
    line(BY_LINK, "Глеб Тарасов", "ru", NEWS, true);
    csv
}

/// One who typed an address and was never heard of again: one mail asks, nothing else is sent.
async fn ask_on_the_page(house: &House) -> anyhow::Result<()> {
    let lists = house.cases.open_lists(Locale::Ru).await?;
    let news = lists.iter().find(|list| list.name == NEWS).context("the list is open")?;
    let wish = NewSubscription {
        address: EmailAddress::parse(UNCONFIRMED)?,
        name: String::new(),
        wishes: vec![ListWish { list: news.name.clone(), text: news.text.id }],
        policy_version: news.policy_version.clone(),
        locale: Locale::Ru,
        capture: Capture {
            point: CapturePoint::SubscriptionForm,
            act: Act::Checkbox,
            visitor: Visitor { page: "/subscribe".to_owned(), ..Visitor::default() },
        },
    };
    Ok(house.cases.subscribe(&wish).await?)
}

async fn schedule(house: &House) -> anyhow::Result<()> {
    let content = Content {
        locale: Locale::Ru,
        subject: "Осенние тренинги: расписание".to_owned(),
        preheader: "Три занятия в декабре".to_owned(),
        format: BodyFormat::Html,
        body: BODY.to_owned(),
        text: None,
    };
    let audience = house.cases.audience_of(&[NEWS.to_owned(), OFFERS.to_owned()], &[]).await?;
    let new = NewCampaign { name: CAMPAIGN, content: &content, audience: &audience, start: None };
    house.cases.create_campaign(&new, MARKETER).await?;
    house.cases.approve_campaign(CAMPAIGN, OPERATOR).await?;
    house.cases.schedule_campaign(CAMPAIGN, &Begin::AtOnce, OPERATOR).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_file_has_fifty_people_and_ends_with_the_two_who_stop() {
        let csv = contacts_csv();
        let emails: Vec<&str> =
            csv.lines().skip(1).filter_map(|line| line.split(';').next()).collect();
        assert_eq!(emails.iter().collect::<HashSet<_>>().len(), 50);
        assert_eq!(emails.len(), 50 + ON_BOTH_LISTS);
        assert_eq!(&emails[emails.len() - 2..], [BY_WORDS, BY_LINK]);
    }
}
