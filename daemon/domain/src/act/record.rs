//! The two documents of a destruction put together: the act with the hash of the extract in it.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::plan::Part;

use super::{ActFacts, ActNumber, ActPart, ActParty, ActPerson, ActSubject, ExtractLine, Method};

/// What the house says of itself in every act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActHouse {
    /// The operator, with its address (item а).
    pub operator: ActParty,
    /// The name of the system in which the data were (item ж).
    pub system: String,
    /// With what data are destroyed, if the executor names nothing else.
    pub tool: String,
    /// Names and posts of those whom the audit log knows by a word (item г).
    pub persons: Vec<ActPerson>,
    /// Whether an act shows the full name or other information (item в).
    pub shows: SubjectShown,
}

/// How an act tells whose data were destroyed: both are lawful (п. 3 подп. «в»).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SubjectShown {
    /// By the full name.
    Name,
    /// By other information: a code and part of a keyed digest. The least that proves it.
    #[default]
    Code,
}

/// The extract from the event log (п. 5). Its text is what is hashed, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extract {
    /// а: whose data; the log knows no names.
    pub subject: String,
    /// б: categories of data.
    pub categories: Vec<String>,
    /// в: the system.
    pub system: String,
    /// г: why.
    pub reason: String,
    /// The law that orders it.
    pub law: String,
    /// д: the day.
    pub destroyed_on: Date,
    /// What the log says, oldest first.
    pub lines: Vec<ExtractLine>,
}

impl Extract {
    /// Its one form as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Which items of п. 5 it lacks: they stand in the act (п. 6).
    #[must_use]
    pub fn lacks(&self, subject: &ActSubject) -> Vec<char> {
        let has = [
            ('а', !self.subject.is_empty() && subject.name.is_none()),
            ('б', !self.categories.is_empty()),
            ('в', !self.system.is_empty()),
            ('г', !self.reason.is_empty()),
            ('д', !self.lines.is_empty()),
        ];
        has.into_iter().filter(|(_, has)| !has).map(|(item, _)| item).collect()
    }
}

/// The act with its extract: one record, kept for three years.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Its number.
    pub number: String,
    /// When it was drawn up.
    pub made_at: Timestamp,
    /// а: the operator.
    pub operator: ActParty,
    /// б: processors; empty when there were none.
    pub processors: Vec<ActParty>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAct {
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
        let categories = match facts.categories.is_empty() {
            true => categories_of(&facts.parts),
            false => facts.categories.clone(),
        };
        let mut subject = facts.subject.clone();
        if house.shows == SubjectShown::Code {
            subject.name = None;
        }
        let digest = subject.digest.as_ref().map(|digest| format!(", HMAC {digest}"));
        let extract = Extract {
            subject: format!("{}{}", subject.code, digest.unwrap_or_default()),
            categories: categories.clone(),
            system: house.system.clone(),
            reason: facts.reason.clone(),
            law: facts.law.clone(),
            destroyed_on: on,
            lines,
        };
        let text = extract.to_text();
        let hash = Sha256::digest(text.as_bytes());
        Ok(Self {
            number: number.to_string(),
            made_at: now,
            operator: house.operator.clone(),
            processors: facts.processors.clone(),
            stands_in_for: extract.lacks(&subject),
            subject,
            executed_by: persons(&facts.executed_by, &house.persons),
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
            extract: text,
            extract_sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            kept_until: super::kept_until(on),
        })
    }

    /// The extract as data; none when the text was changed since it was hashed.
    #[must_use]
    pub fn opened_extract(&self) -> Option<Extract> {
        let hash = Sha256::digest(self.extract.as_bytes());
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        if hex != self.extract_sha256 {
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

/// The persons behind the words of the audit log, each once; who is not in the configuration
/// stands with that word.
fn persons(actors: &[String], known: &[ActPerson]) -> Vec<ActPerson> {
    let mut found: Vec<ActPerson> = Vec::new();
    for actor in actors {
        if found.iter().any(|person| person.actor == *actor) {
            continue;
        }
        let person = known.iter().find(|person| person.actor == *actor).cloned();
        found.push(person.unwrap_or_else(|| ActPerson {
            actor: actor.clone(),
            name: actor.clone(),
            post: String::new(),
        }));
    }
    found
}

/// The categories of data that were in the parts that something was done to.
#[must_use]
pub fn categories_of(parts: &[ActPart]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let done = parts.iter().filter(|part| part.done > 0);
    for category in done.flat_map(|part| categories_in(&part.part)) {
        if !found.iter().any(|known| known == category) {
            found.push((*category).to_owned());
        }
    }
    found
}

/// The categories of data in one kind of record.
fn categories_in(part: &str) -> &'static [&'static str] {
    match Part::from_name(part) {
        Some(Part::Contact) => &["name", "email", "phone", "attributes"],
        Some(Part::Addresses | Part::ReplyAddress) => &["email"],
        Some(Part::Subscriptions | Part::OptIns) => &["email", "subscriptions"],
        Some(Part::Consents | Part::ConsentProof) => &["consents", "network"],
        Some(Part::Submissions) => &["name", "email", "letters"],
        Some(Part::RawMail | Part::ServerCopies) => &["name", "email", "letters", "attachments"],
        Some(Part::Letters | Part::Deliveries) => &["email", "deliveries"],
        Some(Part::Notes) => &["notes"],
        Some(Part::Packages | Part::Exports) => &["name", "email", "phone", "attributes"],
        Some(Part::Notices) => &["name", "email", "phone"],
        Some(Part::Disclosures) => &["transfers"],
        Some(Part::WebLogs) => &["network"],
        // Ids and digests: no category of their own.
        Some(
            Part::Tickets
            | Part::Blocks
            | Part::Stops
            | Part::Tasks
            | Part::Suppression
            | Part::Act,
        ) => &[],
        None => &["other"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AuditEventId, ContactId, PlanId, RequestId, TicketId};

    fn facts() -> ActFacts {
        ActFacts {
            plan: PlanId(3),
            request: RequestId(5),
            ticket: TicketId(7),
            ticket_number: "CT-7K3M9QXW".into(),
            regimes: vec!["ru-152fz".into()],
            subject: ActSubject::new(Some(ContactId(17)), "CT-7K3M9QXW", None)
                .named(Some("Анна Орлова".into())),
            processors: Vec::new(),
            executed_by: vec!["anna".into(), "consentry".into(), "anna".into()],
            categories: Vec::new(),
            method: Method::Destroy,
            tool: String::new(),
            reason: "erasure".into(),
            law: "152-FZ art. 21(5)".into(),
            destroyed_at: Timestamp::UNIX_EPOCH,
            parts: vec![ActPart {
                part: "contact".into(),
                action: "destroy".into(),
                found: 1,
                done: 1,
                kept: 0,
                basis: String::new(),
                law: String::new(),
                keep_until_on: None,
                done_at: None,
            }],
        }
    }

    fn house(shows: SubjectShown) -> ActHouse {
        ActHouse {
            operator: ActParty { name: "ООО".into(), address: "Москва".into() },
            system: "Consentry".into(),
            tool: "Consentry 1".into(),
            persons: vec![ActPerson {
                actor: "anna".into(),
                name: "А. П. Белова".into(),
                post: "специалист".into(),
            }],
            shows,
        }
    }

    fn lines() -> Vec<ExtractLine> {
        vec![ExtractLine {
            event: AuditEventId(9),
            at: Timestamp::UNIX_EPOCH,
            actor: "consentry".into(),
            act: "destroyed".into(),
            about: "plan:3".into(),
            detail: "{}".into(),
        }]
    }

    fn drawn(shows: SubjectShown) -> Act {
        let on = jiff::civil::date(2026, 11, 23);
        let number = ActNumber::next(2026, None);
        Act::draw_up(number, &facts(), &house(shows), lines(), on, Timestamp::UNIX_EPOCH)
            .expect("drawn up")
    }

    #[test]
    fn the_act_holds_the_hash_of_the_extract_and_shows_any_change_of_it() {
        let mut act = drawn(SubjectShown::Code);
        assert!(act.opened_extract().is_some());
        act.extract = act.extract.replace("destroyed", "kept");
        assert!(act.opened_extract().is_none());
    }

    #[test]
    fn a_name_stands_in_the_act_alone_and_only_where_names_were_chosen() {
        let code = drawn(SubjectShown::Code);
        assert_eq!(code.subject.name, None);
        assert!(code.stands_in_for.is_empty());
        let name = drawn(SubjectShown::Name);
        assert_eq!(name.subject.name.as_deref(), Some("Анна Орлова"));
        assert_eq!(name.stands_in_for, ['а']);
        assert!(!name.extract.contains("Орлова"));
    }

    #[test]
    fn who_destroyed_stands_once_with_name_and_post() {
        let act = drawn(SubjectShown::Code);
        let names: Vec<_> = act.executed_by.iter().map(|person| person.name.as_str()).collect();
        assert_eq!(names, ["А. П. Белова", "consentry"]);
        assert_eq!(act.categories, ["name", "email", "phone", "attributes"]);
    }

    #[test]
    fn without_events_there_is_no_act() {
        let (number, on) = (ActNumber::next(2026, None), jiff::civil::date(2026, 11, 23));
        let house = house(SubjectShown::Code);
        let at = Timestamp::UNIX_EPOCH;
        let none = Act::draw_up(number, &facts(), &house, Vec::new(), on, at);
        assert_eq!(none, Err(NoAct::NoEvents));
    }
}
