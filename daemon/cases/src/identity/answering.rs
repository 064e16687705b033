//! "It was me" and "this was not me", posted from the link or with the typed code.
//!
//! Called by the pages alone. Looking changes nothing; an answer counts once. Whoever disowns a
//! matter gets its blocks lifted, those that no server vouched for (invariant 4).

use domain::{
    Timestamp,
    challenge::{Challenge, ChallengeError, ChallengeState, ChallengeStep},
    delivery::Occasion,
    identity::IdentityLevel,
    language::Locale,
    regime::RequestName,
    request::{RequestState, RequestStep},
    ticket_number::{StatusCode, TicketNumber},
};
use render::MailName;
use store::{
    StoreError, Transaction, challenges::ChallengeRow, identity::NewProof, tickets::TicketRow,
};

use super::{code_text, disowning};
use crate::{
    Cases, CasesError,
    blocks::{LiftGround, Lifting},
    filing::PendingStops,
    letters::CaseMail,
    requests::By,
};

/// Who acts in the audit log when the person on file pressed a button.
const PERSON: &str = "person_on_file";

/// What the person on file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeAnswer {
    /// It was I who wrote.
    Mine,
    /// This was not me.
    NotMine,
}

/// Where a challenge stands, as its page shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeStanding {
    /// It waits for a button.
    Open,
    /// "It was me" was said.
    Answered,
    /// "This was not me" was said.
    Disowned,
    /// It is over without an answer: its time, its tries, or a newer one.
    Over,
}

/// What the page of a challenge shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeView {
    /// Where it stands.
    pub standing: ChallengeStanding,
    /// The language of its letter.
    pub locale: Locale,
    /// The ticket.
    pub ticket_number: TicketNumber,
    /// Receipt of its first submission.
    pub opened_at: Timestamp,
    /// What is asked there.
    pub requests: Vec<RequestName>,
}

impl Cases {
    /// What a challenge link stands for; changes nothing. `None` for a token that is none of ours.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn challenge(&self, token: &str) -> Result<Option<ChallengeView>, CasesError> {
        let Some(row) = self.challenge_by_token(token).await? else { return Ok(None) };
        Ok(Some(self.challenge_view(&row, self.parts.clock.now()).await?))
    }

    /// Takes the answer of a challenge link, and shows how it stands then. The same answer again
    /// changes nothing; another one comes too late.
    ///
    /// # Errors
    /// [`CasesError::Store`], [`CasesError::Vault`]; nothing was taken then.
    pub async fn answer_challenge(
        &self,
        token: &str,
        answer: ChallengeAnswer,
    ) -> Result<Option<ChallengeView>, CasesError> {
        let Some(row) = self.challenge_by_token(token).await? else { return Ok(None) };
        match self.settle(&row, answer).await {
            // Somebody else was first: what is shown is what stands now.
            Ok(()) | Err(CasesError::Store(StoreError::Conflict { .. })) => {}
            Err(error) => return Err(error),
        }
        self.challenge(token).await
    }

    /// The same by the number of the ticket and the code in the letter. A wrong number, a wrong
    /// code and one that is over get the same answer: `None`. Each wrong code costs a try; when none
    /// is left the code is dead, and the link alone answers.
    ///
    /// # Errors
    /// [`CasesError::Store`], [`CasesError::Vault`].
    pub async fn answer_challenge_code(
        &self,
        number: TicketNumber,
        code: StatusCode,
        answer: ChallengeAnswer,
    ) -> Result<Option<ChallengeView>, CasesError> {
        let text = code_text(&number.to_string(), code.expose());
        // Made whether or not there is such a ticket, so that both take as long.
        let digests = self.parts.digests.token_all(&text);
        let ticket = store::tickets::by_number(self.store(), &number.to_string()).await?;
        let row = match &ticket {
            Some(ticket) => store::challenges::open_of(self.store(), ticket.id).await?,
            None => None,
        };
        let now = self.parts.clock.now();
        let Some(row) = row.filter(|row| row.challenge.takes_code(now)) else {
            // As much work as for a wrong code, which is counted.
            return self.count_nothing().await.map(|()| None);
        };
        if !digests.contains(&row.code) {
            self.mistype(row).await?;
            return Ok(None);
        }
        match self.settle(&row, answer).await {
            Ok(()) => {}
            Err(CasesError::Store(StoreError::Conflict { .. })) => return Ok(None),
            Err(error) => return Err(error),
        }
        let rows = store::challenges::of_ticket(self.store(), row.ticket).await?;
        match rows.iter().find(|now| now.id == row.id) {
            Some(settled) => Ok(Some(self.challenge_view(settled, now).await?)),
            None => Ok(None),
        }
    }

    async fn challenge_by_token(&self, token: &str) -> Result<Option<ChallengeRow>, CasesError> {
        let digests = self.parts.digests.token_all(&token.to_ascii_lowercase());
        Ok(store::challenges::by_token(self.store(), &digests).await?)
    }

    async fn challenge_view(
        &self,
        row: &ChallengeRow,
        now: Timestamp,
    ) -> Result<ChallengeView, CasesError> {
        let missing = || CasesError::NotFound { what: "ticket", id: row.ticket.to_string() };
        let ticket = store::tickets::by_id(self.store(), row.ticket).await?.ok_or_else(missing)?;
        let requests = store::requests::of_ticket(self.store(), row.ticket).await?;
        Ok(ChallengeView {
            standing: standing(&row.challenge, now),
            locale: ticket.locale,
            ticket_number: TicketNumber::parse(&ticket.number).map_err(|_| CasesError::Content)?,
            opened_at: ticket.opened_at,
            requests: requests.iter().map(|request| request.name).collect(),
        })
    }

    async fn count_nothing(&self) -> Result<(), CasesError> {
        let now = self.parts.clock.now();
        let transaction = self.store().begin().await?;
        let (nobody, any) = (domain::ids::ChallengeId(0), Challenge::asked(now));
        match store::challenges::change(&transaction, nobody, &any, &any, now).await {
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(transaction.rollback().await?),
            Err(error) => Err(error.into()),
        }
    }

    /// Counts a wrong code, also when several come at once: each costs a try of its own.
    async fn mistype(&self, mut row: ChallengeRow) -> Result<(), CasesError> {
        loop {
            let now = self.parts.clock.now();
            if !row.challenge.takes_code(now) {
                return Ok(());
            }
            let Ok(next) = row.challenge.after(ChallengeStep::Mistype, now) else {
                return Ok(());
            };
            let transaction = self.store().begin().await?;
            let changed =
                store::challenges::change(&transaction, row.id, &row.challenge, &next, now).await;
            match changed {
                Err(StoreError::Conflict { .. }) => transaction.rollback().await?,
                other => {
                    other?;
                    if next.tries_left == 0 {
                        let task = "challenge_code_spent";
                        let detail = format!("challenge:{}", row.id);
                        let ticket = Some(row.ticket);
                        store::tasks::open(&transaction, task, ticket, None, &detail, now).await?;
                    }
                    return Ok(transaction.commit().await?);
                }
            }
            match store::challenges::open_of(self.store(), row.ticket).await? {
                Some(again) if again.id == row.id => row = again,
                _ => return Ok(()),
            }
        }
    }

    async fn settle(&self, row: &ChallengeRow, answer: ChallengeAnswer) -> Result<(), CasesError> {
        let step = match answer {
            ChallengeAnswer::Mine => ChallengeStep::Answer,
            ChallengeAnswer::NotMine => ChallengeStep::Disown,
        };
        let missing = || CasesError::NotFound { what: "ticket", id: row.ticket.to_string() };
        let ticket = store::tickets::by_id(self.store(), row.ticket).await?.ok_or_else(missing)?;
        let key = match answer {
            ChallengeAnswer::NotMine => Some(self.key_of_matter(&ticket).await?),
            ChallengeAnswer::Mine => None,
        };
        let transaction = self.store().begin().await?;
        let now = self.parts.clock.now();
        let next = match row.challenge.after(step, now) {
            Ok(next) => next,
            Err(ChallengeError::Expired | ChallengeError::Settled(_)) => {
                return Ok(transaction.rollback().await?);
            }
        };
        if answer == ChallengeAnswer::NotMine {
            self.lock_blocks_of(&transaction, &ticket).await?;
        }
        store::challenges::lock_ticket(&transaction, ticket.id).await?;
        // A wrong code that was typed meanwhile takes nothing from the right answer.
        let held = store::challenges::open_of(&transaction, ticket.id).await?;
        let held = held.filter(|held| held.id == row.id).map_or(row.challenge, |h| h.challenge);
        let next = Challenge { tries_left: held.tries_left, ..next };
        store::challenges::change(&transaction, row.id, &held, &next, now).await?;
        let ticket = self.ticket_again(&transaction, &ticket).await?;
        let mut stops = PendingStops::default();
        match key {
            None => self.take_proof(&transaction, row, &ticket, now).await?,
            Some(key) => {
                let matter = (&ticket, key);
                self.take_disowning(&transaction, row, matter, &mut stops, now).await?;
            }
        }
        self.stop_waiting(&transaction, &ticket).await?;
        let act = next.state.name();
        let detail = serde_json::json!({ "challenge": row.id });
        let subject = format!("ticket:{}", ticket.id);
        store::audit::append(&transaction, PERSON, act, &subject, &detail, now).await?;
        self.commit(transaction, stops, now).await?;
        self.destroy_void_packages(ticket.id).await;
        Ok(())
    }

    /// "It was me": what was received until the question is proven, and a person decides.
    async fn take_proof(
        &self,
        transaction: &Transaction,
        row: &ChallengeRow,
        ticket: &TicketRow,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let proof = NewProof {
            ticket: row.ticket,
            level: IdentityLevel::Challenge,
            challenge: Some(row.id),
            contact: None,
            note: None,
            actor: PERSON,
            newest: Some(row.newest),
        };
        store::identity::add(transaction, &proof, now).await?;
        for request in store::requests::of_ticket(transaction, row.ticket).await? {
            let is_covered = request.id <= row.newest;
            if is_covered {
                self.stop_publication(transaction, (&request, ticket), now).await?;
                self.ask_systems(transaction, (&request, ticket), now).await?;
            }
            if request.state == RequestState::Identity && is_covered {
                let by = By::daemon();
                self.advance(transaction, &request, RequestStep::Review, by, now).await?;
            }
        }
        Ok(())
    }

    /// "This was not me": blocks that nobody vouched for are lifted, everything else goes to a
    /// person, and the address on file is told.
    async fn take_disowning(
        &self,
        transaction: &Transaction,
        row: &ChallengeRow,
        (ticket, key): (&TicketRow, domain::ids::VaultKeyId),
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let ground = LiftGround::Disowned;
        let (mut lifted, mut vouched) = (0_usize, Vec::new());
        for (block, authentication) in
            store::blocks::active_of_submissions(transaction, ticket.id).await?
        {
            if authentication == domain::authentication::SenderAuthentication::Pass {
                vouched.push(block.scope);
                continue;
            }
            let reason = "disowned by the person on file";
            let corrected =
                self.correct_withdrawals(transaction, &block, PERSON, reason, now).await?;
            let lifting = Lifting {
                actor: PERSON,
                reason,
                words: None,
                ground,
                withdrawals_corrected: corrected,
            };
            self.lift_held(transaction, &block, &lifting, stops, now).await?;
            lifted += 1;
        }
        store::tickets::add_review(transaction, ticket, "disowned").await?;
        store::packages::void_all(transaction, ticket.id).await?;
        for request in store::requests::of_ticket(transaction, ticket.id).await? {
            self.resume_publication(transaction, (&request, ticket), now).await?;
            if request.state == RequestState::Identity {
                let by = By::daemon();
                self.advance(transaction, &request, RequestStep::Review, by, now).await?;
            }
        }
        let task = if vouched.is_empty() { "disowned" } else { "disowned_but_vouched" };
        let standing = vouched.len();
        let detail = format!("challenge:{} blocks lifted {lifted}, standing {standing}", row.id);
        store::tasks::open(transaction, task, Some(ticket.id), None, &detail, now).await?;
        let requests = store::requests::of_ticket(transaction, ticket.id).await?;
        let mail = CaseMail {
            ticket,
            to: row.address,
            occasion: Occasion::Notice,
            name: MailName::Disowned,
            letter: render::mail::CaseLetter {
                done: disowning::done(&requests, ticket.locale),
                kept: disowning::kept(&vouched, ticket.locale),
                complete: vouched.is_empty(),
                block_stands: !vouched.is_empty(),
                block_lifted: lifted > 0,
                ..self.case_letter(ticket, requests.first())
            },
            key,
        };
        self.plan_case_letter(transaction, mail, now).await?;
        Ok(())
    }

    /// Filings of the same person wait, as for every lifting.
    async fn lock_blocks_of(
        &self,
        transaction: &Transaction,
        ticket: &TicketRow,
    ) -> Result<(), CasesError> {
        let blocks = store::blocks::of_ticket(self.store(), ticket.id).await?;
        let digests: Vec<_> = blocks.iter().filter_map(|block| block.stop_digest).collect();
        Ok(store::stops::lock(transaction, &digests).await?)
    }
}

fn standing(challenge: &Challenge, now: Timestamp) -> ChallengeStanding {
    match challenge.state {
        ChallengeState::Open if challenge.is_open(now) => ChallengeStanding::Open,
        ChallengeState::Answered => ChallengeStanding::Answered,
        ChallengeState::Disowned => ChallengeStanding::Disowned,
        ChallengeState::Open | ChallengeState::Spent | ChallengeState::Void => {
            ChallengeStanding::Over
        }
    }
}
