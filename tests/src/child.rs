//! A process that belongs to a test: started in the foreground, ended by its id on drop.
//!
//! Standard output and error go to one file, which is shown when the test fails. The process is
//! never found by name and never ended through a shell.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::wait::{wait_for, wait_until};

/// A running (or ended) process and the file it prints to.
#[derive(Debug)]
pub struct OwnedProcess {
    name: &'static str,
    child: Child,
    log: PathBuf,
    on_drop: Signal,
}

impl OwnedProcess {
    /// Starts `command`; its output is appended to `log`. On drop it gets SIGTERM first.
    ///
    /// # Errors
    /// When the program cannot be run; the message names the Debian package test setup installs.
    pub fn spawn(name: &'static str, mut command: Command, log: &Path) -> Result<Self> {
        let out = OpenOptions::new().create(true).append(true).open(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("cannot start {name}; tests/run installs what is missing"))?;
        Ok(Self { name, child, log: log.to_owned(), on_drop: Signal::TERM })
    }

    /// The same, with another signal sent first on drop.
    #[must_use]
    pub fn ended_by(mut self, signal: Signal) -> Self {
        self.on_drop = signal;
        self
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it runs still.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Sends a signal to this process alone.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if !self.is_running()? {
            bail!("{} has ended already:\n{}", self.name, self.tail());
        }
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).with_context(|| format!("cannot signal {}", self.name))
    }

    /// kill -9, and waits until it is gone.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// After `limit`, with the end of the log.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let what = format!("{} ends", self.name);
        match wait_for(&what, limit, || Ok(self.child.try_wait()?)) {
            Ok(status) => Ok(status),
            Err(error) => Err(error.context(self.tail())),
        }
    }

    /// Waits until `ready` is true.
    ///
    /// # Errors
    /// After `limit`, or at once when the process ended instead, with the end of the log.
    pub fn wait_ready(&mut self, limit: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        let what = format!("{} is ready", self.name);
        let outcome = wait_until(&what, limit, || {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status} instead of getting ready", self.name);
            }
            Ok(ready())
        });
        outcome.with_context(|| self.tail())
    }

    /// Everything it printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    fn tail(&self) -> String {
        let output = self.output();
        let lines: Vec<&str> = output.lines().collect();
        let from = lines.len().saturating_sub(30);
        format!("last lines of {}:\n{}", self.name, lines[from..].join("\n"))
    }
}

impl Drop for OwnedProcess {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.tail());
        }
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let _ = kill_process(Pid::from_child(&self.child), self.on_drop);
        let child = &mut self.child;
        let ended = wait_for("it ends", Duration::from_secs(8), || Ok(child.try_wait()?));
        if ended.is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Runs a command to its end and returns what it printed.
///
/// # Errors
/// When it cannot be run or ends with another code than 0; the message holds what it printed.
pub fn run(command: &mut Command) -> Result<String> {
    let what = format!("{:?}", command.get_program());
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {what}; tests/run installs what the tests need"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{what} ended with {}:\n{text}\n{errors}", output.status);
    }
    Ok(text)
}
