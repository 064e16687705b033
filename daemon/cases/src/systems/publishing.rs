//! The end of publication and taking it back (152-ФЗ ст. 10.1 ч. 12–14).
//!
//! A mail whose sender is not proven takes nothing down: the site is told once the challenge was
//! answered, a person attested who asks, or approved it. What was asked for by nobody is taken
//! back by the reverse call, so that the site puts it up again.

use domain::{Timestamp, regime::RequestName, webhook::SystemAct};
use store::{Session, Transaction, requests::RequestRow, systems::NewNotice, tickets::TicketRow};

use super::{
    raising::{due, subject_of},
    spreading::About,
};
use crate::{Cases, CasesError};

const PUBLICATION: [SystemAct; 2] = [SystemAct::StopPublication, SystemAct::ResumePublication];

impl Cases {
    /// Who asks is proven, or a person says so: systems are told to stop the publication, unless
    /// they were told already. For any other request nothing follows.
    pub(crate) async fn stop_publication(
        &self,
        transaction: &Transaction,
        (request, ticket): (&RequestRow, &TicketRow),
        now: Timestamp,
    ) -> Result<(), CasesError> {
        if request.name != RequestName::StopPublication
            || !request.state.is_open()
            || store::challenges::is_disowned(transaction, ticket.id).await?
        {
            return Ok(());
        }
        let data = store::systems::published(transaction, request.id).await?;
        let last = store::systems::last_of_request(transaction, request.id, &PUBLICATION).await?;
        let is_told = last
            .is_some_and(|(act, told)| act == SystemAct::StopPublication && covers(&told, &data));
        if is_told {
            return Ok(());
        }
        self.tell_of_request(transaction, (request, ticket), SystemAct::StopPublication, data, now)
            .await
    }

    /// The end of publication was not asked for by the person, or is not owed: what was told is
    /// taken back.
    pub(crate) async fn resume_publication(
        &self,
        transaction: &Transaction,
        (request, ticket): (&RequestRow, &TicketRow),
        now: Timestamp,
    ) -> Result<(), CasesError> {
        if request.name != RequestName::StopPublication {
            return Ok(());
        }
        let last = store::systems::last_of_request(transaction, request.id, &PUBLICATION).await?;
        let Some((SystemAct::StopPublication, data)) = last else { return Ok(()) };
        let act = SystemAct::ResumePublication;
        self.tell_of_request(transaction, (request, ticket), act, data, now).await
    }

    /// Raises a notice of a request with a call for each system that listens. Nobody is told of
    /// whom a representative speaks before that is known.
    pub(super) async fn tell_of_request(
        &self,
        transaction: &Transaction,
        (request, ticket): (&RequestRow, &TicketRow),
        act: SystemAct,
        data: String,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let Some(about) = self.whom_a_request_is_about(transaction, request, ticket).await? else {
            return Ok(());
        };
        let subject = subject_of(about.contact, about.address, ticket.id);
        let notice = NewNotice {
            act,
            ticket: Some(ticket.id),
            block: None,
            plan: None,
            contact: about.contact,
            request: Some(request.id),
            data,
        };
        let id = store::systems::raise(transaction, &notice, now).await?;
        for system in self.systems.0.iter().filter(|system| system.acts.contains(&act)) {
            let webhook_id = self.webhook_id();
            let call = store::systems::NewCall {
                notice: id,
                system: &system.name,
                webhook_id: &webhook_id,
                act,
                subject: &subject,
                ticket: Some(ticket.id),
                block: None,
                plan: None,
                request: Some(request.id),
                data: &notice.data,
                payload: None,
                raised_at: now,
                due_at: due(now, system.patience(act)),
            };
            store::systems::add(transaction, &call).await?;
        }
        let detail = serde_json::json!({ "notice": id, "what": act.name() });
        let about = format!("request:{}", request.id);
        let actor = "consentry";
        Ok(store::audit::append(transaction, actor, "systems_told", &about, &detail, now).await?)
    }

    pub(super) async fn whom_a_request_is_about(
        &self,
        session: &impl Session,
        request: &RequestRow,
        ticket: &TicketRow,
    ) -> Result<Option<About>, CasesError> {
        match self.represented(session, (request, ticket)).await {
            Ok(Some(contact)) => Ok(Some(About { contact: Some(contact), address: None })),
            Ok(None) => self.about(session, None, Some(ticket.id)).await.map(Some),
            Err(CasesError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether what was told holds what is wanted; nothing named is everything.
fn covers(told: &str, wanted: &str) -> bool {
    let mut wants = wanted.split_whitespace().peekable();
    told.is_empty()
        || (wants.peek().is_some()
            && wants.all(|word| told.split_whitespace().any(|held| held == word)))
}

/// What two letters of one matter want taken down.
pub(crate) fn both(one: &str, other: &str) -> String {
    if one.is_empty() || other.is_empty() {
        return String::new();
    }
    let mut words: Vec<&str> = one.split_whitespace().chain(other.split_whitespace()).collect();
    words.sort_unstable();
    words.dedup();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{both, covers};

    #[test]
    fn nothing_named_is_everything() {
        for (told, wanted, expected) in [
            ("", "", true),
            ("", "photo", true),
            ("photo", "", false),
            ("photo", "photo", true),
            ("photo", "photo review", false),
            ("photo review", "review", true),
        ] {
            assert_eq!(covers(told, wanted), expected, "{told} / {wanted}");
        }
        assert_eq!(both("photo", "name photo"), "name photo");
        assert_eq!((both("", "photo"), both("photo", "")), (String::new(), String::new()));
    }
}
