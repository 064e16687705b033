//! A campaign on real servers: Postfix takes and forwards it, a sink keeps what arrived, and people
//! leave by every way while it runs, the mails among them read from Dovecot.

use std::collections::{BTreeMap, BTreeSet};

use tests::{
    Result,
    certificates::Certificates,
    daemon::{CampaignSettings, Home, OutletSettings, Settings},
    dkim::DkimKeys,
    http,
    letter::Letter,
    newsroom::{Draft, Evidence, Links, Newsroom, Reader, Report},
    place::Place,
    servers::{Dovecot, MailStore, Postfix, SmtpSink, postfix::Routes},
    smtp,
    wait::{LONG, wait_for, wait_until},
};

use crate::clinic::HELLO;

/// People's domain; its mail ends in the sink.
const PEOPLE: &str = "people.example";
/// A domain whose server knows nobody: Postfix learns it after it took the mail.
const GONE: &str = "gone.example";
/// How fast the relay is used: the last of the list come about ten seconds after the first.
const PACE: u32 = 15;
/// Each way to leave is taken by ten: two who have the mail already, eight at the end of the list.
const EARLY: usize = 2;
const LATE: usize = 8;

const WAYS: [Way; 4] = [Way::OneClick, Way::Button, Way::Mail, Way::Words];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    OneClick,
    Button,
    Mail,
    Words,
}

fn person(group: &str, number: usize) -> String {
    format!("{group}-{number}@{PEOPLE}")
}

fn group(prefix: &str, way: Way) -> String {
    format!("{prefix}-{way:?}").to_lowercase()
}

/// Everybody on the list, in the order in which they were brought in and will be sent to.
struct People {
    all: Vec<Reader>,
    blocked: Vec<String>,
    refused: Vec<String>,
    bounced: Vec<String>,
    early: Vec<(Way, String)>,
    late: Vec<(Way, String)>,
}

impl People {
    /// Five hundred.
    fn gather() -> Self {
        let many = |group: &str, count: usize| -> Vec<String> {
            (0..count).map(|number| person(group, number)).collect()
        };
        let of_ways = |prefix: &str, count: usize| -> Vec<(Way, String)> {
            WAYS.iter()
                .flat_map(|way| many(&group(prefix, *way), count).into_iter().map(|p| (*way, p)))
                .collect()
        };
        let (early, late) = (of_ways("early", EARLY), of_ways("late", LATE));
        let (blocked, refused) = (many("blocked", 10), many("refused", 3));
        let bounced: Vec<String> = (0..2).map(|number| format!("b{number}@{GONE}")).collect();
        let (claimed, others) = (many("claimed", 100), many("reader", 345));
        let mut all = Vec::new();
        let paper = |address: &String| Reader::on_paper(address, "Анна Сергеева");
        all.extend(early.iter().map(|(_, address)| paper(address)));
        for some in [&refused, &bounced, &blocked] {
            all.extend(some.iter().map(paper));
        }
        all.extend(claimed.iter().map(|address| Reader {
            evidence: Evidence::Claimed,
            ..Reader::on_paper(address, "Борис")
        }));
        all.extend(others.iter().map(paper));
        all.extend(late.iter().map(|(_, address)| paper(address)));
        assert_eq!(all.len(), 500);
        Self { all, blocked, refused, bounced, early, late }
    }

    /// All but the late ones, who get an issue before.
    fn but_late(&self) -> &[Reader] {
        &self.all[..self.all.len() - self.late.len()]
    }
}

struct World {
    place: Place,
    _dovecot: Dovecot,
    postfix: Postfix,
    sink: SmtpSink,
    _gone: SmtpSink,
    keys: DkimKeys,
    home: Home,
}

impl World {
    fn open(people: &People) -> Result<Self> {
        let place = Place::new()?;
        let tls = Certificates::make(&place)?;
        let store = MailStore::make(&place, &[HELLO])?;
        let dovecot = Dovecot::start(&place, &store, &tls)?;
        let sink = SmtpSink::keeping(&place, "arrived", &[])?;
        let gone = SmtpSink::start(&place, &["-f", "RCPT", "-B", "550 5.1.1 no such user"])?;
        let own = |local: &str| format!("{local}@clinic.example");
        let refuse = |address: &String| (address.clone(), "550 5.1.1 no such user".to_owned());
        let routes = Routes {
            aliases: vec![(own("unsub"), HELLO.to_owned()), (own("bounce"), HELLO.to_owned())],
            onward: vec![(PEOPLE.to_owned(), sink.port()), (GONE.to_owned(), gone.port())],
            refused: people.refused.iter().map(refuse).collect(),
        };
        let postfix = Postfix::start_with(&place, &store, &tls, None, &routes)?;
        let keys = DkimKeys::make(&place, "clinic.example")?;
        let campaign = CampaignSettings {
            outlet: Some(OutletSettings::Smtp {
                port: postfix.port(),
                tls: "starttls",
                authority: Some(tls.authority.clone()),
            }),
            max_per_second: Some(PACE),
            ..CampaignSettings::from(&own("news"))
        };
        let settings = Settings::on_servers(HELLO, &dovecot, &postfix, &tls)
            .signed(&keys)
            .without_breakers()
            .with_campaigns(campaign);
        let home = Home::make(&place, "home", &settings)?;
        Ok(Self { place, _dovecot: dovecot, postfix, sink, _gone: gone, keys, home })
    }

    /// The mails of our campaigns at the sink, by who got them; answers of hello@ left out.
    fn arrived(&self) -> Result<BTreeMap<String, Vec<Vec<u8>>>> {
        let mut arrived: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        for mail in self.sink.mails()? {
            if mail.from.starts_with("bounce+") {
                arrived.entry(mail.to).or_default().push(mail.raw);
            }
        }
        Ok(arrived)
    }

    /// Waits until each of these people has so many mails, and tells how each may leave by the last.
    fn links(&self, people: &[(Way, String)]) -> Result<Vec<(Way, String, Links)>> {
        wait_for("the mails with the links arrive", LONG, || {
            let Ok(arrived) = self.arrived() else { return Ok(None) };
            let mut links = Vec::new();
            for (way, person) in people {
                let Some(mail) = arrived.get(person).and_then(|mails| mails.last()) else {
                    return Ok(None);
                };
                links.push((*way, person.clone(), Links::of(mail)?));
            }
            Ok(Some(links))
        })
    }

    fn mail_to_us(&self, from: &str, to: &str, subject: &str, text: &str) -> Result<()> {
        let letter = Letter::new("Анна", from, to).subject(subject).text(text).bytes();
        smtp::submit(self.postfix.port(), from, &[to], &letter)
    }

    /// An answer to an issue, which mail programs quote below it.
    fn answer(&self, person: &str, words: &str) -> Result<()> {
        let text = format!(
            "{words}\n\n22 нояб. 2026 г., в 10:00, Test clinic <news@clinic.example> написал(а):\n\
             > Здравствуйте, Анна Сергеева!\n> В декабре мы работаем без выходных.\n\
             > Отписаться: https://clinic.example/u/token\n"
        );
        self.mail_to_us(person, HELLO, "Re: Новости клиники", &text)
    }

    /// One person leaves. The requests over HTTP are answered when the stop is committed.
    fn leave(&self, way: Way, person: &str, links: &Links, number: usize) -> Result<()> {
        let post = |media_type: &str, body: &str| {
            http::post(self.home.pages(), &links.page, media_type, body)
        };
        match way {
            Way::OneClick => {
                let answer = if number.is_multiple_of(2) {
                    let form = "application/x-www-form-urlencoded";
                    post(form, "List-Unsubscribe=One-Click")?
                } else {
                    let part = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
                    post("multipart/form-data; boundary=b", part)?
                };
                assert_eq!(answer.status, 200, "{}", answer.head);
                let head = answer.head.to_lowercase();
                assert!(!head.contains("set-cookie") && !head.contains("location:"), "{head}");
            }
            Way::Button => {
                let page = http::get(self.home.pages(), &links.page)?;
                assert_eq!(page.status, 200, "{}", page.head);
                assert!(page.body.contains("value=\"list\""), "no button: {}", page.body);
                let answer = post("application/x-www-form-urlencoded", "leave=list")?;
                assert_eq!(answer.status, 200, "{}", answer.head);
            }
            Way::Mail => self.mail_to_us(person, &links.mailbox, "unsubscribe", "")?,
            Way::Words => self.answer(person, "Пожалуйста, отпишите меня от рассылки.")?,
        }
        Ok(())
    }
}

/// The tenth of the filing: letters that ask for erasure before the campaign.
fn block(world: &World, people: &[String]) -> Result<()> {
    for person in people {
        world.mail_to_us(person, HELLO, "Заявление", "Удалите мои данные, пожалуйста.\n")?;
    }
    wait_until("the ten are blocked", LONG, || Ok(world.home.blocks()?.len() == people.len()))
}

/// Forty leave while the campaign runs; returns the numbers when it is over.
fn leave_half_way(world: &World, newsroom: &Newsroom<'_>, people: &People) -> Result<Report> {
    let late = world.links(&people.late)?;
    newsroom.start("december")?;
    newsroom.wait("december", "a quarter is sent", |report| report.count("accepted") >= 80)?;
    for (number, (way, person, links)) in late.iter().enumerate() {
        world.leave(*way, person, links, number)?;
    }
    for (number, (way, person, links)) in world.links(&people.early)?.iter().enumerate() {
        world.leave(*way, person, links, number)?;
    }
    // Who only answers, quoting our own words about leaving, stays; so does who is on holiday.
    world.answer(&person("reader", 0), "Спасибо, запишите меня на пятницу!")?;
    let away = Letter::new("Вера", &person("reader", 1), HELLO)
        .subject("Автоответ: Новости клиники")
        .header("Auto-Submitted", "auto-replied")
        .text("Я в отпуске до понедельника.\n\n> Отписаться: https://clinic.example/u/token\n");
    smtp::submit(world.postfix.port(), "", &[HELLO], &away.bytes())?;
    newsroom.finished("december")
}

#[test]
fn a_campaign_on_real_servers_reaches_exactly_those_whom_it_may_reach() -> Result<()> {
    let people = People::gather();
    let world = World::open(&people)?;
    let newsroom = Newsroom::of(&world.home);
    world.home.say(&["migrate"])?;
    newsroom.open_list("news")?;
    newsroom.open_list("others")?;
    newsroom.bring_in("news", &people.all)?;
    newsroom.bring_in("others", people.but_late())?;
    let mut daemon = world.home.run()?;
    block(&world, &people.blocked)?;

    // An issue before, so that those at the end of the list hold a link when they want to leave.
    newsroom.send(&Draft { except: &["others"], ..Draft::to("november", &["news"]) })?;
    let november = newsroom.finished("november")?;
    assert_eq!((november.count("candidates"), november.count("accepted")), (32, 32));

    newsroom.draft(&Draft::to("december", &["news"]))?;
    let (report, looks) =
        newsroom.watch("december", || leave_half_way(&world, &newsroom, &people))?;
    assert!(looks > 20, "the campaign was looked at {looks} times only");
    assert_eq!(report.count("candidates"), 500);
    assert_eq!(report.excluded("no_proven_consent"), 100, "{report:#?}");
    assert_eq!(report.excluded("full_block"), 10, "{report:#?}");
    assert_eq!(report.count("audience"), 390);
    assert_eq!(report.count("rejected"), 3, "{report:#?}");
    assert_eq!(report.count("uncertain"), 0, "{report:#?}");
    assert_eq!(report.withheld("unsubscribed"), 24, "{report:#?}");
    assert_eq!(report.withheld("marketing_block"), 8, "{report:#?}");
    assert_eq!(report.count("accepted"), 355, "{report:#?}");

    // By this issue's own links left the early ones, save those who used words.
    newsroom.wait("december", "both mails came back and all links are used", |report| {
        report.feedback("bounce") == 2 && report.count("unsubscribed") == 6
    })?;
    the_sink_holds_exactly_the_right_mails(&world, &people)?;
    wait_until(
        "the ten blocked, the ten with words and the one who thanks have tickets",
        LONG,
        || Ok(world.home.tickets()?.len() == 21),
    )?;
    for number in 0..2 {
        let stays = newsroom.happened(&person("reader", number), "subscription")?;
        assert!(stays.iter().all(|one| one["state"] == "confirmed"), "{stays:?}");
    }
    those_without_mailbox_are_suppressed(&newsroom, &people)?;
    daemon.stop()?;
    world.home.say(&["audit", "verify"])?;
    world.home.check_log(&["Анна", "Новости"], &[])
}

/// Two issues to nobody twice, none to whom it may not reach.
fn the_sink_holds_exactly_the_right_mails(world: &World, people: &People) -> Result<()> {
    let november: BTreeSet<&str> = people.late.iter().map(|(_, person)| person.as_str()).collect();
    let none: BTreeSet<&str> =
        people.blocked.iter().chain(&people.refused).map(String::as_str).collect();
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    for reader in &people.all {
        let address = reader.address.as_str();
        let may = reader.evidence == Evidence::Paper && !none.contains(address);
        // The late ones have November's and left December's before it was sent to them.
        if may && address.ends_with(PEOPLE) {
            expected.insert(address.to_owned(), 1);
        }
    }
    assert_eq!(november.len(), WAYS.len() * LATE);
    let arrived = wait_for("everything has arrived", LONG, || {
        let Ok(arrived) = world.arrived() else { return Ok(None) };
        Ok((arrived.len() >= expected.len()).then_some(arrived))
    })?;
    let counts: BTreeMap<String, usize> =
        arrived.iter().map(|(person, mails)| (person.clone(), mails.len())).collect();
    assert_eq!(counts, expected);
    let (_, mails) = arrived.iter().next_back().expect("somebody got a mail");
    assert!(world.keys.verify(&world.place, &mails[0])?, "OpenDKIM refuses the signature");
    Ok(())
}

fn those_without_mailbox_are_suppressed(newsroom: &Newsroom<'_>, people: &People) -> Result<()> {
    for person in people.refused.iter().chain(&people.bounced) {
        let suppressions = newsroom.happened(person, "suppression")?;
        assert_eq!(suppressions.len(), 1, "{suppressions:?}");
        assert_eq!(suppressions[0]["reason"], "hard_bounce", "{suppressions:?}");
    }
    Ok(())
}
