//! What outlives a destruction and stands outside the database, too; and what a law keeps until
//! its day.
//!
//! Acts, proofs of consent and what the approved plan keeps by a law are sealed records. Their
//! files lie beside the stop journal, so that a backup from before the destruction does not undo
//! what was proven after it: a restore puts back what its database does not know, and the
//! destruction that is done again keeps what was kept. On the day after the last one what was
//! kept goes the way that was approved with the plan.

mod again;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Timestamp,
    authentication::SenderAuthentication,
    block::Scope,
    ids::{ContactId, KeptRecordId, PlanId, TicketId, VaultKeyId},
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

use crate::{
    Cases, CasesError,
    acts::{LateWords, SEAL_CONTEXT},
    failpoint,
};

/// Why what is kept of somebody stays blocked.
const BASIS: &str = "destroyed partly; the rest is kept by law";
/// The task: a day is over, and something new was begun with the person.
const IS_OVER: &str = "keep_is_over";

/// What a law keeps of a destroyed person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Statutory {
    /// The entry of the destruction in the stop journal.
    journal: String,
    pub(crate) whose: Whose,
    part: String,
    /// Whether the ids are those of a database that was restored since.
    #[serde(default)]
    adopted: bool,
    /// What the act of its end says.
    #[serde(default)]
    pub(crate) words: Option<LateWords>,
}

impl Statutory {
    fn part(&self) -> Option<Part> {
        Part::from_name(&self.part)
    }
}

/// The event of the audit log that counts what went on the day after the last one.
pub(crate) const KEPT_DESTROYED: &str = "kept_destroyed";

/// The first words of the scope of a destruction that leaves who it is, for what goes on.
pub(crate) const GOES_ON: &str = "rest:erased keeps:contact";

/// The scope of a destruction in the stop journal: whom it meant, and how where it was not
/// destroyed. Earlier versions wrote no method, and destroyed whatever they replayed.
pub(crate) fn erasure_scope(draft: &Draft, ticket: TicketId, method: Method) -> String {
    let of = draft
        .whose
        .contact
        .map_or_else(|| format!("ticket:{ticket}"), |contact| format!("contact:{contact}"));
    let how = match method {
        Method::Destroy => "",
        Method::Anonymise => " method:anonymise",
    };
    // Only the rest goes then, and nothing is suppressed.
    let what = if draft.goes_on() { GOES_ON } else { "suppression:erased" };
    format!("{what} {of}{how}")
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

/// A file beside the journal that cannot be read.
fn damaged(file: &str) -> CasesError {
    let reason = format!(
        "`{file}` in the directory of proofs is damaged; put a good copy there (or move it away, if \
         there is none: what it kept is destroyed again) and restore once more"
    );
    CasesError::Refused { rule: "proof_file_damaged", reason }
}

impl Cases {
    /// What the records of a plan say that a law keeps, one for each part.
    pub(crate) async fn statutory_of(
        &self,
        draft: &Draft,
        ticket: TicketId,
        words: &LateWords,
    ) -> Result<Vec<(Part, Vec<u8>)>, CasesError> {
        let mut journal = None;
        // The second as an earlier version began it.
        for method in [draft.method, Method::Destroy] {
            let scope = erasure_scope(draft, ticket, method);
            journal = match journal {
                None => store::outliving::journal_id(self.store(), &scope).await?,
                found => found,
            };
        }
        let journal = journal.unwrap_or_default();
        let of = |part: Part| Statutory {
            journal: journal.clone(),
            whose: draft.whose.clone(),
            part: part.name().to_owned(),
            adopted: false,
            words: Some(words.clone()),
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

    /// The same for one record.
    pub(crate) async fn keep_one_outside(&self, id: KeptRecordId) -> Result<(), CasesError> {
        let Some(files) = self.proof_files() else { return Ok(()) };
        let Some(one) = store::outliving::by_id(self.store(), id).await? else { return Ok(()) };
        let bytes = serde_json::to_vec(&one).map_err(|_| CasesError::Content)?;
        in_files(move || files.keep(&one.vault_key_id, &bytes)).await
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
        let (mut back, mut following) = (0, Vec::new());
        for (file, bytes) in in_files(move || files.all()).await? {
            let read = serde_json::from_slice::<Outliving>(&bytes).ok();
            let read = read
                .and_then(|one| VaultKeyId::parse(&one.vault_key_id).ok().map(|key| (one, key)));
            // It may be what a law keeps: to go on without it would destroy that.
            let Some((one, key)) = read else { return Err(damaged(&file)) };
            if !self.parts.vault.key_exists(key).await? {
                continue;
            }
            let transaction = self.store().begin().await?;
            back += u64::from(store::outliving::put_back(&transaction, &one).await?);
            transaction.commit().await?;
            following.push(one);
        }
        let transaction = self.store().begin().await?;
        for one in &following {
            store::outliving::follow_again(&transaction, one).await?;
        }
        transaction.commit().await?;
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
            // One whose key is gone keeps nothing any more.
            let Some(known) = self.open_standing::<Statutory>(&row).await? else { continue };
            if known.journal == journal && !journal.is_empty() {
                known.part().into_iter().for_each(|part| keep(&mut kept, part));
                rows.push((row, known));
            }
        }
        Ok((kept, rows))
    }

    /// Whether a record keeps what people wrote, and the mails they wrote it in.
    pub(crate) async fn keeps_submissions(&self, row: &KeptRow) -> Result<bool, CasesError> {
        let known = self.open_standing::<Statutory>(row).await?;
        Ok(known.is_some_and(|known| known.part == Part::Submissions.name()))
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
            self.note_adopted(transaction, row, whose).await?;
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
        let remaining = self.remaining_beside(row, whose, now).await?;
        self.end_kept(row, whose, remaining, now).await
    }

    /// Destroys what a record kept of somebody, save what others still keep. `false` as above.
    async fn end_kept(
        &self,
        row: &KeptRow,
        whose: &Whose,
        remaining: Kept,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
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
        let count = destruction::counting::counts;
        let before = count(&transaction, whose, row.plan, of.1).await?;
        destruction::empty(&transaction, whose, of, remaining, None, now).await?;
        let after = count(&transaction, whose, row.plan, of.1).await?;
        let left = |part: &Part| after.get(part).copied().unwrap_or(0);
        let gone = before.iter().map(|(part, n)| (part.name(), n - left(part)));
        let gone: BTreeMap<_, _> = gone.filter(|(_, n)| *n > 0).collect();
        let kept: BTreeMap<_, _> = after.iter().map(|(part, n)| (part.name(), n)).collect();
        let detail = serde_json::json!({ "plan": row.plan, "parts": gone, "kept": kept });
        let about = format!("kept_record:{}", row.id);
        let by = "consentry";
        store::audit::append(&transaction, by, KEPT_DESTROYED, &about, &detail, now).await?;
        transaction.commit().await?;
        failpoint::hit("kept_destroyed");
        if row.plan.is_some() {
            self.destroy_vaulted(&[plan]).await?;
            let transaction = self.store().begin().await?;
            destruction::mark_destroyed(&transaction, plan, now).await?;
            transaction.commit().await?;
        }
        Ok(true)
    }

    /// Somebody has to look at what was kept, once for each record.
    pub(crate) async fn ask_about_kept(
        &self,
        transaction: &Transaction,
        row: &KeptRow,
        whose: &Whose,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        if let Some(ticket) = whose.tickets.first() {
            let about = format!("kept_record:{}", row.id);
            store::tasks::open_once(transaction, IS_OVER, *ticket, &about, now).await?;
        }
        Ok(())
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
        self.ask_about_kept(transaction, row, whose, now).await?;
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
