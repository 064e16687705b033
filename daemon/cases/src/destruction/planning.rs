//! Plans are made: what there is, what is kept, shown to whoever decides.

use domain::{
    Timestamp,
    digest::AddressDigests,
    identity::IdentityLevel,
    ids::RequestId,
    plan::{Draft, Facts, PlanError, Whose},
    regime::RequestName,
    request::RequestState,
};
use serde_json::json;
use store::{
    Session, destruction::Known, plans::PlanRow, requests::RequestRow, tickets::TicketRow,
};

use super::{PlanOrder, plan_subject, refused};
use crate::{Cases, CasesError};

/// Requests that a destruction carries out.
pub(super) fn destroys(name: RequestName) -> bool {
    matches!(
        name,
        RequestName::Erasure
            | RequestName::ConsentWithdrawal
            | RequestName::Objection
            | RequestName::UnlawfulProcessing
            | RequestName::Achieved
            | RequestName::AuthorityBlock
    )
}

/// Requests that are part of the same matter: a destruction settles them, too.
pub(super) fn joins(name: RequestName) -> bool {
    matches!(
        name,
        RequestName::Erasure
            | RequestName::ConsentWithdrawal
            | RequestName::Objection
            | RequestName::UnlawfulProcessing
            | RequestName::Achieved
            | RequestName::Restriction
            | RequestName::StopMarketing
            | RequestName::StopPublication
    )
}

impl From<PlanError> for CasesError {
    fn from(error: PlanError) -> Self {
        let rule = match error {
            PlanError::Held(_) => "legal_hold",
            PlanError::Unanswered(_) => "answer_first",
        };
        refused(rule, error.to_string())
    }
}

impl Cases {
    /// What a plan for a request would be now; nothing is written.
    ///
    /// # Errors
    /// [`CasesError::Refused`] (`legal_hold`, `answer_first`, `which_contact`, `destruction_kind`).
    pub async fn draft_destruction(
        &self,
        request: RequestId,
        order: &PlanOrder,
    ) -> Result<Draft, CasesError> {
        let (request, ticket) = self.request_and_ticket(self.store(), request).await?;
        let now = self.parts.clock.now();
        let order = self.with_continued(self.store(), request.id, order).await?;
        self.draft_plan(self.store(), (&request, &ticket), &order, None, now).await
    }

    /// Makes the plan of a request, in place of one that nobody began; a decision on that one is
    /// void.
    ///
    /// # Errors
    /// As [`Cases::draft_destruction`]; (`plan_begun`) when one is being carried out,
    /// (`same_person`) when another request does it for the same person, (`act_operator_address`,
    /// `act_person`) when no act could be drawn up, [`CasesError::NotFound`].
    pub async fn plan_destruction(
        &self,
        request: RequestId,
        order: &PlanOrder,
        actor: &str,
    ) -> Result<PlanRow, CasesError> {
        // What cannot be proven is not begun (order 179).
        self.check_act([actor])?;
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let (request, ticket) = self.request_and_ticket(&transaction, request).await?;
        let open = [
            RequestState::Received,
            RequestState::Blocked,
            RequestState::Identity,
            RequestState::UnderReview,
        ];
        if !open.contains(&request.state) {
            let state = request.state.name();
            return Err(refused(
                "plan_before_approval",
                format!("request {} is {state}; a plan is made before it is approved", request.id),
            ));
        }
        let order = self.with_continued(&transaction, request.id, order).await?;
        let draft = self.draft_plan(&transaction, (&request, &ticket), &order, None, now).await?;
        if let Some(other) =
            store::plans::of_same_person(&transaction, &draft.whose, request.id).await?
        {
            return Err(refused(
                "same_person",
                format!(
                    "request {other} already has a plan for this person; join it: `consentry request join`"
                ),
            ));
        }
        if let Some(held) = store::plans::of_request(&transaction, request.id).await? {
            held.state.void().map_err(|error| refused("plan_begun", error.to_string()))?;
            store::plans::void(&transaction, held.id, held.state).await?;
        }
        let id = store::plans::add(&transaction, request.id, &draft, actor, now).await?;
        let detail = json!({
            "request": request.id, "method": draft.method.name(), "finding": draft.finding.name(),
            "steps": draft.steps.len(), "hash": hex::encode(draft.hash()),
        });
        store::audit::append(&transaction, actor, "planned", &plan_subject(id), &detail, now)
            .await?;
        let row = store::plans::by_id(&transaction, id).await?;
        transaction.commit().await?;
        row.ok_or_else(|| CasesError::NotFound { what: "plan", id: id.to_string() })
    }

    /// The plan that stands for a request; none when there is none.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn plan_of(&self, request: RequestId) -> Result<Option<PlanRow>, CasesError> {
        Ok(store::plans::of_request(self.store(), request).await?)
    }

    /// What a plan would be; of one that was `shown`, what it would be now: tickets that it does
    /// not show are matters of their own, which go on by themselves (see
    /// [`Cases::proven_questions`]).
    pub(super) async fn draft_plan(
        &self,
        session: &impl Session,
        (request, ticket): (&RequestRow, &TicketRow),
        order: &PlanOrder,
        shown: Option<&Draft>,
        now: Timestamp,
    ) -> Result<Draft, CasesError> {
        if !destroys(request.name) {
            return Err(refused(
                "destruction_kind",
                format!("a request for {} destroys nothing", request.name.name()),
            ));
        }
        let represented = self.represented(session, (request, ticket)).await?;
        let sender = if represented.is_some() { None } else { ticket.address };
        let contact = represented.or(ticket.contact).or(order.contact);
        if let Some(chosen) = order.contact.filter(|chosen| contact != Some(*chosen)) {
            let whose = contact.map(|contact| contact.to_string()).unwrap_or_default();
            return Err(refused(
                "which_contact",
                format!("this matter is about contact {whose}, not about contact {chosen}"),
            ));
        }
        if let (None, None, None, Some(chosen)) =
            (shown, represented, ticket.contact, order.contact)
        {
            self.check_may_be_about(session, (request, ticket), chosen).await?;
        }
        if let (None, Some(address)) = (contact, sender) {
            let known = store::destruction::known(session, address).await?;
            if known > 0 {
                return Err(refused(
                    "which_contact",
                    format!("{known} contact(s) have this address; say whose data: `--contact ID`"),
                ));
            }
        }
        let by = Known { contact, address: sender, ticket: ticket.id };
        let mut found = store::destruction::find(session, by).await?;
        // A hold on any matter of the person stops all of them.
        let holds = store::destruction::standing_holds(session, &found.whose).await?;
        if let Some(shown) = shown {
            found.whose.tickets.retain(|ticket| shown.whose.tickets.contains(ticket));
        }
        let counts =
            store::destruction::counting::counts(session, &found.whose, None, order.method).await?;
        let clear = store::destruction::own_addresses(session, &found.whose).await?;
        let digests: Vec<AddressDigests> =
            clear.iter().flat_map(|(_, address)| self.parts.digests.address_all(address)).collect();
        let unanswered = match shown {
            Some(_) => 0,
            None => self.questions(session, &found.whose, request.id).await?.len(),
        };
        let facts = Facts {
            erased_before: store::destruction::erased_before(session, &digests).await?,
            has_reply_address: match represented {
                // The copy of the answer goes there.
                Some(_) => !found.whose.addresses.is_empty(),
                None => sender.is_some_and(|address| found.whose.addresses.contains(&address)),
            },
            today: now.to_zoned(self.parts.settings.zone.clone()).date(),
            holds,
            unanswered: u32::try_from(unanswered).unwrap_or(u32::MAX),
        };
        Ok(Draft::make(order.method, found.whose, &counts, &order.keeps, &facts)?)
    }

    /// Open requests of the person that need the data, and no part of a destruction.
    async fn questions(
        &self,
        session: &impl Session,
        whose: &Whose,
        request: RequestId,
    ) -> Result<Vec<RequestId>, CasesError> {
        let others = store::destruction::other_requests(session, whose, request).await?;
        Ok(others.into_iter().filter(|(_, name)| !joins(*name)).map(|(id, _)| id).collect())
    }

    /// Those that came after the plan was made and whose sender is proven as far as they need it:
    /// they are answered before the data go. Anybody can write in somebody's name; who is not
    /// proven puts nothing off.
    pub(super) async fn proven_questions(
        &self,
        session: &impl Session,
        (request, ticket): (&RequestRow, &TicketRow),
        plan: &PlanRow,
    ) -> Result<Vec<RequestId>, CasesError> {
        let contact = plan.draft.whose.contact;
        // Not the address of somebody who acts for the person.
        let own = &plan.draft.whose.addresses;
        let address = ticket.address.filter(|address| own.contains(address));
        let by = Known { contact, address, ticket: ticket.id };
        let whose = store::destruction::find(session, by).await?.whose;
        let mut proven = Vec::new();
        for id in self.questions(session, &whose, request.id).await? {
            let (row, _) = self.request_and_ticket(session, id).await?;
            let level = store::identity::level_of(session, &row).await?;
            if level.is_some_and(|level| level >= IdentityLevel::needed_for(row.name)) {
                proven.push(id);
            }
        }
        Ok(proven)
    }
}
