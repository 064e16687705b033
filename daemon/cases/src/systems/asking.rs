//! What connected systems hold of a person: asked once who asks is proven, for the package of access
//! (152-ФЗ ст. 14 ч. 7; GDPR art. 15).
//!
//! What a system answers is sealed under the key of the matter, and destroyed when its package was
//! given or the request is over.

use domain::{
    Timestamp,
    regime::RequestName,
    webhook::{CallState, SystemAct},
};
use serde_json::Value;
use store::{
    Session, Transaction,
    requests::RequestRow,
    systems::{CallRow, ExportRow},
    tickets::TicketRow,
};
use vault::VaultError;

use crate::{Cases, CasesError};

/// The context under which answers are sealed.
const CONTEXT: &str = "system_export.content";

/// What a system answered when it was asked what it holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Holding {
    /// It holds this. Personal data.
    Holds(Value),
    /// Nothing of this person.
    Nothing,
    /// It has not answered yet, or refused.
    Awaited,
    /// It could not be asked, or a person gave it up.
    NotAsked,
}

impl std::fmt::Debug for Holding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

impl Holding {
    /// In one word, as `data.json` says it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Holds(_) => "answered",
            Self::Nothing => "nothing_held",
            Self::Awaited => "not_answered",
            Self::NotAsked => "not_asked",
        }
    }

    /// Whether what the system holds is known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Holds(_) | Self::Nothing)
    }
}

/// A system and what it answered.
#[derive(Debug, Clone)]
pub struct SystemHolding {
    /// Its name.
    pub system: String,
    /// What it holds.
    pub holding: Holding,
    /// When it said so.
    pub answered_at: Option<Timestamp>,
}

/// An answer on its way into the database.
#[derive(Debug)]
pub(super) struct Export {
    /// What is held, sealed, with its size in clear; none for nothing.
    content: Option<(Vec<u8>, i64)>,
}

impl Cases {
    /// Asks every system that was not asked yet what it holds of the person of a request for
    /// access; returns how many are asked now. For any other request nothing follows.
    pub(crate) async fn ask_systems(
        &self,
        transaction: &Transaction,
        (request, ticket): (&RequestRow, &TicketRow),
        now: Timestamp,
    ) -> Result<usize, CasesError> {
        if request.name != RequestName::Access
            || !request.state.is_open()
            || store::challenges::is_disowned(transaction, ticket.id).await?
        {
            return Ok(0);
        }
        let asked = self.systems_to_ask(transaction, request).await?;
        if asked > 0 {
            let act = SystemAct::Access;
            self.tell_of_request(transaction, (request, ticket), act, String::new(), now).await?;
        }
        Ok(asked)
    }

    /// How many systems listen and have no call of this request, or one whose answer was
    /// destroyed since.
    pub(crate) async fn systems_to_ask(
        &self,
        session: &impl Session,
        request: &RequestRow,
    ) -> Result<usize, CasesError> {
        let calls = store::systems::asked_for(session, request.id, SystemAct::Access).await?;
        let exports = store::systems::exports_of(session, request.id).await?;
        let is_asked = |name: &str| {
            let newest = calls.iter().rev().find(|call| call.system == name);
            newest.is_some_and(|call| {
                let export = exports.iter().find(|export| export.call == call.id);
                export.is_none_or(|export| export.destroyed_at.is_none())
            })
        };
        let listening = self.systems.0.iter().filter(|one| one.acts.contains(&SystemAct::Access));
        Ok(listening.filter(|system| !is_asked(&system.name)).count())
    }

    /// Whether a system is configured and can be asked what it holds.
    pub(crate) fn listens_to_access(&self, name: &str) -> bool {
        self.systems.0.iter().any(|one| one.name == name && one.acts.contains(&SystemAct::Access))
    }

    /// What every system answered, by name; also those that are no longer configured. One that
    /// does not listen to `access` cannot be asked: what it holds is not known.
    pub(crate) async fn holdings(
        &self,
        session: &impl Session,
        request: &RequestRow,
    ) -> Result<Vec<SystemHolding>, CasesError> {
        let calls = store::systems::asked_for(session, request.id, SystemAct::Access).await?;
        let exports = store::systems::exports_of(session, request.id).await?;
        let all = &self.systems.0;
        let mut names: Vec<String> = all.iter().map(|system| system.name.clone()).collect();
        names.extend(calls.iter().map(|call| call.system.clone()));
        names.sort_unstable();
        names.dedup();
        let mut holdings = Vec::new();
        for system in names {
            let call = calls.iter().rev().find(|call| call.system == system);
            let export = call.and_then(|call| exports.iter().find(|export| export.call == call.id));
            let holding = match (call, export) {
                (Some(call), Some(export)) if call.state == CallState::Acknowledged => {
                    self.open_export(export).await?
                }
                (Some(call), _) if !call.state.is_settled() => Holding::Awaited,
                (Some(_), _) => Holding::NotAsked,
                // It listens, and is asked once who asks is proven.
                (None, _) if self.listens_to_access(&system) => Holding::Awaited,
                (None, _) => Holding::NotAsked,
            };
            let answered_at = export.filter(|_| holding.is_known()).map(|one| one.received_at);
            holdings.push(SystemHolding { system, holding, answered_at });
        }
        Ok(holdings)
    }

    async fn open_export(&self, export: &ExportRow) -> Result<Holding, CasesError> {
        if export.nothing_held {
            return Ok(Holding::Nothing);
        }
        let Some(sealed) = &export.content else { return Ok(Holding::NotAsked) };
        match self.parts.vault.open_sealed(CONTEXT, sealed).await {
            Ok(plain) => {
                let data = serde_json::from_slice(&plain).map_err(|_| CasesError::Content)?;
                Ok(Holding::Holds(data))
            }
            Err(VaultError::KeyDestroyed(_)) => Ok(Holding::NotAsked),
            Err(error) => Err(error.into()),
        }
    }

    /// Seals what a system holds; before the transaction that writes it down.
    pub(super) async fn seal_export(
        &self,
        call: &CallRow,
        data: &Value,
    ) -> Result<Export, CasesError> {
        if data.is_null() {
            return Ok(Export { content: None });
        }
        let ticket = match call.ticket {
            Some(ticket) => store::tickets::by_id(self.store(), ticket).await?,
            None => None,
        };
        let key = self.key_of_matter(&ticket.ok_or(CasesError::Content)?).await?;
        let plain = serde_json::to_vec(data).map_err(|_| CasesError::Content)?;
        let size = i64::try_from(plain.len()).unwrap_or(i64::MAX);
        let sealed = self.parts.vault.seal(key, CONTEXT, &plain, &*self.parts.entropy).await?;
        Ok(Export { content: Some((sealed, size)) })
    }

    /// Writes an answer down in the transaction that settles its call.
    pub(super) async fn keep_export(
        &self,
        transaction: &Transaction,
        call: &CallRow,
        export: &Export,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let Some(request) = call.request else { return Ok(()) };
        let content = export.content.as_ref().map(|(sealed, size)| (sealed.as_slice(), *size));
        Ok(store::systems::keep_export(transaction, call, request, content, now).await?)
    }
}
