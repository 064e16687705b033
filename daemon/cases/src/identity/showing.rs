//! What is known of who asks, as people of ours read it.

use domain::{
    identity::IdentityLevel, ids::RequestId, regime::RequestName, special::papers_masked,
};
use store::{
    challenges::ChallengeRow, identity::ProofRow, representations::RepresentationRow,
    tickets::TicketRow,
};

use super::{attesting::NOTE, representing::PAPER};
use crate::{Cases, CasesError};

/// A proof with its note, if the key still exists.
#[derive(Clone)]
pub struct ShownProof {
    /// The row.
    pub row: ProofRow,
    /// What the operator saw.
    pub note: Option<String>,
}

/// A representation with its paper, if the key still exists.
#[derive(Clone)]
pub struct ShownRepresentation {
    /// The row.
    pub row: RepresentationRow,
    /// Number, date, issuer.
    pub paper: Option<String>,
    /// Whether it holds today.
    pub in_force: bool,
}

impl std::fmt::Debug for ShownProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShownProof").field("row", &self.row).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ShownRepresentation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShownRepresentation").field("row", &self.row).finish_non_exhaustive()
    }
}

/// All that is known of who asks in a ticket. Personal data; prints nothing.
#[derive(Clone)]
pub struct IdentityView {
    /// The ticket.
    pub ticket: TicketRow,
    /// Each request with the level that it needs and the one that holds.
    pub requests: Vec<(RequestId, RequestName, IdentityLevel, Option<IdentityLevel>)>,
    /// The proofs, oldest first.
    pub proofs: Vec<ShownProof>,
    /// The challenges, oldest first.
    pub challenges: Vec<ChallengeRow>,
    /// The representations, oldest first.
    pub representations: Vec<ShownRepresentation>,
    /// Whether the person on file said that this was not they.
    pub is_disowned: bool,
    /// When it was looked at.
    pub at: domain::Timestamp,
}

impl std::fmt::Debug for IdentityView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityView").field("ticket", &self.ticket.id).finish_non_exhaustive()
    }
}

impl Cases {
    /// All that is known of who asks in a ticket; the reading is written into the audit log.
    ///
    /// # Errors
    /// [`CasesError::NotFound`].
    pub async fn identity(&self, number: &str, actor: &str) -> Result<IdentityView, CasesError> {
        let ticket = self.ticket_of_number(number).await?;
        let store = self.store();
        let now = self.parts.clock.now();
        let today = now.to_zoned(self.parts.settings.zone.clone()).date();
        let mut proofs = Vec::new();
        for row in store::identity::of_ticket(store, ticket.id).await? {
            let note = self.open_words(NOTE, row.note.as_deref()).await;
            proofs.push(ShownProof { row, note });
        }
        let mut representations = Vec::new();
        for row in store::representations::of_ticket(store, ticket.id).await? {
            let paper = self.open_words(PAPER, Some(&row.paper)).await;
            let in_force = row.holds_on(today);
            representations.push(ShownRepresentation { row, paper, in_force });
        }
        let mut requests = Vec::new();
        for request in store::requests::of_ticket(store, ticket.id).await? {
            let held = store::identity::level_of(store, &request).await?;
            let needed = IdentityLevel::needed_for(request.name);
            requests.push((request.id, request.name, needed, held));
        }
        let view = IdentityView {
            requests,
            proofs,
            challenges: store::challenges::of_ticket(store, ticket.id).await?,
            representations,
            is_disowned: store::challenges::is_disowned(store, ticket.id).await?,
            ticket,
            at: now,
        };
        let transaction = store.begin().await?;
        let subject = format!("ticket:{}", view.ticket.id);
        let detail = serde_json::json!({ "of": "identity" });
        store::audit::append(&transaction, actor, "read", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(view)
    }

    /// What people of ours wrote down, numbers of papers masked.
    async fn open_words(&self, context: &str, sealed: Option<&[u8]>) -> Option<String> {
        let plain = self.parts.vault.open_sealed(context, sealed?).await.ok()?;
        String::from_utf8(plain).ok().map(|text| papers_masked(&text))
    }
}
