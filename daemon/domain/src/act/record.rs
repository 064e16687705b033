//! The two documents of a destruction put together: the act with the hash of the extract in it.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    ActFacts, ActHouse, ActInformed, ActNumber, ActPart, ActParty, ActPerson, ActSubject, Extract,
    ExtractLine, Lack, Method, SubjectShown,
    categories::categories_of,
    extract::{extract_subject, hex_of},
    house::DAEMON,
};

/// Which act of a destruction it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// The act of a plan, drawn up once all was asked again, before the answer left.
    #[default]
    Act,
    /// A supplement to an act: what was needed for the answer is gone, and the database holds no
    /// trace of what it emptied.
    Supplement {
        /// The number of the act.
        to: String,
    },
    /// An act of what a law kept until its day.
    Late {
        /// The number of the act of the plan that kept it, where it is known.
        after: Option<String>,
    },
}

/// The act with its extract: one record, kept for three years.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Its number.
    pub number: String,
    /// Which act it is.
    #[serde(default)]
    pub kind: ActKind,
    /// When it was drawn up.
    pub made_at: Timestamp,
    /// When everything was asked for once more, and nothing was found but what stands here as kept.
    #[serde(default)]
    pub asked_again_at: Option<Timestamp>,
    /// When the database had let go of what was emptied (its log, freed pages); none while that is
    /// owed, so that a supplement tells it.
    #[serde(default)]
    pub wiped_at: Option<Timestamp>,
    /// Whether the server of the database keeps its log or archives of it by itself, out of reach of
    /// the product: then nothing stands as beyond restoring.
    #[serde(default)]
    pub server_keeps_log: bool,
    /// а: the operator.
    pub operator: ActParty,
    /// б: processors; empty when there were none.
    pub processors: Vec<ActParty>,
    /// Who was told of the destruction, and what they answered.
    #[serde(default)]
    pub informed: Vec<ActInformed>,
    /// в: whose data.
    pub subject: ActSubject,
    /// г: who destroyed.
    pub executed_by: Vec<ActPerson>,
    /// д: categories of data, as words.
    pub categories: Vec<String>,
    /// ж: the system.
    pub system: String,
    /// з: how.
    pub method: Method,
    /// With what.
    pub tool: String,
    /// и: why, in the word of the request.
    pub reason: String,
    /// The law that orders it.
    pub law: String,
    /// к: the day.
    pub destroyed_on: Date,
    /// The instant on which the last part was destroyed.
    pub destroyed_at: Timestamp,
    /// What became of what, and why something is kept.
    pub parts: Vec<ActPart>,
    /// The ticket.
    pub ticket: String,
    /// The regimes that protect this person.
    pub regimes: Vec<String>,
    /// The extract, in its one form as text.
    pub extract: String,
    /// SHA-256 of that text, in hex.
    pub extract_sha256: String,
    /// Items of п. 5 that the extract lacks and this act therefore has (п. 6).
    pub stands_in_for: Vec<char>,
    /// The last day on which both are kept.
    pub kept_until: Date,
}

/// Why there is no act: without one of the two documents the destruction is not proven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAct {
    /// The configuration does not tell what an act must say.
    #[error(transparent)]
    Lacks(#[from] Lack),
    /// Nobody has destroyed: the daemon is nobody.
    #[error("an act names at least one person who destroyed, and none is known")]
    Nobody,
    /// Of some kind of record more was destroyed and kept than found.
    #[error("of `{0}` more was destroyed or kept than found")]
    Sum(String),
    /// The audit log says nothing of this plan.
    #[error("the audit log has no event of this destruction, so there is no extract")]
    NoEvents,
}

impl Act {
    /// Puts both documents together. `on` is the day of the destruction where the operator is.
    ///
    /// # Errors
    /// [`NoAct`] when one of the two could not say what it must.
    pub fn draw_up(
        number: ActNumber,
        facts: &ActFacts,
        house: &ActHouse,
        lines: Vec<ExtractLine>,
        on: Date,
        now: Timestamp,
    ) -> Result<Self, NoAct> {
        if lines.is_empty() {
            return Err(NoAct::NoEvents);
        }
        house.can_say(facts.executed_by.iter().map(String::as_str))?;
        let executed_by = persons(&facts.executed_by, house);
        if executed_by.is_empty() {
            return Err(NoAct::Nobody);
        }
        adds_up(&facts.parts)?;
        let categories = match facts.categories.is_empty() {
            true => categories_of(&facts.parts),
            false => facts.categories.clone(),
        };
        let mut subject = facts.subject.clone();
        if house.shows == SubjectShown::Code {
            subject.name = None;
        }
        let extract = Extract {
            subject: extract_subject(&subject),
            categories: categories.clone(),
            system: house.system.clone(),
            reason: facts.reason.clone(),
            law: facts.law.clone(),
            destroyed_on: on,
            lines,
        };
        let text = extract.to_text();
        Ok(Self {
            number: number.to_string(),
            kind: ActKind::Act,
            made_at: now,
            asked_again_at: facts.asked_again_at,
            wiped_at: None,
            server_keeps_log: false,
            operator: house.operator.clone(),
            processors: facts.processors.clone(),
            informed: facts.informed.clone(),
            stands_in_for: extract.lacks(&subject),
            subject,
            executed_by,
            categories,
            system: house.system.clone(),
            method: facts.method,
            tool: if facts.tool.is_empty() { house.tool.clone() } else { facts.tool.clone() },
            reason: facts.reason.clone(),
            law: facts.law.clone(),
            destroyed_on: on,
            destroyed_at: facts.destroyed_at,
            parts: facts.parts.clone(),
            ticket: facts.ticket_number.clone(),
            regimes: facts.regimes.clone(),
            extract_sha256: hex_of(&text),
            extract: text,
            kept_until: super::kept_until(on),
        })
    }

    /// What a law kept until its day is gone, and the database holds no trace of it since
    /// `wiped_at`: the act of that, after the act of the plan.
    #[must_use]
    pub fn late(self, after: Option<ActNumber>, wiped_at: Timestamp) -> Self {
        let after = after.map(|number| number.to_string());
        Self { kind: ActKind::Late { after }, wiped_at: Some(wiped_at), ..self }
    }

    /// A supplement to this act: `parts` went after it was drawn up, and the database holds no
    /// trace since `wiped_at`. `lines` are the events of the log since then, `on` the day.
    ///
    /// # Errors
    /// [`NoAct`] when it could not say what it must.
    pub fn supplement(
        &self,
        number: ActNumber,
        parts: Vec<ActPart>,
        lines: Vec<ExtractLine>,
        (asked_again_at, wiped_at): (Option<Timestamp>, Timestamp),
        on: Date,
        now: Timestamp,
    ) -> Result<Self, NoAct> {
        if lines.is_empty() {
            return Err(NoAct::NoEvents);
        }
        adds_up(&parts)?;
        let mut categories = categories_of(&parts);
        if categories.is_empty() {
            // Nothing but traces went: they were of what the act names.
            categories.clone_from(&self.categories);
        }
        let extract = Extract {
            subject: extract_subject(&self.subject),
            categories: categories.clone(),
            system: self.system.clone(),
            reason: self.reason.clone(),
            law: self.law.clone(),
            destroyed_on: on,
            lines,
        };
        let text = extract.to_text();
        Ok(Self {
            number: number.to_string(),
            kind: ActKind::Supplement { to: self.number.clone() },
            made_at: now,
            asked_again_at,
            wiped_at: Some(wiped_at),
            informed: Vec::new(),
            stands_in_for: extract.lacks(&self.subject),
            categories,
            destroyed_on: on,
            destroyed_at: wiped_at,
            parts,
            extract_sha256: hex_of(&text),
            extract: text,
            kept_until: super::kept_until(on),
            ..self.clone()
        })
    }

    /// Kinds of record that were still there when it was drawn up and go once the answer has left.
    pub fn waiting(&self) -> impl Iterator<Item = &ActPart> {
        let answer = crate::plan::Basis::Answer.name();
        self.parts.iter().filter(move |part| part.basis == answer && part.kept > 0)
    }

    /// The extract as data; none when the text was changed since it was hashed.
    #[must_use]
    pub fn opened_extract(&self) -> Option<Extract> {
        if hex_of(&self.extract) != self.extract_sha256 {
            return None;
        }
        serde_json::from_str(&self.extract).ok()
    }

    /// Whether an English record stands beside the act.
    #[must_use]
    pub fn has_english_record(&self) -> bool {
        self.regimes.iter().any(|regime| regime == "eu-gdpr")
    }
}

/// The persons behind the words of the audit log, each once.
fn persons(actors: &[String], house: &ActHouse) -> Vec<ActPerson> {
    let mut found: Vec<ActPerson> = Vec::new();
    for actor in actors.iter().filter(|actor| *actor != DAEMON) {
        if !found.iter().any(|person| person.actor == *actor) {
            found.extend(house.person(actor).cloned());
        }
    }
    found
}

/// Of every kind of record as much was found as was destroyed and is kept.
fn adds_up(parts: &[ActPart]) -> Result<(), NoAct> {
    match parts.iter().find(|part| part.found != part.done + part.kept) {
        Some(part) => Err(NoAct::Sum(part.part.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
