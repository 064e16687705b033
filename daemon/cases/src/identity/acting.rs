//! Whose data a matter is about when somebody acts for that person, and what that person hears.
//!
//! The sender of such a matter is never its subject: what is disclosed, corrected, stopped or
//! destroyed is of the person represented, who is told of the end as of the beginning
//! (152-FZ art. 9(1), 14, 20; RULES §1.1 REPRESENTATIVE).

use domain::{
    Timestamp,
    delivery::Occasion,
    filing::ReviewReason,
    ids::{AddressId, ContactId, TicketId, VaultKeyId},
    request::{Outcome, Requester},
    ticket::Lane,
};
use jiff::civil::Date;
use render::{MailName, mail::CaseLetter, wording};
use store::{
    Session, Transaction, representations::RepresentationRow, requests::RequestRow,
    tickets::TicketRow,
};

use crate::{Cases, CasesError, letters::CaseMail, requests::refused};

/// A request with its ticket.
type Matter<'a> = (&'a RequestRow, &'a TicketRow);

/// Where the answer to a request may go that discloses what we hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A mailbox of whoever asks, proven by a challenge of this matter.
    Asker(AddressId),
    /// The address on file of the person for whom somebody asks.
    Represented(AddressId),
}

impl Reader {
    /// The address.
    pub(crate) fn address(self) -> AddressId {
        match self {
            Self::Asker(address) | Self::Represented(address) => address,
        }
    }
}

impl Cases {
    /// The representation of a ticket that holds on `today` (in the organisation's zone). Without
    /// one nothing is disclosed to a representative, and nothing destroyed or changed for them.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn representation_in_force(
        &self,
        session: &impl Session,
        ticket: TicketId,
        today: Date,
    ) -> Result<Option<RepresentationRow>, CasesError> {
        Ok(store::representations::in_force(session, ticket, today).await?)
    }

    /// Whether somebody acts for another in a matter, and if so on which paper that holds now. A
    /// paper that ended does not make the sender the person the matter is about.
    pub(crate) async fn acting_for(
        &self,
        session: &impl Session,
        (request, ticket): Matter<'_>,
    ) -> Result<Option<Option<RepresentationRow>>, CasesError> {
        let today = self.parts.clock.now().to_zoned(self.parts.settings.zone.clone()).date();
        let papers = store::representations::of_ticket(session, ticket.id).await?;
        if papers.is_empty() && request.requester != Requester::Representative {
            return Ok(None);
        }
        Ok(Some(papers.into_iter().rev().find(|paper| paper.holds_on(today))))
    }

    /// Whose data a matter is about when somebody acts for that person; none when the sender asks
    /// for themselves.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`whose_data`) when nobody said whose data they are.
    pub(crate) async fn represented(
        &self,
        session: &impl Session,
        matter: Matter<'_>,
    ) -> Result<Option<ContactId>, CasesError> {
        match self.acting_for(session, matter).await? {
            None => Ok(None),
            Some(Some(RepresentationRow { contact: Some(subject), .. })) => Ok(Some(subject)),
            Some(Some(_) | None) => Err(CasesError::Refused {
                rule: "whose_data",
                reason: format!(
                    "somebody acts for another person: say for whom, `consentry identity represent {} --subject ID`",
                    matter.1.number
                ),
            }),
        }
    }

    /// The contact a matter is about; of a representative without a paper nobody: never the
    /// representative.
    pub(crate) async fn person_of(
        &self,
        session: &impl Session,
        matter: Matter<'_>,
    ) -> Result<Option<ContactId>, CasesError> {
        match self.represented(session, matter).await {
            Ok(represented) => Ok(represented.or(matter.1.contact)),
            Err(CasesError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Checks that a request whose ticket has no contact may be about the one that a person of ours
    /// names: one who has the sender's address, whom an authority named, or as whom the sender is
    /// attested.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`whose_data`).
    pub(crate) async fn check_may_be_about(
        &self,
        session: &impl Session,
        (request, ticket): Matter<'_>,
        contact: ContactId,
    ) -> Result<(), CasesError> {
        if let Some(address) = ticket.address
            && store::contacts::of_address(session, address).await?.contains(&contact)
        {
            return Ok(());
        }
        let (is_lawful, remedy) = if ticket.lane == Lane::Authority
            || request.requester == Requester::Authority
        {
            let blocks = store::blocks::of_ticket(session, ticket.id).await?;
            let named = blocks.iter().any(|block| block.contact == Some(contact));
            (named, "block whom the authority names first: `consentry block set --ticket`")
        } else {
            let attested = store::identity::is_attested_as(session, request, contact).await?;
            (attested, "attest that the sender is that person: `consentry identity attest --as`")
        };
        if is_lawful {
            return Ok(());
        }
        Err(CasesError::Refused {
            rule: "whose_data",
            reason: format!(
                "nothing shows that {} is about contact {contact}; {remedy}, or say who acts for whom: `consentry identity represent --subject`",
                ticket.number
            ),
        })
    }

    /// To whom what we hold about the person of a matter may go now, the one who asked first: a
    /// mailbox that answered a challenge of it (RULES X5), and where somebody acts for the person on
    /// an attested paper, the person's own address on file.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`whose_data`).
    pub(crate) async fn readers(
        &self,
        session: &impl Session,
        matter: Matter<'_>,
    ) -> Result<Vec<Reader>, CasesError> {
        let (request, ticket) = matter;
        let represented = self.represented(session, matter).await?;
        let proven = store::packages::proven_address(session, ticket.id, request.id).await?;
        let own = match represented {
            Some(subject) => self.told_address(session, ticket, subject).await?,
            None => None,
        };
        let proven = proven.into_iter().map(Reader::Asker);
        Ok(proven.chain(own.map(Reader::Represented)).collect())
    }

    /// Refuses what would be decided on and could then go to nobody.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`no_challenge`).
    pub(crate) async fn check_has_reader(
        &self,
        session: &impl Session,
        matter: Matter<'_>,
    ) -> Result<Reader, CasesError> {
        let reader = self.readers(session, matter).await?.into_iter().next();
        reader.ok_or_else(|| {
            let reason = format!(
                "no mailbox answered a challenge of this matter, and the link goes nowhere else; ask first: `consentry identity challenge {}`",
                matter.1.number
            );
            CasesError::Refused { rule: "no_challenge", reason }
        })
    }

    /// The address of somebody represented: the one that was told of the representation while it is
    /// on file, else the only one on file.
    async fn told_address(
        &self,
        session: &impl Session,
        ticket: &TicketRow,
        subject: ContactId,
    ) -> Result<Option<AddressId>, CasesError> {
        let on_file = store::contacts::addresses_of(session, subject).await?;
        let copy = MailName::RepresentativeCopy.folder();
        let told = store::representations::told_address(session, ticket.id, copy).await?;
        Ok(match (told.filter(|told| on_file.contains(told)), on_file.as_slice()) {
            (Some(told), _) => Some(told),
            (None, [one]) => Some(*one),
            (None, _) => None,
        })
    }

    /// Tells the person for whom somebody asked how it ended, in the words of the act alone; a task
    /// where no address is known. Nothing for a matter of the person themselves.
    pub(crate) async fn tell_represented(
        &self,
        transaction: &Transaction,
        matter: Matter<'_>,
        (outcome, decided_by): (Outcome, &str),
        key: VaultKeyId,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let (request, ticket) = matter;
        let papers = store::representations::of_ticket(transaction, ticket.id).await?;
        // Also of a paper that ended meanwhile: who heard of the beginning hears of the end.
        let mut standing = papers.iter().rev().filter(|paper| paper.revoked.is_none());
        let Some(subject) = standing.find_map(|paper| paper.contact) else { return Ok(()) };
        let Some(to) = self.told_address(transaction, ticket, subject).await? else {
            if store::contacts::addresses_of(transaction, subject).await?.is_empty() {
                // Destroyed meanwhile: nobody is left to be told.
                return Ok(());
            }
            let detail = format!("request:{}", request.id);
            store::tasks::open_once(transaction, "tell_represented", ticket.id, &detail, now)
                .await?;
            return Ok(());
        };
        if ticket.address == Some(to) {
            // The answer itself goes there.
            return Ok(());
        }
        let letter = CaseLetter {
            done: vec![wording::became(request.name, outcome, ticket.locale).to_owned()],
            decided_by: decided_by.to_owned(),
            ..self.case_letter(ticket, Some(request))
        };
        let (occasion, name) = (Occasion::Notice, MailName::RepresentativeAnswer);
        let mail = CaseMail { ticket, to, occasion, name, letter, key };
        let delivery = self.plan_case_letter(transaction, mail, now).await?;
        let detail = serde_json::json!({ "delivery": delivery, "contact": subject });
        let about = format!("request:{}", request.id);
        let act = "represented_told";
        Ok(store::audit::append(transaction, "consentry", act, &about, &detail, now).await?)
    }
}

/// An authority acts by law and not for a person, and is asked by letters of people of ours.
pub(super) fn check_is_no_authoritys(ticket: &TicketRow) -> Result<(), CasesError> {
    if ticket.lane != Lane::Authority {
        return Ok(());
    }
    let why =
        "an authority acts by law and not for a person; write to it by hand, see `ticket show`";
    Err(refused("authority_lane", why))
}

/// Checks that the letter, or a person of ours, says that its sender acts for another.
pub(super) fn check_is_representatives(
    ticket: &TicketRow,
    requests: &[RequestRow],
) -> Result<(), CasesError> {
    check_is_no_authoritys(ticket)?;
    let marked =
        ticket.review.split(' ').any(|reason| reason == ReviewReason::Representative.name());
    if marked || requests.iter().any(|request| request.requester == Requester::Representative) {
        return Ok(());
    }
    Err(CasesError::Refused {
        rule: "not_representative",
        reason: format!(
            "nobody says here that they act for another; if they do, say so first: `consentry ticket correct {} --marks representative`",
            ticket.number
        ),
    })
}
