//! What outlives a destruction and stands outside the database, too; and what a law keeps until
//! its day.
//!
//! Acts, proofs of consent and what the approved plan keeps by a law are sealed records. Their
//! files lie beside the stop journal, so that a backup from before the destruction does not undo
//! what was proven after it: a restore puts back what its database does not know, and the
//! destruction that is done again keeps what was kept. On the day after the last one what was
//! kept goes the way that was approved with the plan.

use std::collections::BTreeSet;

use domain::{
    Timestamp,
    authentication::SenderAuthentication,
    block::Scope,
    ids::{ContactId, PlanId, TicketId, VaultKeyId},
    plan::{Draft, Method, Part, Whose},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    Session, Transaction,
    blocks::NewBlock,
    destruction::{self, Kept, Known},
    kept_records::{KeptKind, KeptRow},
    outliving::Outliving,
    restorations,
};
use vault::{ProofFiles, VaultError};

use crate::{Cases, CasesError, acts::SEAL_CONTEXT};

/// Why what is kept of somebody stays blocked.
const BASIS: &str = "destroyed partly; the rest is kept by law";
/// The task: a day is over, and something new was begun with the person.
const IS_OVER: &str = "keep_is_over";

/// What a law keeps of a destroyed person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Statutory {
    /// The entry of the destruction in the stop journal.
    journal: String,
    whose: Whose,
    part: String,
    /// Whether the ids are those of a database that was restored since.
    #[serde(default)]
    adopted: bool,
}

/// The scope of a destruction in the stop journal.
pub(crate) fn erasure_scope(whose: &Whose, ticket: TicketId) -> String {
    let of = whose
        .contact
        .map_or_else(|| format!("ticket:{ticket}"), |contact| format!("contact:{contact}"));
    format!("suppression:erased {of}")
}

fn keep(kept: &mut Kept, part: Part) {
    match part {
        Part::Contact => kept.contact = true,
        Part::Submissions => kept.submissions = true,
        Part::Letters => kept.letters = true,
        Part::Consents => kept.consents = true,
        _ => {}
    }
}

impl Cases {
    /// What the records of a plan say that a law keeps, one for each part.
    pub(crate) async fn statutory_of(
        &self,
        draft: &Draft,
        ticket: TicketId,
    ) -> Result<Vec<(Part, Vec<u8>)>, CasesError> {
        let scope = erasure_scope(&draft.whose, ticket);
        let journal = store::outliving::journal_id(self.store(), &scope).await?.unwrap_or_default();
        let of = |part: Part| Statutory {
            journal: journal.clone(),
            whose: draft.whose.clone(),
            part: part.name().to_owned(),
            adopted: false,
        };
        let parts = draft.keeps().into_iter().map(|keep| keep.part);
        parts
            .map(|part| {
                let plain = serde_json::to_vec(&of(part)).map_err(|_| CasesError::Content)?;
                Ok((part, plain))
            })
            .collect()
    }

    /// What is kept of somebody by law stays blocked: nothing else happens with it.
    pub(crate) async fn block_what_is_kept(
        &self,
        transaction: &Transaction,
        contact: ContactId,
        ticket: Option<TicketId>,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        if store::outliving::is_blocked(transaction, contact).await? {
            return Ok(());
        }
        let block = NewBlock {
            scope: &Scope::Full,
            address: None,
            stop_digest: None,
            contact: Some(contact),
            ticket,
            submission: None,
            basis: BASIS,
            authentication: SenderAuthentication::Pass,
        };
        store::blocks::set(transaction, &block, now).await?;
        Ok(())
    }

    fn proof_files(&self) -> Option<ProofFiles> {
        self.parts.settings.requests.proofs.as_deref().map(ProofFiles::new)
    }

    /// Writes what outlives a plan beside the database; repeating it is harmless.
    pub(crate) async fn keep_outside(&self, plan: PlanId) -> Result<(), CasesError> {
        let Some(files) = self.proof_files() else { return Ok(()) };
        let kept = store::outliving::of_plan(self.store(), plan).await?;
        let mut written = Vec::new();
        for one in kept {
            let bytes = serde_json::to_vec(&one).map_err(|_| CasesError::Content)?;
            written.push((one.vault_key_id, bytes));
        }
        in_files(move || written.iter().try_for_each(|(name, bytes)| files.keep(name, bytes))).await
    }

    /// Removes the file of a record whose day has come.
    pub(crate) async fn forget_outside(&self, key: VaultKeyId) -> Result<(), CasesError> {
        let Some(files) = self.proof_files() else { return Ok(()) };
        in_files(move || files.remove(&key.to_string())).await
    }

    /// After a restore: the records that the database does not know, if their keys still stand;
    /// returns how many.
    pub(crate) async fn put_back_outliving(&self) -> Result<u64, CasesError> {
        let Some(files) = self.proof_files() else { return Ok(0) };
        let mut back = 0;
        for bytes in in_files(move || files.all()).await? {
            let one: Outliving = serde_json::from_slice(&bytes).map_err(|_| CasesError::Content)?;
            let key = VaultKeyId::parse(&one.vault_key_id).map_err(|_| CasesError::Content)?;
            if !self.parts.vault.key_exists(key).await? {
                continue;
            }
            let transaction = self.store().begin().await?;
            back += u64::from(store::outliving::put_back(&transaction, &one).await?);
            transaction.commit().await?;
        }
        Ok(back)
    }

    /// What the plan of a destruction kept that is done again.
    pub(crate) async fn kept_by_law(
        &self,
        session: &impl Session,
        journal: &str,
    ) -> Result<(Kept, Vec<(KeptRow, Statutory)>), CasesError> {
        let mut kept = Kept::default();
        let mut rows = Vec::new();
        for row in store::kept_records::standing(session, KeptKind::Statutory).await? {
            let Some(known) = self.open_kept::<Statutory>(&row).await? else { continue };
            if known.journal == journal && !journal.is_empty() {
                if let Some(part) = Part::from_name(&known.part) {
                    keep(&mut kept, part);
                }
                rows.push((row, known));
            }
        }
        Ok((kept, rows))
    }

    /// The ids that a restored database has for whom something is kept.
    pub(crate) async fn adopt_kept(
        &self,
        transaction: &Transaction,
        rows: &[(KeptRow, Statutory)],
        whose: &Whose,
    ) -> Result<(), CasesError> {
        for (row, known) in rows.iter().filter(|(row, _)| row.plan.is_none()) {
            let known = Statutory { whose: whose.clone(), adopted: true, ..known.clone() };
            let plain = serde_json::to_vec(&known).map_err(|_| CasesError::Content)?;
            let entropy = &*self.parts.entropy;
            let sealed =
                self.parts.vault.seal(row.vault_key, SEAL_CONTEXT, &plain, entropy).await?;
            let sha256 = Sha256::digest(&plain).into();
            store::outliving::rewrite(transaction, row.id, &sealed, sha256).await?;
        }
        Ok(())
    }

    /// The day of what a law kept is over: it is destroyed as the plan said. `false` when a person
    /// must look first: a hold stands, or something new was begun with whom it is about.
    pub(crate) async fn end_statutory(
        &self,
        row: &KeptRow,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        let Some(known) = self.open_kept::<Statutory>(row).await? else { return Ok(true) };
        if row.plan.is_none() && !known.adopted {
            // Of a database that is no more: nobody here is meant.
            return Ok(true);
        }
        let whose = &known.whose;
        let today = now.to_zoned(self.parts.settings.zone.clone()).date();
        let (_, others) = self.kept_by_law(self.store(), &known.journal).await?;
        let mut remaining = Kept::default();
        for (_, other) in
            others.iter().filter(|(other, _)| other.id != row.id && other.destroy_on > today)
        {
            if let Some(part) = Part::from_name(&other.part) {
                keep(&mut remaining, part);
            }
        }
        let transaction = self.store().begin().await?;
        if !self.may_end(&transaction, row, whose, now).await? {
            transaction.commit().await?;
            return Ok(false);
        }
        let plan = row.plan.unwrap_or(PlanId(0));
        if row.plan.is_some() {
            destruction::collect(&transaction, whose, plan, remaining).await?;
        } else if !(remaining.submissions || remaining.letters) {
            for key in restorations::keys_of(&transaction, whose).await? {
                let Ok(key) = VaultKeyId::parse(&key) else { continue };
                self.parts.vault.destroy_key(key).await?;
            }
        }
        let of = (plan, Method::Destroy);
        destruction::empty(&transaction, whose, of, remaining, None, now).await?;
        transaction.commit().await?;
        if row.plan.is_some() {
            self.destroy_vaulted(&[plan]).await?;
            let transaction = self.store().begin().await?;
            destruction::mark_destroyed(&transaction, plan, now).await?;
            transaction.commit().await?;
        }
        Ok(true)
    }

    /// Whether nothing stands against it; else a task asks a person, once.
    async fn may_end(
        &self,
        transaction: &Transaction,
        row: &KeptRow,
        whose: &Whose,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        let by = Known { contact: whose.contact, address: None, ticket: TicketId(0) };
        let found = destruction::find(transaction, by).await?.whose;
        let known: BTreeSet<_> = whose.tickets.iter().collect();
        let counts =
            destruction::counting::counts(transaction, whose, row.plan, Method::Destroy).await?;
        let is_new = found.tickets.iter().any(|ticket| !known.contains(ticket))
            || counts.contains_key(&Part::Subscriptions);
        if !is_new && destruction::standing_holds(transaction, whose).await? == 0 {
            return Ok(true);
        }
        if let Some(ticket) = whose.tickets.first() {
            let about = format!("kept_record:{}", row.id);
            store::tasks::open_once(transaction, IS_OVER, *ticket, &about, now).await?;
        }
        Ok(false)
    }
}

async fn in_files<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, CasesError> {
    let unavailable = |source: Box<dyn std::error::Error + Send + Sync>| {
        CasesError::Vault(VaultError::Unavailable {
            operation: "keep",
            place: "the proofs beside the database".into(),
            source,
        })
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| unavailable(Box::new(error))),
        Err(ended) => Err(unavailable(Box::new(ended))),
    }
}
