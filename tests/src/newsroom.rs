//! The newsroom of a flow: lists, readers with their evidence, campaigns and their reports.
//!
//! Everything is done by the command line, as marketers and operators do it: the importer is not
//! the one who attests, the numbers are those that `campaign report` prints.

mod links;
mod report;

use std::{fmt::Write as _, path::PathBuf, process::Output, sync::mpsc, thread, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{
    daemon::Home,
    place::write_secret,
    wait::{LONG, wait_for},
};

pub use self::{links::Links, report::Report};

/// Who writes and imports.
pub const MARKETER: &str = "maria";
/// Who attests papers.
pub const OPERATOR: &str = "olga";
/// Who advertises, as the consent texts name it.
pub const ADVERTISER: &str = "Test clinic";
/// How often a watched campaign is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What can be shown of a reader's consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// A signed paper, to be attested: proven.
    Paper,
    /// A ticked box that somebody claims there was: not proven.
    Claimed,
}

/// A row of a list to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The address.
    pub address: String,
    /// The name; may be anything that a form took.
    pub name: String,
    /// What can be shown.
    pub evidence: Evidence,
}

impl Reader {
    /// With a signed paper.
    #[must_use]
    pub fn on_paper(address: &str, name: &str) -> Self {
        Self { address: address.to_owned(), name: name.to_owned(), evidence: Evidence::Paper }
    }
}

/// What a campaign says and whom to.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// Its name.
    pub name: &'a str,
    /// The subject, a template.
    pub subject: &'a str,
    /// The body in HTML, a template.
    pub html: &'a str,
    /// `ru` or `en`.
    pub locale: &'a str,
    /// The lists it goes to.
    pub to: &'a [&'a str],
    /// The lists that are left out.
    pub except: &'a [&'a str],
}

impl<'a> Draft<'a> {
    /// A short issue with a greeting and a link to leave.
    #[must_use]
    pub fn to(name: &'a str, lists: &'a [&'a str]) -> Self {
        Self {
            name,
            subject: "Новости клиники",
            html: "<p>Здравствуйте, {{name}}!</p><p>В декабре мы работаем без выходных и принимаем \
                   по записи.</p><p><a href=\"{{unsubscribe_url}}\">Отписаться</a></p>",
            locale: "ru",
            to: lists,
            except: &[],
        }
    }
}

/// The desk of marketers and operators of one home.
#[derive(Debug)]
pub struct Newsroom<'a> {
    home: &'a Home,
}

impl<'a> Newsroom<'a> {
    /// Over a home whose database is there.
    #[must_use]
    pub fn of(home: &'a Home) -> Self {
        Self { home }
    }

    /// A file beside the home.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.home.dir().join(name);
        write_secret(&path, content)?;
        Ok(path)
    }

    /// An open list with a consent text in both languages.
    ///
    /// # Errors
    /// When a command fails.
    pub fn open_list(&self, name: &str) -> Result<()> {
        let home = self.home;
        let titles = ["--title-ru", "Новости клиники", "--title-en", "News of the clinic"];
        let list = ["list", "add", name, "--purpose", "newsletter", "--advertiser", ADVERTISER];
        home.say(&[&list[..], &titles, &["--actor", MARKETER]].concat())?;
        for (locale, words) in [
            ("ru", format!("Я согласен получать от {ADVERTISER} новости по электронной почте.\n")),
            ("en", format!("I agree that {ADVERTISER} sends me its news by e-mail.\n")),
        ] {
            let file = self.file(&format!("{name}.{locale}.txt"), words)?;
            let file = file.to_string_lossy();
            home.say(&["list", "text", name, "--locale", locale, &file, "--actor", MARKETER])?;
        }
        Ok(())
    }

    /// The privacy policy in both languages.
    ///
    /// # Errors
    /// When a command fails.
    pub fn publish_policy(&self, version: &str) -> Result<()> {
        for (locale, words) in
            [("ru", "Политика обработки персональных данных.\n"), ("en", "Privacy policy.\n")]
        {
            let file = self.file(&format!("policy.{locale}.txt"), words)?;
            let file = file.to_string_lossy();
            let policy = ["policy", "add", version, "--locale", locale, &file];
            self.home.say(&[&policy[..], &["--actor", MARKETER]].concat())?;
        }
        Ok(())
    }

    /// Brings readers in on a list and has their papers attested; returns what the import told.
    ///
    /// # Errors
    /// When a command fails or a row was not taken.
    pub fn bring_in(&self, list: &str, readers: &[Reader]) -> Result<Value> {
        let mut csv = "email,name,act,consent_at,document_number,document_date\n".to_owned();
        for (row, reader) in readers.iter().enumerate() {
            let name = reader.name.replace('"', "\"\"");
            let evidence = match reader.evidence {
                Evidence::Paper => format!("paper,,A-{row},2026-03-01"),
                Evidence::Claimed => "checkbox,2026-03-01 12:00,,".to_owned(),
            };
            writeln!(csv, "{},\"{name}\",{evidence}", reader.address)?;
        }
        let file = self.file(&format!("{list}.csv"), csv)?;
        let file = file.to_string_lossy();
        let import = ["contact", "import", &file, "--list", list, "--actor", MARKETER];
        let told = self.home.json(&import)?;
        if told["counts"]["taken"] != readers.len() {
            bail!("not every row was taken: {told:#}");
        }
        if readers.iter().any(|reader| reader.evidence == Evidence::Paper) {
            let number = told["import"].to_string();
            self.home.say(&["contact", "attest", &number, "--actor", OPERATOR])?;
        }
        Ok(told)
    }

    /// Writes a draft, whatever becomes of it.
    ///
    /// # Errors
    /// When the command cannot be started.
    pub fn try_draft(&self, draft: &Draft<'_>) -> Result<Output> {
        let file = self.file(&format!("{}.html", draft.name), draft.html)?;
        let file = file.to_string_lossy();
        let mut arguments = vec!["campaign", "create", draft.name, "--subject", draft.subject];
        arguments.extend(["--html", &file, "--locale", draft.locale, "--actor", MARKETER]);
        for list in draft.to {
            arguments.extend(["--to", list]);
        }
        for list in draft.except {
            arguments.extend(["--except", list]);
        }
        self.home.output(&arguments)
    }

    /// Writes a draft.
    ///
    /// # Errors
    /// When it is refused.
    pub fn draft(&self, draft: &Draft<'_>) -> Result<()> {
        let output = self.try_draft(draft)?;
        if !output.status.success() {
            bail!("the draft is refused: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Approves a campaign and lets it start at once.
    ///
    /// # Errors
    /// When a command fails.
    pub fn start(&self, campaign: &str) -> Result<()> {
        self.home.say(&["campaign", "approve", campaign, "--actor", MARKETER])?;
        self.home.say(&["campaign", "schedule", campaign, "--now", "--actor", MARKETER])?;
        Ok(())
    }

    /// Writes a draft and starts it.
    ///
    /// # Errors
    /// When a command fails.
    pub fn send(&self, draft: &Draft<'_>) -> Result<()> {
        self.draft(draft)?;
        self.start(draft.name)
    }

    /// The numbers of a campaign; its sums are checked.
    ///
    /// # Errors
    /// When the command fails or a sum does not hold.
    pub fn report(&self, campaign: &str) -> Result<Report> {
        Report::read(self.home.json(&["campaign", "report", campaign])?)
    }

    /// Waits until the numbers of a campaign are as `wanted`.
    ///
    /// # Errors
    /// After a minute, with the last numbers.
    pub fn wait(
        &self,
        campaign: &str,
        what: &str,
        mut wanted: impl FnMut(&Report) -> bool,
    ) -> Result<Report> {
        let mut last = None;
        let outcome = wait_for(what, LONG, || {
            let report = self.report(campaign)?;
            let is_so = wanted(&report);
            last = Some(report.clone());
            Ok(is_so.then_some(report))
        });
        outcome.with_context(|| format!("the last numbers: {last:#?}"))
    }

    /// Waits until a campaign is finished.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub fn finished(&self, campaign: &str) -> Result<Report> {
        self.wait(campaign, "the campaign is finished", |report| report.state() == "finished")
    }

    /// Looks at the numbers of a campaign every 100 ms while `during` runs: the sums must hold in
    /// every look. Returns what `during` returned and how often it was looked.
    ///
    /// # Errors
    /// Those of `during`; else the first look whose sums do not hold.
    pub fn watch<T>(
        &self,
        campaign: &str,
        during: impl FnOnce() -> Result<T>,
    ) -> Result<(T, usize)> {
        thread::scope(|scope| {
            let (ended, end) = mpsc::channel::<()>();
            let watcher = scope.spawn(move || -> Result<usize> {
                let mut looks = 0;
                while end.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
                    self.report(campaign)?;
                    looks += 1;
                }
                Ok(looks)
            });
            let done = during();
            drop(ended);
            let looks = watcher.join().map_err(|_| anyhow::anyhow!("the watcher panicked"))?;
            Ok((done?, looks.context("a look at the running campaign")?))
        })
    }

    /// Everything that is written down about an address, newest first.
    ///
    /// # Errors
    /// When the command fails.
    pub fn timeline(&self, address: &str) -> Result<Vec<Value>> {
        let shown = self.home.json(&["contact", "show", address, "--actor", OPERATOR])?;
        Ok(shown["timeline"].as_array().context("no timeline")?.clone())
    }

    /// What is written down about an address of one sort, newest first.
    ///
    /// # Errors
    /// When the command fails.
    pub fn happened(&self, address: &str, what: &str) -> Result<Vec<Value>> {
        let timeline = self.timeline(address)?.into_iter().filter(|one| one["what"] == what);
        Ok(timeline.map(|one| one["words"].clone()).collect())
    }
}
