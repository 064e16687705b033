//! Who acts for a person: on which paper, until when, and whom that is told.

use domain::{
    address::EmailAddress,
    delivery::Occasion,
    identity::RepresentationKind,
    ids::{ContactId, RepresentationId},
};
use jiff::civil::Date;
use render::{MailName, mail::CaseLetter, wording};
use store::{representations::NewRepresentation, tickets::TicketRow};

use super::acting::{check_is_no_authoritys, check_is_representatives};
use crate::{Cases, CasesError, letters::CaseMail};

/// The context under which papers are sealed.
pub(super) const PAPER: &str = "representation.paper";

/// A representation as a person of ours writes it down.
#[derive(Clone)]
pub struct NewRepresentative {
    /// For whom; none when the person is no contact of ours.
    pub subject: Option<ContactId>,
    /// Which of the subject's addresses is told, where several are on file.
    pub tell: Option<EmailAddress>,
    /// By what right.
    pub kind: RepresentationKind,
    /// The paper's number, date, issuer.
    pub paper: String,
    /// The last day on which it holds.
    pub valid_until: Option<Date>,
}

impl std::fmt::Debug for NewRepresentative {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRepresentative").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Cases {
    /// Writes down who acts for whom, and tells the person's address on file.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `paper_needed`, `paper_expired`, `until_needed` (a power of
    /// attorney always ends), `authority_lane`, `address_on_file`, `several_addresses`.
    pub async fn represent(
        &self,
        number: &str,
        new: &NewRepresentative,
        actor: &str,
    ) -> Result<RepresentationId, CasesError> {
        let now = self.parts.clock.now();
        let today = now.to_zoned(self.parts.settings.zone.clone()).date();
        check(new, today)?;
        let ticket = self.ticket_of_number(number).await?;
        check_is_no_authoritys(&ticket)?;
        let key = self.key_of_matter(&ticket).await?;
        let entropy = &*self.parts.entropy;
        let paper = new.paper.trim().as_bytes();
        let sealed = self.parts.vault.seal(key, PAPER, paper, entropy).await?;
        let transaction = self.store().begin().await?;
        let told = match new.subject {
            None => None,
            Some(contact) => {
                let of_subject =
                    TicketRow { contact: Some(contact), address: None, ..ticket.clone() };
                let tell = new.tell.as_ref();
                Some(self.address_on_file(&transaction, &of_subject, tell).await?)
            }
        };
        let row = NewRepresentation {
            ticket: ticket.id,
            contact: new.subject,
            kind: new.kind,
            paper: &sealed,
            valid_until: new.valid_until,
            attested_by: actor,
        };
        let id = store::representations::add(&transaction, &row, now).await?;
        if let Some(to) = told {
            let until = new.valid_until.map(|date| wording::date(date, ticket.locale));
            let requests = store::requests::of_ticket(&transaction, ticket.id).await?;
            let letter = CaseLetter {
                until: until.unwrap_or_default(),
                ..self.case_letter(&ticket, requests.first())
            };
            let name = MailName::RepresentativeCopy;
            let mail =
                CaseMail { ticket: &ticket, to, occasion: Occasion::Notice, name, letter, key };
            self.plan_case_letter(&transaction, mail, now).await?;
        }
        let detail = serde_json::json!({
            "representation": id, "kind": new.kind.name(), "contact": new.subject,
            "valid_until": new.valid_until, "told": told.is_some(),
        });
        let subject = format!("ticket:{}", ticket.id);
        store::audit::append(&transaction, actor, "represented", &subject, &detail, now).await?;
        transaction.commit().await?;
        self.parts.store.deliveries_planned().notify_waiters();
        Ok(id)
    }

    /// Ends a representation; what was sent on it gives nothing any more.
    ///
    /// # Errors
    /// [`store::StoreError::Conflict`] when it was revoked before.
    pub async fn revoke_representation(
        &self,
        number: &str,
        id: RepresentationId,
        actor: &str,
    ) -> Result<(), CasesError> {
        let ticket = self.ticket_of_number(number).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        store::representations::revoke(&transaction, ticket.id, id, actor, now).await?;
        for request in store::requests::of_ticket(&transaction, ticket.id).await? {
            store::packages::void_links(&transaction, request.id).await?;
        }
        let detail = serde_json::json!({ "representation": id });
        let subject = format!("ticket:{}", ticket.id);
        let act = "revoked_representation";
        store::audit::append(&transaction, actor, act, &subject, &detail, now).await?;
        transaction.commit().await?;
        self.destroy_void_packages(ticket.id).await;
        Ok(())
    }

    /// Asks the sender of a ticket to show that they may act for the person.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by `authority_lane`, `not_representative` (nobody says here that they
    /// act for another), `no_address`.
    pub async fn ask_for_paper(&self, number: &str, actor: &str) -> Result<(), CasesError> {
        let ticket = self.ticket_of_number(number).await?;
        let requests = store::requests::of_ticket(self.store(), ticket.id).await?;
        check_is_representatives(&ticket, &requests)?;
        let to = ticket.address.ok_or_else(|| CasesError::Refused {
            rule: "no_address",
            reason: "the letter came from no single address; write to its sender by hand"
                .to_owned(),
        })?;
        let key = self.key_of_matter(&ticket).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let requests = store::requests::of_ticket(&transaction, ticket.id).await?;
        let mail = CaseMail {
            ticket: &ticket,
            to,
            occasion: Occasion::Notice,
            name: MailName::RepresentativeProof,
            letter: self.case_letter(&ticket, requests.first()),
            key,
        };
        let delivery = self.plan_case_letter(&transaction, mail, now).await?;
        self.wait_for_person(&transaction, &ticket).await?;
        let detail = serde_json::json!({ "delivery": delivery });
        let subject = format!("ticket:{}", ticket.id);
        store::audit::append(&transaction, actor, "asked_for_paper", &subject, &detail, now)
            .await?;
        transaction.commit().await?;
        self.parts.store.deliveries_planned().notify_waiters();
        Ok(())
    }
}

fn check(new: &NewRepresentative, today: Date) -> Result<(), CasesError> {
    let refused = |rule, reason: &str| Err(CasesError::Refused { rule, reason: reason.to_owned() });
    if new.paper.trim().is_empty() {
        return refused("paper_needed", "name the paper: number, date, issuer; give --paper");
    }
    match new.valid_until {
        Some(last) if last < today => {
            refused("paper_expired", "the paper has expired; ask for one that holds")
        }
        None if new.kind == RepresentationKind::PowerOfAttorney => refused(
            "until_needed",
            "a power of attorney ends; give --until (without a term it holds one year from its \
             date: Civil Code art. 186)",
        ),
        _ => Ok(()),
    }
}
