//! The pool: a few children for all mailboxes, each mail read by one of them.
//!
//! Called by `desk` and by `doctor`. Mails go to a child in batches, so that the way through the
//! pipe is paid once for many; several batches are under way at a time, and answers come back in
//! the order of the mails. A mail that kills its child takes no other with it.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt as _, stream};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{
    ReaderConfig, ReaderError, Reading,
    process::{Ended, Running},
    starter::Starter,
};

/// Mails in one batch at most.
pub const MOST: usize = 32;
/// Bytes in one batch, unless one mail alone is larger.
const MOST_BYTES: usize = 512 * 1024;
/// How long a wait for a free child goes on without a beat.
const BEAT: Duration = Duration::from_secs(10);

/// Before a mail over which a child was killed from outside is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// The pool. Cheap to clone; all clones share the children. Children die with the last one.
#[derive(Clone)]
pub struct ReaderPool {
    shared: Arc<Shared>,
}

struct Shared {
    config: ReaderConfig,
    /// As many as there may be children; who holds one may have a child.
    permits: Semaphore,
    /// Children that wait for mail.
    idle: Mutex<Vec<Running>>,
    /// Number of the next mail; it only ties answers to questions.
    next_job: AtomicU64,
    starter: Starter,
    standing: Mutex<PoolStanding>,
}

/// What became of the children so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolStanding {
    /// Children started.
    pub started: u64,
    /// Children replaced after their share of mails, or because they had grown.
    pub replaced: u64,
    /// Mails that killed their child or broke the conversation.
    pub broken: u64,
    /// Mails answered.
    pub mails: u64,
    /// The most that one child ever had in memory, in bytes, as the children say.
    pub peak_memory: u64,
}

impl std::fmt::Debug for ReaderPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReaderPool").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

impl ReaderPool {
    /// A pool whose children are started when mail comes.
    #[must_use]
    pub fn new(config: ReaderConfig) -> Self {
        let permits = Semaphore::new(config.processes.max(1));
        let shared = Shared {
            config,
            permits,
            idle: Mutex::default(),
            next_job: AtomicU64::new(1),
            starter: Starter::default(),
            standing: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Has one mail read and classified.
    ///
    /// # Errors
    /// [`ReaderError`].
    pub async fn read(&self, raw: &[u8]) -> Result<Reading, ReaderError> {
        let mut answers = self.shared.read_batch(&[raw], &|| {}).await;
        answers.pop().unwrap_or_else(|| Err(ReaderError::unready("it was not asked")))
    }

    /// Has mails read and classified; the answers stand in the order of the mails. `beat` is
    /// called after each mail and while a child is waited for.
    pub async fn read_all(
        &self,
        mails: &[&[u8]],
        beat: &(dyn Fn() + Send + Sync),
    ) -> Vec<Result<Reading, ReaderError>> {
        let processes = self.shared.config.processes.max(1);
        let batches: Vec<_> = batches(mails, processes)
            .into_iter()
            .map(|range| self.shared.read_batch(&mails[range], beat))
            .collect();
        stream::iter(batches).buffered(processes).concat().await
    }

    /// What became of the children so far.
    #[must_use]
    pub fn standing(&self) -> PoolStanding {
        *lock(&self.shared.standing)
    }

    /// Stops the children that wait for mail; the next mail starts new ones.
    pub async fn close(&self) {
        let idle = std::mem::take(&mut *lock(&self.shared.idle));
        for running in idle {
            running.stop().await;
        }
    }
}

/// Why a batch was not read to its end.
enum Failed {
    /// The first unanswered mail is to blame.
    Mail(ReaderError),
    /// The child was killed from outside over the first unanswered mail.
    Killed(ReaderError),
    /// Nobody is.
    Nobody(ReaderError),
}

/// Cuts the mails into batches, few enough that every child gets work.
fn batches(mails: &[&[u8]], processes: usize) -> Vec<Range<usize>> {
    let most = mails.len().div_ceil(processes.max(1)).clamp(1, MOST);
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0usize);
    for (at, mail) in mails.iter().enumerate() {
        let is_full = at - start >= most || bytes.saturating_add(mail.len()) > MOST_BYTES;
        if at > start && is_full {
            batches.push(start..at);
            (start, bytes) = (at, 0);
        }
        bytes = bytes.saturating_add(mail.len());
    }
    if start < mails.len() {
        batches.push(start..mails.len());
    }
    batches
}

impl Shared {
    /// Reads one batch, with as many children as its mails kill; as many answers as mails.
    async fn read_batch(
        &self,
        mails: &[&[u8]],
        beat: &(dyn Fn() + Send + Sync),
    ) -> Vec<Result<Reading, ReaderError>> {
        let mut answers = Vec::with_capacity(mails.len());
        // A child that was gone before it began with a mail: once may be bad luck.
        let mut is_second_try = false;
        // The mail over which a child was killed from outside: the first time is nobody's.
        let mut killed_at = None;
        while answers.len() < mails.len() {
            let before = answers.len();
            let outcome = self.converse(&mails[before..], &mut answers, beat).await;
            self.note(|standing| {
                standing.mails += u64::try_from(answers.len() - before).unwrap_or(0);
            });
            match outcome {
                Ok(()) => {}
                Err(Failed::Killed(_)) if killed_at != Some(answers.len()) => {
                    killed_at = Some(answers.len());
                    tokio::time::sleep(PAUSE).await;
                }
                Err(Failed::Mail(error) | Failed::Killed(error)) => {
                    self.note(|standing| standing.broken += 1);
                    answers.push(Err(error));
                    is_second_try = false;
                }
                Err(Failed::Nobody(_)) if !is_second_try || answers.len() > before => {
                    is_second_try = answers.len() == before;
                }
                Err(Failed::Nobody(error)) => answers.resize(mails.len(), Err(error)),
            }
        }
        answers
    }

    /// One batch with one child.
    async fn converse(
        &self,
        mails: &[&[u8]],
        answers: &mut Vec<Result<Reading, ReaderError>>,
        beat: &(dyn Fn() + Send + Sync),
    ) -> Result<(), Failed> {
        let _permit = self.permit(beat).await.map_err(Failed::Nobody)?;
        beat();
        let running = match self.take_idle() {
            Some(running) => running,
            None => {
                let started = Running::start(&self.config, &self.starter).await;
                let running = started.map_err(Failed::Nobody)?;
                self.note(|standing| standing.started += 1);
                running
            }
        };
        beat();
        let count = u64::try_from(mails.len()).unwrap_or(u64::MAX);
        let first = self.next_job.fetch_add(count, Ordering::Relaxed);
        let answered = |answer| {
            answers.push(answer);
            beat();
        };
        match running.ask(self.config.time_limit, first, mails, answered).await {
            Ended::Answered(running) => {
                self.put_back(*running).await;
                Ok(())
            }
            Ended::Broken(error) => Err(Failed::Mail(error)),
            Ended::Killed(error) => Err(Failed::Killed(error)),
            Ended::NotBegun(error) => Err(Failed::Nobody(error)),
        }
    }

    async fn permit(
        &self,
        beat: &(dyn Fn() + Send + Sync),
    ) -> Result<SemaphorePermit<'_>, ReaderError> {
        let mut waiting = std::pin::pin!(self.permits.acquire());
        loop {
            match timeout(BEAT, waiting.as_mut()).await {
                Ok(permit) => {
                    return permit.map_err(|_| ReaderError::unready("the pool is closed"));
                }
                Err(_) => beat(),
            }
        }
    }

    /// A child that waits; those that died idle are forgotten, no mail is to blame.
    fn take_idle(&self) -> Option<Running> {
        let mut idle = lock(&self.idle);
        while let Some(mut running) = idle.pop() {
            if running.lives() {
                return Some(running);
            }
        }
        None
    }

    async fn put_back(&self, running: Running) {
        let peak = running.memory.peak;
        self.note(|standing| standing.peak_memory = standing.peak_memory.max(peak));
        if !running.is_worn(&self.config) {
            lock(&self.idle).push(running);
            return;
        }
        self.note(|standing| standing.replaced += 1);
        tracing::info!(
            reader.mails = running.mails,
            reader.memory_bytes = running.memory.resident,
            reader.peak_memory_bytes = peak,
            "a reader process has done its share and is replaced"
        );
        running.stop().await;
    }

    fn note(&self, change: impl FnOnce(&mut PoolStanding)) {
        change(&mut lock(&self.standing));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_child_gets_work_and_a_large_mail_goes_alone() {
        let small: Vec<&[u8]> = vec![b"mail"; 10];
        assert_eq!(batches(&small, 4), [0..3, 3..6, 6..9, 9..10]);
        assert_eq!(batches(&small, 1), vec![0..10; 1]);
        assert_eq!(batches(&[], 4), Vec::<Range<usize>>::new());
        assert_eq!(batches(&vec![b"mail".as_slice(); 100], 2).len(), 4);
        let large = vec![b'x'; MOST_BYTES];
        let mixed: [&[u8]; 4] = [b"one", &large, b"two", b"three"];
        assert_eq!(batches(&mixed, 1), [0..1, 1..2, 2..4]);
    }
}
