//! The house of the stories: the clinic, a shop that is connected, operators, and a clock.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tests::{
    Result,
    connected_system::{ConnectedSystem, signature},
    daemon::{CampaignSettings, Daemon, Home, Settings},
    http,
    letter::Letter,
    newsroom::{Newsroom, Reader},
    place::write_secret,
    smtp,
    wait::{LONG, wait_for, wait_until},
};

use crate::clinic::{Clinic, HELLO, parsed};

/// Who gets staff mails about what falls due.
pub const OFFICER: &str = "dpo@clinic.example";
/// Who looks at requests, plans and proposes.
pub const PROPOSER: &str = "vera";
/// Who decides.
pub const DECIDER: &str = "boris";
/// What a form in a browser sends.
pub const FORM: &str = "application/x-www-form-urlencoded";

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Longer than the daemon rests between two looks at destructions.
const SHORT: Duration = Duration::from_secs(15);
const DAY: u64 = 24 * 60 * 60;

/// The clinic with its daemon, a connected shop, and mailboxes for people and the officer.
pub struct House {
    pub clinic: Clinic,
    pub home: Home,
    pub shop: ConnectedSystem,
    ahead: Arc<AtomicU64>,
    daemon: Option<Daemon>,
}

/// A mail that arrived with a person: its subject and its plain text in one.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub text: String,
}

impl House {
    /// Opens it with a mailbox for each of these people; the daemon does not run yet.
    pub fn open(people: &[&str]) -> Result<Self> {
        Self::open_with(people, |settings| settings)
    }

    /// With other settings.
    pub fn open_with(people: &[&str], choose: impl FnOnce(Settings) -> Settings) -> Result<Self> {
        let clinic = Clinic::open_for(&[people, &[OFFICER]].concat())?;
        let ahead = Arc::new(AtomicU64::new(0));
        let of_shop = Arc::clone(&ahead);
        let shop = ConnectedSystem::start(SECRET, move || {
            machine_seconds() + i64::try_from(of_shop.load(Ordering::Relaxed)).unwrap_or(0)
        })?;
        let secret = clinic.place.path().join("shop.secret");
        write_secret(&secret, format!("{SECRET}\n"))?;
        let mut settings = clinic.settings();
        settings.further.push_str(&format!(
            "\n[requests]\nalarm_to = [\"{OFFICER}\"]\n\n[[system]]\nname = \"shop\"\n\
             url = \"{}\"\nsecret_file = \"{}\"\n",
            shop.url(),
            secret.display()
        ));
        let home = Home::make(&clinic.place, "home", &choose(settings))?;
        home.say(&["migrate"])?;
        Ok(Self { clinic, home, shop, ahead, daemon: None })
    }

    /// With one person who is on a list by a signed paper; the daemon runs.
    pub fn with_reader(person: &str, name: &str) -> Result<Self> {
        let mut house = Self::open_with(&[person], |settings| {
            settings.with_campaigns(CampaignSettings::from("news@clinic.example"))
        })?;
        let newsroom = Newsroom::of(&house.home);
        newsroom.publish_policy("2026-03-01")?;
        newsroom.open_list("news")?;
        newsroom.bring_in("news", &[Reader::on_paper(person, name)])?;
        house.start()?;
        Ok(house)
    }

    /// Starts the daemon.
    pub fn start(&mut self) -> Result<()> {
        self.daemon = Some(self.home.run()?);
        Ok(())
    }

    /// Stops the daemon, if it runs.
    pub fn stop(&mut self) -> Result<()> {
        self.daemon.take().map_or(Ok(()), |mut daemon| daemon.stop())
    }

    /// kill -9 of the daemon.
    pub fn kill(&mut self) -> Result<()> {
        self.daemon.take().map_or(Ok(()), |mut daemon| daemon.kill())
    }

    /// A day later the daemon starts again and dies at a failpoint; if it waits for something
    /// before that, it is killed, and tries once more the day after.
    pub fn dies_at(&mut self, point: &str) -> Result<()> {
        for _ in 0..4 {
            self.passes_by(DAY)?;
            let mut daemon = self.home.launch(&[("CONSENTRY_FAILPOINT", point)])?;
            if let Ok(status) = daemon.wait_end(SHORT) {
                assert!(!status.success(), "{point} was never reached");
                return Ok(());
            }
            daemon.kill()?;
        }
        bail!("{point} was never reached")
    }

    /// Lets so many days pass: the daemon stands still meanwhile, and starts again.
    pub fn days_pass(&mut self, days: u64) -> Result<()> {
        self.seconds_pass(days * DAY)
    }

    fn seconds_pass(&mut self, seconds: u64) -> Result<()> {
        self.passes_by(seconds)?;
        self.start()
    }

    fn passes_by(&mut self, seconds: u64) -> Result<()> {
        self.stop()?;
        let ahead = self.ahead.fetch_add(seconds, Ordering::Relaxed) + seconds;
        self.home.run_ahead(Duration::from_secs(ahead))
    }

    /// Lets time pass until so many hundredths of a duty's time are over, and a little more.
    pub fn passes(&mut self, duty: &Value, hundredths: i64) -> Result<()> {
        let at = |key: &str| -> Result<i64> {
            let text = duty[key].as_str().with_context(|| format!("no {key}: {duty:#}"))?;
            Ok(text.parse::<jiff::Timestamp>()?.as_second())
        };
        let (start, end) = (at("started_at")?, at("safe_due_at")?);
        let then = start + (end - start) * hundredths / 100 + 60;
        self.seconds_pass(u64::try_from((then - self.seconds()).max(0))?)
    }

    /// Somebody writes to hello@.
    pub fn writes(&self, name: &str, from: &str, subject: &str, text: &str) -> Result<()> {
        let letter = Letter::new(name, from, HELLO).subject(subject).text(text).bytes();
        smtp::submit(self.clinic.postfix.port(), from, &[HELLO], &letter)
    }

    /// Waits for a mail to a person in whose subject or text this stands; the newest of them.
    pub fn mail(&self, person: &str, phrase: &str) -> Result<Arrived> {
        wait_for(&format!("a mail with {phrase:?} arrives"), LONG, || {
            Ok(self.mails(person)?.into_iter().rfind(|mail| mail.text.contains(phrase)))
        })
    }

    /// Every mail in a person's mailbox, as it lies there.
    pub fn mails(&self, person: &str) -> Result<Vec<Arrived>> {
        let mails = self.clinic.store.mails(person)?;
        Ok(mails
            .into_iter()
            .map(|raw| {
                let mail = parsed(&raw);
                let body = mail.body_text(0).unwrap_or_default();
                let text = format!("{}\n{body}", mail.subject().unwrap_or_default());
                Arrived { text }
            })
            .collect())
    }

    /// The path of a page of ours which a mail links to, such as `/c/`.
    pub fn link(&self, mail: &Arrived, below: &str) -> Result<String> {
        let site = format!("http://127.0.0.1:{}", self.home.pages());
        let urls = mail.text.split_whitespace().filter_map(|word| word.strip_prefix(&site));
        let mut paths = urls.filter(|path| path.starts_with(below));
        Ok(paths.next().with_context(|| format!("no link to {below} in the mail"))?.to_owned())
    }

    /// A person answers the challenge that came by mail: looks first, as robots do, then presses.
    pub fn answers_challenge(&self, person: &str, request: i64, button: &str) -> Result<()> {
        let path = self.link(&self.mail(person, "/c/")?, "/c/")?;
        let before = self.request(request)?["state"].clone();
        let page = http::get(self.home.pages(), &path)?;
        assert_eq!(page.status, 200, "{}", page.head);
        assert!(page.body.contains(&format!("value=\"{button}\"")), "{}", page.body);
        assert_eq!(self.request(request)?["state"], before, "a look at the page changed the state");
        let done = http::post(self.home.pages(), &path, FORM, &format!("answer={button}"))?;
        assert_eq!(done.status, 200, "{}", done.head);
        assert!(!done.body.contains("<button"), "{}", done.body);
        Ok(())
    }

    /// One request as `request show` tells of it.
    pub fn request(&self, id: i64) -> Result<Value> {
        self.home.json(&["request", "show", &id.to_string()])
    }

    /// Waits until a request of this name is there that is not in `known`, and returns its id.
    pub fn filed(&self, name: &str, known: &[i64]) -> Result<i64> {
        wait_for(&format!("a request of {name} is filed"), LONG, || {
            let rows = self.home.rows(&["request", "list", "--all"])?;
            let mut ids = rows.iter().filter(|row| row["name"] == name);
            Ok(ids.find_map(|row| row["id"].as_i64().filter(|id| !known.contains(id))))
        })
    }

    /// Waits until a request is in this state, and returns it.
    pub fn reaches(&self, id: i64, state: &str) -> Result<Value> {
        let mut last = Value::Null;
        let reached = wait_for(&format!("request {id} is {state}"), LONG, || {
            last = self.request(id)?;
            Ok((last["state"] == state).then(|| last.clone()))
        });
        reached.with_context(|| format!("it is {last:#}"))
    }

    /// A command about a request by a named person: `request VERB ID MORE…`.
    pub fn acts(&self, actor: &str, verb: &str, id: i64, more: &[&str]) -> Result<String> {
        let id = id.to_string();
        self.home.say(&[&["--actor", actor, "request", verb, &id], more].concat())
    }

    /// A command that the program must refuse by this rule.
    pub fn refuses(&self, arguments: &[&str], rule: &str) -> Result<()> {
        let output = self.home.output(arguments)?;
        let errors = String::from_utf8_lossy(&output.stderr);
        if output.status.code() != Some(3) || !errors.contains(rule) {
            bail!("`{}` ended with {}: {errors}", arguments.join(" "), output.status);
        }
        Ok(())
    }

    /// One proposes; the same may not decide; another does.
    pub fn decide(&self, id: i64) -> Result<()> {
        self.decide_on(id, &[])
    }

    /// The same about words: what is done by hand is proposed with them.
    pub fn decide_on(&self, id: i64, words: &[&str]) -> Result<()> {
        self.acts(PROPOSER, "propose", id, words)?;
        let number = id.to_string();
        self.refuses(&["--actor", PROPOSER, "request", "approve", &number], "four_eyes")?;
        self.acts(DECIDER, "approve", id, &[]).map(drop)
    }

    /// An approved destruction comes to its end: days pass until copies, answer and address are
    /// gone. Returns the answer that the person got.
    pub fn is_destroyed(&mut self, person: &str, request: i64) -> Result<Arrived> {
        let id = request.to_string();
        self.plan_reaches(request, &["close", "done"])?;
        let answer = self.mail(person, "Акт об уничтожении")?;
        self.plan_reaches(request, &["done"])?;
        self.reaches(request, "closed")?;
        self.is_supplemented(request)?;
        self.home.say(&["request", "plan", &id, "--verify"])?;
        Ok(answer)
    }

    /// The database lets go of what was emptied, and a supplement to the act says so.
    pub fn is_supplemented(&self, request: i64) -> Result<()> {
        let id = request.to_string();
        // A reader may hold the log for a while: it is tried again every minute.
        wait_until("the act is supplemented", 3 * LONG, || {
            let shown = self.home.json(&["request", "plan", &id, "--show"])?;
            Ok(!shown["wiped_at"].is_null())
        })?;
        let acts = self.home.rows(&["act", "list"])?;
        let supplements = acts.iter().filter(|act| act["supplement"] == 1).count();
        if supplements != 1 || acts.len() != 2 {
            bail!("not one act with its supplement: {acts:#?}");
        }
        Ok(())
    }

    /// Lets days pass until the plan of a request is at one of these stages: what waits for a copy
    /// or an answer is looked at again after a while only.
    pub fn plan_reaches(&mut self, request: i64, stages: &[&str]) -> Result<()> {
        let id = request.to_string();
        let mut last = Value::Null;
        for _ in 0..4 {
            self.days_pass(1)?;
            let reached = wait_until("the plan went on", SHORT, || {
                last = self.home.json(&["request", "plan", &id, "--show"])?;
                Ok(stages.iter().any(|stage| last["stage"] == *stage))
            });
            if reached.is_ok() {
                return Ok(());
            }
        }
        bail!("the plan does not reach {stages:?}: {last:#}")
    }

    /// The duty of this name in a request.
    pub fn duty(&self, request: i64, name: &str) -> Result<Value> {
        let shown = self.request(request)?;
        let mut duties = shown["duties"].as_array().into_iter().flatten();
        let duty = duties.find(|duty| duty["name"] == name);
        Ok(duty.with_context(|| format!("no duty {name}: {shown:#}"))?.clone())
    }

    /// The shop says, some time after it took its last call of this act, that it is done.
    pub fn shop_acknowledges(&self, act: &str) -> Result<()> {
        let taken = self.shop.memory().taken.clone();
        let call = taken.iter().rfind(|call| call.body["act"] == act);
        let call = call.with_context(|| format!("the shop was not called to {act}"))?;
        let body = format!("{{\"id\": \"{}\", \"status\": \"done\"}}", call.id);
        let (id, sent) = (format!("ack_{}", call.id), self.seconds());
        let signed = signature(SECRET, &id, sent, &body);
        let mut stream = TcpStream::connect(("127.0.0.1", self.home.pages()))?;
        write!(
            stream,
            "POST /api/systems/shop/acknowledgements HTTP/1.1\r\nHost: 127.0.0.1\r\n\
             Connection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             webhook-id: {id}\r\nwebhook-timestamp: {sent}\r\nwebhook-signature: {signed}\r\n\r\n\
             {body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if !answer.starts_with("HTTP/1.1 200 ") {
            bail!("the acknowledgement was answered {answer}");
        }
        Ok(())
    }

    /// Now, as the house has it, in seconds since 1970.
    pub fn seconds(&self) -> i64 {
        machine_seconds() + i64::try_from(self.ahead.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// The end of a story: the daemon drains, the record is whole, the log tells nothing of anybody.
    pub fn close(&mut self, secrets: &[&str], explained: &[&str]) -> Result<()> {
        self.stop()?;
        self.home.say(&["audit", "verify"])?;
        self.home.check_log(secrets, explained)
    }
}

/// The machine's clock.
#[expect(clippy::disallowed_methods, reason = "a connected system has a clock of its own")]
fn machine_seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}
