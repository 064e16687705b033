//! Who asks: challenges to the address on file, what operators attest, who acts for whom.
//!
//! Filing writes down what the mail itself shows; the rest is here. What discloses, changes or
//! destroys asks [`Cases::identity_level`] and [`Cases::representation_in_force`] first.

mod acting;
mod answering;
mod asking;
mod attesting;
mod automatic;
mod disowning;
mod expiring;
mod missing;
mod representing;
mod showing;

use domain::{
    ambient::random_bytes,
    challenge::Challenge,
    ids::{AddressId, ChallengeId},
    ticket::TicketState,
    ticket_number::{StatusCode, TicketNumber},
};
use store::{
    Session, Transaction, challenges::NewChallenge, requests::RequestRow, tickets::TicketRow,
};

pub(crate) use acting::Reader;
pub use answering::{ChallengeAnswer, ChallengeStanding, ChallengeView};
pub(crate) use automatic::FilingFacts;
pub use representing::NewRepresentative;
pub use showing::{IdentityView, ShownProof, ShownRepresentation};

use crate::{Cases, CasesError};

/// A challenge with its secrets in clear, on their way into the one letter that has them.
struct Asked {
    id: ChallengeId,
    challenge: Challenge,
    url: String,
    code: String,
}

impl Cases {
    /// How sure we are of who asks for a request; `None` when nothing is written down.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn identity_level(
        &self,
        session: &impl Session,
        request: &RequestRow,
    ) -> Result<Option<domain::identity::IdentityLevel>, CasesError> {
        Ok(store::identity::level_of(session, request).await?)
    }

    /// The ticket of that number.
    pub(crate) async fn ticket_of_number(&self, number: &str) -> Result<TicketRow, CasesError> {
        let missing = || CasesError::NotFound { what: "ticket", id: number.to_owned() };
        let parsed = TicketNumber::parse(number).map_err(|_| missing())?;
        let found = store::tickets::by_number(self.store(), &parsed.to_string()).await?;
        found.ok_or_else(missing)
    }

    /// Writes a challenge down in place of any that is open; token and code exist in clear only in
    /// what is returned.
    async fn write_challenge(
        &self,
        transaction: &Transaction,
        ticket: &TicketRow,
        address: AddressId,
        asked_by: &str,
        now: domain::Timestamp,
    ) -> Result<Asked, CasesError> {
        store::challenges::lock_ticket(transaction, ticket.id).await?;
        if let Some(held) = store::challenges::open_of(transaction, ticket.id).await? {
            let void = held
                .challenge
                .after(domain::challenge::ChallengeStep::Void, now)
                .map_err(|_| CasesError::Content)?;
            store::challenges::change(transaction, held.id, &held.challenge, &void, now).await?;
        }
        let entropy = &*self.parts.entropy;
        let random: [u8; 20] = random_bytes(entropy);
        let token = data_encoding::BASE32_NOPAD.encode(&random).to_ascii_lowercase();
        let code = StatusCode::new(random_bytes(entropy));
        let challenge = Challenge::asked(now);
        let new = NewChallenge {
            ticket: ticket.id,
            address,
            token: self.parts.digests.token(&token),
            code: self.parts.digests.token(&code_text(&ticket.number, code.expose())),
            challenge,
            asked_by,
        };
        let id = store::challenges::ask(transaction, &new, now).await?;
        let url = format!("{}/c/{token}", self.parts.settings.public_url);
        let (first, second) = code.expose().split_at(5);
        Ok(Asked { id, challenge, url, code: format!("{first}-{second}") })
    }

    /// The ticket waits for its person now.
    async fn wait_for_person(
        &self,
        transaction: &Transaction,
        ticket: &TicketRow,
    ) -> Result<(), CasesError> {
        if ticket.state == TicketState::Open {
            let waiting = TicketState::Waiting { since_at: ticket.last_word_at };
            store::tickets::change_state(transaction, ticket.id, ticket.state, waiting).await?;
        }
        Ok(())
    }

    /// It is our turn again.
    async fn stop_waiting(
        &self,
        transaction: &Transaction,
        ticket: &TicketRow,
    ) -> Result<(), CasesError> {
        if matches!(ticket.state, TicketState::Waiting { .. }) {
            let open = TicketState::Open;
            store::tickets::change_state(transaction, ticket.id, ticket.state, open).await?;
        }
        Ok(())
    }
}

/// What the digest of a code is made of: no code fits another ticket.
fn code_text(ticket_number: &str, code: &str) -> String {
    format!("challenge-code {ticket_number} {code}")
}
