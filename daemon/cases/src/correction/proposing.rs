//! Proposing a correction, and looking at what is proposed.

use domain::{
    block::Field,
    correction::{CorrectionContent, checked},
    digest::Digest,
    ids::{AddressId, ContactId, RectificationId, RequestId},
    regime::RequestName,
    request::RequestState,
};
use serde_json::json;
use store::{
    Session, packages as held, rectifications,
    rectifications::{NewRectification, RectificationRow},
    requests::RequestRow,
    tickets::TicketRow,
};
use vault::Purpose;

use crate::{Cases, CasesError, requests::refused};

/// A correction as a person of ours puts it. Personal data; prints nothing of it.
#[derive(Clone)]
pub struct NewCorrection {
    /// Which field.
    pub field: Field,
    /// Of an address: which of the contact's, where there are several.
    pub of: Option<AddressId>,
    /// What is to stand.
    pub new: String,
    /// What shows that it is right.
    pub proof: String,
}

impl std::fmt::Debug for NewCorrection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCorrection").field("field", &self.field).finish_non_exhaustive()
    }
}

/// A correction with what is sealed of it.
#[derive(Debug, Clone)]
pub struct OpenedCorrection {
    /// The row.
    pub row: RectificationRow,
    /// Old, new and proof; none when their key is destroyed.
    pub content: Option<CorrectionContent>,
}

impl Cases {
    /// Proposes a correction of the contact of a request, in place of one of the same value.
    ///
    /// # Errors
    /// [`CasesError::Refused`]: `correction_value` for a value that is not taken; `no_contact` when
    /// nobody is known whose data they are; `correction_needs_proof`; `request_state` once it was
    /// decided; `which_address`; `address_of_another`; `erased`.
    pub async fn propose_correction(
        &self,
        request: RequestId,
        new: &NewCorrection,
        actor: &str,
    ) -> Result<RectificationId, CasesError> {
        let (row, ticket) = self.request_and_ticket(self.store(), request).await?;
        may_be_proposed(&row)?;
        let represented = self.represented(self.store(), (&row, &ticket)).await?;
        let contact = represented.map_or_else(|| contact_of(&ticket), Ok)?;
        let proof = new.proof.trim();
        if proof.is_empty() {
            return Err(refused("correction_needs_proof", "say what shows it: give --proof"));
        }
        let old = self.old_value(self.store(), contact, new).await?;
        let value = checked(new.field, &old, &new.new)
            .map_err(|error| refused("correction_value", &error.to_string()))?;
        if new.field == Field::Email {
            self.check_new_address(self.store(), contact, &value).await?;
        }
        let key = self.key_of_matter(&ticket).await?;
        let digest = self.old_digest(contact, new.field, &old);
        let content = CorrectionContent { old, new: value, proof: proof.to_owned() };
        let plain = serde_json::to_vec(&content).map_err(|_| CasesError::Content)?;
        let context = CorrectionContent::SEAL_CONTEXT;
        let sealed = self.parts.vault.seal(key, context, &plain, &*self.parts.entropy).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        may_be_proposed(&self.request_and_ticket(&transaction, request).await?.0)?;
        let proposed = NewRectification {
            request,
            contact,
            field: new.field,
            content: &sealed,
            old: digest,
            made_by: actor,
        };
        let id = rectifications::propose(&transaction, &proposed, now).await?;
        let detail = json!({ "correction": id, "field": new.field.name(), "contact": contact });
        let subject = format!("request:{request}");
        let act = "correction_proposed";
        store::audit::append(&transaction, actor, act, &subject, &detail, now).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// The corrections of a request, opened; audited before anything is shown.
    ///
    /// # Errors
    /// [`CasesError::NotFound`].
    pub async fn proposed_corrections(
        &self,
        request: RequestId,
        actor: &str,
    ) -> Result<Vec<OpenedCorrection>, CasesError> {
        self.request_and_ticket(self.store(), request).await?;
        let rows = rectifications::of_request(self.store(), request).await?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let detail = json!({ "what": "corrections" });
        let subject = format!("request:{request}");
        store::audit::append(&transaction, actor, "read", &subject, &detail, now).await?;
        transaction.commit().await?;
        let mut opened = Vec::new();
        for row in rows {
            let mut content = self.open_correction(&row).await?;
            if let Some(content) = &mut content {
                content.proof = domain::special::papers_masked(&content.proof);
            }
            opened.push(OpenedCorrection { row, content });
        }
        Ok(opened)
    }

    /// What is sealed of a correction; none when its key is destroyed.
    pub(super) async fn open_correction(
        &self,
        row: &RectificationRow,
    ) -> Result<Option<CorrectionContent>, CasesError> {
        let Some(sealed) = &row.content else { return Ok(None) };
        match self.parts.vault.open_sealed(CorrectionContent::SEAL_CONTEXT, sealed).await {
            Ok(plain) => serde_json::from_slice(&plain).map(Some).map_err(|_| CasesError::Content),
            Err(vault::VaultError::KeyDestroyed(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What stands now of the field that a correction is about.
    async fn old_value(
        &self,
        session: &impl Session,
        contact: ContactId,
        new: &NewCorrection,
    ) -> Result<String, CasesError> {
        let missing = || CasesError::NotFound { what: "contact", id: contact.to_string() };
        let person = held::contact(session, contact).await?.ok_or_else(missing)?;
        match new.field {
            Field::Name => Ok(person.name),
            Field::Phone => Ok(person.phone),
            Field::Email => {
                let all = store::contacts::addresses_of(session, contact).await?;
                let address = match (new.of, all.as_slice()) {
                    (Some(of), _) if all.contains(&of) => of,
                    (None, [one]) => *one,
                    (Some(_) | None, _) => {
                        let reason = "say which address it is, by its number: give --of (see `contact show`)";
                        return Err(refused("which_address", reason));
                    }
                };
                let clear = store::addresses::clear(session, address).await?.ok_or_else(missing)?;
                Ok(clear.expose().to_owned())
            }
        }
    }

    /// By what an old value is known again.
    pub(super) fn old_digest(&self, contact: ContactId, field: Field, old: &str) -> Digest {
        self.parts.digests.digest(Purpose::OldValue, &digested(contact, field, old))
    }

    /// Whether a value is the one that a correction was proposed for.
    pub(super) fn is_old(&self, row: &RectificationRow, value: &str) -> Result<bool, CasesError> {
        let data = digested(row.contact, row.field, value);
        let digest = self.parts.digests.digest_under(row.old.key, Purpose::OldValue, &data)?;
        Ok(digest.bytes == row.old.bytes)
    }
}

fn digested(contact: ContactId, field: Field, value: &str) -> Vec<u8> {
    format!("{contact}/{}/{value}", field.name()).into_bytes()
}

/// Whose data are corrected.
pub(super) fn contact_of(ticket: &TicketRow) -> Result<ContactId, CasesError> {
    ticket.contact.ok_or_else(|| {
        let reason = "no contact belongs to this matter, so nothing of a contact can be corrected; see `ticket show`";
        refused("no_contact", reason)
    })
}

fn may_be_proposed(request: &RequestRow) -> Result<(), CasesError> {
    if request.name != RequestName::Rectification {
        let reason =
            "a correction answers a request for correction; this one asks for something else";
        return Err(refused("not_rectification", reason));
    }
    match request.state {
        RequestState::Received
        | RequestState::Blocked
        | RequestState::Identity
        | RequestState::UnderReview => Ok(()),
        RequestState::Approved
        | RequestState::Refused
        | RequestState::Executing
        | RequestState::Verified
        | RequestState::Answered
        | RequestState::Closed
        | RequestState::Joined
        | RequestState::Withdrawn => {
            let reason = "what was decided on is not changed; send it back first";
            Err(refused("request_state", reason))
        }
    }
}
