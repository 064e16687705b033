//! Acts of destruction: begun before anything is destroyed, completed when all is verified.
//!
//! The executor of a plan calls [`Cases::open_act`] with whom it is about (afterwards nobody knows
//! the name), and [`Cases::record_act`] in the transaction that ends the plan: no act, no end.
//! Both documents are one kept record under a key of its own, destroyed after three years. What goes
//! after the act was drawn up is told by a supplement to it ([`Cases::wipe_destroyed`]); what a law
//! kept, by an act of its own when its day is over ([`Cases::destroy_due_records`]).

mod due;
mod late;
mod listing;
mod speaking;
mod supplementing;

pub(crate) use late::LateWords;
pub use listing::ActListing;
pub(crate) use supplementing::FORGOTTEN;

use domain::{
    Timestamp,
    act::{Act, ActFacts, ActNumber, ActParty, ActPerson, ActSubject, ExtractLine, kept_until},
    ambient::random_bytes,
    ids::{PlanId, RequestId, VaultKeyId},
};
use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    Session, Transaction,
    kept_records::{KeptKind, KeptRow, NewKept},
};
use vault::VaultError;

use crate::{Cases, CasesError};

/// The context under which the content of kept records is sealed.
pub const SEAL_CONTEXT: &str = "kept_record.content";
/// Why an act is kept, and the rule that says so.
const BASIS: &str = "proof_of_destruction";
const LAW: &str = "152-FZ art. 21(7), order 179 p. 8";

/// What is known before the destruction and must still be known after it.
#[derive(Serialize, Deserialize)]
struct Begun {
    subject: ActSubject,
    /// What the configuration said then: a line that is taken out later keeps no act from being
    /// drawn up.
    #[serde(default)]
    operator: Option<ActParty>,
    #[serde(default)]
    persons: Vec<ActPerson>,
}

impl Cases {
    /// The key of the act of a plan: that of the act begun, or a fresh one, durable on return.
    /// Call it before the transaction begins.
    ///
    /// # Errors
    /// [`CasesError::Store`], [`CasesError::Vault`].
    pub async fn key_of_act(&self, plan: PlanId) -> Result<VaultKeyId, CasesError> {
        if let Some(begun) = store::kept_records::act_of_plan(self.store(), plan).await? {
            return Ok(begun.vault_key);
        }
        let entropy = &*self.parts.entropy;
        let key = VaultKeyId::new(self.parts.clock.now(), random_bytes(entropy));
        self.parts.vault.create_key(key, entropy).await?;
        Ok(key)
    }

    /// Begins the act of a plan, before anything is destroyed. Doing it again is harmless.
    ///
    /// # Errors
    /// [`CasesError::Store`], [`CasesError::Vault`].
    pub async fn open_act(
        &self,
        transaction: &Transaction,
        plan: PlanId,
        subject: &ActSubject,
        key: VaultKeyId,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        if store::kept_records::act_of_plan(transaction, plan).await?.is_some() {
            return Ok(());
        }
        let (mut subject, house) = (subject.clone(), self.act_house());
        if house.shows == domain::act::SubjectShown::Code {
            subject.name = None;
        }
        let begun = Begun { subject, operator: Some(house.operator), persons: house.persons };
        let plain = serde_json::to_vec(&begun).map_err(|_| CasesError::Content)?;
        let sealed = self.seal_kept(key, &plain).await?;
        let today = now.to_zoned(self.parts.settings.zone.clone()).date();
        let new = NewKept {
            plan: Some(plan),
            kind: KeptKind::Act,
            basis: BASIS,
            law: LAW,
            stop: None,
            content: &sealed,
            vault_key: key,
            sha256: Sha256::digest(&plain).into(),
            destroy_on: day_after(kept_until(today)),
        };
        store::kept_records::keep(transaction, &new, now).await?;
        Ok(())
    }

    /// Draws up act and extract of a plan that is carried out and verified, and gives the act its
    /// number. Doing it again returns the number that it has.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`destruction_proven`) when one of the two documents could not say
    /// what it must: the destruction is then not proven, and the plan must not end.
    pub async fn record_act(
        &self,
        transaction: &Transaction,
        (plan, request): (PlanId, RequestId),
        facts: &ActFacts,
        key: VaultKeyId,
        now: Timestamp,
    ) -> Result<ActNumber, CasesError> {
        self.open_act(transaction, plan, &facts.subject, key, now).await?;
        let begun = store::kept_records::act_of_plan(transaction, plan)
            .await?
            .ok_or_else(|| not_there(plan))?;
        if let Some(number) = begun.number {
            return Ok(number);
        }
        let zone = self.parts.settings.zone.clone();
        let on = facts.destroyed_at.to_zoned(zone.clone()).date();
        let (mut facts, mut house) = (facts.clone(), self.act_house());
        if let Some(known) = self.open_kept::<Begun>(&begun).await? {
            facts.subject = known.subject;
            house = house.or_as_known(known.operator, known.persons);
        }
        if facts.processors.is_empty() {
            let told = store::register::processors_of(transaction, plan).await?;
            let party = |(name, address)| ActParty { name, address };
            facts.processors = told.into_iter().map(party).collect();
        }
        if facts.informed.is_empty() {
            facts.informed = speaking::informed_of(transaction, plan).await?;
        }
        // Whoever decided had it destroyed; the plan's maker comes after.
        if let Some(decided_by) = store::register::decided_by(transaction, request).await? {
            facts.executed_by.insert(0, decided_by);
        }
        let subjects = [format!("plan:{plan}"), format!("request:{request}")];
        let lines = extract_of(transaction, &subjects).await?;
        let year = now.to_zoned(zone).date().year();
        let number =
            ActNumber::next(year, store::kept_records::last_number(transaction, year).await?);
        let act = Act::draw_up(number, &facts, &house, lines, on, now)
            .map_err(|none| refused(&none.to_string()))?;
        let plain = serde_json::to_vec(&act).map_err(|_| CasesError::Content)?;
        let sealed = self.seal_kept(begun.vault_key, &plain).await?;
        let sha256: [u8; 32] = Sha256::digest(&plain).into();
        let until = day_after(act.kept_until);
        let content = (sealed.as_slice(), sha256);
        store::kept_records::complete_act(transaction, begun.id, number, content, until).await?;
        let detail = serde_json::json!({
            "number": number.to_string(), "sha256": hex::encode(sha256),
            "extract_sha256": act.extract_sha256, "events": act.opened_extract().map(|e| e.lines.len()),
        });
        let subject = format!("plan:{plan}");
        store::audit::append(transaction, "consentry", "act_drawn_up", &subject, &detail, now)
            .await?;
        Ok(number)
    }

    async fn seal_kept(&self, key: VaultKeyId, plain: &[u8]) -> Result<Vec<u8>, CasesError> {
        Ok(self.parts.vault.seal(key, SEAL_CONTEXT, plain, &*self.parts.entropy).await?)
    }

    /// The content of a kept record as below, and nothing where its key is gone: a restored database knows the record still.
    pub(crate) async fn open_standing<T: for<'a> Deserialize<'a>>(
        &self,
        row: &KeptRow,
    ) -> Result<Option<T>, CasesError> {
        match self.open_kept(row).await {
            Err(CasesError::Vault(VaultError::KeyDestroyed { .. })) => Ok(None),
            opened => opened,
        }
    }

    /// The content of a kept record, if it is what was sealed and of this form.
    pub(crate) async fn open_kept<T: for<'a> Deserialize<'a>>(
        &self,
        row: &KeptRow,
    ) -> Result<Option<T>, CasesError> {
        let Some(sealed) = row.content.as_deref() else { return Ok(None) };
        let plain = self.parts.vault.open_sealed(SEAL_CONTEXT, sealed).await?;
        if <[u8; 32]>::from(Sha256::digest(&plain)) != row.sha256 {
            let reason = "a kept record does not have the hash it was written down with";
            return Err(CasesError::Refused { rule: "act_unchanged", reason: reason.to_owned() });
        }
        Ok(serde_json::from_slice(&plain).ok())
    }
}

/// What the audit log says of a destruction, oldest first; nothing without an event of the first of
/// the subjects, since then nothing is proven.
async fn extract_of(
    session: &impl Session,
    subjects: &[String],
) -> Result<Vec<ExtractLine>, CasesError> {
    let events = store::audit::of_subjects(session, subjects).await?;
    if !events.iter().any(|placed| subjects.first() == Some(&placed.event.subject)) {
        return Ok(Vec::new());
    }
    let line = |placed: store::audit::PlacedEvent| ExtractLine {
        event: placed.event.id,
        at: placed.event.at,
        actor: placed.event.actor,
        act: placed.event.act,
        about: placed.event.subject,
        detail: placed.event.detail,
    };
    Ok(events.into_iter().map(line).collect())
}

fn day_after(date: Date) -> Date {
    date.saturating_add(1.day())
}

fn refused(reason: &str) -> CasesError {
    CasesError::Refused { rule: "destruction_proven", reason: reason.to_owned() }
}

fn not_there(plan: PlanId) -> CasesError {
    CasesError::NotFound { what: "plan", id: plan.to_string() }
}
