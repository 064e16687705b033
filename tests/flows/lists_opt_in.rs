//! A person's whole way through a list: subscribe, confirm, read, show the proof, leave.

use anyhow::Context as _;
use tests::{
    Result,
    daemon::{CampaignSettings, Home},
    http::{self, Answer},
    newsroom::{Draft, Links, Newsroom, Reader},
    place::Place,
    wait::{LONG, wait_for, wait_until},
};

use crate::clinic::{ANNA, Clinic, SmallHouse, parsed};

const FORM: &str = "application/x-www-form-urlencoded";

fn subscriptions(home: &Home, state: &str) -> Result<i64> {
    let shown = home.json(&["list", "show", "news"])?;
    Ok(shown["subscriptions"][state].as_i64().unwrap_or_default())
}

/// The value of the attribute behind a name in a page.
fn value_of(page: &str, name: &str) -> Option<String> {
    let at = page.find(&format!("name=\"{name}\""))?;
    let tag = &page[page[..at].rfind('<')?..];
    let tag = &tag[..tag.find('>')?];
    let value = tag.split_once("value=\"")?.1;
    Some(value.split('"').next()?.to_owned())
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Fills the page of list `news` as a browser does.
pub fn subscribe(home: &Home, address: &str, locale: &str) -> Result<Answer> {
    let page = http::get(home.pages(), &format!("/subscribe?list=news&locale={locale}"))?;
    anyhow::ensure!(page.status == 200, "{}", page.head);
    let field = |name: &str| value_of(&page.body, name).context("the form lacks a field");
    let filled = format!(
        "email={}&name=&consent={}&policy={}&locale={locale}&website=",
        encoded(address),
        encoded(&field("consent")?),
        encoded(&field("policy")?)
    );
    http::post(home.pages(), "/subscribe", FORM, &filled)
}

/// The path of the link to confirm in a mail.
fn confirmation_link(raw: &[u8]) -> String {
    let text = parsed(raw).body_text(0).unwrap_or_default().into_owned();
    let at = text.find("/subscribe/confirm/").unwrap_or_else(|| panic!("no link: {text}"));
    text[at..].split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn a_person_subscribes_confirms_reads_proves_and_leaves() -> Result<()> {
    let clinic = Clinic::open()?;
    let settings = clinic.settings().with_campaigns(CampaignSettings::from("news@clinic.example"));
    let home = Home::make(&clinic.place, "home", &settings)?;
    let newsroom = Newsroom::of(&home);
    home.say(&["migrate"])?;
    newsroom.publish_policy("2026-03-01")?;
    newsroom.open_list("news")?;
    let mut daemon = home.run()?;
    let port = home.pages();

    assert_eq!(subscribe(&home, ANNA, "ru")?.status, 200);

    let mails = clinic.mails_of(ANNA, 1)?;
    let link = confirmation_link(&mails[0]);
    assert!(clinic.keys.verify(&clinic.place, &mails[0])?, "OpenDKIM refuses the signature");
    assert_eq!(subscriptions(&home, "pending")?, 1);
    for _ in 0..2 {
        let asked = http::get(port, &link)?;
        assert_eq!(asked.status, 200, "{}", asked.body);
    }
    assert_eq!(subscriptions(&home, "confirmed_proven")?, 0, "a GET confirmed");
    assert_eq!(http::post(port, &link, FORM, "")?.status, 200);
    assert_eq!(subscriptions(&home, "confirmed_proven")?, 1);

    newsroom.send(&Draft::to("december", &["news"]))?;
    let report = newsroom.finished("december")?;
    assert_eq!((report.count("audience"), report.count("accepted")), (1, 1), "{report:#?}");
    let mails = clinic.mails_of(ANNA, 2)?;
    let issue = wait_for("the issue is there", LONG, || {
        Ok(mails.iter().find(|mail| Links::of(mail).is_ok()))
    })?;
    let links = Links::of(issue)?;

    the_proof_holds_until_a_word_of_it_is_changed(&home)?;

    assert_eq!(http::get(port, &links.page)?.status, 200);
    assert_eq!(subscriptions(&home, "confirmed_proven")?, 1, "a GET unsubscribed");
    let left = http::post(port, &links.page, FORM, "List-Unsubscribe=One-Click")?;
    assert_eq!(left.status, 200, "{}", left.head);
    assert_eq!(subscriptions(&home, "unsubscribed")?, 1);
    // A paper of last year revives nobody who left since.
    newsroom.bring_in("news", &[Reader::on_paper(ANNA, "Анна")])?;
    assert_eq!(subscriptions(&home, "unsubscribed")?, 1, "an import revived somebody");
    newsroom.send(&Draft::to("january", &["news"]))?;
    let report = newsroom.wait("january", "nobody is left", |report| report.state() == "held")?;
    assert_eq!((report.count("audience"), report.excluded("unsubscribed")), (0, 1));
    daemon.stop()?;
    assert_eq!(clinic.store.mails(ANNA)?.len(), 2);
    home.say(&["audit", "verify"])?;
    home.check_log(&["anna", "Новости"], &["held"])
}

fn the_proof_holds_until_a_word_of_it_is_changed(home: &Home) -> Result<()> {
    let proof = home.dir().join("proof.json");
    let path = proof.to_string_lossy().into_owned();
    home.say(&["consent", "proof", ANNA, "--out", &path, "--actor", "olga"])?;
    let key = home.json(&["consent", "key"])?;
    for known in ["public_key", "fingerprint"] {
        let known = key[known].as_str().unwrap_or_default();
        let checked = home.json(&["consent", "check", &path, "--key", known])?;
        assert_eq!(checked["holds"], true, "{checked:#}");
    }
    // Whose key it is the file itself cannot show.
    let alone = home.output(&["consent", "check", &path])?;
    assert_eq!(alone.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&alone.stdout).contains("NOT authenticated"));
    let other = "0".repeat(64);
    assert!(!home.output(&["consent", "check", &path, "--key", &other])?.status.success());
    let text = std::fs::read_to_string(&proof)?;
    assert!(text.contains("double_opt_in"), "the proof does not tell of the confirmation: {text}");
    let forged = text.replacen("news", "NEWS", 1);
    assert_ne!(text, forged);
    let forgery = home.dir().join("forged.json");
    std::fs::write(&forgery, forged)?;
    let refused = home.output(&["consent", "check", &forgery.to_string_lossy()])?;
    assert_eq!(refused.status.code(), Some(1), "a forged proof holds");
    Ok(())
}

#[test]
fn the_same_answer_is_given_for_an_address_that_is_subscribed_and_one_that_is_not() -> Result<()> {
    let house = SmallHouse::open_in(Place::new()?, |settings| {
        settings.with_campaigns(CampaignSettings::from("news@clinic.example"))
    })?;
    let home = &house.home;
    let newsroom = Newsroom::of(home);
    home.say(&["migrate"])?;
    newsroom.publish_policy("2026-03-01")?;
    newsroom.open_list("news")?;
    newsroom.bring_in("news", &[Reader::on_paper(ANNA, "Анна")])?;
    let mut daemon = home.run()?;
    let (known, unknown) =
        (subscribe(home, ANNA, "en")?, subscribe(home, "nobody@post.example", "en")?);
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    // Who is on the list already is not written to again; nobody can see that from outside.
    wait_until("the unknown one is written to", LONG, || {
        Ok(!tests::maildir::mails(&house.replies)?.is_empty())
    })?;
    daemon.stop()?;
    let mails = tests::maildir::mails(&house.replies)?;
    assert_eq!(mails.len(), 1);
    assert!(String::from_utf8_lossy(&mails[0]).contains("nobody@post.example"));
    Ok(())
}
