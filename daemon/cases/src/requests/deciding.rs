//! Decisions: proposed by one, decided by another, about exactly what stands now.
//!
//! What is decided on is named by a hash: the plan, the corrections, the package, or clause and
//! reasons. Executors ask [`Cases::covered`] before they begin, so that what was changed after
//! the decision is not carried out.

use domain::{
    Timestamp,
    decision::{Decision, DecisionError, DecisionState, Verdict, may_be_proposed},
    ids::RequestId,
    regime::RequestName,
    request::{Outcome, RequestState, RequestStep},
};
use render::MailName;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{
    StoreError, Transaction,
    decisions::{DecisionRow, NewDecision},
    requests::RequestRow,
    tickets::TicketRow,
};

use super::{By, answering::ANSWERING, covering::Subject, executing::Carried, refused};
use crate::{Cases, CasesError, filing::PendingStops};

/// The context under which reasons are sealed.
pub(super) const REASONS_CONTEXT: &str = "decision.reasons";

/// A refusal in the words of a person of ours. Personal data may be in it; prints nothing.
#[derive(Clone, Serialize, Deserialize)]
pub struct Refusal {
    /// Article and part that allow it.
    pub clause: String,
    /// The reasons, as the person will read them.
    pub reasons: String,
}

impl std::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Refusal(***)")
    }
}

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It is to be carried out.
    Approved,
    /// It is refused, and the letter is planned.
    Refused,
}

impl Cases {
    /// Proposes to approve what stands, or to refuse with clause and reasons.
    ///
    /// # Errors
    /// [`CasesError::Refused`] when the request is not under review, what is to be approved was
    /// not prepared, was disowned, is asked by a representative without a paper or could go to
    /// nobody, or a refusal lacks article or reasons; [`StoreError::Duplicate`] when a decision
    /// stands already.
    pub async fn propose(
        &self,
        id: RequestId,
        refusal: Option<&Refusal>,
        actor: &str,
    ) -> Result<(), CasesError> {
        let ticket = self.request_and_ticket(self.store(), id).await?.1;
        let sealed = match refusal {
            Some(refusal) => Some(self.seal_refusal(&ticket, refusal).await?),
            None => None,
        };
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let (request, ticket) = self.request_and_ticket(&transaction, id).await?;
        if refusal.is_none() {
            self.check_unsaid(&transaction, &request).await?;
        }
        let words = (refusal, sealed.as_deref());
        self.propose_in(&transaction, (&request, &ticket), words, actor, now).await?;
        Ok(transaction.commit().await?)
    }

    /// Proposes what people carried out or found by hand: what is done, what goes on and on which
    /// base, or that the claim was not confirmed. It is decided on as it is written here.
    ///
    /// # Errors
    /// [`CasesError::Refused`] as of [`Cases::propose`], for a request that the machine carries
    /// out, and where bases, article or reasons are lacking.
    pub async fn propose_carried(
        &self,
        id: RequestId,
        carried: &Carried,
        actor: &str,
    ) -> Result<(), CasesError> {
        let (request, ticket) = self.request_and_ticket(self.store(), id).await?;
        self.check_carried(self.store(), &request, carried).await?;
        let key = self.key_of_matter(&ticket).await?;
        let plain = serde_json::to_vec(carried).map_err(|_| CasesError::Content)?;
        let entropy = &*self.parts.entropy;
        let sealed = self.parts.vault.seal(key, REASONS_CONTEXT, &plain, entropy).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let (request, ticket) = self.request_and_ticket(&transaction, id).await?;
        self.check_carried(&transaction, &request, carried).await?;
        let words = (None, Some(sealed.as_slice()));
        self.propose_in(&transaction, (&request, &ticket), words, actor, now).await?;
        Ok(transaction.commit().await?)
    }

    /// The words of what is carried out by hand, as they were proposed.
    pub(crate) async fn open_carried(&self, row: &DecisionRow) -> Result<Carried, CasesError> {
        let Some(sealed) = row.reasons.as_deref() else { return Ok(Carried::default()) };
        let plain = self.parts.vault.open_sealed(REASONS_CONTEXT, sealed).await?;
        serde_json::from_slice(&plain).map_err(|_| CasesError::Content)
    }

    async fn propose_in(
        &self,
        transaction: &Transaction,
        (request, ticket): (&RequestRow, &TicketRow),
        (refusal, sealed): (Option<&Refusal>, Option<&[u8]>),
        actor: &str,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let from_identity = request.state == RequestState::Identity && refusal.is_some();
        if request.state != RequestState::UnderReview && !from_identity {
            let why = format!(
                "the request is {}; what is under review is decided on: `consentry request review {}`",
                request.state.name(),
                request.id
            );
            return Err(CasesError::Refused { rule: "under_review", reason: why });
        }
        let verdict = if refusal.is_some() { Verdict::Refuse } else { Verdict::Approve };
        let subject = match refusal {
            Some(refusal) => refusal_subject(request, refusal),
            None => with_words(self.subject_of(transaction, request).await?, sealed),
        };
        let settings = &self.parts.settings.requests;
        let (four_eyes, proposed_by) = (settings.four_eyes, settings.acting(actor));
        let standing = self.standing(transaction, request, ticket, &subject).await?;
        if verdict == Verdict::Approve {
            may_be_proposed(&standing)?;
            if request.name == RequestName::Access {
                self.check_has_reader(transaction, (request, ticket)).await?;
            }
        }
        // The pure machine makes it, so that what is stored is what was proposed.
        let made = Decision::propose(verdict, &standing, four_eyes, proposed_by, subject.makers);
        debug_assert_eq!(made.state(), DecisionState::Proposed);
        let new = NewDecision {
            request: request.id,
            verdict,
            subject: subject.hash,
            clause: refusal.map_or("", |refusal| refusal.clause.trim()),
            reasons: sealed,
            four_eyes,
            proposed_by,
        };
        match store::decisions::propose(transaction, &new, now).await {
            Err(StoreError::Duplicate { .. }) => {
                let why = "a decision stands for this request; decide it, or `consentry request send-back`";
                return Err(refused("decision_stands", why));
            }
            made => made?,
        };
        let detail = serde_json::json!({
            "verdict": verdict.name(), "subject": hex::encode(subject.hash), "four_eyes": four_eyes,
            "account": settings.accounts.own,
        });
        let subject = format!("request:{}", request.id);
        Ok(store::audit::append(transaction, actor, "propose", &subject, &detail, now).await?)
    }

    /// Decides what is proposed. Where one person may decide alone and nothing is proposed, it is
    /// proposed and decided in one.
    ///
    /// A subject that was changed since voids the proposal.
    ///
    /// # Errors
    /// [`CasesError::Refused`] by four eyes, identity, representation, hold, or a changed subject;
    /// [`StoreError::Conflict`] when somebody else decided at the same time.
    pub async fn decide(&self, id: RequestId, actor: &str) -> Result<Decided, CasesError> {
        let (request, ticket) = self.request_and_ticket(self.store(), id).await?;
        let reasons = match store::decisions::standing(self.store(), request.id).await? {
            Some(row) if row.verdict == Verdict::Refuse => Some(self.open_refusal(&row).await?),
            _ => None,
        };
        // Only a refusal is a letter: a key that nobody needs would outlive a destruction.
        let key = match &reasons {
            Some(_) => Some(self.key_of_matter(&ticket).await?),
            None => None,
        };
        let blocked = match &reasons {
            Some(_) => self.stops_of_blocks(&ticket).await?,
            None => Vec::new(),
        };
        let transaction = self.store().begin().await?;
        store::stops::lock(&transaction, &blocked).await?;
        let mut stops = PendingStops::default();
        let now = self.parts.clock.now();
        let (request, ticket) = self.request_and_ticket(&transaction, id).await?;
        let matter = (&request, &ticket);
        let mut row = store::decisions::standing(&transaction, id).await?;
        if row.is_none() && !self.parts.settings.requests.four_eyes {
            self.check_unsaid(&transaction, &request).await?;
            self.propose_in(&transaction, matter, (None, None), actor, now).await?;
            row = store::decisions::standing(&transaction, id).await?;
        }
        let Some(row) = row else {
            let why = format!("nothing is proposed; `consentry request propose {id}` first");
            return Err(CasesError::Refused { rule: "decision_stands", reason: why });
        };
        let subject = match (&reasons, row.verdict) {
            (Some(refusal), Verdict::Refuse) => refusal_subject(&request, refusal),
            (None, Verdict::Refuse) => return Err(StoreError::Conflict { what: "decision" }.into()),
            (_, Verdict::Approve) => {
                let subject = self.subject_of(&transaction, &request).await?;
                with_words(subject, row.reasons.as_deref())
            }
        };
        let standing = self.standing(&transaction, &request, &ticket, &subject).await?;
        let proposed = Decision::stored(
            row.verdict,
            row.subject,
            row.four_eyes,
            (row.proposer(), subject.makers),
            row.state,
        );
        let settings = &self.parts.settings.requests;
        if let Err(error) = proposed.decide(settings.acting(actor), settings.four_eyes, &standing) {
            if error == DecisionError::SubjectChanged {
                // The proposal is void whatever the caller does next.
                self.void(&transaction, id, actor, "subject_changed", now).await?;
                transaction.commit().await?;
            }
            return Err(error.into());
        }
        if row.verdict == Verdict::Approve && standing.destroys {
            // Whoever lets data be destroyed stands in the act.
            self.check_act([actor])?;
        }
        store::decisions::decide(&transaction, row.id, actor, now).await?;
        let by = By::person(actor);
        let decided = match (row.verdict, reasons) {
            (Verdict::Approve, _) | (Verdict::Refuse, None) => {
                let request =
                    self.advance(&transaction, &request, RequestStep::Approve, by, now).await?;
                self.stop_publication(&transaction, (&request, &ticket), now).await?;
                Decided::Approved
            }
            (Verdict::Refuse, Some(refusal)) => {
                let request =
                    self.advance(&transaction, &request, RequestStep::Refuse, by, now).await?;
                self.resume_publication(&transaction, (&request, &ticket), now).await?;
                if request.name == RequestName::Achieved {
                    // Nobody asked: what is not over yet is no news to anybody.
                    let outcome = Outcome::Refused;
                    store::requests::set_outcome(&transaction, id, outcome).await?;
                    let request =
                        self.advance(&transaction, &request, RequestStep::Answer, by, now).await?;
                    self.fulfil(&transaction, &request, &ANSWERING, by, now).await?;
                    self.close_if_nothing_owed(&transaction, &request, now).await?;
                } else {
                    let mut letter = self.case_letter(&ticket, Some(&request));
                    letter.clause = refusal.clause.trim().to_owned();
                    letter.reasons = paragraphs(&refusal.reasons);
                    letter.remedies = self.remedies(&transaction, &request, &ticket).await?;
                    actor.clone_into(&mut letter.decided_by);
                    let mail = (MailName::Refusal, letter);
                    let matter = (&ticket, &request);
                    let key = key.ok_or(StoreError::Conflict { what: "decision" })?;
                    self.plan_answer(&transaction, matter, mail, Outcome::Refused, key, now)
                        .await?;
                    if request.name == RequestName::Rectification {
                        // Not confirmed: the block of the check ends with it, and the person is told.
                        let matter = (&request, &ticket);
                        self.end_unconfirmed_in(&transaction, matter, actor, &mut stops, now)
                            .await?;
                    }
                }
                Decided::Refused
            }
        };
        let detail = serde_json::json!({
            "verdict": row.verdict.name(), "subject": hex::encode(row.subject),
            "proposed_by": row.proposed_by, "account": settings.accounts.own,
        });
        let about = format!("request:{id}");
        store::audit::append(&transaction, actor, "decide", &about, &detail, now).await?;
        self.commit(transaction, stops, now).await?;
        Ok(decided)
    }

    /// Takes a proposal, or an approval of which nothing began, back into review.
    ///
    /// # Errors
    /// [`CasesError::Refused`] without a reason, or when nothing stands.
    pub async fn send_back(
        &self,
        id: RequestId,
        reason: &str,
        actor: &str,
    ) -> Result<(), CasesError> {
        let ticket = self.request_and_ticket(self.store(), id).await?.1;
        let note = self.seal_note(&ticket, reason).await?;
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let request = self.request_and_ticket(&transaction, id).await?.0;
        if request.state == RequestState::Approved {
            let by = By::person(actor);
            self.advance(&transaction, &request, RequestStep::SendBack, by, now).await?;
        } else if request.state != RequestState::UnderReview
            || store::decisions::standing(&transaction, id).await?.is_none()
        {
            return Err(refused(
                "decision_stands",
                "nothing is proposed or approved that could go back",
            ));
        }
        self.void(&transaction, id, actor, "sent_back", now).await?;
        store::request_notes::add(&transaction, id, "send_back", (&note, actor), now).await?;
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn void(
        &self,
        transaction: &Transaction,
        id: RequestId,
        actor: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        if store::decisions::void(transaction, id).await? > 0 {
            let detail = serde_json::json!({ "why": why });
            let subject = format!("request:{id}");
            store::audit::append(transaction, actor, "void", &subject, &detail, now).await?;
        }
        Ok(())
    }
}

impl From<DecisionError> for CasesError {
    fn from(error: DecisionError) -> Self {
        Self::Refused { rule: error.rule(), reason: error.to_string() }
    }
}

fn refusal_subject(request: &RequestRow, refusal: &Refusal) -> Subject {
    let mut hash = Sha256::new();
    hash.update(format!("request/{}/refuse/", request.id));
    for part in [refusal.clause.trim(), refusal.reasons.trim()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    Subject { hash: hash.finalize().into(), makers: Vec::new(), destroys: false }
}

/// What is decided on together with the words of what is carried out by hand: as they were
/// sealed, so that whoever carries it out reads no others.
pub(super) fn with_words(subject: Subject, sealed: Option<&[u8]>) -> Subject {
    let Some(sealed) = sealed else { return subject };
    let hash = Sha256::new().chain_update(subject.hash).chain_update(b"/words/");
    Subject { hash: hash.chain_update(sealed).finalize().into(), ..subject }
}

/// A text by its paragraphs.
pub(crate) fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
