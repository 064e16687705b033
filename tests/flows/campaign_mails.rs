//! What readers get: signed with the headers to leave by, unsuspicious to a spam filter, and
//! harmless whatever a name or a subject says.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use anyhow::Context as _;
use tests::{
    Result,
    daemon::CampaignSettings,
    dkim::DkimKeys,
    http, maildir,
    newsroom::{Draft, Links, Newsroom, Reader},
    place::Place,
    wait::{LONG, wait_for},
};

use crate::clinic::{SmallHouse, parsed};
use crate::lists_opt_in::subscribe;

/// The most that SpamAssassin may find against a mail of ours, without asking the network.
const MOST_POINTS: f64 = 1.0;
/// Names that people typed, or that somebody put into a file: they are text and nothing else.
const NAMES: [&str; 8] = [
    "Анна\r\nBcc: victim@post.example",
    "{{unsubscribe_url}} {{{name}}}",
    "<script>alert(1)</script><a href=\"https://evil.example\">go</a>",
    "=HYPERLINK(\"https://evil.example\")",
    "\u{202e}annA <admin@bank.example>",
    "\"; DROP TABLE contact; --",
    "=?utf-8?B?0JDQvdC90LA=?=",
    "Anna, https://evil.example/ %s %n",
];

struct Press {
    keys: DkimKeys,
    house: SmallHouse,
}

impl Press {
    fn open() -> Result<Self> {
        let place = Place::new()?;
        let keys = DkimKeys::make(&place, "clinic.example")?;
        let campaign = CampaignSettings::from("news@clinic.example");
        let house =
            SmallHouse::open_in(place, |settings| settings.signed(&keys).with_campaigns(campaign))?;
        house.home.say(&["migrate"])?;
        let newsroom = Newsroom::of(&house.home);
        newsroom.publish_policy("2026-03-01")?;
        newsroom.open_list("news")?;
        Ok(Self { keys, house })
    }

    /// The one mail to this person with these words in its header.
    fn mail(&self, person: &str, words: &str) -> Result<Vec<u8>> {
        let to = format!("Delivered-To: {person}\r\n");
        wait_for("the mail is there", LONG, || {
            let mails = maildir::mails(&self.house.replies)?;
            Ok(mails.into_iter().find(|mail| {
                let text = String::from_utf8_lossy(mail);
                let head = text.split("\r\n\r\n").next().unwrap_or_default();
                head.contains(&to) && head.contains(words)
            }))
        })
    }
}

/// What a filter has against a mail: the points, and the whole report for a failing test.
fn points(home: &std::path::Path, mail: &[u8]) -> Result<(f64, String)> {
    let mut child = Command::new("/usr/bin/spamassassin")
        .args(["--local", "--test-mode"])
        .env("HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("spamassassin is not installed; tests/run installs it")?;
    child.stdin.take().context("no input")?.write_all(mail)?;
    let said = String::from_utf8_lossy(&child.wait_with_output()?.stdout).into_owned();
    let at = said.find("Content analysis details:").context("no analysis")?;
    let number = said[at..].split_once('(').context("no points")?.1;
    let number = number.split_whitespace().next().context("no points")?;
    Ok((number.parse()?, said[at..].to_owned()))
}

/// The header lines that the signatures cover, from their `h=`.
fn covered(mail: &[u8]) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(mail).replace("\r\n\t", " ").replace("\r\n ", " ");
    let head = text.split("\r\n\r\n").next().unwrap_or_default().to_owned();
    head.lines()
        .filter_map(|line| line.strip_prefix("DKIM-Signature:"))
        .map(|value| {
            let tag = value.split(';').find_map(|tag| tag.trim().strip_prefix("h="));
            let names = tag.unwrap_or_default().split(':');
            names.map(|name| name.trim().to_lowercase()).collect()
        })
        .collect()
}

#[test]
fn mails_are_signed_over_the_headers_to_leave_by_and_no_filter_minds_them() -> Result<()> {
    let press = Press::open()?;
    let home = &press.house.home;
    let newsroom = Newsroom::of(home);
    newsroom.bring_in("news", &[Reader::on_paper("anna@people.example", "Анна Сергеева")])?;
    let mut daemon = home.run()?;
    newsroom.send(&Draft::to("december-ru", &["news"]))?;
    newsroom.send(&Draft {
        subject: "News of the clinic in December",
        html: "<p>Dear {{name}},</p><p>In December we work every day and see you by appointment; \
               on the last day of the year we close at noon.</p>\
               <p><a href=\"{{unsubscribe_url}}\">Unsubscribe</a></p>",
        locale: "en",
        ..Draft::to("december-en", &["news"])
    })?;
    subscribe(home, "petr@people.example", "ru")?;
    subscribe(home, "mary@people.example", "en")?;
    let campaigns = [
        press.mail("anna@people.example", "Content-Language: ru")?,
        press.mail("anna@people.example", "Content-Language: en")?,
    ];
    let confirmations =
        [press.mail("petr@people.example", "")?, press.mail("mary@people.example", "")?];
    daemon.stop()?;
    for mail in &campaigns {
        Links::of(mail)?;
        for names in covered(mail) {
            for name in ["list-unsubscribe", "list-unsubscribe-post", "from", "to", "subject"] {
                assert!(names.iter().any(|covered| covered == name), "{name} is not in {names:?}");
            }
        }
        assert_eq!(covered(mail).len(), 2, "one signature by each key");
    }
    for mail in &confirmations {
        assert!(Links::of(mail).is_err(), "a confirmation is no advertising");
    }
    let scratch = press.house.place.room("filter")?;
    for mail in campaigns.iter().chain(&confirmations) {
        assert!(press.keys.verify(&press.house.place, mail)?, "OpenDKIM refuses a signature");
        let (points, report) = points(&scratch, mail)?;
        assert!(points <= MOST_POINTS, "{report}\n{}", String::from_utf8_lossy(mail));
    }
    Ok(())
}

#[test]
fn hostile_names_stay_names() -> Result<()> {
    let press = Press::open()?;
    let home = &press.house.home;
    let newsroom = Newsroom::of(home);
    let person = |number: usize| format!("reader{number}@people.example");
    let readers: Vec<Reader> = NAMES
        .iter()
        .enumerate()
        .map(|(number, name)| Reader::on_paper(&person(number), name))
        .collect();
    newsroom.bring_in("news", &readers)?;
    let mut daemon = home.run()?;
    newsroom
        .send(&Draft { subject: "Для вас, {{name}}", ..Draft::to("december", &["news"]) })?;
    let report = newsroom.finished("december")?;
    assert_eq!(report.count("accepted"), 8, "{report:#?}");
    for (number, name) in NAMES.iter().enumerate() {
        let mail = press.mail(&person(number), "List-Unsubscribe")?;
        assert!(press.keys.verify(&press.house.place, &mail)?, "{name:?}");
        let text = String::from_utf8_lossy(&mail);
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        let read = parsed(&mail);
        let to: Vec<_> = read.to().into_iter().flat_map(|to| to.iter()).collect();
        assert_eq!(to.len(), 1, "{name:?}: {head}");
        assert_eq!(to[0].address(), Some(person(number).as_str()), "{name:?}: {head}");
        assert_eq!(read.bcc().map(|bcc| bcc.iter().count()), None, "{head}");
        let html = read.body_html(0).unwrap_or_default().into_owned();
        assert!(!html.contains("<script") && !html.contains("href=\"https://evil"), "{html}");
        let words = read.body_text(0).unwrap_or_default().into_owned();
        let link = Links::of(&mail)?.page;
        // The name is not a template: the link stands where marketer and layout put it.
        assert_eq!(html.matches(&link).count(), 2, "{name:?}: {html}");
        assert!(words.contains(&link), "{name:?}: {words}");
        assert!(!read.subject().unwrap_or_default().contains(['\r', '\n']), "{name:?}");
    }
    daemon.stop()
}

#[test]
fn a_hostile_subject_is_refused_before_it_is_saved() -> Result<()> {
    let press = Press::open()?;
    let newsroom = Newsroom::of(&press.house.home);
    for (subject, rule) in [
        ("Hello\r\nBcc: victim@post.example", "line_break"),
        ("Hello\nX: y", "line_break"),
        ("Hello {{{name}}}", "unsafe_value"),
        ("Hello {{unsubscribe_url}}", "field_not_here"),
        ("", "empty"),
    ] {
        let draft = Draft { subject, ..Draft::to("december", &["news"]) };
        let output = newsroom.try_draft(&draft)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{subject:?}: {said}");
        assert!(said.contains("`template`") && said.contains(rule), "{subject:?}: {said}");
    }
    assert!(press.house.home.rows(&["campaign", "list"])?.is_empty(), "something was saved");
    Ok(())
}

#[test]
fn a_click_from_another_site_or_with_another_word_changes_nothing() -> Result<()> {
    let press = Press::open()?;
    let home = &press.house.home;
    let newsroom = Newsroom::of(home);
    newsroom.bring_in("news", &[Reader::on_paper("anna@people.example", "Анна")])?;
    let mut daemon = home.run()?;
    newsroom.send(&Draft::to("december", &["news"]))?;
    let links = Links::of(&press.mail("anna@people.example", "List-Unsubscribe")?)?;
    let form = "application/x-www-form-urlencoded";
    for body in ["", "List-Unsubscribe=Two-Clicks", "leave=nothing", "x=y"] {
        let answer = http::post(home.pages(), &links.page, form, body)?;
        assert_eq!(answer.status, 200, "{body}: {}", answer.head);
    }
    let forged = format!("/u/{}", "a".repeat(links.token().len()));
    let answer = http::post(home.pages(), &forged, form, "List-Unsubscribe=One-Click")?;
    assert_eq!(answer.status, 404, "{}", answer.head);
    let states = newsroom.happened("anna@people.example", "subscription")?;
    assert_eq!(states[0]["state"], "confirmed", "{states:?}");
    // The page is shown again for each; the right word still works, and works twice.
    for _ in 0..2 {
        let answer = http::post(home.pages(), &links.page, form, "leave=everything")?;
        assert_eq!(answer.status, 200, "{}", answer.head);
    }
    let states = newsroom.happened("anna@people.example", "subscription")?;
    assert_eq!(states[0]["state"], "unsubscribed", "{states:?}");
    let suppressions = newsroom.happened("anna@people.example", "suppression")?;
    assert_eq!(suppressions.len(), 1, "{suppressions:?}");
    assert_eq!(suppressions[0]["reason"], "unsubscribed_all", "{suppressions:?}");
    daemon.stop()
}
