//! What a system says later of a call that it had accepted: done, or failed.

use domain::webhook::{self, CallState, SaidStatus, SystemAct};
use store::{StoreError, systems::Hearing};

use super::signing;
use crate::{Cases, CasesError};

/// A message as it came in; nothing of it is believed before the signature is checked.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// The name of the system, from the address of the message.
    pub system: &'a str,
    /// Header `webhook-id`.
    pub id: &'a str,
    /// Header `webhook-timestamp`.
    pub timestamp: &'a str,
    /// Header `webhook-signature`.
    pub signature: &'a str,
    /// The body, whole.
    pub body: &'a [u8],
}

impl std::fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Callback").field("system", &self.system).finish_non_exhaustive()
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackAnswer {
    /// It is written down; the same again changes nothing.
    Noted,
    /// No such system, or not signed by it, or too old: one answer for all.
    Forged,
    /// Signed, and not understood.
    Unreadable,
    /// Signed, and about no call of this system.
    Unknown,
    /// The call was settled otherwise.
    Settled,
}

impl Cases {
    /// Hears what a system says of a call.
    ///
    /// # Errors
    /// [`CasesError::Store`]; [`CasesError::Settings`] when the secret cannot be read. The system
    /// is to say it again then.
    pub async fn hear(&self, callback: Callback<'_>) -> Result<CallbackAnswer, CasesError> {
        let Some(system) = self.systems.named(callback.system) else {
            return Ok(CallbackAnswer::Forged);
        };
        let secrets = system.secrets.read().map_err(CasesError::Settings)?;
        let headers = (callback.id, callback.timestamp, callback.signature);
        if !signing::is_signed(&secrets, headers, callback.body, self.parts.clock.now()) {
            return Ok(CallbackAnswer::Forged);
        }
        let Some(said) = webhook::Callback::read(callback.body) else {
            return Ok(CallbackAnswer::Unreadable);
        };
        let call = store::systems::by_webhook_id(self.store(), &system.name, &said.id).await?;
        let Some(call) = call else { return Ok(CallbackAnswer::Unknown) };
        if call.heard_id.as_deref() == Some(callback.id) {
            return Ok(CallbackAnswer::Noted);
        }
        let to = match said.status {
            SaidStatus::Done => CallState::Acknowledged,
            SaidStatus::Failed | SaidStatus::Accepted => CallState::Refused,
        };
        if call.state == to {
            return Ok(CallbackAnswer::Noted);
        }
        let export = match (call.act, to, &said.data) {
            (SystemAct::Access, CallState::Acknowledged, Some(data)) => {
                Some(self.seal_export(&call, data).await?)
            }
            // That it is done says nothing of what is held.
            (SystemAct::Access, CallState::Acknowledged, None) => {
                return Ok(CallbackAnswer::Unreadable);
            }
            _ => None,
        };
        let code = (to == CallState::Refused).then(|| match said.code.as_str() {
            "" => "failed".to_owned(),
            code => format!("failed:{code}"),
        });
        let hearing =
            Hearing { to, status: None, failure: code.as_deref(), heard_id: Some(callback.id) };
        // Planned: the system acted, and its answer to the call itself was lost.
        let open = [CallState::Planned, CallState::Accepted, CallState::Refused];
        match self.write_down(&call, &open, hearing, export.as_ref()).await {
            Ok(()) => Ok(CallbackAnswer::Noted),
            Err(CasesError::Store(StoreError::Conflict { .. })) => Ok(CallbackAnswer::Settled),
            Err(error) => Err(error),
        }
    }
}
