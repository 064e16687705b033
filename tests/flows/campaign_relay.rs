//! A campaign over a relay from hell: whatever it says or does not say, every row ends true.

use std::{collections::BTreeMap, time::Duration};

use tests::{
    Result,
    daemon::{CampaignSettings, OutletSettings},
    dkim::DkimKeys,
    newsroom::{Draft, Newsroom, Reader},
    place::Place,
    scripted::{ScriptedSmtp, SmtpFault},
    wait::{LONG, wait_until},
};

use crate::clinic::SmallHouse;

const READERS: usize = 60;

/// What a relay may do to a mail. Each is met once, by whichever mail comes then.
const FAULTS: [SmtpFault; 23] = [
    SmtpFault::Reply("EHLO", "421 4.3.2 too busy"),
    SmtpFault::Reply("MAIL", "451 4.7.1 come back later"),
    SmtpFault::ReplyAndClose("MAIL", "421 4.3.2 shutting down"),
    SmtpFault::Close("MAIL"),
    SmtpFault::Reply("RCPT", "450 4.2.0 greylisted"),
    SmtpFault::Reply("RCPT", "451 4.3.0 local error"),
    SmtpFault::Reply("RCPT", "452 4.2.2 mailbox full"),
    SmtpFault::ReplyAndClose("RCPT", "421 4.3.2 shutting down"),
    SmtpFault::Close("RCPT"),
    SmtpFault::Hang("RCPT"),
    SmtpFault::Reply("RCPT", "550 5.1.1 no such user"),
    SmtpFault::Reply("RCPT", "550 5.7.1 not wanted"),
    SmtpFault::Reply("RCPT", "550 without further words"),
    SmtpFault::RefuseAndGoOn("550 5.7.1 not wanted"),
    SmtpFault::Reply("DATA", "451 4.3.0 no space"),
    SmtpFault::Close("DATA"),
    SmtpFault::CutInBody(100),
    SmtpFault::ReplyToDot("450 4.7.0 later"),
    SmtpFault::ReplyToDot("452 4.3.1 no space"),
    SmtpFault::ReplyToDot("421 4.3.2 shutting down"),
    SmtpFault::ReplyToDot("550 5.7.1 looks like spam"),
    SmtpFault::CutAfterDot,
    SmtpFault::SilenceAfterDot,
];
/// Of these so many refuse the mail itself for good,
const REFUSALS: i64 = 5;
/// one of them because there is no such mailbox,
const GONE: i64 = 1;
/// and so many leave open whether it was taken, or one more: a mail that is cut in its body may be
/// out of our hands with its dot already.
const OPEN: std::ops::RangeInclusive<i64> = 2..=3;

fn readers() -> Vec<Reader> {
    (0..READERS).map(|n| Reader::on_paper(&format!("r{n}@people.example"), "Анна")).collect()
}

/// A house that sends campaigns to the scripted relay, with sixty readers.
fn house(relay: &ScriptedSmtp, tls: &'static str) -> Result<SmallHouse> {
    let place = Place::new()?;
    let keys = DkimKeys::make(&place, "clinic.example")?;
    let outlet = OutletSettings::Smtp { port: relay.port(), tls, authority: None };
    let campaign = CampaignSettings {
        outlet: Some(outlet),
        // After each 421 one less is used for a while, and two will hang.
        connections: Some(8),
        // The breaker has tests of its own.
        further: "breaker_rejected_percent = 100\n".to_owned(),
        ..CampaignSettings::from("news@clinic.example")
    };
    let house =
        SmallHouse::open_in(place, |settings| settings.signed(&keys).with_campaigns(campaign))?;
    house.home.say(&["migrate"])?;
    let newsroom = Newsroom::of(&house.home);
    newsroom.open_list("news")?;
    newsroom.bring_in("news", &readers())?;
    Ok(house)
}

#[test]
fn every_row_ends_true_whatever_the_relay_does() -> Result<()> {
    let relay = ScriptedSmtp::start(&["PIPELINING", "8BITMIME"])?;
    relay.think(Duration::from_millis(30));
    for fault in FAULTS {
        relay.fault(fault);
    }
    let house = house(&relay, "none")?;
    let newsroom = Newsroom::of(&house.home);
    let mut daemon = house.home.run()?;
    newsroom.draft(&Draft::to("december", &["news"]))?;
    let (tried, _) = newsroom.watch("december", || {
        newsroom.start("december")?;
        // Two connections hang, with a mail each; a dying network ends them.
        newsroom.wait("december", "all but those that hang are settled", |report| {
            report.count("audience") == 60
                && report.count("planned") == 0
                && report.count("claimed") <= 2
                && relay.faults_are_spent()
        })?;
        relay.cut_all();
        newsroom.wait("december", "all are settled", |report| {
            report.count("planned") + report.count("claimed") == 0
        })
    })?;
    assert_eq!(tried.count("rejected"), REFUSALS, "{tried:#?}");
    assert!(OPEN.contains(&tried.count("uncertain")), "{tried:#?}");
    assert_eq!(relay.for_nobody(), [Vec::<u8>::new()], "a mail was said to nobody");
    the_ledger_says_what_the_relay_knows(&newsroom, &relay)?;

    house.home.say(&["campaign", "cancel", "december"])?;
    let ended = newsroom
        .wait("december", "what was put off is withheld", |report| report.count("deferred") == 0)?;
    assert_eq!(ended.withheld("cancelled"), tried.count("deferred"), "{ended:#?}");
    assert_eq!(ended.state(), "cancelled");
    daemon.stop()?;
    house.home.check_log(&["Анна"], &["relay", "uncertain"])
}

/// Accepted: the relay took it once. Uncertain: it was written up to its dot. Else: it was not taken.
fn the_ledger_says_what_the_relay_knows(
    newsroom: &Newsroom<'_>,
    relay: &ScriptedSmtp,
) -> Result<()> {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for mail in relay.taken() {
        for person in mail.to {
            *taken.entry(person).or_default() += 1;
        }
    }
    let cut = relay.cut();
    let (mut accepted, mut suppressed) = (0, 0);
    for reader in readers() {
        let address = &reader.address;
        let timeline = newsroom.timeline(address)?;
        let of = |what: &str| timeline.iter().filter(|one| one["what"] == what).count();
        suppressed += of("suppression");
        assert_eq!(of("delivery"), 1, "{timeline:?}");
        let row = timeline.iter().find(|one| one["what"] == "delivery");
        let state = row.map(|row| row["words"]["state"].as_str().unwrap_or_default());
        let mails = taken.get(address).copied().unwrap_or_default();
        match state {
            Some("accepted") => {
                assert_eq!(mails, 1, "{address} is accepted");
                accepted += 1;
            }
            Some("uncertain") => assert!(mails == 1 || cut.contains(address), "{address}"),
            Some("rejected" | "deferred") => assert_eq!(mails, 0, "{address}: {row:?}"),
            other => panic!("{address} stands as {other:?}"),
        }
    }
    assert_eq!(accepted, newsroom.report("december")?.count("accepted"));
    assert_eq!(i64::try_from(suppressed)?, GONE, "only 5.1.1 says that there is no such mailbox");
    Ok(())
}

#[test]
fn a_relay_whose_starttls_was_stripped_gets_nothing() -> Result<()> {
    let relay = ScriptedSmtp::start(&["PIPELINING", "8BITMIME"])?;
    let house = house(&relay, "starttls")?;
    let newsroom = Newsroom::of(&house.home);
    let mut daemon = house.home.run()?;
    newsroom.send(&Draft::to("december", &["news"]))?;
    wait_until("status tells of the relay", LONG, || {
        Ok(house.home.json(&["status"])?["alarms"].to_string().contains("relay"))
    })?;
    let report = newsroom.wait("december", "nothing is under way", |report| {
        report.count("audience") == 60 && report.count("claimed") == 0
    })?;
    assert_eq!(report.count("planned"), 60, "{report:#?}");
    assert!(!relay.commands().iter().any(|command| command.starts_with("MAIL")));
    house.home.say(&["campaign", "cancel", "december"])?;
    newsroom
        .wait("december", "the mails are withheld", |report| report.withheld("cancelled") == 60)?;
    daemon.stop()?;
    house.home.check_log(&["Анна"], &["relay"])
}
