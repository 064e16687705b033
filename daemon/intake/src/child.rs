//! The reader child: hostile mail is read in a process of its own.
//!
//! The daemon starts its own binary with a hidden subcommand (`consentry reader`), which runs
//! [`reader_main`], and asks it for one mail after the other through [`Reader`]. One mail at a
//! time and answers in order, so that it is known which mail kills the child. A dead child is
//! replaced at the next mail. The child may write no file and open none; what it prints is lost.

mod frame;
mod limits;
mod serve;

use std::{path::PathBuf, process::Stdio, time::Duration};

use domain::{classification::Classification, mail::ReadMail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use self::frame::Answer;
pub use self::serve::{read_in_process, reader_main};

/// How a child is started, and how long one mail may take.
#[derive(Debug, Clone)]
pub struct ReaderConfig {
    /// The program: the daemon's own binary.
    pub command: PathBuf,
    /// Its arguments: the hidden subcommand and what it needs to know.
    pub arguments: Vec<String>,
    /// Time for one mail from its beginning; and before that, for the child to get there.
    /// Default 30 s.
    pub time_limit: Duration,
}

impl ReaderConfig {
    /// The configuration with the default time limit.
    #[must_use]
    pub fn new(command: PathBuf, arguments: Vec<String>) -> Self {
        Self { command, arguments, time_limit: Duration::from_secs(30) }
    }
}

/// Why a mail was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// The mail killed the child, by a fault or by a limit. It counts as an attempt.
    #[error("the reader died of this mail ({how})")]
    Died {
        /// Exit code or signal, for people.
        how: String,
    },
    /// The child was still at it when its time was over, and was killed. It counts.
    #[error("the reader was still busy after {0:?} and was stopped")]
    TimedOut(Duration),
    /// The child answered what nobody understands. It counts.
    #[error("the reader gave an answer that is not understood")]
    Garbled,
    /// The bytes are no mail. No further attempt is needed.
    #[error("the bytes are no mail: they have no header")]
    Unreadable,
    /// The child could not be started or fed. Nobody's attempt.
    #[error("cannot run the reader: {0}; check memory, process limits and the program file")]
    Unavailable(std::io::Error),
}

impl ReaderError {
    /// Whether the mail is to blame, so that its attempt stands.
    #[must_use]
    pub fn counts(&self) -> bool {
        match self {
            Self::Died { .. } | Self::TimedOut(_) | Self::Garbled | Self::Unreadable => true,
            Self::Unavailable(_) => false,
        }
    }
}

/// The parent's end of one reader child.
#[derive(Debug)]
pub struct Reader {
    config: ReaderConfig,
    /// `None` before the first mail and after a death.
    running: Option<Running>,
    /// Number of the next job; it only ties answers to questions.
    next_job: u64,
}

#[derive(Debug)]
struct Running {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Reader {
    /// A reader whose child is started with the first mail.
    #[must_use]
    pub fn new(config: ReaderConfig) -> Self {
        Self { config, running: None, next_job: 1 }
    }

    /// Has one mail read and classified.
    ///
    /// # Errors
    /// [`ReaderError`]; after any but `Unreadable` the child is gone and the next call starts a
    /// new one.
    pub async fn read(&mut self, raw: &[u8]) -> Result<(ReadMail, Classification), ReaderError> {
        let limit = self.config.time_limit;
        let mut running = match self.running.take() {
            Some(mut running) => match running.child.try_wait() {
                Ok(None) => running,
                // It died idle: no mail is to blame.
                Ok(Some(_)) | Err(_) => self.start().await?,
            },
            None => self.start().await?,
        };
        let job = self.next_job;
        self.next_job += 1;
        let mut has_begun = false;
        let begun = tokio::time::timeout(limit, hand_over(&mut running, job, raw)).await;
        let asked = match begun {
            Ok(Ok(())) => {
                has_begun = true;
                // The mail's own time begins now: what went before is the machine's.
                tokio::time::timeout(limit, answer(&mut running, job)).await
            }
            Ok(Err(error)) => Ok(Err(error)),
            Err(_) => {
                stop(running).await;
                return Err(unready("it did not begin with a mail in time"));
            }
        };
        match asked {
            Ok(Ok(Answer::Read { mail, classification, .. })) => {
                self.running = Some(running);
                Ok((*mail, *classification))
            }
            Ok(Ok(Answer::Unreadable { .. })) => {
                self.running = Some(running);
                Err(ReaderError::Unreadable)
            }
            Ok(Ok(Answer::Ready | Answer::Begun { .. })) => {
                stop(running).await;
                Err(ReaderError::Garbled)
            }
            Ok(Err(error)) => Err(blame(error, running, has_begun).await),
            Err(_) => {
                stop(running).await;
                Err(ReaderError::TimedOut(limit))
            }
        }
    }

    async fn start(&self) -> Result<Running, ReaderError> {
        let mut child = Command::new(&self.config.command)
            .args(&self.config.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A panic message may quote the mail.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(ReaderError::Unavailable)?;
        let missing = || ReaderError::Unavailable(std::io::Error::other("no pipe to the child"));
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let mut running = Running { child, input, output: BufReader::new(output) };
        let first =
            tokio::time::timeout(self.config.time_limit, receive(&mut running.output)).await;
        match first {
            Ok(Ok(Answer::Ready)) => Ok(running),
            Ok(Ok(_)) => Err(unready("it answered before it was asked")),
            Ok(Err(_)) => Err(unready("it ended before it was ready")),
            Err(_) => Err(unready("it was not ready in time")),
        }
    }

    /// Stops the child, if there is one.
    pub async fn close(&mut self) {
        if let Some(running) = self.running.take() {
            stop(running).await;
        }
    }
}

fn unready(why: &str) -> ReaderError {
    ReaderError::Unavailable(std::io::Error::other(why.to_owned()))
}

/// Gives the child a mail and hears that it begins with it.
async fn hand_over(running: &mut Running, job: u64, raw: &[u8]) -> std::io::Result<()> {
    let Running { input, output, .. } = running;
    input.write_all(&frame::question(job, raw.len())).await?;
    input.write_all(raw).await?;
    input.flush().await?;
    match receive(output).await? {
        Answer::Begun { job: begun } if begun == job => Ok(()),
        Answer::Ready | Answer::Begun { .. } | Answer::Read { .. } | Answer::Unreadable { .. } => {
            Err(frame::garbled())
        }
    }
}

async fn answer(running: &mut Running, job: u64) -> std::io::Result<Answer> {
    let answer = receive(&mut running.output).await?;
    match answer {
        Answer::Read { job: done, .. } | Answer::Unreadable { job: done } if done == job => {
            Ok(answer)
        }
        Answer::Ready | Answer::Begun { .. } | Answer::Read { .. } | Answer::Unreadable { .. } => {
            Err(frame::garbled())
        }
    }
}

async fn receive(output: &mut BufReader<ChildStdout>) -> std::io::Result<Answer> {
    let mut length = [0; 4];
    output.read_exact(&mut length).await?;
    let length = frame::length(length)?;
    let mut bytes = vec![0; length];
    output.read_exact(&mut bytes).await?;
    frame::answer(&bytes)
}

/// Says whether the mail or the machine broke the conversation.
async fn blame(error: std::io::Error, mut running: Running, has_begun: bool) -> ReaderError {
    if error.kind() == std::io::ErrorKind::InvalidData {
        stop(running).await;
        return ReaderError::Garbled;
    }
    let status = tokio::time::timeout(Duration::from_secs(1), running.child.wait()).await;
    stop(running).await;
    if !has_begun {
        return ReaderError::Unavailable(error);
    }
    match status {
        Ok(Ok(status)) => ReaderError::Died { how: status.to_string() },
        Ok(Err(_)) | Err(_) => ReaderError::Died { how: "closed its output".to_owned() },
    }
}

async fn stop(mut running: Running) {
    drop(running.input);
    let _ = running.child.start_kill();
    let _ = tokio::time::timeout(Duration::from_secs(5), running.child.wait()).await;
}
