//! The third stage: what is kept is sealed, and all rows of the person are emptied, together.

use std::time::Duration;

use domain::{
    Timestamp,
    act::kept_until,
    ambient::random_bytes,
    digest::Digest,
    ids::VaultKeyId,
    plan::{Action, Part},
};
use jiff::{ToSpan, civil::Date};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{
    Transaction,
    destruction::{ConsentRow, Kept},
    kept_records::{KeptKind, NewKept},
    plans::PlanRow,
};

use super::{Leftover, Staged, is_emptied_with_the_rows, plan_subject};
use crate::{Cases, CasesError, acts::SEAL_CONTEXT, filing::PendingStops};

/// How long a dispatch needs at most for what it has in hand.
const IN_HAND: Duration = Duration::from_secs(5);
const LAW: &str = "152-FZ art. 9(3); Civil Code art. 196";

/// The proofs of a person's consents, sealed; and the events they are made of.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    events: Vec<ConsentRow>,
    sealed: Vec<Proof>,
    /// What a law keeps, one record for each part.
    statutory: Vec<(Part, Proof)>,
}

#[derive(Debug)]
struct Proof {
    stop: Option<Digest>,
    content: Vec<u8>,
    sha256: [u8; 32],
    key: VaultKeyId,
}

impl Proofs {
    pub(super) fn keys(&self) -> impl Iterator<Item = VaultKeyId> {
        self.sealed
            .iter()
            .chain(self.statutory.iter().map(|(_, proof)| proof))
            .map(|proof| proof.key)
    }
}

impl Cases {
    /// Seals what shows that consent was given: one record for each address, each under a key of
    /// its own. Keys of proofs that are not written open nothing.
    pub(super) async fn prepare_proofs(&self, plan: &PlanRow) -> Result<Proofs, CasesError> {
        let statutory = self.prepare_statutory(plan).await?;
        if plan.draft.is_kept(Part::Consents) {
            return Ok(Proofs { statutory, ..Proofs::default() });
        }
        let (session, whose) = (self.store(), &plan.draft.whose);
        let events = store::destruction::consents_of(session, whose).await?;
        if events.is_empty() {
            return Ok(Proofs { statutory, ..Proofs::default() });
        }
        let mut of: Vec<_> = events.iter().map(|event| event.address).collect();
        of.sort_unstable();
        of.dedup();
        let entropy = &*self.parts.entropy;
        let mut sealed = Vec::new();
        for address in of {
            let clear = match address {
                Some(address) => store::addresses::clear(session, address).await?,
                None => None,
            };
            let stop = clear.as_ref().map(|clear| self.parts.digests.address(clear).stop);
            let own: Vec<_> = events.iter().filter(|event| event.address == address).collect();
            let document = json!({
                "address": clear.as_ref().map(|clear| clear.expose()), "events": own,
            });
            let plain = serde_json::to_vec(&document).map_err(|_| CasesError::Content)?;
            let key = VaultKeyId::new(self.parts.clock.now(), random_bytes(entropy));
            self.parts.vault.create_key(key, entropy).await?;
            let content = self.parts.vault.seal(key, SEAL_CONTEXT, &plain, entropy).await?;
            sealed.push(Proof { stop, content, sha256: Sha256::digest(&plain).into(), key });
        }
        Ok(Proofs { events, sealed, statutory })
    }

    /// What a law keeps, sealed, unless it was written down before.
    async fn prepare_statutory(&self, plan: &PlanRow) -> Result<Vec<(Part, Proof)>, CasesError> {
        if plan.draft.keeps().is_empty() {
            return Ok(Vec::new());
        }
        let held = store::kept_records::standing(self.store(), KeptKind::Statutory).await?;
        if held.iter().any(|row| row.plan == Some(plan.id)) {
            return Ok(Vec::new());
        }
        let (request, ticket) = self.request_and_ticket(self.store(), plan.request).await?;
        let words = self.late_words(plan, &request, &ticket).await?;
        let entropy = &*self.parts.entropy;
        let mut statutory = Vec::new();
        for (part, plain) in self.statutory_of(&plan.draft, ticket.id, &words).await? {
            let key = VaultKeyId::new(self.parts.clock.now(), random_bytes(entropy));
            self.parts.vault.create_key(key, entropy).await?;
            let content = self.parts.vault.seal(key, SEAL_CONTEXT, &plain, entropy).await?;
            let sha256 = Sha256::digest(&plain).into();
            statutory.push((part, Proof { stop: None, content, sha256, key }));
        }
        Ok(statutory)
    }

    /// Empties the rows and writes down what became of each part.
    pub(super) async fn empty_rows(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        proofs: &Proofs,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<Staged, CasesError> {
        let (draft, whose) = (&plan.draft, &plan.draft.whose);
        // Planned since the first stage, if anything was.
        store::destruction::withhold(transaction, whose, now).await?;
        if store::destruction::under_way(transaction, whose).await? > 0 {
            return Ok(Staged::Wait("mail_under_way", IN_HAND));
        }
        let kept = Kept::of(draft);
        if !kept.consents
            && store::destruction::consents_of(transaction, whose).await? != proofs.events
        {
            // One more came in while they were sealed.
            return Ok(Staged::Wait("consents_moved", Duration::ZERO));
        }
        let (_, ticket) = self.request_and_ticket(transaction, plan.request).await?;
        let reply = super::answering::reply_address(draft, ticket.address);
        let count = store::destruction::counting::counts;
        let before = count(transaction, whose, Some(plan.id), draft.method).await?;
        store::destruction::collect(transaction, whose, plan.id, kept).await?;
        // Read before it goes with the rows.
        let narrower = self.narrower(transaction, plan).await?;
        self.keep_proofs(transaction, plan, proofs, now).await?;
        let of = (plan.id, draft.method);
        store::destruction::empty(transaction, whose, of, kept, reply, now).await?;
        let after = count(transaction, whose, Some(plan.id), draft.method).await?;
        self.narrow_blocks(transaction, (plan, ticket.id), narrower, stops, now).await?;
        let mut left = Vec::new();
        for step in draft.steps.iter().filter(|step| is_emptied_with_the_rows(step.part)) {
            let n = |counts: &domain::plan::Counts| counts.get(&step.part).copied().unwrap_or(0);
            let (was, is) = (n(&before), n(&after));
            let mut stays = 0;
            if step.action == Action::Keep {
                stays = is;
            } else if step.part == Part::Addresses || step.part == Part::Blocks && kept.contact {
                // For the answer, or for a matter that the person began meanwhile; what a law
                // keeps stays blocked.
                stays = is;
            } else if is > 0 {
                left.push(Leftover { part: step.part, count: is });
            }
            let done = (was - is).max(0);
            // A second time only what came in between.
            let done = done + plan.result(step.part).map_or(0, |result| result.done);
            store::plans::settle_step(transaction, plan.id, step.part, (done, stays), now).await?;
        }
        // What was not in the plan because there was none of it then.
        let unplanned = after.iter().filter(|(part, _)| {
            is_emptied_with_the_rows(**part)
                && **part != Part::Addresses
                && !(**part == Part::Blocks && kept.contact)
                && !draft.steps.iter().any(|step| step.part == **part)
        });
        left.extend(unplanned.map(|(part, count)| Leftover { part: *part, count: *count }));
        if !left.is_empty() {
            return Ok(Staged::Left(left));
        }
        let copies = before.get(&Part::ServerCopies).copied().unwrap_or(0);
        let gone = plan.result(Part::ServerCopies).map_or(0, |result| result.done);
        // There until whoever reads the mailbox has destroyed them.
        let result = (gone, copies);
        store::plans::settle_step(transaction, plan.id, Part::ServerCopies, result, now).await?;
        store::plans::settle_step(transaction, plan.id, Part::WebLogs, (0, 0), now).await?;
        store::plans::advance(transaction, plan, now).await?;
        let detail = json!({
            "parts": before.iter().map(|(part, n)| (part.name(), *n - after.get(part).copied().unwrap_or(0)))
                .collect::<std::collections::BTreeMap<_, _>>(),
            "kept": draft.steps.iter().filter(|step| step.action == Action::Keep)
                .map(|step| step.part.name()).collect::<Vec<_>>(),
        });
        let about = plan_subject(plan.id);
        store::audit::append(transaction, "consentry", "rows_destroyed", &about, &detail, now)
            .await?;
        Ok(Staged::Done)
    }

    async fn keep_proofs(
        &self,
        transaction: &Transaction,
        plan: &PlanRow,
        proofs: &Proofs,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let today = now.to_zoned(self.parts.settings.zone.clone()).date();
        for proof in &proofs.sealed {
            let new = NewKept {
                plan: Some(plan.id),
                kind: KeptKind::ConsentProof,
                basis: domain::plan::Basis::ProofOfConsent.name(),
                law: LAW,
                stop: proof.stop,
                content: &proof.content,
                vault_key: proof.key,
                sha256: proof.sha256,
                destroy_on: day_after(kept_until(today)),
            };
            store::kept_records::keep(transaction, &new, now).await?;
        }
        for (part, proof) in &proofs.statutory {
            let keeps = plan.draft.keeps();
            let Some(keep) = keeps.iter().find(|keep| keep.part == *part) else { continue };
            let new = NewKept {
                plan: Some(plan.id),
                kind: KeptKind::Statutory,
                basis: domain::plan::Basis::Statutory.name(),
                law: &keep.law,
                stop: None,
                content: &proof.content,
                vault_key: proof.key,
                sha256: proof.sha256,
                // Without a last day it stands until a further destruction ends what goes on.
                destroy_on: keep.until.map_or(Date::MAX, day_after),
            };
            store::kept_records::keep(transaction, &new, now).await?;
        }
        // What goes on is not blocked with the rest.
        let is_kept_alone = plan.draft.is_kept(Part::Contact) && !plan.draft.goes_on();
        if let Some(contact) = plan.draft.whose.contact.filter(|_| is_kept_alone) {
            self.block_what_is_kept(transaction, contact, None, now).await?;
        }
        let suppressed = if plan.draft.goes_on() { 0 } else { plan.draft.whose.addresses.len() };
        let n = i64::try_from(proofs.events.len()).unwrap_or(i64::MAX);
        let n = n + plan.result(Part::ConsentProof).map_or(0, |result| result.kept);
        for (part, kept) in
            [(Part::ConsentProof, n), (Part::Suppression, i64::try_from(suppressed).unwrap_or(0))]
        {
            store::plans::settle_step(transaction, plan.id, part, (0, kept), now).await?;
        }
        Ok(())
    }
}

fn day_after(day: Date) -> Date {
    day.saturating_add(1.day())
}
