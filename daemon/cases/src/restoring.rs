//! After a backup was put in place: nothing leaves, and what the stop journals tell is made true
//! again.
//!
//! Called by `consentry restore`. [`hold`] is written into the copy before it takes its place, so
//! that no daemon ever finds it without the hold. [`Cases::replay`] takes the entries of every
//! node's journal in the order of their numbers, one transaction each: an entry that is known is
//! passed over, so a replay that died is simply run again. [`Cases::release`] is a person's word.

mod acts;
mod erasing;
mod settling;
mod unknown;
mod words;

use domain::{
    Timestamp,
    ids::{JournalEntryId, StopNumber},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Store, restorations};
use vault::Replayed;

use crate::{Cases, CasesError};

/// The task of looking at a restoration before it is released.
const LOOK: &str = "look_at_restoration";

/// What a restore found and did. Counts alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Restored {
    /// SHA-256 of the database in the backup, in hex: which backup it was.
    pub backup: String,
    /// Campaigns that were paused or held.
    pub campaigns: u64,
    /// Deliveries that are uncertain now.
    pub uncertain: u64,
    /// Entries of the journals, and those that the database knew.
    pub entries: u64,
    /// Entries that the database knew already.
    pub known: u64,
    /// Blocks set again.
    pub blocks: u64,
    /// Suppressions written again.
    pub suppressions: u64,
    /// Subscriptions ended again.
    pub left: u64,
    /// Blocks and suppressions lifted again.
    pub lifted: u64,
    /// People destroyed again.
    pub erased: u64,
    /// Requests of people destroyed since that were closed.
    pub overtaken: u64,
    /// Entries of which nobody knows whether they were committed: blocks to be looked at.
    pub unsure: u64,
    /// Acts, proofs of consent and what a law keeps that the backup did not know.
    pub proofs: u64,
    /// Objects that were put back into the vault.
    pub objects: u64,
    /// Mails that came after the backup and are filed again from the vault.
    pub taken_up: u64,
    /// Objects that were deleted: their key is gone, or they lie there twice.
    pub useless_objects: u64,
    /// Objects in the vault that the database does not know, and that do not say what they are.
    pub unknown_objects: u64,
    /// Whether the journals were replayed to their end. Until then people who were destroyed since
    /// stand in the database.
    pub replayed: bool,
    /// Whether every step of the restore was done: mail that came after the backup was taken up, too.
    pub finished: bool,
}

/// What an entry was made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Made {
    pub(crate) blocks: u64,
    pub(crate) suppressions: u64,
    pub(crate) left: u64,
    pub(crate) lifted: u64,
    pub(crate) erased: u64,
    pub(crate) overtaken: u64,
    pub(crate) unsure: u64,
}

impl Made {
    /// The word in the row of the entry.
    fn word(self) -> &'static str {
        match self {
            Self { unsure: 1.., .. } => "unsure",
            Self { erased: 1.., .. } => "erased",
            Self { lifted: 1.., .. } => "lifted",
            Self { left: 1.., .. } => "left",
            Self { suppressions: 1.., .. } => "suppressed",
            Self { blocks: 1.., .. } => "blocked",
            _ => "noted",
        }
    }

    fn add_to(self, restored: &mut Restored) {
        restored.blocks += self.blocks;
        restored.suppressions += self.suppressions;
        restored.left += self.left;
        restored.lifted += self.lifted;
        restored.erased += self.erased;
        restored.overtaken += self.overtaken;
        restored.unsure += self.unsure;
    }
}

/// Holds all sending of a database that was copied back: of every class, since a letter that was
/// answered after the backup would be answered twice. What was under way is uncertain, campaigns
/// are paused. Returns what it did; a second time for the same backup it does nothing.
///
/// # Errors
/// [`CasesError::Store`].
pub async fn hold(
    store: &Store,
    backup: &str,
    actor: &str,
    now: Timestamp,
) -> Result<Restored, CasesError> {
    if let Some(standing) = restorations::standing(store).await? {
        let held: Restored = serde_json::from_str(&standing.counts).unwrap_or_default();
        if held.backup == backup {
            return Ok(held);
        }
    }
    let transaction = store.begin().await?;
    let campaigns = restorations::pause_campaigns(&transaction, now).await?;
    let uncertain = restorations::give_up_deliveries(&transaction, now).await?;
    for campaign in &campaigns {
        let detail = format!(
            "campaign {campaign} may have gone out after the backup was made; ask the relay's log \
             before it is resumed"
        );
        store::tasks::open(&transaction, LOOK, None, None, &detail, now).await?;
    }
    let restored = Restored {
        backup: backup.to_owned(),
        campaigns: u64::try_from(campaigns.len()).unwrap_or(u64::MAX),
        uncertain,
        ..Restored::default()
    };
    let counts = serde_json::to_string(&restored).map_err(|_| CasesError::Content)?;
    restorations::begin(&transaction, actor, &counts, now).await?;
    let detail = json!({ "campaigns": restored.campaigns, "uncertain": uncertain });
    store::audit::append(&transaction, actor, "restored", "database", &detail, now).await?;
    let detail = "the database was restored and nothing leaves; look at the tasks, then \
                  `consentry restore --release`";
    store::alarms::raise(&transaction, "restored", detail, now).await?;
    transaction.commit().await?;
    Ok(restored)
}

impl Cases {
    /// Makes true again what the journals tell and the database does not know. `entries` are those
    /// of every node, the numbered ones in their order first.
    ///
    /// # Errors
    /// [`CasesError`]; what was made before it stays, and the call is to be repeated.
    pub async fn replay(
        &self,
        entries: &[Replayed],
        actor: &str,
        restored: &mut Restored,
    ) -> Result<(), CasesError> {
        // Run again, maybe with one journal more: nothing is done until all of it is.
        (restored.replayed, restored.finished) = (false, false);
        self.note_restored(restored).await?;
        let highest = entries.iter().filter_map(|entry| entry.number).max();
        if let Some(highest) = highest {
            self.continue_above(highest).await?;
        }
        let ids: Vec<JournalEntryId> = entries.iter().map(|entry| entry.intent.id).collect();
        let known = restorations::known(self.store(), &ids).await?;
        restored.proofs = self.put_back_outliving().await?;
        let proven = self.proven_since().await?;
        restored.entries = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        restored.known = u64::try_from(known.len()).unwrap_or(u64::MAX);
        for entry in entries.iter().filter(|entry| !known.contains(&entry.intent.id)) {
            self.replay_one(entry, &proven, actor).await?.add_to(restored);
            crate::failpoint::hit("replayed");
        }
        self.number_replayed().await?;
        // Pages of the log still hold what was emptied.
        if !store::destruction::wipe(self.store()).await? {
            let now = self.parts.clock.now();
            let transaction = self.store().begin().await?;
            let detail = "the files of the database still hold what was destroyed again: somebody reads it, or a \
                          table is too large (`consentry doctor` says); then run the restore again before the \
                          release";
            store::tasks::open(&transaction, LOOK, None, None, detail, now).await?;
            transaction.commit().await?;
        }
        restored.replayed = true;
        self.note_restored(restored).await
    }

    /// The last step: mail of after the backup was taken up, and the database may be worked with.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn finish_restored(&self, restored: &mut Restored) -> Result<(), CasesError> {
        restored.finished = true;
        self.note_restored(restored).await
    }

    /// Writes down what the restore found, for `status`.
    async fn note_restored(&self, restored: &Restored) -> Result<(), CasesError> {
        let Some(standing) = restorations::standing(self.store()).await? else { return Ok(()) };
        let counts = serde_json::to_string(restored).map_err(|_| CasesError::Content)?;
        let transaction = self.store().begin().await?;
        restorations::note(&transaction, standing.id, &counts).await?;
        Ok(transaction.commit().await?)
    }

    /// Whether the database may be worked with: one that was put back without a restore, or whose
    /// restore died before it had replayed the journals and taken up later mail, is restored first.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`database_is_older`, `replay_is_owed`, `take_up_is_owed`).
    pub async fn check_replayed(&self) -> Result<(), CasesError> {
        let refused = |rule, reason: &str| {
            let reason = format!("{reason}; run `consentry restore --from DIR`");
            Err(CasesError::Refused { rule, reason })
        };
        if let Some(standing) = restorations::standing(self.store()).await? {
            let restored: Restored = serde_json::from_str(&standing.counts).unwrap_or_default();
            if !restored.replayed {
                let reason = "a restore ended before it had replayed the stop journals, and people who \
                              were destroyed since stand in the database";
                return refused("replay_is_owed", reason);
            }
            if !restored.finished {
                let reason =
                    "a restore ended before it had taken up the mail that came after the backup";
                return refused("take_up_is_owed", reason);
            }
        }
        // The journal first: a stop that is made meanwhile is in the database before it is noted there.
        let known = self.parts.journal.caught_up_to().await;
        let last = store::stops::last_number(self.store()).await?;
        if known.is_ok_and(|known| known > last) {
            let reason = "the stop journal knows more stops than the database: an older copy was put in \
                          its place";
            return refused("database_is_older", reason);
        }
        Ok(())
    }

    /// A person says that mail may leave again.
    ///
    /// # Errors
    /// [`CasesError::Refused`] when nothing is held, or the journals are not replayed.
    pub async fn release(&self, actor: &str) -> Result<(), CasesError> {
        self.check_replayed().await?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        if restorations::release(&transaction, actor, now).await? == 0 {
            let reason = "no restored database waits for its release".to_owned();
            return Err(CasesError::Refused { rule: "nothing_is_held", reason });
        }
        store::alarms::clear(&transaction, "restored", now).await?;
        store::audit::append(&transaction, actor, "released", "database", &json!({}), now).await?;
        transaction.commit().await?;
        self.store().deliveries_planned().notify_waiters();
        Ok(())
    }

    async fn continue_above(&self, highest: StopNumber) -> Result<(), CasesError> {
        let transaction = self.store().begin().await?;
        restorations::raise_sequence(&transaction, highest).await?;
        Ok(transaction.commit().await?)
    }

    /// What no journal gave a number gets one now, above all others.
    async fn number_replayed(&self) -> Result<(), CasesError> {
        let transaction = self.store().begin().await?;
        let waiting = restorations::unnumbered(&transaction).await?;
        store::stops::number_all(&transaction, &waiting).await?;
        transaction.commit().await?;
        self.store().stops_moved().notify_waiters();
        Ok(())
    }
}
