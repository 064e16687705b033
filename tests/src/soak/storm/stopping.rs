//! The people who stop: whoever has not got the mail yet, chosen when the stop is made, most
//! of them close before their turn.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use tokio::time::Instant;

use super::{
    FIRST, RUN, Storm,
    clock::{instant_of, wall_time},
};
use crate::{
    ambient::SeededEntropy,
    http,
    letter::Letter,
    maildir,
    newsroom::{MARKETER, OPERATOR},
    soak::{HELLO, Press, address},
};

/// Half of the people are among the next so many, a quarter among the next so many.
const CLOSE: [u64; 2] = [32, 256];
/// The share of the run after which nobody new stops.
const LAST: (usize, usize) = (9, 10);

/// How somebody stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// One click in the mail program.
    Click,
    /// Words in a letter to hello@: a block.
    Words,
    /// A letter to the address of the header.
    Mailbox,
    /// An operator withdraws the consent at the command line.
    Operator,
}

impl Way {
    pub(super) const ALL: [Self; 4] = [Self::Click, Self::Words, Self::Mailbox, Self::Operator];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Click => "one click",
            Self::Words => "a letter in words",
            Self::Mailbox => "a mail to unsub+token@",
            Self::Operator => "the command line",
        }
    }

    /// Whether a good while lies between asking and the commit: a letter waits in the mailbox, a
    /// command has to start.
    pub(super) fn is_slow(self) -> bool {
        match self {
            Self::Words | Self::Mailbox | Self::Operator => true,
            Self::Click => false,
        }
    }
}

/// A person's stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    pub(super) person: usize,
    pub(super) way: Way,
    /// Before it was asked for: the commit is later.
    pub(super) asked_at: Instant,
}

/// The campaign stood between these two.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pause {
    /// The time in its row, taken before the commit.
    pub(super) written_at: Instant,
    /// When the command had ended: the commit is before.
    pub(super) answered_at: Instant,
    /// Before it was resumed.
    pub(super) resumed_at: Instant,
}

/// All stops of a storm.
pub(super) struct Stops<'a> {
    press: &'a Press,
    plan: Storm,
    random: SeededEntropy,
    /// Where each reader leaves, out of the first issue.
    pages: HashMap<String, String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    chosen: Vec<bool>,
    stops: Vec<Stop>,
    pauses: Vec<Pause>,
}

impl<'a> Stops<'a> {
    pub(super) fn new(press: &'a Press, plan: Storm, random: SeededEntropy) -> Result<Self> {
        let mut pages = HashMap::new();
        for (reader, mails) in press.sink.taken(FIRST.1) {
            let page = mails.into_iter().find_map(|mail| mail.page);
            pages.insert(reader, page.context("a mail without a page to leave by")?);
        }
        let state = State { chosen: vec![false; plan.recipients], ..State::default() };
        Ok(Self { press, plan, random, pages, state: Mutex::new(state) })
    }

    /// What was done, once it is over.
    pub(super) fn all(&self) -> (Vec<Stop>, Vec<Pause>) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.stops.clone(), state.pauses.clone())
    }

    /// Makes all stops, spread over the run.
    pub(super) fn rage(&self) -> Result<()> {
        thread::scope(|scope| {
            let (mut doors, mut hands) = (Vec::new(), Vec::new());
            // People click at the same time; operators and pauses come one after another.
            for _ in 0..3 {
                let (door, orders) = mpsc::channel::<Way>();
                doors.push(door);
                hands.push(scope.spawn(move || self.obey(&orders)));
            }
            let (pausing, pauses) = mpsc::channel::<()>();
            hands.push(scope.spawn(move || pauses.iter().try_for_each(|()| self.pause())));
            let raged = self.order(&doors, &pausing);
            drop((doors, pausing));
            for hand in hands {
                hand.join().map_err(|_| anyhow!("a hand panicked"))??;
            }
            raged
        })
    }

    /// Gives an order whenever the run has come as much further.
    fn order(&self, doors: &[Sender<Way>], pausing: &Sender<()>) -> Result<()> {
        let plan = self.plan;
        for number in 0..plan.stops {
            let due = number * plan.recipients * LAST.0 / LAST.1 / plan.stops;
            while self.gone() < due {
                thread::sleep(Duration::from_millis(1));
            }
            // Of a hundred: one pause, fifteen letters in words, ten to the address of the header,
            // ten at the command line, the rest by one click.
            let sent = match number % 100 {
                40 => pausing.send(()).is_ok(),
                of if of % 10 == 3 || of % 20 == 9 => self.stop(Way::Words).map(|()| true)?,
                of if of % 10 == 6 => self.stop(Way::Mailbox).map(|()| true)?,
                of if of % 10 == 1 => doors[0].send(Way::Operator).is_ok(),
                of => doors[1 + of % 2].send(Way::Click).is_ok(),
            };
            if !sent {
                // A hand that failed tells why when it is joined.
                return Ok(());
            }
        }
        Ok(())
    }

    fn obey(&self, orders: &Receiver<Way>) -> Result<()> {
        orders.iter().try_for_each(|way| self.stop(way))
    }

    /// How far the run is: mails that left, and people who stopped.
    fn gone(&self) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.press.sink.count(RUN.1) + state.stops.len() / 2
    }

    /// Somebody who has not got the mail yet.
    fn choose(&self) -> Result<usize> {
        let front = self.press.sink.count(RUN.1) as u64;
        let all = self.plan.recipients as u64;
        let span = match self.random.next() % 4 {
            0 | 1 => CLOSE[0],
            2 => CLOSE[1],
            _ => all,
        };
        let span = span.min(all.saturating_sub(front)).max(1);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let start = front + self.random.next() % span;
        for step in 0..all {
            let person = ((start + step) % all) as usize;
            if !state.chosen[person] && !self.press.sink.has(RUN.1, &address(person)) {
                state.chosen[person] = true;
                return Ok(person);
            }
        }
        bail!("nobody is left to stop: more readers are needed")
    }

    /// One person stops.
    fn stop(&self, way: Way) -> Result<()> {
        let person = self.choose()?;
        let page = self.pages.get(&address(person)).context("a reader without a page")?;
        let asked_at = Instant::now();
        match way {
            Way::Click => self.click(page)?,
            Way::Words => {
                self.write(person, HELLO, "Прошу удалить все мои персональные данные.\n")?
            }
            Way::Mailbox => {
                let token = page.trim_start_matches("/u/");
                self.write(person, &format!("unsub+{token}@news.clinic.example"), "unsubscribe\n")?;
            }
            Way::Operator => {
                let address = address(person);
                let order = ["consent", "withdraw", &address, "--reason", "by telephone"];
                self.press.homes[0].say(&[&order[..], &["--actor", OPERATOR]].concat())?;
            }
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.stops.push(Stop { person, way, asked_at });
        Ok(())
    }

    /// RFC 8058 §3.1, at one of the nodes.
    fn click(&self, page: &str) -> Result<()> {
        let homes = &self.press.homes;
        let home = &homes[(self.random.next() % homes.len() as u64) as usize];
        let form = "application/x-www-form-urlencoded";
        let answer = http::post(home.pages(), page, form, "List-Unsubscribe=One-Click")?;
        ensure!(answer.status == 200, "one click was answered {}", answer.head);
        Ok(())
    }

    fn write(&self, person: usize, to: &str, text: &str) -> Result<()> {
        let letter = Letter::new("", &address(person), to)
            .subject("Рассылка")
            .message_id(&format!("{person}.stop@letterbox.example"))
            .text(text)
            .bytes();
        let at = wall_time()?.as_second();
        maildir::deliver(&self.press.mailbox, &letter, at)?;
        Ok(())
    }

    /// The campaign is paused, stands, and is resumed.
    fn pause(&self) -> Result<()> {
        let home = &self.press.homes[0];
        home.say(&["campaign", "pause", RUN.0, "--actor", MARKETER])?;
        let answered_at = Instant::now();
        let shown = home.json(&["campaign", "show", RUN.0])?;
        let written_at = instant_of(shown["changed_at"].as_str().context("no time")?.parse()?)?;
        thread::sleep(Duration::from_millis(1_200 + self.random.next() % 600));
        let resumed_at = Instant::now();
        home.say(&["campaign", "resume", RUN.0, "--actor", MARKETER])?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.pauses.push(Pause { written_at, answered_at, resumed_at });
        Ok(())
    }
}
