//! Supplements to acts: what was needed for the answer is gone, and the database holds no trace of
//! what it emptied.
//!
//! The act of a plan is drawn up before the answer, so that the answer can name it. What goes after
//! that is told by a supplement, once the database has let go of everything. Until it stands the
//! plan is owed its wipe, so a process that dies is followed by one that draws it up.

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    act::{Act, ActNumber, ActPart, kept_until},
    ambient::random_bytes,
    ids::{PlanId, VaultKeyId},
    plan::{Action, Basis, Part},
};
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use store::{
    StoreError,
    kept_records::{self, KeptKind, KeptRow, NewKept},
    plans::PlanRow,
};

use super::{BASIS, LAW, day_after, extract_of, refused};
use crate::{Cases, CasesError};

/// The event of the audit log that counts what went with the answer.
pub(crate) const FORGOTTEN: &str = "answer_forgotten";

/// A supplement, ready to be written down.
struct Drawn {
    act: KeptRow,
    number: ActNumber,
    content: Vec<u8>,
    sha256: [u8; 32],
    key: VaultKeyId,
    destroy_on: Date,
}

impl Cases {
    /// Draws up the supplement to the act of an ended plan, once; a plan whose act is there no more
    /// needs none.
    pub(crate) async fn supplement_act(
        &self,
        plan: PlanId,
        wiped_at: Timestamp,
    ) -> Result<(), CasesError> {
        let Some(drawn) = self.draw_supplement(plan, wiped_at).await? else { return Ok(()) };
        let transaction = self.store().begin().await?;
        kept_records::lock_numbers(&transaction).await?;
        if kept_records::following(&transaction, drawn.act.id).await?.is_some() {
            // Another node was quicker; the key opens nothing.
            transaction.rollback().await?;
            return Ok(self.parts.vault.destroy_key(drawn.key).await?);
        }
        let new = NewKept {
            plan: Some(plan),
            kind: KeptKind::Act,
            basis: BASIS,
            law: LAW,
            stop: None,
            content: &drawn.content,
            vault_key: drawn.key,
            sha256: drawn.sha256,
            destroy_on: drawn.destroy_on,
        };
        let (number, follows) = (drawn.number, drawn.act.id);
        match kept_records::keep_following(&transaction, &new, number, follows, wiped_at).await {
            Err(StoreError::Duplicate { .. }) => {
                transaction.rollback().await?;
                return Ok(self.parts.vault.destroy_key(drawn.key).await?);
            }
            done => done?,
        };
        let detail = serde_json::json!({
            "number": number.to_string(), "sha256": hex::encode(drawn.sha256),
        });
        let (about, by) = (format!("plan:{plan}"), "consentry");
        store::audit::append(&transaction, by, "act_supplemented", &about, &detail, wiped_at)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn draw_supplement(
        &self,
        plan: PlanId,
        wiped_at: Timestamp,
    ) -> Result<Option<Drawn>, CasesError> {
        let Some(row) = kept_records::act_of_plan(self.store(), plan).await? else {
            return Ok(None);
        };
        let Some(number) = row.number.filter(|_| row.destroyed_at.is_none()) else {
            return Ok(None);
        };
        if kept_records::following(self.store(), row.id).await?.is_some() {
            return Ok(None);
        }
        let Some(act) = self.open_kept::<Act>(&row).await? else { return Ok(None) };
        let Some(plan) = store::plans::by_id(self.store(), plan).await? else { return Ok(None) };
        let subjects = [format!("plan:{}", plan.id), format!("request:{}", plan.request)];
        let told = act.opened_extract().map(|extract| extract.lines).unwrap_or_default();
        let mut lines = extract_of(self.store(), &subjects).await?;
        lines.retain(|line| !told.iter().any(|before| before.event == line.event));
        let forgotten = lines.iter().filter(|line| line.act == FORGOTTEN);
        let parts = gone_since(&act, &plan, forgotten.map(|line| line.detail.as_str()));
        let on = wiped_at.to_zoned(self.parts.settings.zone.clone()).date();
        let number = number.supplemented();
        let made = act
            .supplement(number, parts, lines, (plan.closed_at, wiped_at), on, wiped_at)
            .map_err(|none| refused(&none.to_string()))?;
        let behind = store::destruction::keeps_behind(self.store()).await?;
        let made = Act { server_keeps_log: !behind.is_empty(), ..made };
        let plain = serde_json::to_vec(&made).map_err(|_| CasesError::Content)?;
        let entropy = &*self.parts.entropy;
        let key = VaultKeyId::new(wiped_at, random_bytes(entropy));
        self.parts.vault.create_key(key, entropy).await?;
        Ok(Some(Drawn {
            act: row,
            number,
            content: self.seal_kept(key, &plain).await?,
            sha256: Sha256::digest(&plain).into(),
            key,
            destroy_on: day_after(kept_until(on)),
        }))
    }
}

/// What went with the answer, as the events of the log count it; and the address for the answer,
/// which stays where the person has begun something new.
fn gone_since<'a>(
    act: &Act,
    plan: &PlanRow,
    forgotten: impl Iterator<Item = &'a str>,
) -> Vec<ActPart> {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for detail in forgotten {
        let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
        for (part, n) in detail["parts"].as_object().into_iter().flatten() {
            *counts.entry(part.clone()).or_default() += n.as_i64().unwrap_or(0);
        }
    }
    let part = |name: &str, action: Action, done: i64| ActPart {
        part: name.to_owned(),
        action: action.name().to_owned(),
        found: done,
        done,
        kept: 0,
        basis: String::new(),
        law: String::new(),
        keep_until_on: None,
        done_at: plan.closed_at,
    };
    let mut parts: Vec<ActPart> = Part::ALL
        .iter()
        .filter_map(|one| counts.get(one.name()).map(|n| (one.name(), *n)))
        .filter(|(_, n)| *n > 0)
        .map(|(name, n)| part(name, Action::Destroy, n))
        .collect();
    let reply = Part::ReplyAddress.name();
    if act.waiting().any(|waiting| waiting.part == reply) {
        let kept = plan.result(Part::ReplyAddress).map_or(0, |result| result.kept);
        parts.push(match kept {
            0 => part(reply, Action::Destroy, 1),
            kept => ActPart {
                found: kept,
                kept,
                basis: Basis::NewMatter.name().to_owned(),
                ..part(reply, Action::Keep, 0)
            },
        });
    }
    parts
}
