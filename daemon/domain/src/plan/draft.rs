//! The decision: from what was counted and what must be kept to the steps that a person is shown.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};
use sha2::{Digest as _, Sha256};

use super::{Action, Basis, Finding, Keep, Method, Part, Whose};

/// How many records there are of each part.
pub type Counts = BTreeMap<Part, i64>;

/// How long consent and destruction are shown after the end (152-FZ art. 9(3) with the Civil Code
/// art. 196; order 179 п. 8).
const PROOF_YEARS: i64 = 3;

/// What else is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whether an erasure of one of the addresses stands already.
    pub erased_before: bool,
    /// Whether an answer goes to one of the own addresses.
    pub has_reply_address: bool,
    /// Today, in the zone of the organisation.
    pub today: Date,
    /// Standing legal holds of the person or of the tickets.
    pub holds: u32,
    /// Other requests of the person that must be answered first.
    pub unanswered: u32,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The kind of record.
    pub part: Part,
    /// What is done to it.
    pub action: Action,
    /// How many there were.
    pub found: i64,
    /// Why it is kept.
    pub basis: Option<Basis>,
    /// Article and part; empty when it is not kept.
    pub law: String,
    /// The last day on which it is kept.
    pub until: Option<Date>,
}

/// A plan as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// How.
    pub method: Method,
    /// Whose data.
    pub whose: Whose,
    /// What of them was found.
    pub finding: Finding,
    /// The steps, in their order.
    pub steps: Vec<Step>,
}

/// Why no plan can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A legal hold stands.
    #[error("{0} legal hold(s) stand for this person: nothing is destroyed until they are lifted")]
    Held(u32),
    /// Somebody waits for an answer that needs the data.
    #[error(
        "{0} other request(s) of this person are open; answer or refuse them first; what the letter never \
         asked for ends with `consentry ticket correct CT-… --labels erasure`"
    )]
    Unanswered(u32),
}

/// What an execution would destroy that was not approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uncovered {
    /// Another method.
    Method,
    /// Another contact or other addresses.
    Person,
    /// A kind of record that was not there.
    Part(Part),
    /// Another reason to keep something.
    Keep(Part),
}

impl Uncovered {
    /// In one word.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Method => "method".to_owned(),
            Self::Person => "person".to_owned(),
            Self::Part(part) | Self::Keep(part) => part.name().to_owned(),
        }
    }
}

impl Draft {
    /// The plan for a person.
    ///
    /// # Errors
    /// [`PlanError`] when nothing may be destroyed now.
    pub fn make(
        method: Method,
        whose: Whose,
        counts: &Counts,
        keeps: &[Keep],
        facts: &Facts,
    ) -> Result<Self, PlanError> {
        if facts.holds > 0 {
            return Err(PlanError::Held(facts.holds));
        }
        if facts.unanswered > 0 {
            return Err(PlanError::Unanswered(facts.unanswered));
        }
        let count = |part: Part| counts.get(&part).copied().unwrap_or(0);
        let mut steps: Vec<Step> = Part::ALL
            .iter()
            .filter(|part| part.is_counted() && count(**part) > 0)
            .map(|part| step(method, *part, count(*part), keeps))
            .collect();
        steps.push(Step::done(Part::WebLogs, Action::Destroy, 0));
        let addresses = i64::try_from(whose.addresses.len()).unwrap_or(i64::MAX);
        let later = facts.today.saturating_add(PROOF_YEARS.years());
        // Who is still written to for what goes on is not kept from all mail.
        if addresses > 0 && !steps.iter().any(goes_on) {
            steps.push(Step {
                part: Part::Suppression,
                action: Action::Keep,
                found: addresses,
                basis: Some(Basis::Suppression),
                law: "38-FZ art. 18(1)".to_owned(),
                until: None,
            });
        }
        let consents_go = !keeps.iter().any(|keep| keep.part == Part::Consents);
        if count(Part::Consents) > 0 && consents_go {
            steps.push(Step {
                part: Part::ConsentProof,
                action: Action::Keep,
                found: count(Part::Consents),
                basis: Some(Basis::ProofOfConsent),
                law: "152-FZ art. 9(3); Civil Code art. 196".to_owned(),
                until: Some(later),
            });
        }
        steps.push(Step {
            part: Part::Act,
            action: Action::Keep,
            found: 1,
            basis: Some(Basis::ProofOfDestruction),
            law: "152-FZ art. 21(7); order 179 п. 8".to_owned(),
            until: Some(later),
        });
        if facts.has_reply_address {
            steps.push(Step {
                part: Part::ReplyAddress,
                action: Action::Keep,
                found: 1,
                basis: Some(Basis::Answer),
                law: "152-FZ art. 21".to_owned(),
                until: None,
            });
        }
        let more = |step: &Step| step.found > 0 && step.part.is_more_than_correspondence();
        let finding = match (steps.iter().any(more), facts.erased_before) {
            (true, _) => Finding::Held,
            (false, true) => Finding::ErasedBefore,
            (false, false) => Finding::NeverHeld,
        };
        Ok(Self { method, whose, finding, steps })
    }

    /// What is approved: method, whom, and all steps with their numbers and reasons.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let ids = |ids: Vec<i64>| ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let mut text = format!(
            "plan v1\n{}\n{}\n{}\n{}\n{}\n",
            self.method.name(),
            self.finding.name(),
            self.whose.contact.map_or_else(|| "-".to_owned(), |id| id.to_string()),
            ids(self.whose.addresses.iter().map(|id| id.0).collect()),
            ids(self.whose.tickets.iter().map(|id| id.0).collect()),
        );
        for step in &self.steps {
            // Lengths stand before free words: no two plans read the same.
            text.push_str(&format!(
                "{} {} {} {} {}:{} {}\n",
                step.part.name(),
                step.action.name(),
                step.found,
                step.basis.map_or("-", Basis::name),
                step.law.len(),
                step.law,
                step.until.map_or_else(|| "-".to_owned(), |day| day.to_string()),
            ));
        }
        Sha256::digest(text.as_bytes()).into()
    }

    /// What `now` would destroy that this plan does not show. Later records of the same parts are
    /// covered; another person, another kind of record or another reason to keep is not. A ticket
    /// that this plan does not show is no reason, either: it is not destroyed by it, and whoever
    /// writes once more must not be able to put off what was approved.
    #[must_use]
    pub fn uncovered(&self, now: &Self) -> Option<Uncovered> {
        if self.method != now.method {
            return Some(Uncovered::Method);
        }
        let same =
            self.whose.contact == now.whose.contact && self.whose.addresses == now.whose.addresses;
        if !same {
            return Some(Uncovered::Person);
        }
        for step in &now.steps {
            let held = self.steps.iter().find(|held| held.part == step.part);
            match held {
                None if step.found > 0 && step.part.is_told_apart() => {
                    return Some(Uncovered::Part(step.part));
                }
                Some(held) if held.action != step.action || held.basis != step.basis => {
                    return Some(Uncovered::Keep(step.part));
                }
                None | Some(_) => {}
            }
        }
        // What the law was to keep must still be kept.
        self.steps
            .iter()
            .filter(|held| held.basis == Some(Basis::Statutory))
            .find(|held| {
                !now.steps.iter().any(|step| step.part == held.part && step.law == held.law)
            })
            .filter(|held| now.steps.iter().any(|step| step.part == held.part))
            .map(|held| Uncovered::Keep(held.part))
    }

    /// The rules by which a law keeps something, as this plan has them.
    #[must_use]
    pub fn keeps(&self) -> Vec<Keep> {
        let ruled = |step: &&Step| {
            step.basis == Some(Basis::Statutory) && Part::KEEPABLE.contains(&step.part)
        };
        self.steps
            .iter()
            .filter(ruled)
            .map(|step| Keep {
                part: step.part,
                basis: Basis::Statutory,
                law: step.law.clone(),
                until: step.until,
            })
            .collect()
    }

    /// Whether a part is kept by a law.
    #[must_use]
    pub fn is_kept(&self, part: Part) -> bool {
        self.steps.iter().any(|step| step.part == part && step.basis == Some(Basis::Statutory))
    }

    /// Whether who it is stays with no last day, for a purpose that goes on: the rest is destroyed,
    /// and the person is not erased.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.steps.iter().any(goes_on)
    }

    /// Whether nothing of what was found is kept by a law.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.steps.iter().all(|step| step.basis != Some(Basis::Statutory))
    }
}

impl Part {
    /// Parts of which one more is something else than what was approved. Work, notices and
    /// exports come and go with our own doings.
    fn is_told_apart(self) -> bool {
        !matches!(
            self,
            Self::Tasks
                | Self::Notices
                | Self::Stops
                | Self::Blocks
                | Self::Notes
                | Self::Letters
                | Self::Deliveries
                | Self::ServerCopies
                | Self::Exports
                | Self::ReplyAddress
        )
    }
}

impl Step {
    fn done(part: Part, action: Action, found: i64) -> Self {
        Self { part, action, found, basis: None, law: String::new(), until: None }
    }
}

fn goes_on(step: &Step) -> bool {
    step.part == Part::Contact && step.basis == Some(Basis::Statutory) && step.until.is_none()
}

fn step(method: Method, part: Part, found: i64, keeps: &[Keep]) -> Step {
    let rule = keeps.iter().find(|keep| keep.part == part || part.kept_with() == Some(keep.part));
    if let Some(rule) = rule {
        return Step {
            part,
            action: Action::Keep,
            found,
            basis: Some(rule.basis),
            law: rule.law.clone(),
            until: rule.until,
        };
    }
    let action = match (part, method) {
        (Part::Exports, _) => Action::Tell,
        // What counts stays, without whatever tells who it was.
        (
            Part::Deliveries | Part::Tickets | Part::Consents | Part::Stops | Part::Disclosures,
            Method::Destroy,
        )
        | (
            Part::Contact
            | Part::Addresses
            | Part::Subscriptions
            | Part::Deliveries
            | Part::Tickets
            | Part::Consents
            | Part::Stops
            | Part::Disclosures,
            Method::Anonymise,
        ) => Action::Anonymise,
        _ => Action::Destroy,
    };
    Step::done(part, action, found)
}
