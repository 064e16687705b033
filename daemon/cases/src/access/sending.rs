//! Sending the link of an approved package to the mailbox that proved itself; never the file.

use domain::{
    Timestamp,
    ambient::random_bytes,
    delivery::Occasion,
    ids::{AddressId, DeliveryId, PackageId, RequestId},
    regime::DutyName,
    request::{Outcome, RequestState, RequestStep},
};
use jiff::ToSpan;
use render::{MailName, wording};
use serde_json::json;
use store::{
    Session, Transaction,
    packages::{NewLink, PackageRow, PackageState},
    requests::RequestRow,
    tickets::TicketRow,
};

use super::making::gone;
use crate::{
    Cases, CasesError,
    letters::CaseMail,
    requests::{By, refused},
};

/// A package on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentPackage {
    /// The package.
    pub package: PackageId,
    /// The letter.
    pub delivery: DeliveryId,
    /// Until when its link holds; none when we hold nothing and the letter has no link.
    pub expires_at: Option<Timestamp>,
}

impl Cases {
    /// Carries out an approved request for access: the link (or that nothing is held) goes to the
    /// address whose challenge was answered. The request is verified with it, and answered once the
    /// letter was accepted. Asked again while the file is there, it sends a new link and the old one
    /// is dead.
    ///
    /// # Errors
    /// [`CasesError::Refused`]: `no_package`, `not_approved` when the decision covers another file,
    /// `no_challenge` when no mailbox proved itself, or by the machine of requests.
    pub async fn send_package(
        &self,
        request: RequestId,
        actor: &str,
    ) -> Result<SentPackage, CasesError> {
        let (_, ticket) = self.request_and_ticket(self.store(), request).await?;
        let package = self.package_in(self.store(), request).await?;
        // The file is there, and whole: asked before anything is promised.
        let file = self.parts.vault.get(package.object).await.map_err(gone)?;
        if <sha2::Sha256 as sha2::Digest>::digest(&file)[..] != package.sha256[..] {
            return Err(gone(vault::VaultError::NotFound(package.object)));
        }
        drop(file);
        let key = self.key_of_matter(&ticket).await?;
        let token = hex::encode(random_bytes::<32>(&*self.parts.entropy));
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        // Read again inside: what was decided, proven and made must hold together.
        let (row, ticket) = self.request_and_ticket(&transaction, request).await?;
        let package = self.package_in(&transaction, request).await?;
        let decision = self.covered(&transaction, &row, &ticket).await?;
        if decision.subject != package.sha256 {
            let reason = "the decision approves another file; have this one approved";
            return Err(refused("not_approved", reason));
        }
        let to = self.proven_address(&transaction, &ticket, request).await?;
        let row = self.carried_out(&transaction, &row, &package, actor, now).await?;
        let mut letter = self.case_letter(&ticket, Some(&row));
        letter.decided_by = decision.decided_by.unwrap_or_default();
        letter.complete = true;
        letter.nothing_held = package.nothing_held;
        let mut expires_at = None;
        let outcome = if package.nothing_held {
            let (from, to) = (package.state, PackageState::Void);
            store::packages::end(&transaction, package.id, from, to).await?;
            Outcome::NothingHeld
        } else {
            let days = i64::from(self.parts.settings.requests.access.link_days.max(1));
            let until = now + (days * 24).hours();
            let link =
                NewLink { token: self.parts.digests.token(&token), address: to, expires_at: until };
            store::packages::send(&transaction, package.id, package.state, link).await?;
            letter.url = format!("{}/p/{token}", self.parts.settings.public_url);
            letter.until = wording::instant(until, &self.parts.settings.zone, ticket.locale);
            expires_at = Some(until);
            Outcome::Done
        };
        let (occasion, name) = (Occasion::Answer, MailName::AnswerAccess);
        let mail = CaseMail { ticket: &ticket, to, occasion, name, letter, key };
        let delivery = self.plan_case_letter(&transaction, mail, now).await?;
        store::packages::note_letter(&transaction, package.id, delivery).await?;
        if row.state == RequestState::Verified {
            store::requests::set_outcome(&transaction, request, outcome).await?;
            store::requests::set_answer(&transaction, request, delivery).await?;
        }
        let detail = json!({
            "package": package.id, "delivery": delivery, "address": to, "expires_at": expires_at,
        });
        let subject = format!("request:{request}");
        store::audit::append(&transaction, actor, "package_sent", &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(SentPackage { package: package.id, delivery, expires_at })
    }

    /// The request is carried out by the sending; a new link moves nothing.
    async fn carried_out(
        &self,
        transaction: &Transaction,
        row: &RequestRow,
        package: &PackageRow,
        actor: &str,
        now: Timestamp,
    ) -> Result<RequestRow, CasesError> {
        let again = matches!(package.state, PackageState::Sent | PackageState::Fetched);
        let done = [RequestState::Verified, RequestState::Answered, RequestState::Closed];
        if again && done.contains(&row.state) {
            return Ok(row.clone());
        }
        let by = By::person(actor);
        let row = self.advance(transaction, row, RequestStep::Execute, by, now).await?;
        let row = self.advance(transaction, &row, RequestStep::Verify, by, now).await?;
        // The letter's own duty is done when the relay has it.
        self.fulfil(transaction, &row, &[DutyName::Decide, DutyName::Check], by, now).await?;
        Ok(row)
    }

    /// The mailbox that answered a challenge of this matter (RULES X5): no other gets the link.
    async fn proven_address(
        &self,
        session: &impl Session,
        ticket: &TicketRow,
        request: RequestId,
    ) -> Result<AddressId, CasesError> {
        let proven = store::packages::proven_address(session, ticket.id, request).await?;
        proven.ok_or_else(|| {
            let reason = "no mailbox answered a challenge of this matter; ask for it first, the link goes nowhere else";
            refused("no_challenge", reason)
        })
    }
}
