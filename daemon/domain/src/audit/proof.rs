//! An export of the audit log about one person, and its check without the database.
//!
//! JSON lines: a header; each batch that holds an event of the person, whole, so that its hash can
//! be reckoned again; the hashes of the batches after it, up to the head that is anchored outside
//! the database; the person's events with their places; and what was not sealed yet.

use serde::{Deserialize, Serialize};

use super::{AuditEvent, seal_hash};
use crate::ids::AuditEventId;
use jiff::Timestamp;

/// The name of this form.
pub const FORMAT: &str = "consentry-audit/1";

/// One line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case", deny_unknown_fields)]
pub enum ProofLine {
    /// The first line.
    Header {
        /// [`FORMAT`].
        format: String,
        /// About whom: `thing:id`.
        about: Vec<String>,
        /// When it was made.
        made_at: Timestamp,
        /// The number of the last sealed batch.
        head: i64,
        /// Its hash, in hex: compare it with the anchor.
        head_hash: String,
    },
    /// A batch that holds an event of the person, with all its events.
    Batch {
        /// Its number.
        batch: i64,
        /// The hash before it.
        previous: String,
        /// Its hash.
        hash: String,
        /// All its events, in order.
        events: Vec<ProofEvent>,
    },
    /// A batch of others: its hashes only.
    Link {
        /// Its number.
        batch: i64,
        /// The hash before it.
        previous: String,
        /// Its hash.
        hash: String,
    },
    /// An event of the person, sealed.
    Event {
        /// In which batch.
        batch: i64,
        /// At which place, from 0.
        position: i64,
        /// The event.
        event: ProofEvent,
    },
    /// An event of the person that is not sealed yet: nothing proves it.
    Unsealed {
        /// The event.
        event: ProofEvent,
    },
}

/// An event as it is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofEvent {
    /// Its row.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What was done.
    pub act: String,
    /// To what.
    pub subject: String,
    /// More, as JSON text: the very bytes that are sealed.
    pub detail: String,
}

impl From<&AuditEvent> for ProofEvent {
    fn from(event: &AuditEvent) -> Self {
        Self {
            id: event.id.0,
            at: event.at,
            actor: event.actor.clone(),
            act: event.act.clone(),
            subject: event.subject.clone(),
            detail: event.detail.clone(),
        }
    }
}

impl From<&ProofEvent> for AuditEvent {
    fn from(event: &ProofEvent) -> Self {
        Self {
            id: AuditEventId(event.id),
            at: event.at,
            actor: event.actor.clone(),
            act: event.act.clone(),
            subject: event.subject.clone(),
            detail: event.detail.clone(),
        }
    }
}

/// What the check of an export found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Events of the person that are proven.
    pub events: usize,
    /// Events that are not sealed yet, and so not proven.
    pub unsealed: usize,
    /// Batches whose hash was reckoned again.
    pub batches: usize,
    /// The number and the hash of the head it claims.
    pub head: Option<(i64, String)>,
    /// What does not fit, in words; empty when all holds.
    pub misfits: Vec<String>,
}

/// Checks an export: every hash of a whole batch, the chain of hashes up to the head, each event
/// against its place. Whether the head is the true one, the anchor says.
#[must_use]
pub fn check(text: &str) -> Checked {
    let mut found = Checked::default();
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        match serde_json::from_str::<ProofLine>(line) {
            Ok(line) => lines.push(line),
            Err(_) => found.misfits.push(format!("line {} is none of an export", number + 1)),
        }
    }
    match lines.first() {
        Some(ProofLine::Header { format, head, head_hash, .. }) if format == FORMAT => {
            found.head = Some((*head, head_hash.clone()));
        }
        _ => found.misfits.push(format!("the first line is no header of `{FORMAT}`")),
    }
    let mut last: Option<(i64, &str)> = None;
    for line in &lines {
        if let ProofLine::Batch { batch, previous, hash, .. }
        | ProofLine::Link { batch, previous, hash } = line
        {
            if last.is_some_and(|(before, seal)| *batch != before + 1 || previous != seal) {
                found.misfits.push(format!("batch {batch} does not follow the one before it"));
            }
            last = Some((*batch, hash));
        }
        if let ProofLine::Batch { batch, previous, hash, events } = line {
            let events: Vec<AuditEvent> = events.iter().map(AuditEvent::from).collect();
            let sealed = bytes(previous).map(|previous| hex(&seal_hash(&previous, &events)));
            if sealed.as_deref() == Some(hash) {
                found.batches += 1;
            } else {
                found.misfits.push(format!("batch {batch} does not have the hash it names"));
            }
        }
    }
    if let (Some((head, hash)), Some((batch, seal))) = (&found.head, last)
        && (*head != batch || hash != seal)
    {
        found.misfits.push("the chain does not end at the head it names".to_owned());
    }
    for line in &lines {
        match line {
            ProofLine::Event { batch, position, event } => {
                match placed(&lines, *batch, *position) {
                    Some(sealed) if sealed == event => found.events += 1,
                    _ => found
                        .misfits
                        .push(format!("event {} does not stand in its place", event.id)),
                }
            }
            ProofLine::Unsealed { .. } => found.unsealed += 1,
            ProofLine::Header { .. } | ProofLine::Batch { .. } | ProofLine::Link { .. } => {}
        }
    }
    // What is about the person and sealed in these batches must be told.
    if let Some(ProofLine::Header { about, .. }) = lines.first() {
        for line in &lines {
            let ProofLine::Batch { batch, events, .. } = line else { continue };
            for event in events.iter().filter(|event| about.contains(&event.subject)) {
                let told = lines.iter().any(|line| {
                    matches!(line, ProofLine::Event { batch: b, event: e, .. } if b == batch && e.id == event.id)
                });
                if !told {
                    found.misfits.push(format!("event {} was left out", event.id));
                }
            }
        }
    }
    found
}

fn placed(lines: &[ProofLine], wanted: i64, position: i64) -> Option<&ProofEvent> {
    lines.iter().find_map(|line| match line {
        ProofLine::Batch { batch, events, .. } if *batch == wanted => {
            events.get(usize::try_from(position).ok()?)
        }
        _ => None,
    })
}

/// Bytes in hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    (hex.len() == 64 && hex.is_ascii()).then_some(())?;
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::GENESIS;

    fn event(id: i64, subject: &str) -> ProofEvent {
        ProofEvent {
            id,
            at: Timestamp::UNIX_EPOCH,
            actor: "filing".into(),
            act: "opened".into(),
            subject: subject.into(),
            detail: "{}".into(),
        }
    }

    fn export() -> Vec<ProofLine> {
        let first = [event(1, "ticket:1"), event(2, "ticket:2")];
        let sealed: Vec<AuditEvent> = first.iter().map(AuditEvent::from).collect();
        let one = seal_hash(&GENESIS, &sealed);
        let two = seal_hash(&one, &[]);
        vec![
            ProofLine::Header {
                format: FORMAT.into(),
                about: vec!["ticket:1".into()],
                made_at: Timestamp::UNIX_EPOCH,
                head: 2,
                head_hash: hex(&two),
            },
            ProofLine::Batch {
                batch: 1,
                previous: hex(&GENESIS),
                hash: hex(&one),
                events: first.to_vec(),
            },
            ProofLine::Link { batch: 2, previous: hex(&one), hash: hex(&two) },
            ProofLine::Event { batch: 1, position: 0, event: event(1, "ticket:1") },
            ProofLine::Unsealed { event: event(3, "ticket:1") },
        ]
    }

    fn text(lines: &[ProofLine]) -> String {
        let lines: Vec<String> =
            lines.iter().map(|line| serde_json::to_string(line).expect("JSON")).collect();
        lines.join("\n")
    }

    #[test]
    fn an_export_holds_without_the_database() {
        let found = check(&text(&export()));
        assert_eq!(found.misfits, Vec::<String>::new());
        assert_eq!((found.events, found.unsealed, found.batches), (1, 1, 1));
    }

    #[test]
    fn any_change_of_an_export_shows() {
        let whole = text(&export());
        for (from, to) in [
            ("filing", "nobody"),
            ("opened", "closed"),
            ("\"position\":0", "\"position\":1"),
            ("\"head\":2", "\"head\":3"),
            ("1970-01-01", "1971-01-01"),
        ] {
            let changed = whole.replace(from, to);
            assert_ne!(changed, whole, "{from}");
            assert!(!check(&changed).misfits.is_empty(), "{from} → {to}");
        }
        for left_out in [0, 1, 2, 3] {
            let mut lines = export();
            lines.remove(left_out);
            assert!(!check(&text(&lines)).misfits.is_empty(), "without line {left_out}");
        }
        assert!(!check("").misfits.is_empty());
        assert!(!check("{}").misfits.is_empty());
    }
}
