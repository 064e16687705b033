//! What people see of connected systems and do about them, and what the house does for itself:
//! alarms come and go with their causes, keys of settled calls are destroyed.

use domain::{
    ids::SystemCallId,
    webhook::{Call, SystemAct, Whom},
};
use store::systems::{CallRow, Counts};

use super::{System, client, raising::due, signing};
use crate::{Cases, CasesError};

/// Alarms that come and go here.
const ALARMS: [&str; 3] = ["system_silent/", "system_refused/", "system_gone/"];

impl Cases {
    /// The connected systems of the configuration.
    #[must_use]
    pub fn systems(&self) -> &[System] {
        &self.systems.0
    }

    /// How many calls there are, by system and state.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn system_counts(&self) -> Result<Vec<Counts>, CasesError> {
        Ok(store::systems::counts(self.store()).await?)
    }

    /// One page of calls, newest first; of one system, or of all.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn system_calls(
        &self,
        system: Option<&str>,
        before: Option<SystemCallId>,
        limit: u32,
    ) -> Result<Vec<CallRow>, CasesError> {
        Ok(store::systems::page(self.store(), system, before, limit).await?)
    }

    /// Raises the alarms for what stands and clears those whose cause is gone.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn watch_systems(&self) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        let mut standing = Vec::new();
        for (system, late, refused, open) in store::systems::alarming(self.store(), now).await? {
            if self.systems.named(&system).is_none() {
                let detail = format!(
                    "{open} call(s) for a system that is no longer configured; bring it back, or `consentry system drop`"
                );
                standing.push((format!("system_gone/{system}"), detail));
                continue;
            }
            if late > 0 {
                let detail = format!(
                    "{late} call(s) without an acknowledgement in time; see `consentry system show {system}`"
                );
                standing.push((format!("system_silent/{system}"), detail));
            }
            if refused > 0 {
                let detail = format!(
                    "{refused} call(s) were refused; see `consentry system show {system}`, then retry or drop"
                );
                standing.push((format!("system_refused/{system}"), detail));
            }
        }
        let raised = store::alarms::standing(self.store()).await?;
        let gone = raised.iter().filter(|alarm| {
            ALARMS.iter().any(|prefix| alarm.name.starts_with(prefix))
                && !standing.iter().any(|(name, _)| *name == alarm.name)
        });
        let transaction = self.store().begin().await?;
        for (name, detail) in &standing {
            store::alarms::raise(&transaction, name, detail, now).await?;
        }
        for alarm in gone {
            store::alarms::clear(&transaction, &alarm.name, now).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Destroys the keys of settled calls; returns how many.
    ///
    /// # Errors
    /// [`CasesError::Vault`], [`CasesError::Store`]: to be repeated.
    pub async fn destroy_call_keys(&self, limit: u32) -> Result<usize, CasesError> {
        let left = store::systems::keys_left(self.store(), limit).await?;
        for (call, key) in &left {
            self.parts.vault.destroy_key(*key).await?;
            let transaction = self.store().begin().await?;
            store::systems::forget_key(&transaction, *call, *key).await?;
            transaction.commit().await?;
        }
        Ok(left.len())
    }

    /// Has a call made again at once.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] when its system is not configured or it
    /// is settled.
    pub async fn retry_call(&self, id: SystemCallId, actor: &str) -> Result<(), CasesError> {
        let call = self.open_call(id).await?;
        let system = self.systems.named(&call.system).ok_or_else(|| CasesError::Refused {
            rule: "system_is_configured",
            reason: format!("there is no [[system]] `{}`; drop the call instead", call.system),
        })?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let due_at = due(now, system.patience(call.act));
        store::systems::retry(&transaction, id, due_at, now).await?;
        let detail = serde_json::json!({ "system": call.system, "call": id });
        store::audit::append(&transaction, actor, "call_retried", &call.subject, &detail, now)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Gives a call up: a person has seen to it otherwise, and says how.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] without a reason or when it is settled.
    pub async fn drop_call(
        &self,
        id: SystemCallId,
        actor: &str,
        reason: &str,
    ) -> Result<(), CasesError> {
        if reason.trim().is_empty() {
            return Err(CasesError::Refused {
                rule: "drop_needs_reason",
                reason:
                    "say with --reason how the system was told otherwise, or why it need not be"
                        .to_owned(),
            });
        }
        let call = self.open_call(id).await?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        store::systems::drop_call(&transaction, id, actor, reason.trim(), now).await?;
        let detail = serde_json::json!({ "system": call.system, "call": id, "reason_given": true });
        store::audit::append(&transaction, actor, "call_dropped", &call.subject, &detail, now)
            .await?;
        store::systems::wake(&transaction, &call.system, &call.subject, now).await?;
        store::systems::acknowledge_spent(&transaction, call.notice, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn open_call(&self, id: SystemCallId) -> Result<CallRow, CasesError> {
        let call = store::systems::by_id(self.store(), id)
            .await?
            .ok_or_else(|| CasesError::NotFound { what: "system", id: id.to_string() })?;
        if call.state.is_settled() {
            return Err(CasesError::Refused {
                rule: "call_is_settled",
                reason: format!("call {id} is {}", call.state.name()),
            });
        }
        Ok(call)
    }

    /// Sends a system a signed block of nobody (an address under the reserved domain
    /// `invalid`), to see that it is reached and that the secret fits; returns the HTTP status
    /// and whether the answer would have counted.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] when there was no answer.
    pub async fn test_system(&self, name: &str) -> Result<(u16, bool), CasesError> {
        let system = self
            .systems
            .named(name)
            .ok_or_else(|| CasesError::NotFound { what: "system", id: name.to_owned() })?;
        let now = self.parts.clock.now();
        let id = self.webhook_id();
        let emails = vec!["nobody@test.invalid".to_owned()];
        let call = Call {
            id: id.clone(),
            act: SystemAct::Unblock,
            at: now,
            sequence: 0,
            ticket: None,
            person: Whom { emails, ..Whom::default() },
            scope: Some("marketing".to_owned()),
            of: Vec::new(),
            changes: Vec::new(),
            data: Vec::new(),
        };
        let body = serde_json::to_vec(&call).map_err(|_| CasesError::Content)?;
        let secrets = system.secrets.read().map_err(CasesError::Settings)?;
        let at = now.as_second();
        let signed = signing::signatures(&secrets, &id, at, &body);
        let most = client::largest_answer(call.act);
        let answer = client::post(system, (&id, at, &signed), body, most).await.map_err(|why| {
            CasesError::Refused { rule: "system_answers", reason: format!("`{name}`: {why}") }
        })?;
        let counts = matches!(
            domain::webhook::heard(answer.status, &answer.body),
            domain::webhook::Heard::Done | domain::webhook::Heard::Accepted
        );
        Ok((answer.status, counts))
    }
}
