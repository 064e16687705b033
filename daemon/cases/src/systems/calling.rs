//! Calls are made: the try is counted, the system is told, what it says is written down.

use std::time::Duration;

use domain::{
    ambient::random_bytes,
    block::{BlockState, Scope},
    webhook::{Beside, Call, CallState, Heard, SystemAct, Turn, heard, held_there, pause, turn},
};
use jiff::{SignedDuration, ToSpan as _};
use store::{
    StoreError,
    systems::{CallRow, Hearing},
};
use tokio::task::JoinSet;
use vault::VaultError;

use super::{System, asking::Export, client, raising::seal_context, signing, spreading::About};
use crate::{Cases, CasesError, failpoint};

/// Calls of one system that are looked at in one pass.
const AT_ONCE: u32 = 100;
/// A pass begins no further call of a system after so long: the daemon may have to end.
const LONGEST_PASS: Duration = Duration::from_secs(20);
/// Seconds until a call that waits for an earlier one is looked at again.
const LOOK_AGAIN_SECONDS: i64 = 30;

/// What one pass came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Passed {
    /// Calls that systems took: done, accepted or refused.
    pub heard: usize,
    /// Calls to be made again.
    pub again: usize,
    /// Calls that were not needed any more.
    pub moot: usize,
}

/// What is to be said now, or that nothing is.
enum Said {
    Call(Box<Call>),
    /// The data, or the reason, are gone.
    Needless(&'static str),
    /// It cannot be said: a person must look.
    Impossible(&'static str),
}

impl Cases {
    /// Tells every system what is due for it; systems do not wait for one another.
    ///
    /// # Errors
    /// [`CasesError::Store`], [`CasesError::Vault`]: the rest goes on in the next pass.
    pub async fn call_systems(&self) -> Result<Passed, CasesError> {
        let mut calling = JoinSet::new();
        for system in &self.systems.0 {
            let (own, system) = (self.clone(), system.clone());
            calling.spawn(async move { own.call_system(&system).await });
        }
        let mut all = Passed::default();
        let mut failed = None;
        while let Some(passed) = calling.join_next().await {
            match passed {
                Ok(Ok(passed)) => {
                    all.heard += passed.heard;
                    all.again += passed.again;
                    all.moot += passed.moot;
                }
                Ok(Err(error)) => failed = Some(error),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => {}
            }
        }
        failed.map_or(Ok(all), Err)
    }

    async fn call_system(&self, system: &System) -> Result<Passed, CasesError> {
        let mut passed = Passed::default();
        let now = self.parts.clock.now();
        let began = self.parts.clock.boot_time();
        for call in store::systems::due(self.store(), &system.name, now, AT_ONCE).await? {
            if self.parts.clock.boot_time().saturating_sub(began) > LONGEST_PASS {
                break;
            }
            match self.take_turn(system, &call, &mut passed).await {
                Ok(true) => {}
                // It does not answer: the others are spared until the next pass.
                Ok(false) => break,
                Err(CasesError::Store(StoreError::Conflict { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(passed)
    }

    /// Makes one call if it is its turn; `false` when the system gave no answer that counts.
    async fn take_turn(
        &self,
        system: &System,
        call: &CallRow,
        passed: &mut Passed,
    ) -> Result<bool, CasesError> {
        let others = store::systems::of_subject(self.store(), &call.system, &call.subject).await?;
        let others: Vec<_> =
            others.iter().filter(|other| other.id != call.id).map(beside).collect();
        match turn(beside(call), &others) {
            Turn::Now => {}
            Turn::Moot => {
                passed.moot += 1;
                return self.make_moot(call, "outdated").await.map(|()| true);
            }
            Turn::Wait => {
                let transaction = self.store().begin().await?;
                let later = self.parts.clock.now() + LOOK_AGAIN_SECONDS.seconds();
                store::systems::postpone(&transaction, call.id, later).await?;
                transaction.commit().await?;
                return Ok(true);
            }
        }
        let said = match self.said(system, call).await? {
            Said::Call(said) => said,
            Said::Needless(why) => {
                passed.moot += 1;
                return self.make_moot(call, why).await.map(|()| true);
            }
            Said::Impossible(why) => {
                let hearing = refused(None, why);
                self.write_down(call, &[CallState::Planned], hearing, None).await?;
                passed.heard += 1;
                return Ok(true);
            }
        };
        self.make_call(system, call, &said, passed).await
    }

    async fn make_call(
        &self,
        system: &System,
        call: &CallRow,
        said: &Call,
        passed: &mut Passed,
    ) -> Result<bool, CasesError> {
        let body = serde_json::to_vec(said).map_err(|_| CasesError::Content)?;
        let now = self.parts.clock.now();
        let [random] = random_bytes(&*self.parts.entropy);
        let rest = SignedDuration::try_from(pause(call.attempts + 1, random));
        let next_try_at = now + rest.unwrap_or(SignedDuration::from_hours(1));
        let transaction = self.store().begin().await?;
        store::systems::claim(&transaction, call, next_try_at).await?;
        transaction.commit().await?;
        failpoint::hit("system_call_claimed");
        let secrets = system.secrets.read().map_err(|error| {
            CasesError::Settings(format!("system `{}` cannot be told: {error}", system.name))
        });
        let answer = match secrets {
            Ok(secrets) => {
                let at = now.as_second();
                let signed = signing::signatures(&secrets, &call.webhook_id, at, &body);
                let most = client::largest_answer(call.act);
                client::post(system, (&call.webhook_id, at, &signed), body, most).await
            }
            Err(error) => {
                tracing::error!(system.name = system.name, %error, "a connected system cannot be told");
                Err("secret_unreadable")
            }
        };
        failpoint::hit("system_call_answered");
        let mut export = None;
        let (heard, status, failure) = match &answer {
            Ok(answer) => {
                let status = Some(i64::from(answer.status));
                match (heard(answer.status, &answer.body), call.act) {
                    (Heard::Done, SystemAct::Access) => match held_there(&answer.body) {
                        Some(data) => {
                            export = Some(self.seal_export(call, &data).await?);
                            (Heard::Done, status, None)
                        }
                        // That it is done says nothing of what is held: a person asks.
                        None => (Heard::Refused, status, Some("no_data_told")),
                    },
                    (heard @ (Heard::Done | Heard::Accepted), _) => (heard, status, None),
                    (heard @ (Heard::Again | Heard::Refused), _) => (heard, status, Some("answer")),
                }
            }
            // It would be as long again.
            Err(why @ "answer_too_long") if call.act == SystemAct::Access => {
                (Heard::Refused, None, Some(*why))
            }
            Err(why) => (Heard::Again, None, Some(*why)),
        };
        tracing::debug!(
            system.name = system.name,
            call.id = call.id.0,
            http.status = status,
            "told"
        );
        let to = match heard {
            Heard::Done => CallState::Acknowledged,
            Heard::Accepted => CallState::Accepted,
            Heard::Refused => CallState::Refused,
            Heard::Again => CallState::Planned,
        };
        let hearing = Hearing { to, status, failure, heard_id: None };
        self.write_down(call, &[CallState::Planned], hearing, export.as_ref()).await?;
        if heard == Heard::Again {
            passed.again += 1;
            return Ok(false);
        }
        passed.heard += 1;
        Ok(true)
    }

    async fn make_moot(&self, call: &CallRow, why: &'static str) -> Result<(), CasesError> {
        let hearing =
            Hearing { to: CallState::Moot, status: None, failure: Some(why), heard_id: None };
        self.write_down(call, &[CallState::Planned, CallState::Refused], hearing, None).await
    }

    /// Writes down what was heard, in one transaction with what follows: the audit, a task where
    /// a person is asked, and whatever waited for this call.
    pub(super) async fn write_down(
        &self,
        call: &CallRow,
        from: &[CallState],
        hearing: Hearing<'_>,
        export: Option<&Export>,
    ) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        store::systems::settle(&transaction, call.id, from, hearing, now).await?;
        if let Some(export) = export {
            self.keep_export(&transaction, call, export, now).await?;
        }
        if hearing.to == CallState::Planned {
            return Ok(transaction.commit().await?);
        }
        if hearing.to == CallState::Refused {
            let detail = format!("system:{} call:{}", call.system, call.id);
            let task = "system_refused";
            store::tasks::open(&transaction, task, call.ticket, None, &detail, now).await?;
        }
        let detail = serde_json::json!({
            "system": call.system, "call": call.id, "what": call.act.name(),
            "state": hearing.to.name(), "status": hearing.status, "why": hearing.failure,
        });
        store::audit::append(&transaction, "consentry", "told", &call.subject, &detail, now)
            .await?;
        store::systems::wake(&transaction, &call.system, &call.subject, now).await?;
        store::systems::acknowledge_spent(&transaction, call.notice, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn said(&self, system: &System, call: &CallRow) -> Result<Said, CasesError> {
        if let Some(payload) = &call.payload {
            let context = seal_context(&call.webhook_id);
            let plain = match self.parts.vault.open_sealed(&context, payload).await {
                Ok(plain) => plain,
                Err(VaultError::KeyDestroyed(_) | VaultError::CorruptSealed) => {
                    return Ok(Said::Impossible("payload_lost"));
                }
                Err(error) => return Err(error.into()),
            };
            let Ok(mut said) = serde_json::from_slice::<Call>(&plain) else {
                return Ok(Said::Impossible("payload_lost"));
            };
            said.sequence = call.notice.0;
            return Ok(Said::Call(Box::new(said)));
        }
        self.said_of_rows(system, call).await
    }

    /// What is said of a block or of publication, and what is asked: as the rows are now.
    async fn said_of_rows(&self, system: &System, call: &CallRow) -> Result<Said, CasesError> {
        let session = self.store();
        let about = match About::of_subject(&call.subject) {
            // Of a matter of a representative: whom it is about, not who wrote.
            Some(about) if call.request.is_some() => about,
            _ => self.about(session, call.block, call.ticket).await?,
        };
        let addresses: Vec<_> = about.address.into_iter().collect();
        let person = self.whom(session, system, about.contact, &addresses).await?;
        if person.is_empty() {
            return Ok(Said::Needless("not_known_there"));
        }
        let mut said = Call {
            id: call.webhook_id.clone(),
            act: call.act,
            at: call.raised_at,
            sequence: call.notice.0,
            ticket: self.number_of(call).await?,
            person,
            scope: None,
            of: Vec::new(),
            changes: Vec::new(),
            data: Vec::new(),
        };
        match call.act {
            SystemAct::Block | SystemAct::Unblock => {
                let row = match call.block {
                    Some(block) => store::blocks::by_id(session, block).await?,
                    None => None,
                };
                let Some(row) = row else { return Ok(Said::Needless("block_gone")) };
                let is_active = matches!(row.state, BlockState::Active { .. });
                if is_active != (call.act == SystemAct::Block) {
                    return Ok(Said::Needless("block_changed"));
                }
                said.of = named(&row.scope);
                said.scope = Some(row.scope.name().to_owned());
            }
            // As the letter names them; all, where it does not.
            SystemAct::StopPublication | SystemAct::ResumePublication => {
                said.data = match call.data.as_str() {
                    "" => vec!["all".to_owned()],
                    words => words.split_whitespace().map(str::to_owned).collect(),
                };
            }
            SystemAct::Access => {}
            // Their data are sealed at once; without them nobody can be told what to do.
            SystemAct::Correct | SystemAct::Destroy => return Ok(Said::Impossible("payload_lost")),
        }
        Ok(Said::Call(Box::new(said)))
    }

    async fn number_of(&self, call: &CallRow) -> Result<Option<String>, CasesError> {
        let Some(ticket) = call.ticket else { return Ok(None) };
        Ok(store::tickets::by_id(self.store(), ticket).await?.map(|ticket| ticket.number))
    }
}

fn refused(status: Option<i64>, why: &'static str) -> Hearing<'static> {
    Hearing { to: CallState::Refused, status, failure: Some(why), heard_id: None }
}

fn beside(call: &CallRow) -> Beside {
    Beside {
        // Calls may be made of notices in another order than these were raised.
        place: call.notice.0,
        act: call.act,
        block: call.block.map(|block| block.0),
        ticket: call.ticket.map(|ticket| ticket.0),
        state: call.state,
        attempts: call.attempts,
    }
}

/// What a scope names.
fn named(scope: &Scope) -> Vec<String> {
    match scope {
        Scope::Full | Scope::Marketing => Vec::new(),
        Scope::Purposes(purposes) => {
            purposes.iter().map(|purpose| purpose.name().to_owned()).collect()
        }
        Scope::Fields(fields) => fields.iter().map(|field| field.name().to_owned()).collect(),
    }
}
