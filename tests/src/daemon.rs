//! The built program: a home for it, its command line, and the running daemon.
//!
//! A flow makes a [`Home`] (configuration and state in a temporary directory), talks to it by
//! command line and JSON as an operator does, and runs [`Daemon`]s over it. What the daemon logs is
//! searched for addresses and for warnings that the test did not expect.

pub mod notify;
pub mod people;
pub mod settings;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;
use serde_json::Value;

use self::notify::Notifications;
pub use self::settings::{CampaignSettings, MailboxSettings, OutletSettings, Settings};
use crate::{
    child::OwnedProcess,
    log,
    place::{Place, Port},
};

/// What a daemon may take to come up on a busy machine: migrations included.
const START: Duration = Duration::from_secs(60);
/// `TimeoutStopSec` of the unit.
const STOP: Duration = Duration::from_secs(90);

/// The program under test: `CONSENTRY_EXE`, else what was built last beside this test.
///
/// # Errors
/// When it was not built.
pub fn program() -> Result<PathBuf> {
    if let Some(path) = env::var_os("CONSENTRY_EXE") {
        return Ok(PathBuf::from(path));
    }
    let test = env::current_exe()?;
    let target = test.ancestors().find(|path| path.join("debug").is_dir());
    let target = target.context("cannot find the target directory; set CONSENTRY_EXE")?;
    [target.join("failpoints/consentry"), target.join("debug/consentry")]
        .into_iter()
        .find(|path| path.is_file())
        .context("consentry is not built; tests/run builds it, or set CONSENTRY_EXE")
}

/// The library that moves the wall clock of a program.
fn faketime() -> Result<PathBuf> {
    let libraries = fs::read_dir("/usr/lib")?.filter_map(Result::ok);
    let mut found = libraries.map(|place| place.path().join("faketime/libfaketimeMT.so.1"));
    found.find(|path| path.is_file()).context("libfaketime is missing; tests/run installs it")
}

/// A configuration and the state that belongs to it.
#[derive(Debug)]
pub struct Home {
    program: PathBuf,
    dir: PathBuf,
    config: PathBuf,
    web: Port,
    /// Seconds by which the clock of what is started here runs ahead of the machine's.
    ahead: AtomicI64,
}

impl Home {
    /// Writes the configuration into `dir` of the place.
    ///
    /// # Errors
    /// When the program was not built or a file cannot be written.
    pub fn make(place: &Place, name: &str, settings: &Settings) -> Result<Self> {
        let dir = place.room(name)?;
        fs::create_dir_all(dir.join("tmp"))?;
        let web = Port::reserve()?;
        let text = settings.toml(&dir, web.number())?;
        let config = place.file(&format!("{name}/consentry.toml"), text)?;
        Ok(Self { program: program()?, dir, config, web, ahead: AtomicI64::new(0) })
    }

    /// The directory of configuration, state and logs.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Lets the wall clock of every command and daemon started from now on run this much ahead of
    /// the machine's (libfaketime). Leases and timeouts, which go by other clocks, stay as they are.
    ///
    /// # Errors
    /// When libfaketime is not installed.
    pub fn run_ahead(&self, ahead: Duration) -> Result<()> {
        faketime()?;
        self.ahead.store(i64::try_from(ahead.as_secs())?, Ordering::Relaxed);
        Ok(())
    }

    /// The port of the pages while a daemon runs.
    #[must_use]
    pub fn pages(&self) -> u16 {
        self.web.number()
    }

    /// Every ticket, newest first.
    ///
    /// # Errors
    /// When the listing fails.
    pub fn tickets(&self) -> Result<Vec<Value>> {
        self.every(&["ticket", "list", "--limit", "1000"])
    }

    /// Every active block, newest first.
    ///
    /// # Errors
    /// When the listing fails.
    pub fn blocks(&self) -> Result<Vec<Value>> {
        self.every(&["block", "list", "--limit", "1000"])
    }

    /// All pages of a listing, each continued before the last `id` of the one above.
    fn every(&self, arguments: &[&str]) -> Result<Vec<Value>> {
        let mut all = self.rows(arguments)?;
        let mut full = all.len() == 1000;
        while full {
            let last = all.last().map(|row| row["id"].to_string()).unwrap_or_default();
            let page = self.rows(&[arguments, &["--before", &last]].concat())?;
            full = page.len() == 1000;
            all.extend(page);
        }
        Ok(all)
    }

    /// A command with the configuration named.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--config").arg(&self.config);
        command.env("RUST_BACKTRACE", "1").env_remove("NOTIFY_SOCKET").current_dir(&self.dir);
        // What is written for a moment only is searched, too.
        command.stdin(Stdio::null()).env("TMPDIR", self.dir.join("tmp"));
        let ahead = self.ahead.load(Ordering::Relaxed);
        if let (1.., Ok(library)) = (ahead, faketime()) {
            command.env("LD_PRELOAD", library).env("FAKETIME", format!("+{ahead}"));
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        command
    }

    /// Runs a command to its end, whatever its exit code.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn output(&self, arguments: &[&str]) -> Result<Output> {
        Ok(self.command(arguments).output()?)
    }

    /// Runs a command that must end with 0 and returns what it printed.
    ///
    /// # Errors
    /// When it ends otherwise; the message holds its errors.
    pub fn say(&self, arguments: &[&str]) -> Result<String> {
        let output = self.output(arguments)?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            bail!("`consentry {}` ended with {}:\n{errors}", arguments.join(" "), output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a command with `--json` and reads its document, or its lines as a list.
    ///
    /// # Errors
    /// When it fails or prints no JSON.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let mut with_json = arguments.to_vec();
        with_json.push("--json");
        let text = self.say(&with_json)?;
        if let Ok(document) = serde_json::from_str(&text) {
            return Ok(document);
        }
        let lines: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
        let what = || format!("`consentry {}` printed no JSON: {text}", arguments.join(" "));
        Ok(Value::Array(lines.with_context(what)?))
    }

    /// A listing as a list of rows, whether it is printed bare or under one key.
    ///
    /// # Errors
    /// When it fails or prints no list.
    pub fn rows(&self, arguments: &[&str]) -> Result<Vec<Value>> {
        match self.json(arguments)? {
            Value::Array(rows) => Ok(rows),
            Value::Object(object) if object.len() == 1 => match object.into_iter().next() {
                Some((_, Value::Array(rows))) => Ok(rows),
                _ => bail!("`consentry {}` printed no list", arguments.join(" ")),
            },
            one => Ok(vec![one]),
        }
    }

    /// Starts `consentry run` and waits until it says READY=1.
    ///
    /// # Errors
    /// When it does not get ready, with the end of its log.
    pub fn run(&self) -> Result<Daemon> {
        self.run_with(&[])
    }

    /// The same with further environment, such as `CONSENTRY_FAILPOINT`.
    ///
    /// # Errors
    /// When it does not get ready, with the end of its log.
    pub fn run_with(&self, environment: &[(&str, &str)]) -> Result<Daemon> {
        let mut daemon = self.launch(environment)?;
        daemon.wait_ready()?;
        Ok(daemon)
    }

    /// Starts `consentry run` and waits for nothing: it may be about to die at a failpoint.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch(&self, environment: &[(&str, &str)]) -> Result<Daemon> {
        let notifications = Notifications::open(&self.dir, "notify.socket")?;
        let log = self.dir.join("daemon.log");
        let skip = fs::metadata(&log).map_or(0, |metadata| metadata.len());
        let mut command = self.command(&["run"]);
        command.env("NOTIFY_SOCKET", notifications.path());
        command.envs(environment.iter().copied());
        let process = OwnedProcess::spawn("consentry", command, &log)?;
        Ok(Daemon { process, notifications, skip: usize::try_from(skip)? })
    }

    /// The logs of all daemons that ran here.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.dir.join("daemon.log"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Fails when the logs hold an address, one of `secrets`, or an unexplained warning.
    ///
    /// # Errors
    /// Naming what was found.
    pub fn check_log(&self, secrets: &[&str], explained: &[&str]) -> Result<()> {
        check(&self.log(), secrets, explained)
    }
}

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    process: OwnedProcess,
    notifications: Notifications,
    /// How much of the log file earlier daemons wrote.
    skip: usize,
}

impl Daemon {
    /// Waits until it says READY=1.
    ///
    /// # Errors
    /// When it ends or stays silent instead.
    pub fn wait_ready(&mut self) -> Result<()> {
        let Self { process, notifications, .. } = self;
        notifications
            .wait_said("READY=1", START, || {
                if process.is_running()? { Ok(()) } else { bail!("it ended instead") }
            })
            .with_context(|| process.output())
    }

    /// What it told its service manager so far.
    pub fn said(&mut self) -> Vec<String> {
        self.notifications.said().to_vec()
    }

    /// kill -9.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Waits until it ended by itself, as at a failpoint.
    ///
    /// # Errors
    /// When it runs still after `limit`.
    pub fn wait_end(&mut self, limit: Duration) -> Result<ExitStatus> {
        self.process.wait(limit)
    }

    /// Whether it runs still.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn is_running(&mut self) -> Result<bool> {
        self.process.is_running()
    }

    /// SIGTERM; it must drain and end with 0, having said STOPPING=1.
    ///
    /// # Errors
    /// When it does not, with the end of its log.
    pub fn stop(&mut self) -> Result<()> {
        self.process.signal(Signal::TERM)?;
        let status = self.process.wait(STOP)?;
        if !status.success() {
            bail!("the daemon ended with {status}:\n{}", self.log());
        }
        if !self.said().iter().any(|line| line == "STOPPING=1") {
            bail!("the daemon ended without STOPPING=1");
        }
        Ok(())
    }

    /// What this daemon logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.output().get(self.skip..).unwrap_or_default().to_owned()
    }
}

fn check(text: &str, secrets: &[&str], explained: &[&str]) -> Result<()> {
    let addresses = log::addresses(text);
    if !addresses.is_empty() {
        bail!("addresses in the log: {addresses:?}");
    }
    let leaked = log::leaked(text, secrets);
    if !leaked.is_empty() {
        bail!("the log holds {leaked:?}");
    }
    let unexplained = log::unexplained(text, explained);
    if !unexplained.is_empty() {
        bail!("unexplained in the log:\n{}", unexplained.join("\n"));
    }
    Ok(())
}
