//! The daemon's end of one reader child: start it, ask it a batch, hear which mail it died of.
//!
//! Used by `pool`. Every wait has a limit; a child that broke the conversation is killed.

use std::{
    os::unix::process::ExitStatusExt as _,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::{
    ReaderConfig, ReaderError, Reading, check,
    frame::{self, Answer, BUILD, Hello},
    memory::Memory,
    serve,
    starter::Starter,
};

/// Batches up to this size are handed over in one piece.
const ONE_PIECE: usize = 512 * 1024;

/// The program was replaced under a daemon that runs.
const ANOTHER_BUILD: &str =
    "its program is another build than this daemon, as after an upgrade; restart the daemon";
/// How a mail's child died when somebody else ended it.
pub const KILLED: &str = "killed from outside, as by a machine without memory";

/// A child that waits for mail.
pub struct Running {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// What it held before its first mail.
    at_start: Memory,
    /// What it holds.
    pub memory: Memory,
    /// Mails it has answered.
    pub mails: u64,
    /// Processor time that the kernel lets it use for one mail.
    cpu: Duration,
}

/// What ended a conversation early.
enum Break {
    /// No mail had begun, or none after the last answer.
    Nobody(std::io::Error),
    /// The mail had its time.
    Late,
    /// The mail that had begun has no answer, or none that is understood.
    Mail(std::io::Error),
}

impl Break {
    fn not_in_time() -> Self {
        Self::Nobody(std::io::Error::other("it did not begin with a mail in time"))
    }

    /// The one before whom it talks nonsense is to blame; for an end nobody is.
    fn before_the_first(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::InvalidData => Self::Mail(error),
            _ => Self::Nobody(error),
        }
    }
}

/// How a batch ended.
pub enum Ended {
    /// Every mail was answered; the child waits for more.
    Answered(Box<Running>),
    /// The mail behind the last answer is to blame; the child is gone.
    Broken(ReaderError),
    /// The child was killed from outside over the mail behind the last answer.
    Killed(ReaderError),
    /// The child was gone, or got no processor, and no mail is to blame.
    NotBegun(ReaderError),
}

impl Running {
    /// Starts a child and waits until its limits are set.
    pub async fn start(config: &ReaderConfig, starter: &Starter) -> Result<Self, ReaderError> {
        let mut command = Command::new(&config.command);
        command
            .args(&config.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A panic message may quote the mail.
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let unavailable = |error| ReaderError::Unavailable(Arc::new(error));
        let mut child = starter.start(command).await.map_err(unavailable)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(ReaderError::unready("no pipe to the child"));
        };
        let output = BufReader::with_capacity(64 * 1024, output);
        let (at_start, memory) = (Memory::default(), Memory::default());
        let mut running =
            Self { child, input, output, at_start, memory, mails: 0, cpu: config.limits.cpu };
        let greeting = config.greeting.clone();
        let hello = Hello { build: BUILD, limits: config.limits, greeting };
        let hello = frame::pack(&hello, Vec::new()).map_err(unavailable)?;
        let greeted = async {
            running.input.write_all(&hello).await?;
            receive(&mut running.output).await
        };
        match timeout(config.time_limit, greeted).await {
            Ok(Ok(Answer::Ready { build, .. })) if build != BUILD => {
                Err(ReaderError::unready(ANOTHER_BUILD))
            }
            Ok(Ok(Answer::Ready { memory, .. })) => {
                (running.at_start, running.memory) = (memory, memory);
                Ok(running)
            }
            Ok(Ok(_)) => Err(ReaderError::unready("it answered before it was asked")),
            Ok(Err(_)) => Err(running.why_it_did_not_start().await),
            Err(_) => Err(ReaderError::unready("it was not ready in time")),
        }
    }

    async fn why_it_did_not_start(mut self) -> ReaderError {
        let status = timeout(Duration::from_secs(1), self.child.wait()).await;
        let code = status.ok().and_then(Result::ok).and_then(|status| status.code());
        ReaderError::unready(match code {
            Some(code) if code == i32::from(serve::NO_SANDBOX) => {
                "the kernel refuses the limits of the reader; it needs seccomp filters and \
                 setrlimit, also through the sandbox of the unit or container"
            }
            Some(code) if code == i32::from(serve::OTHER_BUILD) => ANOTHER_BUILD,
            _ => "it ended before it was ready",
        })
    }

    /// Whether it is still there.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether it has had its share of mails, or holds much more than at its start.
    pub fn is_worn(&self, config: &ReaderConfig) -> bool {
        let grown = self.memory.resident.saturating_sub(self.at_start.resident);
        self.mails >= config.mails_per_process || grown > config.growth
    }

    /// Asks a batch, the first mail by the number `first`; answers are given in order to `answered`.
    pub async fn ask(
        mut self,
        limit: Duration,
        first: u64,
        mails: &[&[u8]],
        mut answered: impl FnMut(Result<Reading, ReaderError>),
    ) -> Ended {
        match self.converse(limit, first, mails, &mut answered).await {
            Ok(()) => Ended::Answered(Box::new(self)),
            Err(Break::Nobody(error)) => {
                self.stop().await;
                Ended::NotBegun(ReaderError::Unavailable(Arc::new(error)))
            }
            Err(Break::Late) => {
                let was_starved = self.is_starved(limit);
                self.stop().await;
                if was_starved {
                    Ended::NotBegun(ReaderError::unready("the machine is too busy to run it"))
                } else {
                    Ended::Broken(ReaderError::TimedOut(limit))
                }
            }
            Err(Break::Mail(error)) => match self.blame(&error).await {
                ReaderError::Died { how } if how == KILLED => {
                    Ended::Killed(ReaderError::Died { how })
                }
                error => Ended::Broken(error),
            },
        }
    }

    async fn converse(
        &mut self,
        limit: Duration,
        first: u64,
        mails: &[&[u8]],
        answered: &mut impl FnMut(Result<Reading, ReaderError>),
    ) -> Result<(), Break> {
        let handed = timeout(limit, self.hand_over(first, mails)).await;
        handed.map_err(|_| Break::not_in_time())?.map_err(Break::before_the_first)?;
        let mut left = mails.len();
        for job in first.. {
            // The mail's own time begins now: what went before is the machine's.
            let answer = timeout(limit, self.answer(job)).await;
            answered(answer.map_err(|_| Break::Late)?.map_err(Break::Mail)?);
            self.mails += 1;
            left -= 1;
            // It comes with the answer, in one piece; until it is there nobody is to blame.
            let next = timeout(limit, self.go_on(job + 1, left == 0)).await;
            next.map_err(|_| Break::not_in_time())?.map_err(Break::Nobody)?;
            if left == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Gives the child the mails and hears that it begins with the first.
    async fn hand_over(&mut self, first: u64, mails: &[&[u8]]) -> std::io::Result<()> {
        let mut question = frame::question(first, mails);
        if mails.iter().map(|mail| mail.len()).sum::<usize>() <= ONE_PIECE {
            mails.iter().for_each(|mail| question.extend_from_slice(mail));
            self.input.write_all(&question).await?;
        } else {
            self.input.write_all(&question).await?;
            for mail in mails {
                self.input.write_all(mail).await?;
            }
        }
        self.input.flush().await?;
        self.go_on(first, false).await
    }

    /// Hears that the child begins with a mail, or that it is done with all.
    async fn go_on(&mut self, job: u64, is_done: bool) -> std::io::Result<()> {
        match receive(&mut self.output).await? {
            Answer::Begun { job: begun } if begun == job && !is_done => Ok(()),
            Answer::Done { memory } if is_done => {
                self.memory = memory;
                Ok(())
            }
            _ => Err(frame::garbled()),
        }
    }

    async fn answer(&mut self, job: u64) -> std::io::Result<Result<Reading, ReaderError>> {
        match receive(&mut self.output).await? {
            Answer::Read { job: done, mail, classification } if done == job => {
                check(&mail, &classification).map_err(|_| frame::garbled())?;
                Ok(Ok((*mail, *classification)))
            }
            Answer::Unreadable { job: done } if done == job => Ok(Err(ReaderError::Unreadable)),
            _ => Err(frame::garbled()),
        }
    }

    /// Whether it would run and was not let: the kernel ends whoever had the processor time of one
    /// mail, so that a child which still wants to run after its real time never got it. One that
    /// waits for something else is not excused.
    fn is_starved(&self, limit: Duration) -> bool {
        let Some(id) = self.child.id() else { return false };
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The name before may hold anything, also brackets.
        let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
        self.cpu + Duration::from_secs(2) <= limit && matches!(state, Some('R' | 'T'))
    }

    /// Says how the mail broke the conversation.
    async fn blame(mut self, error: &std::io::Error) -> ReaderError {
        if error.kind() == std::io::ErrorKind::InvalidData {
            self.stop().await;
            return ReaderError::Garbled;
        }
        let status = timeout(Duration::from_secs(1), self.child.wait()).await;
        let how = match status {
            Ok(Ok(status)) => how(status),
            Ok(Err(_)) | Err(_) => "closed its output".to_owned(),
        };
        self.stop().await;
        ReaderError::Died { how }
    }

    /// Ends it.
    pub async fn stop(mut self) {
        drop(self.input);
        let _ = self.child.start_kill();
        let _ = timeout(Duration::from_secs(5), self.child.wait()).await;
    }
}

/// How it died, for people.
fn how(status: ExitStatus) -> String {
    match status.signal() {
        Some(libc::SIGSYS) => "it tried a system call that readers may not make, SIGSYS".to_owned(),
        Some(libc::SIGXCPU) => "over its processor time, SIGXCPU".to_owned(),
        Some(libc::SIGABRT) => "it gave up, as without memory or stack, SIGABRT".to_owned(),
        Some(libc::SIGKILL) => KILLED.to_owned(),
        _ => status.to_string(),
    }
}

async fn receive(output: &mut BufReader<ChildStdout>) -> std::io::Result<Answer> {
    let mut length = [0; 4];
    output.read_exact(&mut length).await?;
    let length = frame::length(length)?;
    let mut bytes = Vec::with_capacity(length.min(ONE_PIECE));
    let got = output.take(u64::try_from(length).unwrap_or(0)).read_to_end(&mut bytes).await?;
    if got < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    frame::unpack(&bytes)
}
