//! A small IMAP server on loopback whose faults a test queues one by one.
//!
//! It speaks what a mail fetcher needs (RFC 3501, MOVE, IDLE, UIDPLUS) over plain text. A fault is
//! spent by the first command it fits; without faults it is an honest server.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use anyhow::Result;

use super::{
    acceptor::{Acceptor, lock},
    imap_connection::Connection,
    imap_mailbox::{Folder, Folders},
};

/// What goes wrong, once, at the next command it fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImapFault {
    /// The command that begins with this text is answered with this status line (`NO …`).
    Answer(&'static str, &'static str),
    /// The connection is closed on receipt of such a command, without an answer.
    Close(&'static str),
    /// The answer of such a command never comes; the connection stays open.
    Silence(&'static str),
    /// The connection is closed after so many bytes of the next FETCH answer's literal.
    CutInLiteral(usize),
    /// The connection is closed after the first of several FETCH answers, between two of them.
    CutBetweenAnswers,
    /// The next FETCH of bodies leaves this UID out, though it is there, and says OK.
    LeaveOut(u32),
    /// Every FETCH of bodies that names this UID ends the connection; never spent.
    BreakAt(u32),
    /// Every FETCH of bodies leaves this UID out, though it is there; never spent.
    Withhold(u32),
    /// Every FETCH of this UID's time of receipt is answered with what is no IMAP; never spent.
    GarbleDateOf(u32),
    /// Every command that begins with this text is answered with this status line; never spent.
    Always(&'static str, &'static str),
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) folders: Folders,
    pub(super) faults: VecDeque<ImapFault>,
    pub(super) seen: Vec<String>,
    pub(super) cannot_move: bool,
    pub(super) cannot_expunge_one: bool,
}

/// A running scripted IMAP server; any login with the password `secret` is let in.
#[derive(Debug)]
pub struct ScriptedImap {
    acceptor: Acceptor,
    state: Arc<Mutex<State>>,
}

impl ScriptedImap {
    /// Starts it with an empty INBOX.
    ///
    /// # Errors
    /// When no port is free.
    pub fn start() -> Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let acceptor = Acceptor::start(move |stream| {
            // A connection that ends in an error was cut by one of the two sides: no matter.
            let _ = Connection::new(stream, Arc::clone(&shared)).serve();
        })?;
        Ok(Self { acceptor, state })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.acceptor.port()
    }

    /// Puts a mail into a folder (made when missing) and returns its UID.
    pub fn add(&self, folder: &str, raw: &[u8], internal_date: &str) -> u32 {
        let mut state = lock(&self.state);
        state.folders.0.entry(folder.to_owned()).or_default().add(raw, internal_date)
    }

    /// Looks at or changes a folder (made when missing).
    pub fn folder<T>(&self, folder: &str, act: impl FnOnce(&mut Folder) -> T) -> T {
        act(lock(&self.state).folders.0.entry(folder.to_owned()).or_default())
    }

    /// Queues a fault.
    pub fn fault(&self, fault: ImapFault) {
        lock(&self.state).faults.push_back(fault);
    }

    /// Forgets all queued faults.
    pub fn forget_faults(&self) {
        lock(&self.state).faults.clear();
    }

    /// Offers no MOVE from now on.
    pub fn cannot_move(&self) {
        lock(&self.state).cannot_move = true;
    }

    /// Offers no UIDPLUS from now on.
    pub fn cannot_expunge_one(&self) {
        lock(&self.state).cannot_expunge_one = true;
    }

    /// Whether every queued fault was spent.
    #[must_use]
    pub fn faults_are_spent(&self) -> bool {
        lock(&self.state).faults.is_empty()
    }

    /// Every command so far, passwords left out.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        lock(&self.state).seen.clone()
    }

    /// How many connections there were.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.acceptor.accepted()
    }

    /// Cuts every open connection without a word, as a dying network does.
    pub fn cut_all(&self) {
        self.acceptor.cut_all();
    }
}
