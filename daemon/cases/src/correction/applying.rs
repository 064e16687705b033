//! Carrying out approved corrections: all of them, or none.

use domain::{
    Timestamp,
    block::{BlockState, Field, Scope},
    correction::{CorrectionContent, ends_block},
    disclosure::NoticeAct,
    ids::{ContactId, RectificationId, RequestId},
    regime::DutyName,
    request::{Outcome, RequestStep},
    webhook::Change,
};
use render::MailName;
use serde_json::json;
use store::{
    StoreError, Transaction, packages as held, rectifications,
    rectifications::{RectificationRow, RectificationState},
    requests::RequestRow,
    tickets::TicketRow,
};

use super::proposing::contact_of;
use crate::{
    Cases, CasesError,
    blocks::{LiftGround, Lifting},
    filing::PendingStops,
    letters::CaseMail,
    requests::{By, refused},
};

/// What came of corrections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedCorrections {
    /// The corrections that were applied.
    pub applied: Vec<RectificationId>,
    /// How many blocks ended with them.
    pub blocks_lifted: usize,
    /// How many lists ask the new mailbox whether it wants them.
    pub lists_asked: usize,
}

/// A correction that is to be applied.
pub(super) struct Due {
    pub(super) row: RectificationRow,
    pub(super) content: CorrectionContent,
}

impl Cases {
    /// Carries out an approved request for correction in one transaction: the values, the end of the
    /// block that waited for them, the word to systems and recipients, the letter without the values.
    /// Lists of a mailbox that was wrong end there, and the new mailbox is asked by double opt-in.
    ///
    /// # Errors
    /// [`CasesError::Refused`]: `value_changed` when another value stands by now (send it back and
    /// propose anew), `nothing_proposed`, or by decision, identity and the machine of requests.
    pub async fn apply_corrections(
        &self,
        request: RequestId,
        actor: &str,
    ) -> Result<AppliedCorrections, CasesError> {
        let (row, ticket) = self.request_and_ticket(self.store(), request).await?;
        let represented = self.represented(self.store(), (&row, &ticket)).await?;
        let contact = represented.map_or_else(|| contact_of(&ticket), Ok)?;
        let due = self.due_corrections(request).await?;
        let key = self.key_of_matter(&ticket).await?;
        let changes = due.iter().map(|one| Change {
            field: one.row.field.name().to_owned(),
            old: one.content.old.clone(),
            new: one.content.new.clone(),
        });
        let changes: Vec<Change> = changes.collect();
        let calls = self.prepare_correct(self.store(), &ticket, contact, changes.clone()).await?;
        let notices = self
            .prepare_recipient_notices(
                self.store(),
                (&ticket, &self.request_and_ticket(self.store(), request).await?.0),
                None,
                Some(contact),
                NoticeAct::Correct,
            )
            .await?
            .of_changes(&changes);
        let told = calls.systems().chain(notices.titles()).map(str::to_owned);
        let told: Vec<String> = told.collect();
        let locks = self.correction_locks(contact, &due).await?;
        let transaction = self.store().begin().await?;
        store::stops::lock(&transaction, &locks).await?;
        let now = self.parts.clock.now();
        let (row, ticket) = self.request_and_ticket(&transaction, request).await?;
        let decision = self.covered(&transaction, &row, &ticket).await?;
        let by = By::person(actor);
        let row = self.advance(&transaction, &row, RequestStep::Execute, by, now).await?;
        let mut stops = PendingStops::default();
        let mut moved = Vec::new();
        for one in &due {
            moved.extend(self.apply_one(&transaction, one, actor, &mut stops, now).await?);
            let to = RectificationState::Applied;
            rectifications::settle(&transaction, one.row.id, to, now).await?;
        }
        let reason = "the data were corrected";
        let lifted = self
            .lift_of_correction(&transaction, (&row, &ticket), (actor, reason), &mut stops, now)
            .await?;
        self.raise_calls(&transaction, &calls, now).await?;
        self.raise_recipient_notices(&transaction, &notices, now).await?;
        let row = self.advance(&transaction, &row, RequestStep::Verify, by, now).await?;
        let duties = [DutyName::Check, DutyName::Correct, DutyName::Decide];
        self.fulfil(&transaction, &row, &duties, by, now).await?;
        let mut letter = self.case_letter(&ticket, Some(&row));
        letter.done = due.iter().map(|one| field_word(one.row.field, ticket.locale)).collect();
        letter.done.dedup();
        letter.told = told;
        letter.complete = true;
        letter.block_lifted = lifted > 0;
        letter.block_stands = self.block_of_ticket_stands(&transaction, &ticket).await?;
        letter.decided_by = decision.decided_by.unwrap_or_default();
        let answer = (MailName::AnswerCorrected, letter);
        self.plan_answer(&transaction, (&ticket, &row), answer, Outcome::Done, key, now).await?;
        let applied: Vec<_> = due.iter().map(|one| one.row.id).collect();
        let detail = json!({ "corrections": applied, "contact": contact, "blocks_lifted": lifted });
        let subject = format!("contact:{contact}");
        store::audit::append(&transaction, actor, "corrected", &subject, &detail, now).await?;
        self.commit(transaction, stops, now).await?;
        let lists_asked = self.ask_new_mailbox(moved, &ticket).await;
        Ok(AppliedCorrections { applied, blocks_lifted: lifted, lists_asked })
    }

    /// The proposed corrections, opened.
    async fn due_corrections(&self, request: RequestId) -> Result<Vec<Due>, CasesError> {
        let mut due = Vec::new();
        for row in rectifications::of_request(self.store(), request).await? {
            if row.state != RectificationState::Proposed {
                continue;
            }
            let content = self.open_correction(&row).await?;
            let content = content.ok_or_else(|| {
                refused("nothing_proposed", "what was proposed is destroyed; propose it anew")
            })?;
            due.push(Due { row, content });
        }
        if due.is_empty() {
            let reason = format!("propose it first: consentry correction propose {request}");
            return Err(CasesError::Refused { rule: "nothing_proposed", reason });
        }
        Ok(due)
    }

    /// Applies one; returns what is to be asked of a new mailbox.
    async fn apply_one(
        &self,
        transaction: &Transaction,
        due: &Due,
        actor: &str,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<Option<super::mailbox::Moved>, CasesError> {
        let (contact, content) = (due.row.contact, &due.content);
        let done = match due.row.field {
            Field::Name => {
                self.check_stands(transaction, due).await?;
                let (old, new) = (&content.old, &content.new);
                rectifications::change_name(transaction, contact, old, new).await.map(|()| None)
            }
            Field::Phone => {
                self.check_stands(transaction, due).await?;
                let (old, new) = (&content.old, &content.new);
                rectifications::change_phone(transaction, contact, old, new).await.map(|()| None)
            }
            Field::Email => {
                return self.move_mailbox(transaction, due, actor, stops, now).await.map(Some);
            }
        };
        match done {
            Err(StoreError::Conflict { .. }) => Err(value_changed()),
            done => Ok(done?),
        }
    }

    /// The value that stands is the one that the correction was proposed for.
    async fn check_stands(&self, transaction: &Transaction, due: &Due) -> Result<(), CasesError> {
        let person =
            held::contact(transaction, due.row.contact).await?.ok_or_else(value_changed)?;
        let value = match due.row.field {
            Field::Name => person.name,
            Field::Phone => person.phone,
            Field::Email => return Ok(()),
        };
        if self.is_old(&due.row, &value)? { Ok(()) } else { Err(value_changed()) }
    }

    /// Ends the blocks that stood for the correction alone. Where GDPR holds, the person is told
    /// before that (art. 18(3)): the block ends when the relay took that letter; where none can be
    /// written, one of ours tells them by hand.
    pub(super) async fn lift_of_correction(
        &self,
        transaction: &Transaction,
        (request, ticket): (&RequestRow, &TicketRow),
        (actor, reason): (&str, &str),
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<usize, CasesError> {
        let mut blocks = store::blocks::of_ticket(transaction, ticket.id).await?;
        blocks.retain(|block| ends_block(&block.scope, &block.basis, &block.state));
        let (contact, address) = match self.represented(transaction, (request, ticket)).await {
            Ok(None) => (ticket.contact, ticket.address),
            Ok(subject) => (subject, None),
            Err(CasesError::Refused { .. }) => (None, None),
            Err(error) => return Err(error),
        };
        if !blocks.is_empty() && self.is_told_before_lifting(transaction, contact, address).await? {
            let key = self.standing_key(transaction, ticket).await?;
            let (Some(to), Some(key)) = (ticket.address, key) else {
                let (task, about) = ("look_at_block", Some(ticket.id));
                let detail = format!("request:{} tell_and_lift", request.id);
                store::tasks::open(transaction, task, about, None, &detail, now).await?;
                return Ok(0);
            };
            let letter = self.case_letter(ticket, Some(request));
            let (occasion, name) = (domain::delivery::Occasion::Notice, MailName::UnblockNotice);
            let mail = CaseMail { ticket, to, occasion, name, letter, key };
            let told = self.plan_case_letter(transaction, mail, now).await?;
            for block in &blocks {
                let (told, said) = ((Some(told), None), (actor, reason, None));
                store::blocks::write_notice(transaction, block.id, told, said, now).await?;
            }
            return Ok(0);
        }
        for block in &blocks {
            let ground = LiftGround::Handled;
            let lifting = Lifting { actor, reason, words: None, ground, withdrawals_corrected: 0 };
            self.lift_held(transaction, block, &lifting, stops, now).await?;
        }
        Ok(blocks.len())
    }

    /// Whether a block of this matter still holds, beside a stop of advertising.
    async fn block_of_ticket_stands(
        &self,
        transaction: &Transaction,
        ticket: &TicketRow,
    ) -> Result<bool, CasesError> {
        let blocks = store::blocks::of_ticket(transaction, ticket.id).await?;
        let stands = |block: &store::blocks::BlockRow| {
            matches!(block.state, BlockState::Active { .. }) && block.scope != Scope::Marketing
        };
        Ok(blocks.iter().any(stands))
    }

    /// The key of a matter that has one already.
    async fn standing_key(
        &self,
        transaction: &Transaction,
        ticket: &TicketRow,
    ) -> Result<Option<domain::ids::VaultKeyId>, CasesError> {
        let of_contact = match ticket.contact {
            Some(contact) => store::subject_keys::of_contact(transaction, contact).await?,
            None => None,
        };
        Ok(of_contact.or(ticket.vault_key))
    }

    /// The stop keys of all addresses that a correction touches.
    async fn correction_locks(
        &self,
        contact: ContactId,
        due: &[Due],
    ) -> Result<Vec<domain::digest::Digest>, CasesError> {
        let mut keys = Vec::new();
        for address in store::contacts::addresses_of(self.store(), contact).await? {
            keys.extend(self.keys_of_address(self.store(), address).await?);
        }
        for one in due.iter().filter(|one| one.row.field == Field::Email) {
            let new = domain::address::EmailAddress::parse(&one.content.new);
            let all = new.map(|new| self.parts.digests.address_all(&new)).unwrap_or_default();
            keys.extend(all.iter().map(|digests| digests.stop));
        }
        Ok(keys)
    }
}

/// Somebody changed the value since it was proposed.
pub(super) fn value_changed() -> CasesError {
    let reason = "another value stands there since it was proposed; send the request back and propose it anew";
    refused("value_changed", reason)
}

/// What was corrected, without its value.
fn field_word(field: Field, locale: domain::language::Locale) -> String {
    use domain::language::Locale::{En, Ru};
    let word = match (field, locale) {
        (Field::Name, Ru) => "исправлено имя",
        (Field::Name, En) => "your name was corrected",
        (Field::Email, Ru) => "исправлен адрес электронной почты",
        (Field::Email, En) => "your e-mail address was corrected",
        (Field::Phone, Ru) => "исправлен номер телефона",
        (Field::Phone, En) => "your telephone number was corrected",
    };
    word.to_owned()
}
