//! What comes back of a campaign: bounces and complaints act when they name a mail of ours, and do
//! nothing when they only claim to.

use serde_json::Value;
use tests::{
    Result,
    daemon::CampaignSettings,
    dkim::DkimKeys,
    letter::Letter,
    maildir,
    newsroom::{Draft, Links, Newsroom, Reader},
    place::Place,
};

use crate::clinic::{HELLO, SmallHouse, parsed};

/// One mail of the campaign as its reader got it.
struct Sent {
    /// `bounce+TOKEN@…`.
    return_path: String,
    message_id: String,
    head: String,
}

fn sent(house: &SmallHouse, person: &str) -> Result<Sent> {
    let mails = maildir::mails(&house.replies)?;
    let to = format!("Delivered-To: {person}\r\n");
    let mail = mails.iter().find(|mail| String::from_utf8_lossy(mail).contains(&to));
    let mail = mail.unwrap_or_else(|| panic!("{person} got no mail"));
    let text = String::from_utf8_lossy(mail);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let return_path = head.lines().find_map(|line| line.strip_prefix("Return-Path: <"));
    let return_path = return_path.unwrap_or_default().trim_end_matches('>');
    Links::of(mail)?;
    Ok(Sent {
        return_path: return_path.to_owned(),
        message_id: parsed(mail).message_id().unwrap_or_default().to_owned(),
        head: head.lines().skip(2).collect::<Vec<_>>().join("\r\n"),
    })
}

/// A report as an MTA writes it (RFC 3464, RFC 5965): words, the machine's part, our own header.
fn report(to: &str, kind: &str, machine: &str, returned: &str) -> Vec<u8> {
    let part = match kind {
        "delivery-status" => "message/delivery-status",
        _ => "message/feedback-report",
    };
    format!(
        "Return-Path: <>\r\nFrom: Mail Delivery System <mailer-daemon@mx.people.example>\r\nTo: {to}\r\n\
         Delivered-To: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Auto-Submitted: auto-replied\r\nContent-Type: multipart/report; report-type={kind};\r\n\
         \tboundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThis is a report.\r\n\r\n\
         --b\r\nContent-Type: {part}\r\n\r\n{machine}\r\n--b\r\n\
         Content-Type: text/rfc822-headers\r\n\r\n{returned}\r\n\r\n--b--\r\n"
    )
    .into_bytes()
}

fn bounce(to: &str, person: &str, status: &str, returned: &str) -> Vec<u8> {
    let machine = format!(
        "Reporting-MTA: dns; mx.people.example\r\n\r\nFinal-Recipient: rfc822; {person}\r\n\
         Action: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 {status} refused\r\n"
    );
    report(to, "delivery-status", &machine, returned)
}

fn complaint(to: &str, person: &str, returned: &str) -> Vec<u8> {
    let machine = format!(
        "Feedback-Type: abuse\r\nUser-Agent: Test/1.0\r\nVersion: 1\r\n\
         Original-Rcpt-To: {person}\r\n"
    );
    report(to, "feedback-report", &machine, returned)
}

fn person(name: &str) -> String {
    format!("{name}@people.example")
}

/// The reason for which an address is suppressed, if it is.
fn suppressed(newsroom: &Newsroom<'_>, name: &str) -> Result<Option<String>> {
    let suppressions = newsroom.happened(&person(name), "suppression")?;
    assert!(suppressions.len() < 2, "{suppressions:?}");
    Ok(suppressions.first().map(|one| one["reason"].as_str().unwrap_or_default().to_owned()))
}

fn subscription(newsroom: &Newsroom<'_>, name: &str) -> Result<Value> {
    Ok(newsroom.happened(&person(name), "subscription")?[0]["state"].clone())
}

/// A house whose campaign went to these people.
fn house(names: &[&str]) -> Result<SmallHouse> {
    let place = Place::new()?;
    let keys = DkimKeys::make(&place, "clinic.example")?;
    let campaign = CampaignSettings::from("news@clinic.example");
    let house =
        SmallHouse::open_in(place, |settings| settings.signed(&keys).with_campaigns(campaign))?;
    house.home.say(&["migrate"])?;
    let newsroom = Newsroom::of(&house.home);
    newsroom.open_list("news")?;
    let readers: Vec<Reader> =
        names.iter().map(|name| Reader::on_paper(&person(name), "Анна")).collect();
    newsroom.bring_in("news", &readers)?;
    let mut daemon = house.home.run()?;
    newsroom.send(&Draft::to("december", &["news"]))?;
    newsroom.finished("december")?;
    daemon.stop()?;
    Ok(house)
}

#[test]
fn a_bounce_that_says_no_such_mailbox_suppresses_and_one_that_refuses_the_mail_does_not()
-> Result<()> {
    let house = house(&["token", "id", "policy", "full", "complains", "reader"])?;
    let newsroom = Newsroom::of(&house.home);
    let mail = |name: &str| sent(&house, &person(name));
    let (token, id, policy, full) = (mail("token")?, mail("id")?, mail("policy")?, mail("full")?);
    let complains = mail("complains")?;
    let nothing = "Subject: none of ours\r\n";
    house.deliver(&bounce(&token.return_path, &person("token"), "5.1.1", nothing))?;
    // Sent to the address of the answers by a server that keeps no envelope: the Message-ID tells.
    let returned = format!("Subject: x\r\nMessage-ID: <{}>\r\n", id.message_id);
    house.deliver(&bounce(HELLO, &person("id"), "5.1.10", &returned))?;
    house.deliver(&bounce(&policy.return_path, &person("policy"), "5.7.1", &policy.head))?;
    house.deliver(&bounce(&full.return_path, &person("full"), "5.2.2", &full.head))?;
    house.deliver(&complaint(HELLO, &person("complains"), &complains.head))?;
    for _ in 0..2 {
        house.home.say(&["intake", "run", "--once"])?;
    }
    assert_eq!(suppressed(&newsroom, "token")?.as_deref(), Some("hard_bounce"));
    assert_eq!(suppressed(&newsroom, "id")?.as_deref(), Some("hard_bounce"));
    assert_eq!(suppressed(&newsroom, "policy")?, None);
    assert_eq!(suppressed(&newsroom, "full")?, None);
    assert_eq!(suppressed(&newsroom, "complains")?.as_deref(), Some("complaint"));
    assert_eq!(subscription(&newsroom, "complains")?, "unsubscribed");
    assert_eq!(subscription(&newsroom, "token")?, "confirmed", "a bounce is no withdrawal");
    let report = newsroom.report("december")?;
    assert_eq!((report.feedback("bounce"), report.feedback("complaint")), (4, 1), "{report:#?}");
    assert!(house.home.tickets()?.is_empty(), "machines got a ticket");

    // The next issue finds them out before anything is sent.
    newsroom.draft(&Draft::to("january", &["news"]))?;
    let mut daemon = house.home.run()?;
    newsroom.start("january")?;
    let report = newsroom.finished("january")?;
    daemon.stop()?;
    let excluded = (report.excluded("hard_bounce"), report.excluded("complaint"));
    assert_eq!((excluded, report.count("accepted")), ((2, 1), 3), "{report:#?}");
    house.home.check_log(&["Анна", "anna"], &[])
}

#[test]
fn a_forged_bounce_complaint_or_token_changes_nothing_and_is_noted() -> Result<()> {
    let house = house(&["victim"])?;
    let newsroom = Newsroom::of(&house.home);
    let before = newsroom.timeline(&person("victim"))?;
    let mail = sent(&house, &person("victim"))?;
    let token = mail.return_path.trim_start_matches("bounce+");
    let (token, domain) = token.split_once('@').unwrap_or_default();
    // One character of a right token is another, and tokens that are none at all.
    let last = if token.ends_with('a') { "b" } else { "a" };
    let nearly = format!("{}{last}", &token[..token.len() - 1]);
    let made_up = "a".repeat(token.len());
    let victim = person("victim");
    let guessed = "Message-ID: <1234567890@clinic.example>\r\n";
    for token in [nearly.as_str(), &made_up, "", "x", "../../etc"] {
        let to = format!("bounce+{token}@{domain}");
        house.deliver(&bounce(&to, &victim, "5.1.1", guessed))?;
        house.deliver(&complaint(&to, &victim, guessed))?;
        let to = format!("unsub+{token}@{domain}");
        let words = Letter::new("X", "stranger@other.example", &to).subject("hi").text("hi\n");
        house.deliver(&words.bytes())?;
    }
    // A right token for bounces is none for leaving.
    let to = format!("unsub+{}", mail.return_path.trim_start_matches("bounce+"));
    let words = Letter::new("X", "stranger@other.example", &to).subject("hello").text("hello\n");
    house.deliver(&words.bytes())?;
    let said = house.home.say(&["intake", "run", "--once"])?;
    assert_eq!(said.lines().count(), 16, "not everything was noted: {said}");
    let after = newsroom.timeline(&victim)?;
    assert_eq!(after, before);
    let report = newsroom.report("december")?;
    assert_eq!((report.feedback("bounce"), report.feedback("complaint")), (0, 0), "{report:#?}");
    assert!(house.home.blocks()?.is_empty());
    house.home.say(&["audit", "verify"])?;
    house.home.check_log(&["victim", &nearly], &[])
}
