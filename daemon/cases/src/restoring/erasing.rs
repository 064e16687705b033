//! A person who was destroyed after the backup was made is destroyed again.
//!
//! The destruction was decided, carried out and proven then, so no new approval is asked; the
//! audit says that it was done again. Whom it meant is told by the digests of the entry and by the
//! contact it names, which counts only where nothing contradicts it. Keys go first: they are
//! destroyed for good before the rows that name them are emptied, so that a death between the two
//! is made good by the next replay.

use std::collections::BTreeSet;

use domain::{
    Timestamp,
    digest::Digest,
    gate::SuppressionReason,
    ids::{AddressId, PlanId, TicketId, VaultKeyId},
    plan::Whose,
    request::Ended,
};
use store::{
    Transaction,
    destruction::{self, Kept, Known},
    restorations,
    stops::StopKind,
};
use vault::Replayed;

use super::{Made, settling::ProvenSince, words::Erased};
use crate::{Cases, CasesError};

/// No plan: the one that was approved is not in the restored database.
const NO_PLAN: PlanId = PlanId(0);
/// No ticket to begin with.
const NO_TICKET: TicketId = TicketId(0);

impl Cases {
    pub(super) async fn erase_again(
        &self,
        entry: &Replayed,
        erased: Erased,
        proven: &ProvenSince,
        actor: &str,
    ) -> Result<Made, CasesError> {
        let now = self.parts.clock.now();
        let intent = &entry.intent;
        let transaction = self.store().begin().await?;
        let stops: Vec<Digest> = intent.digests.iter().map(|pair| pair.stop).collect();
        store::stops::lock(&transaction, &stops).await?;
        let people = whom(&transaction, intent, erased).await?;
        let mut overtaken = 0;
        let (mut kept, rows) = self.kept_by_law(&transaction, &intent.id.to_string()).await?;
        // The entry itself says that who it is stayed, whether or not the record of it came back.
        kept.contact |= erased.goes_on;
        for whose in &people {
            // What is not kept lost its keys for good when it was destroyed.
            let is_needed = kept.submissions || kept.letters;
            let keys = match is_needed {
                true => Vec::new(),
                false => restorations::keys_of(&transaction, whose).await?,
            };
            for key in keys {
                let Ok(key) = VaultKeyId::parse(&key) else { continue };
                self.vault().destroy_key(key).await?;
            }
            let plan = (NO_PLAN, erased.method);
            destruction::empty(&transaction, whose, plan, kept, None, now).await?;
            self.adopt_kept(&transaction, &rows, whose).await?;
            // What stays blocked where something goes on, entries of their own tell.
            let is_kept_alone = kept.contact && !erased.goes_on;
            if let Some(contact) = whose.contact.filter(|_| is_kept_alone) {
                self.block_what_is_kept(&transaction, contact, None, now).await?;
            }
            let ended = Ended {
                method: erased.method,
                is_partly_kept: kept != Kept::default(),
                is_proven: false,
            };
            let at = (intent.at, now);
            overtaken +=
                self.settle_overtaken(&transaction, whose, ended, proven, actor, at).await?;
        }
        let mut made = Made { overtaken, ..Made::default() };
        if !erased.goes_on {
            self.suppress_again(&transaction, intent, SuppressionReason::Erased).await?;
            made.erased = u64::try_from(people.len()).unwrap_or(u64::MAX).max(1);
        }
        self.note_entry(&transaction, entry, StopKind::Erasure, made, actor, now).await?;
        transaction.commit().await?;
        Ok(made)
    }
}

/// Everybody whom the entry means: for each address that is known by its digest its contacts, and
/// the contact that is named, unless its addresses are other ones.
async fn whom(
    transaction: &Transaction,
    intent: &domain::journal::StopIntent,
    erased: Erased,
) -> Result<Vec<Whose>, CasesError> {
    let exact: Vec<Digest> = intent.digests.iter().map(|pair| pair.exact).collect();
    let addresses = restorations::addresses_of(transaction, &exact).await?;
    let known: BTreeSet<AddressId> = addresses.iter().map(|(address, _)| *address).collect();
    let named = match erased.contact {
        Some(contact) => {
            let own = store::contacts::addresses_of(transaction, contact).await?;
            // An entry without digests is of somebody who had no address of their own.
            let is_meant = exact.is_empty()
                || own.is_empty()
                || own.iter().any(|address| known.contains(address));
            Some(contact).filter(|_| is_meant)
        }
        None => None,
    };
    let mut people = Vec::new();
    for (address, contacts) in &addresses {
        // An address that others have too is theirs; only the one that is named is meant then.
        let contact = match (named, contacts.as_slice()) {
            (Some(named), contacts) if contacts.contains(&named) => Some(named),
            (None, [only]) => Some(*only),
            _ => None,
        };
        let by = Known { contact, address: Some(*address), ticket: NO_TICKET };
        people.push(destruction::find(transaction, by).await?.whose);
    }
    if let Some(named) = named.filter(|_| addresses.is_empty()) {
        let by = Known { contact: Some(named), address: None, ticket: NO_TICKET };
        people.push(destruction::find(transaction, by).await?.whose);
    }
    if let (true, Some(ticket)) = (exact.is_empty(), erased.ticket) {
        // One with the same id may have been opened since.
        let row = store::tickets::by_id(transaction, ticket).await?;
        if row.is_some_and(|row| row.opened_at <= intent.at && row.address.is_none()) {
            let by = Known { contact: None, address: None, ticket };
            people.push(destruction::find(transaction, by).await?.whose);
        }
    }
    for whose in &mut people {
        only_begun_before(transaction, whose, intent.at).await?;
    }
    Ok(people)
}

/// What the person has begun since is a matter of its own, as it is while a plan is carried out.
async fn only_begun_before(
    transaction: &Transaction,
    whose: &mut Whose,
    at: Timestamp,
) -> Result<(), CasesError> {
    let mut before = Vec::new();
    for id in &whose.tickets {
        let row = store::tickets::by_id(transaction, *id).await?;
        if row.is_none_or(|row| row.opened_at <= at) {
            before.push(*id);
        }
    }
    whose.tickets = before;
    Ok(())
}
