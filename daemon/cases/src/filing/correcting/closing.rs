//! One request that was never asked is closed, and whoever was told of it hears that.
//!
//! One person may do that only as long as nobody proved who asks and nobody of ours looked at it: from
//! then on it ends by a decision of two.

use domain::{
    Timestamp,
    delivery::Occasion,
    identity::IdentityLevel,
    request::{Outcome, RequestStep, Requester, Warrant},
};
use render::{MailName, mail::CaseLetter, wording};
use serde_json::json;
use store::{Transaction, requests::RequestRow};

use super::{Refiling, ending::REASON};
use crate::{Cases, CasesError, letters::CaseMail, requests::refused};

impl Cases {
    pub(super) async fn close_one(
        &self,
        transaction: &Transaction,
        refiling: &Refiling<'_>,
        row: &RequestRow,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let (actor, ticket) = (refiling.actor, &refiling.seen.ticket);
        // A proof that is written down meanwhile waits, and is not overlooked.
        store::challenges::lock_ticket(transaction, ticket.id).await?;
        let level = store::identity::level_of(transaction, row).await?;
        let is_proven = level >= Some(IdentityLevel::Challenge);
        let is_decided = store::decisions::standing(transaction, row.id).await?.is_some()
            || store::taking_back::standing(transaction, row.id).await?.is_some();
        let step = match row.state.step(RequestStep::Misread, Warrant::Person) {
            Ok(step) if !is_proven && !is_decided => step,
            _ => return Err(gone_too_far(row)),
        };
        store::requests::change_state(transaction, row.id, step, now).await?;
        store::requests::set_outcome(transaction, row.id, Outcome::Misread).await?;
        store::requests::stop_clock(transaction, row.id, actor, REASON, now).await?;
        let detail = json!({
            "name": row.name.name(), "from": row.state.name(), "reason_given": refiling.says_why,
            "submission": refiling.seen.submission.id,
        });
        let subject = format!("request:{}", row.id);
        store::audit::append(transaction, actor, REASON, &subject, &detail, now).await?;
        // What was taken down for it is put back.
        self.resume_publication(transaction, (row, ticket), now).await?;
        let (became, key) = ((Outcome::Misread, actor), refiling.seen.filed.vault_key);
        self.tell_represented(transaction, (row, ticket), became, key, now).await
    }

    /// Tells the person that what was confirmed to them is not looked at any more, and that they can
    /// ask for it. Nothing where nothing was confirmed, and no machine's letter to an authority.
    pub(super) async fn tell_misread(
        &self,
        transaction: &Transaction,
        refiling: &Refiling<'_>,
        ended: &[RequestRow],
        is_lifted: bool,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let ticket = &refiling.seen.ticket;
        let names: Vec<_> = ended
            .iter()
            .filter(|row| row.requester != Requester::Authority)
            .map(|row| row.name)
            .collect();
        let (Some(to), false) = (ticket.address, names.is_empty()) else { return Ok(()) };
        let letters = store::deliveries::letters_of(transaction, ticket.id).await?;
        if !letters.iter().any(|letter| letter.occasion == Occasion::Acknowledgement) {
            return Ok(());
        }
        let letter = CaseLetter {
            reasons: wording::misread(&names, is_lifted, ticket.locale),
            ..self.case_letter(ticket, None)
        };
        let (occasion, name) = (Occasion::Notice, MailName::Reply);
        let key = refiling.seen.filed.vault_key;
        let mail = CaseMail { ticket, to, occasion, name, letter, key };
        self.plan_case_letter(transaction, mail, now).await?;
        Ok(())
    }
}

/// Something ends by the word of one person, and that person does not say why.
pub(super) fn unsaid() -> CasesError {
    let why = "this ends a request or lifts a block: say why; give --note";
    refused("misread_needs_reason", why)
}

fn gone_too_far(row: &RequestRow) -> CasesError {
    CasesError::Refused {
        rule: "only_unworked_requests_are_misread",
        reason: format!(
            "the request {} is {} already, and somebody proved who asks, looked at it or decided: one \
             person does not end it so; refuse it with clause and reasons, by two: `consentry request \
             refuse {} --clause ARTICLE --reasons WORDS`",
            row.name.name(),
            row.state.name(),
            row.id
        ),
    }
}
