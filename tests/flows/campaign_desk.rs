//! The desk of a campaign on PostgreSQL: look at it, test it, stop it for a while, try again.

use tests::{
    Result,
    daemon::{CampaignSettings, Home, OutletSettings, Settings},
    dkim::DkimKeys,
    maildir,
    newsroom::{Draft, Evidence, MARKETER, Newsroom, OPERATOR, Reader},
    place::Place,
    scripted::{ScriptedSmtp, SmtpFault},
    servers::Postgres,
    wait::{LONG, wait_until},
};

use crate::clinic::{HELLO, parsed};

const READERS: usize = 60;

fn readers() -> Vec<Reader> {
    let person = |n| Reader::on_paper(&format!("r{n}@people.example"), "Анна");
    let mut readers: Vec<Reader> = (0..READERS).map(person).collect();
    readers.push(Reader {
        evidence: Evidence::Claimed,
        ..Reader::on_paper("claimed@people.example", "Борис")
    });
    readers
}

fn home(place: &Place, postgres: &Postgres, relay: &ScriptedSmtp) -> Result<Home> {
    let (mailbox, replies) = (place.path().join("hello"), place.path().join("replies"));
    maildir::make(&mailbox)?;
    maildir::make(&replies)?;
    let campaign = CampaignSettings {
        outlet: Some(OutletSettings::Smtp { port: relay.port(), tls: "none", authority: None }),
        max_per_second: Some(7),
        ..CampaignSettings::from("news@clinic.example")
    };
    let settings = Settings::embedded(HELLO, &mailbox, &replies)
        .signed(&DkimKeys::make(place, "clinic.example")?)
        .with_campaigns(campaign);
    let settings = Settings { postgres: Some(postgres.database()?), ..settings };
    let home = Home::make(place, "home", &settings)?;
    home.say(&["migrate"])?;
    Ok(home)
}

fn by_marketer(home: &Home, arguments: &[&str]) -> Result<()> {
    home.say(&[arguments, &["--actor", MARKETER]].concat()).map(drop)
}

#[test]
fn a_campaign_is_looked_at_tested_paused_resumed_and_tried_again() -> Result<()> {
    let (postgres, place) = (Postgres::start()?, Place::new()?);
    let relay = ScriptedSmtp::start(&["PIPELINING", "8BITMIME"])?;
    let home = home(&place, &postgres, &relay)?;
    let newsroom = Newsroom::of(&home);
    newsroom.open_list("news")?;
    newsroom.bring_in("news", &readers())?;
    newsroom
        .draft(&Draft { subject: "Для вас, {{name}}", ..Draft::to("december", &["news"]) })?;
    what_a_reader_would_get_is_shown_with_the_word_of_the_gate(&home)?;

    let mut daemon = home.run()?;
    a_test_goes_to_our_own_people_alone(&home, &place)?;
    assert!(relay.taken().is_empty(), "a test went out as a campaign");
    for _ in 0..2 {
        relay.fault(SmtpFault::Reply("RCPT", "550 5.7.1 not today"));
    }
    let (paused, _) = newsroom.watch("december", || {
        newsroom.start("december")?;
        newsroom.wait("december", "some are sent", |report| report.count("accepted") >= 4)?;
        by_marketer(&home, &["campaign", "pause", "december"])?;
        // What was on the wire at the pause ends; nothing else begins.
        let paused = newsroom
            .wait("december", "nothing is on the wire", |report| report.count("claimed") == 0)?;
        assert_eq!(paused.state(), "paused");
        assert!(paused.count("planned") > 5, "the pause came too late: {paused:#?}");
        home.say(&["contact", "show", "r1@people.example"])?;
        assert_eq!(newsroom.report("december")?, paused, "something left in the pause");
        let told = ["--reason", "by telephone", "--list", "news", "--actor", OPERATOR];
        home.say(&[&["consent", "withdraw", "r59@people.example"], &told[..]].concat())?;
        by_marketer(&home, &["campaign", "resume", "december"])?;
        newsroom.finished("december")?;
        Ok(paused)
    })?;
    let report = newsroom.report("december")?;
    assert!(report.count("accepted") > paused.count("accepted"));
    assert_eq!(report.excluded("no_proven_consent"), 1, "{report:#?}");
    assert_eq!((report.count("accepted"), report.count("rejected")), (57, 2), "{report:#?}");
    assert_eq!((report.withheld("unsubscribed"), report.withheld("cancelled")), (1, 0));

    by_marketer(&home, &["campaign", "retry", "december"])?;
    newsroom.wait("december", "the refused ones are sent", |report| {
        report.count("accepted") == 59 && report.state() == "finished"
    })?;
    daemon.stop()?;
    let mut people: Vec<String> = relay.taken().into_iter().flat_map(|mail| mail.to).collect();
    people.sort();
    let total = people.len();
    people.dedup();
    assert_eq!((people.len(), total), (59, 59), "somebody got a mail twice");
    home.say(&["audit", "verify"])?;
    home.check_log(&["Анна"], &[])
}

fn what_a_reader_would_get_is_shown_with_the_word_of_the_gate(home: &Home) -> Result<()> {
    for (address, verdict) in
        [("r0@people.example", "send"), ("claimed@people.example", "no_proven_consent")]
    {
        let shown = home.json(&["contact", "show", address])?;
        let number = shown["contacts"][0]["id"].to_string();
        let preview = home.json(&["campaign", "preview", "december", "--as", &number])?;
        let text = preview.to_string();
        assert!(text.contains(verdict), "{address}: {preview:#}");
        assert!(text.contains("Для вас, "), "{preview:#}");
    }
    Ok(())
}

fn a_test_goes_to_our_own_people_alone(home: &Home, place: &Place) -> Result<()> {
    let foreign = ["campaign", "test", "december", "--to", "friend@people.example"];
    assert_eq!(home.output(&foreign)?.status.code(), Some(3), "a test went to a stranger");
    by_marketer(home, &["campaign", "test", "december", "--to", "boss@clinic.example"])?;
    let replies = place.path().join("replies");
    wait_until("the test is there", LONG, || Ok(maildir::mails(&replies)?.len() == 1))?;
    let mail = &maildir::mails(&replies)?[0];
    let subject = parsed(mail).subject().unwrap_or_default().to_owned();
    assert!(subject.contains("Для вас, "), "{subject}");
    Ok(())
}
