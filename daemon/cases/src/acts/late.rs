//! Acts of what a law kept: drawn up when its day is over, under the same rules as the act of the
//! plan that kept it.
//!
//! Years may have passed: the request, its decision and the act of the plan may be gone. So what
//! the act must say is sealed with the record of what is kept ([`LateWords`]).

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    act::{
        Act, ActFacts, ActNumber, ActPart, ActParty, ActPerson, ActSubject, Method, SubjectShown,
        kept_until,
    },
    ambient::random_bytes,
    ids::VaultKeyId,
    plan::{Action, Basis, Part},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    StoreError,
    kept_records::{self, KeptKind, KeptRow, NewKept},
    plans::PlanRow,
    requests::RequestRow,
    tickets::TicketRow,
};
use vault::VaultError;

use super::{BASIS, Begun, LAW, day_after, extract_of, refused};
use crate::{
    Cases, CasesError,
    outliving::{KEPT_DESTROYED, Statutory},
};

/// What the act of a late destruction says of whom, by whom and why.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct LateWords {
    subject: ActSubject,
    operator: ActParty,
    executed_by: Vec<String>,
    persons: Vec<ActPerson>,
    reason: String,
    law: String,
    ticket: String,
    regimes: Vec<String>,
}

impl std::fmt::Debug for LateWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LateWords({})", self.ticket)
    }
}

impl Cases {
    /// What the act will have to say when the day of what this plan keeps is over.
    pub(crate) async fn late_words(
        &self,
        plan: &PlanRow,
        request: &RequestRow,
        ticket: &TicketRow,
    ) -> Result<LateWords, CasesError> {
        let house = self.act_house();
        let begun = match kept_records::act_of_plan(self.store(), plan.id).await? {
            Some(row) if row.number.is_none() => self.open_kept::<Begun>(&row).await?,
            _ => None,
        };
        let mut subject = begun.map_or_else(
            || ActSubject::new(plan.draft.whose.contact, &ticket.number, None),
            |begun| begun.subject,
        );
        if house.shows == SubjectShown::Code {
            subject.name = None;
        }
        let decided_by = store::register::decided_by(self.store(), plan.request).await?;
        let executed_by: Vec<String> =
            decided_by.into_iter().chain([plan.made_by.clone()]).collect();
        let persons = executed_by.iter().filter_map(|actor| house.person(actor)).cloned().collect();
        Ok(LateWords {
            subject,
            operator: house.operator,
            executed_by,
            persons,
            reason: request.name.name().to_owned(),
            law: request.law.clone(),
            ticket: ticket.number.clone(),
            regimes: request.regime.split(' ').map(str::to_owned).collect(),
        })
    }

    /// Destroys what a law kept until its day, and draws up the act of it. `false` when it is to be
    /// looked at again: a person must look first, no act could be drawn up, or the database still
    /// holds traces.
    pub(super) async fn end_with_act(
        &self,
        row: &KeptRow,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        // A restored database may have the act without what it tells of.
        if let Some(act) = kept_records::following(self.store(), row.id).await?
            && self.has_ended(self.store(), row).await?
        {
            // Drawn up by a process that died then.
            self.keep_one_outside(act.id).await?;
            return Ok(true);
        }
        let known = match self.open_kept::<Statutory>(row).await {
            Err(CasesError::Vault(VaultError::KeyDestroyed { .. })) => {
                return self.end_again(row, now).await;
            }
            known => known?,
        };
        let Some(known) = known else { return Ok(true) };
        if let Some(words) = &known.words {
            let house =
                self.act_house().or_as_known(Some(words.operator.clone()), words.persons.clone());
            if house.can_say(words.executed_by.iter().map(String::as_str)).is_err() {
                let transaction = self.store().begin().await?;
                self.ask_about_kept(&transaction, row, &known.whose, now).await?;
                transaction.commit().await?;
                return Ok(false);
            }
        }
        if !self.end_statutory(row, now).await? {
            return Ok(false);
        }
        let Some(words) = known.words else { return Ok(true) };
        if !store::destruction::wipe(self.store()).await? {
            // Somebody reads an older state: the act is drawn up when nothing is left of it.
            return Ok(false);
        }
        self.record_late_act(row, &words, now).await?;
        Ok(true)
    }

    async fn record_late_act(
        &self,
        row: &KeptRow,
        words: &LateWords,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let lines = extract_of(self.store(), &[format!("kept_record:{}", row.id)]).await?;
        let counted = lines.iter().filter(|line| line.act == KEPT_DESTROYED);
        let parts = parts_of(counted.map(|line| line.detail.as_str()), now);
        if parts.iter().all(|part| part.done == 0) {
            // It went with another record of the same plan, whose act tells it.
            return Ok(());
        }
        let after = match row.plan {
            Some(plan) => kept_records::act_of_plan(self.store(), plan).await?,
            None => None,
        };
        let facts = ActFacts {
            ticket_number: words.ticket.clone(),
            regimes: words.regimes.clone(),
            subject: words.subject.clone(),
            processors: Vec::new(),
            informed: Vec::new(),
            executed_by: words.executed_by.clone(),
            categories: Vec::new(),
            method: Method::Destroy,
            tool: String::new(),
            reason: words.reason.clone(),
            law: format!("{}; {}", words.law, row.law),
            asked_again_at: Some(now),
            destroyed_at: now,
            parts,
        };
        let house =
            self.act_house().or_as_known(Some(words.operator.clone()), words.persons.clone());
        let on = now.to_zoned(self.parts.settings.zone.clone()).date();
        let entropy = &*self.parts.entropy;
        let key = VaultKeyId::new(now, random_bytes(entropy));
        self.parts.vault.create_key(key, entropy).await?;
        let behind = store::destruction::keeps_behind(self.store()).await?;
        let transaction = self.store().begin().await?;
        let last = kept_records::last_number(&transaction, on.year()).await?;
        if kept_records::following(&transaction, row.id).await?.is_some() {
            transaction.rollback().await?;
            return Ok(self.parts.vault.destroy_key(key).await?);
        }
        let number = ActNumber::next(on.year(), last);
        let act = Act::draw_up(number, &facts, &house, lines, on, now)
            .map_err(|none| refused(&none.to_string()))?
            .late(after.and_then(|row| row.number), now);
        let act = Act { server_keeps_log: !behind.is_empty(), ..act };
        let plain = serde_json::to_vec(&act).map_err(|_| CasesError::Content)?;
        let content = self.seal_kept(key, &plain).await?;
        let sha256: [u8; 32] = Sha256::digest(&plain).into();
        let new = NewKept {
            plan: row.plan,
            kind: KeptKind::Act,
            basis: BASIS,
            law: LAW,
            stop: None,
            content: &content,
            vault_key: key,
            sha256,
            destroy_on: day_after(kept_until(on)),
        };
        let id = match kept_records::keep_following(&transaction, &new, number, row.id, now).await {
            Err(StoreError::Duplicate { .. }) => {
                transaction.rollback().await?;
                return Ok(self.parts.vault.destroy_key(key).await?);
            }
            kept => kept?,
        };
        let detail = serde_json::json!({
            "number": number.to_string(), "sha256": hex::encode(sha256),
            "extract_sha256": act.extract_sha256, "plan": row.plan,
        });
        let about = format!("kept_record:{}", row.id);
        store::audit::append(&transaction, "consentry", "act_drawn_up", &about, &detail, now)
            .await?;
        transaction.commit().await?;
        crate::failpoint::hit("late_act_drawn_up");
        self.keep_one_outside(id).await
    }
}

/// What the events count, of each kind: a pass that was taken up again counts the rest.
fn parts_of<'a>(details: impl Iterator<Item = &'a str>, now: Timestamp) -> Vec<ActPart> {
    let (mut gone, mut left) = (BTreeMap::<String, i64>::new(), BTreeMap::new());
    for detail in details {
        let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
        let counts = |name: &str| {
            let map = detail[name].as_object().into_iter().flatten();
            map.map(|(part, n)| (part.clone(), n.as_i64().unwrap_or(0))).collect::<Vec<_>>()
        };
        for (part, n) in counts("parts") {
            *gone.entry(part).or_default() += n;
        }
        left = counts("kept").into_iter().collect::<BTreeMap<_, _>>();
    }
    let names = Part::ALL.iter().map(|part| part.name());
    let part = |name: &str| {
        let of = |counts: &BTreeMap<String, i64>| counts.get(name).copied().unwrap_or(0);
        let (done, kept) = (of(&gone), of(&left));
        (done + kept > 0).then(|| ActPart {
            part: name.to_owned(),
            action: (if done > 0 { Action::Destroy } else { Action::Keep }).name().to_owned(),
            found: done + kept,
            done,
            kept,
            basis: if kept > 0 { Basis::Statutory.name().to_owned() } else { String::new() },
            law: String::new(),
            keep_until_on: None,
            done_at: Some(now),
        })
    };
    names.filter_map(part).collect()
}
