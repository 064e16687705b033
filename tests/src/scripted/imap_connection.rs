//! One connection of the scripted IMAP server: commands in, answers and due faults out.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{Shutdown, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Result;

use super::{
    acceptor::{Next, lock},
    imap::{ImapFault, State},
    imap_mailbox::Folder,
};

/// A connection and the folder it has selected.
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    state: Arc<Mutex<State>>,
    selected: Option<String>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, state: Arc<Mutex<State>>) -> Self {
        Self { stream: BufReader::new(stream), state, selected: None }
    }

    pub(super) fn serve(&mut self) -> Result<()> {
        self.stream.get_ref().set_nodelay(true)?;
        self.send(b"* OK scripted server ready\r\n")?;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end();
            let Some((tag, command)) = line.split_once(' ') else { continue };
            if let Next::Close = self.command(tag, command)? {
                self.stream.get_ref().shutdown(Shutdown::Both)?;
                return Ok(());
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.get_mut().write_all(bytes)?)
    }

    fn done(&mut self, tag: &str, text: &str) -> Result<Next> {
        self.send(format!("{tag} {text}\r\n").as_bytes())?;
        Ok(Next::Go)
    }

    /// Takes the first queued fault that `fits` and leaves the others.
    fn spend(&self, fits: impl Fn(&ImapFault) -> bool) -> Option<ImapFault> {
        let mut state = lock(&self.state);
        let at = state.faults.iter().position(fits)?;
        state.faults.remove(at)
    }

    /// What the first queued fault that is never spent says, if one `fits`.
    fn standing<T>(&self, fits: impl Fn(&ImapFault) -> Option<T>) -> Option<T> {
        lock(&self.state).faults.iter().find_map(fits)
    }

    fn command(&mut self, tag: &str, command: &str) -> Result<Next> {
        let upper = command.to_ascii_uppercase();
        let shown = if upper.starts_with("LOGIN") { "LOGIN ***" } else { command };
        lock(&self.state).seen.push(shown.to_owned());
        let fault = self.spend(|fault| match fault {
            ImapFault::Answer(at, _) | ImapFault::Close(at) | ImapFault::Silence(at) => {
                upper.starts_with(at)
            }
            _ => false,
        });
        match fault {
            Some(ImapFault::Answer(_, status)) => return self.done(tag, status),
            Some(ImapFault::Close(_)) => return Ok(Next::Close),
            Some(ImapFault::Silence(_)) => return Ok(Next::Go),
            _ => {}
        }
        if let Some(status) = self.standing(|fault| match fault {
            ImapFault::Always(at, status) if upper.starts_with(at) => Some(*status),
            _ => None,
        }) {
            return self.done(tag, status);
        }
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        match verb.to_ascii_uppercase().as_str() {
            "CAPABILITY" => {
                let (verb, plus) = {
                    let state = lock(&self.state);
                    let verb = if state.cannot_move { "" } else { "MOVE " };
                    (verb, if state.cannot_expunge_one { "" } else { "UIDPLUS " })
                };
                let offered = format!("* CAPABILITY IMAP4rev1 {plus}{verb}IDLE AUTH=PLAIN\r\n");
                self.send(offered.as_bytes())?;
                self.done(tag, "OK done")
            }
            "LOGIN" if rest.ends_with("\"secret\"") || rest.ends_with(" secret") => {
                self.done(tag, "OK signed in")
            }
            "LOGIN" => self.done(tag, "NO [AUTHENTICATIONFAILED] refused"),
            "AUTHENTICATE" => {
                if !rest.contains(' ') {
                    self.send(b"+ \r\n")?;
                    self.stream.read_line(&mut String::new())?;
                }
                self.done(tag, "OK signed in")
            }
            "NOOP" | "CHECK" | "ID" | "ENABLE" => self.done(tag, "OK done"),
            "LIST" => self.list(tag),
            "SELECT" | "EXAMINE" => self.select(tag, rest),
            "STATUS" => self.status(tag, rest),
            "CREATE" => {
                lock(&self.state).folders.0.entry(unquoted(rest)).or_default();
                self.done(tag, "OK made")
            }
            "UNSELECT" | "CLOSE" => {
                self.selected = None;
                self.done(tag, "OK closed")
            }
            "IDLE" => self.idle(tag),
            "UID" => self.uid(tag, rest),
            "EXPUNGE" => {
                self.expunge(None)?;
                self.done(tag, "OK expunged")
            }
            "LOGOUT" => {
                self.send(b"* BYE good bye\r\n")?;
                self.done(tag, "OK done")?;
                Ok(Next::Close)
            }
            _ => self.done(tag, "BAD not understood"),
        }
    }

    fn list(&mut self, tag: &str) -> Result<Next> {
        let names: Vec<String> = lock(&self.state).folders.0.keys().cloned().collect();
        for name in names {
            self.send(format!("* LIST (\\HasNoChildren) \"/\" \"{name}\"\r\n").as_bytes())?;
        }
        self.done(tag, "OK listed")
    }

    fn select(&mut self, tag: &str, rest: &str) -> Result<Next> {
        let name = unquoted(rest);
        let Some(folder) = lock(&self.state).folders.0.get(&name).cloned() else {
            return self.done(tag, "NO [NONEXISTENT] no such folder");
        };
        self.selected = Some(name);
        self.send(
            format!(
                "* {} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Deleted)\r\n\
                 * OK [PERMANENTFLAGS (\\Seen \\Deleted \\*)] ok\r\n\
                 * OK [UIDVALIDITY {}] ok\r\n* OK [UIDNEXT {}] ok\r\n",
                folder.mails.len(),
                folder.validity,
                folder.next_uid
            )
            .as_bytes(),
        )?;
        self.done(tag, "OK [READ-WRITE] selected")
    }

    fn status(&mut self, tag: &str, rest: &str) -> Result<Next> {
        let name = unquoted(rest.split(" (").next().unwrap_or(rest));
        let Some(folder) = lock(&self.state).folders.0.get(&name).cloned() else {
            return self.done(tag, "NO [NONEXISTENT] no such folder");
        };
        self.send(
            format!(
                "* STATUS \"{name}\" (MESSAGES {} UIDNEXT {} UIDVALIDITY {})\r\n",
                folder.mails.len(),
                folder.next_uid,
                folder.validity
            )
            .as_bytes(),
        )?;
        self.done(tag, "OK done")
    }

    /// Tells of new mail every 20 ms until DONE.
    fn idle(&mut self, tag: &str) -> Result<Next> {
        self.send(b"+ idling\r\n")?;
        let count = |this: &Self| this.with(|folder| folder.mails.len()).unwrap_or(0);
        let mut told = count(self);
        self.stream.get_ref().set_read_timeout(Some(Duration::from_millis(20)))?;
        let mut line = String::new();
        loop {
            match self.stream.read_line(&mut line) {
                Ok(0) => return Ok(Next::Close),
                Ok(_) if line.trim().eq_ignore_ascii_case("DONE") => break,
                Ok(_) => line.clear(),
                Err(error) if is_timeout(&error) => {}
                Err(error) => return Err(error.into()),
            }
            let now = count(self);
            if now != told {
                told = now;
                self.send(format!("* {now} EXISTS\r\n").as_bytes())?;
            }
        }
        self.stream.get_ref().set_read_timeout(None)?;
        self.done(tag, "OK idle ended")
    }

    fn with<T>(&self, act: impl FnOnce(&mut Folder) -> T) -> Option<T> {
        let name = self.selected.as_ref()?;
        lock(&self.state).folders.0.get_mut(name).map(act)
    }

    fn uid(&mut self, tag: &str, rest: &str) -> Result<Next> {
        let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let (set, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        match verb.to_ascii_uppercase().as_str() {
            "FETCH" => self.fetch(tag, set, rest),
            "SEARCH" => {
                let set = if set.eq_ignore_ascii_case("UID") { rest } else { "1:*" };
                let uids = self.with(|folder| {
                    let at = folder.positions(set.split(' ').next().unwrap_or(set));
                    at.iter().map(|at| format!(" {}", folder.mails[*at].uid)).collect::<String>()
                });
                self.send(format!("* SEARCH{}\r\n", uids.unwrap_or_default()).as_bytes())?;
                self.done(tag, "OK searched")
            }
            "STORE" => self.store(tag, set, rest),
            "COPY" => {
                let code = self.copy(set, &unquoted(rest));
                self.done(tag, &format!("OK {code} copied"))
            }
            "MOVE" => {
                let code = self.copy(set, &unquoted(rest));
                self.send(format!("* OK {code} moved\r\n").as_bytes())?;
                self.expunge(Some(set))?;
                self.done(tag, "OK moved")
            }
            "EXPUNGE" => {
                self.expunge(Some(set))?;
                self.done(tag, "OK expunged")
            }
            _ => self.done(tag, "BAD not understood"),
        }
    }

    fn fetch(&mut self, tag: &str, set: &str, items: &str) -> Result<Next> {
        let bodies = items.to_ascii_uppercase().contains("BODY");
        let left_out = self.spend(|fault| bodies && matches!(fault, ImapFault::LeaveOut(_)));
        let dates = items.to_ascii_uppercase().contains("INTERNALDATE");
        let named = self.with(|folder| {
            let positions = folder.positions(set);
            positions.iter().map(|at| folder.mails[*at].uid).collect::<Vec<_>>()
        });
        let named = named.unwrap_or_default();
        let is_named = |uid: &u32| named.contains(uid);
        let breaks = self.standing(|fault| match fault {
            ImapFault::BreakAt(uid) if bodies && is_named(uid) => Some(()),
            ImapFault::GarbleDateOf(uid) if dates && is_named(uid) => Some(()),
            _ => None,
        });
        if breaks.is_some() {
            self.send(b"* 1 FETCH (UID 1 INTERNALDATE NIL))))\r\n")?;
            return Ok(Next::Close);
        }
        let withheld = self.standing(|fault| match fault {
            ImapFault::Withhold(uid) if bodies => Some(*uid),
            _ => None,
        });
        let answers = self.with(|folder| {
            let positions = folder.positions(set);
            let kept = positions
                .into_iter()
                .filter(|at| withheld != Some(folder.mails[*at].uid))
                .filter(|at| left_out != Some(ImapFault::LeaveOut(folder.mails[*at].uid)));
            kept.map(|at| folder.fetch_answer(at, items)).collect::<Vec<_>>()
        });
        for answer in answers.unwrap_or_default() {
            let literal = answer.windows(3).position(|three| three == b"}\r\n");
            if let Some(start) = literal
                && let Some(ImapFault::CutInLiteral(bytes)) =
                    self.spend(|fault| matches!(fault, ImapFault::CutInLiteral(_)))
            {
                let end = (start + 3 + bytes).min(answer.len());
                self.send(&answer[..end])?;
                return Ok(Next::Close);
            }
            self.send(&answer)?;
            if literal.is_some()
                && self.spend(|fault| *fault == ImapFault::CutBetweenAnswers).is_some()
            {
                return Ok(Next::Close);
            }
        }
        self.done(tag, "OK fetched")
    }

    fn store(&mut self, tag: &str, set: &str, rest: &str) -> Result<Next> {
        let (how, flags) = rest.split_once(' ').unwrap_or((rest, ""));
        let flags: Vec<String> =
            flags.trim_matches(['(', ')']).split_whitespace().map(ToOwned::to_owned).collect();
        let told = self.with(|folder| {
            let positions = folder.positions(set);
            for at in &positions {
                let held = &mut folder.mails[*at].flags;
                held.retain(|flag| !flags.contains(flag));
                if !how.starts_with('-') {
                    held.extend(flags.iter().cloned());
                }
            }
            positions.iter().map(|at| folder.fetch_answer(*at, "FLAGS")).collect::<Vec<_>>()
        });
        if !how.to_ascii_uppercase().contains("SILENT") {
            for answer in told.unwrap_or_default() {
                self.send(&answer)?;
            }
        }
        self.done(tag, "OK stored")
    }

    /// Copies and returns the COPYUID code (RFC 4315).
    fn copy(&mut self, set: &str, target: &str) -> String {
        let copies = self.with(|folder| {
            let positions = folder.positions(set);
            positions.iter().map(|at| folder.mails[*at].clone()).collect::<Vec<_>>()
        });
        let mut state = lock(&self.state);
        let folder = state.folders.0.entry(target.to_owned()).or_default();
        let mut pairs = BTreeMap::new();
        for mail in copies.unwrap_or_default() {
            let uid = folder.add(&mail.raw, &mail.internal_date);
            pairs.insert(mail.uid, uid);
        }
        let list = |numbers: Vec<String>| numbers.join(",");
        let old = list(pairs.keys().map(ToString::to_string).collect());
        let new = list(pairs.values().map(ToString::to_string).collect());
        format!("[COPYUID {} {old} {new}]", folder.validity)
    }

    /// Removes mails: those of a set (UID EXPUNGE after STORE, MOVE), or all that are \Deleted.
    fn expunge(&mut self, set: Option<&str>) -> Result<()> {
        let gone = self.with(|folder| {
            let positions = match set {
                Some(set) => folder.positions(set),
                None => (0..folder.mails.len())
                    .filter(|at| folder.mails[*at].flags.iter().any(|flag| flag == "\\Deleted"))
                    .collect(),
            };
            for at in positions.iter().rev() {
                folder.mails.remove(*at);
            }
            positions
        });
        for at in gone.unwrap_or_default().into_iter().rev() {
            self.send(format!("* {} EXPUNGE\r\n", at + 1).as_bytes())?;
        }
        Ok(())
    }
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches('"').to_owned()
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}
