//! Tickets as people of ours read them: the list, and one whole with what was written.

use domain::{
    Timestamp,
    classification::Classification,
    mail::{Attachment, Oddity, ReadMail, ReturnPath},
    special::{masked, union},
    ticket_number::TicketNumber,
};
use serde::{Deserialize, Serialize};
use store::{
    blocks::BlockRow,
    corrections::CorrectionRow,
    requests::{DutyRow, RequestRow},
    submissions::SubmissionRow,
    tasks::TaskRow,
    tickets::TicketRow,
};

use crate::{Cases, CasesError};

/// What is sealed of a submission for people to read. Personal data; prints nothing.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SubmissionContent {
    /// All From names and addresses.
    pub from: Vec<domain::mail::HeaderAddress>,
    /// The subject.
    pub subject: String,
    /// The whole visible text.
    pub text: String,
    /// The Message-ID, so that a later answer stands in the thread.
    #[serde(default)]
    pub message_id: Option<String>,
    /// The envelope sender, for the guards of a later answer; older versions kept none.
    #[serde(default)]
    pub return_path: Option<ReturnPath>,
    /// The files that came along.
    pub attachments: Vec<Attachment>,
    /// What was odd about the bytes.
    pub oddities: Vec<Oddity>,
    /// The classification with its words; none when the mail was not read.
    pub classification: Option<Classification>,
}

impl std::fmt::Debug for SubmissionContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubmissionContent(***)")
    }
}

impl SubmissionContent {
    /// The context under which it is sealed.
    pub const SEAL_CONTEXT: &'static str = "submission.content";

    pub(crate) fn of(mail: &ReadMail, classification: Option<&Classification>) -> Self {
        Self {
            from: mail.from.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            message_id: mail.message_id.clone(),
            return_path: Some(mail.return_path.clone()),
            attachments: mail.attachments.clone(),
            oddities: mail.oddities.clone(),
            classification: classification.cloned(),
        }
    }
}

/// A submission with what was written, if its key still exists.
#[derive(Debug, Clone)]
pub struct OpenedSubmission {
    /// The row.
    pub row: SubmissionRow,
    /// What was written; none when it was never read or its key was destroyed.
    pub content: Option<SubmissionContent>,
    /// What people corrected about it, oldest first; the last counts.
    pub corrections: Vec<OpenedCorrection>,
}

/// A correction with its note, if the key still exists.
#[derive(Clone)]
pub struct OpenedCorrection {
    /// The row.
    pub row: CorrectionRow,
    /// What the person wrote about it. May quote the letter: personal data.
    pub note: Option<String>,
}

impl std::fmt::Debug for OpenedCorrection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.row.fmt(f)
    }
}

/// One ticket, whole.
#[derive(Debug, Clone)]
pub struct TicketView {
    /// The ticket.
    pub ticket: TicketRow,
    /// Whom it is with, in clear; for people who may see it.
    pub address: Option<domain::address::EmailAddress>,
    /// Its requests, oldest first.
    pub requests: Vec<RequestRow>,
    /// Their duties, earliest first.
    pub duties: Vec<DutyRow>,
    /// Its blocks, oldest first.
    pub blocks: Vec<BlockRow>,
    /// What people have to do.
    pub tasks: Vec<TaskRow>,
    /// Holds that stand.
    pub holds: i64,
    /// What the person sent.
    pub submissions: Vec<OpenedSubmission>,
    /// What is special about it and was hidden: words separated by spaces; empty when nothing was.
    pub hidden: String,
    /// What we sent: (occasion, state, planned at).
    pub letters: Vec<store::deliveries::LetterRow>,
}

impl Cases {
    /// One page of tickets, newest first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn tickets(
        &self,
        before: Option<domain::ids::TicketId>,
        limit: u32,
    ) -> Result<Vec<TicketRow>, CasesError> {
        Ok(store::tickets::page(self.store(), before, limit).await?)
    }

    /// One page of the tickets of a lane, newest first.
    ///
    /// # Errors
    /// [`CasesError::Store`].
    pub async fn tickets_of_lane(
        &self,
        lane: domain::ticket::Lane,
        before: Option<domain::ids::TicketId>,
        limit: u32,
    ) -> Result<Vec<TicketRow>, CasesError> {
        Ok(store::tickets::page_of_lane(self.store(), lane, before, limit).await?)
    }

    /// One ticket, whole but for what is special ([`domain::special`]): numbers of papers are
    /// masked, texts that tell of health are hidden. The reading is written into the audit log
    /// (152-ФЗ ст. 19 ч. 2 п. 8).
    ///
    /// # Errors
    /// [`CasesError::NotFound`].
    pub async fn ticket(&self, number: &str, actor: &str) -> Result<TicketView, CasesError> {
        self.look_at(number, None, actor).await
    }

    /// One ticket with what is special, for a reason in the person's words, which the audit log
    /// keeps.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] (`special_needs_reason`) without a word of
    /// reason, or with one that holds an address.
    pub async fn ticket_in_full(
        &self,
        number: &str,
        reason: &str,
        actor: &str,
    ) -> Result<TicketView, CasesError> {
        let reason = reason.trim();
        let fits = !reason.is_empty() && reason.chars().count() <= 80;
        let tells =
            reason.contains('@') || reason.chars().any(|c| c.is_numeric() || c.is_control());
        if !fits || tells {
            let reason =
                "say in a few words why, without names, numbers and addresses: --reason complaint";
            return Err(CasesError::Refused {
                rule: "special_needs_reason",
                reason: reason.to_owned(),
            });
        }
        self.look_at(number, Some(reason), actor).await
    }

    async fn look_at(
        &self,
        number: &str,
        reason: Option<&str>,
        actor: &str,
    ) -> Result<TicketView, CasesError> {
        let missing = || CasesError::NotFound { what: "ticket", id: number.to_owned() };
        let parsed = TicketNumber::parse(number).map_err(|_| missing())?;
        let store = self.store();
        let ticket =
            store::tickets::by_number(store, &parsed.to_string()).await?.ok_or_else(missing)?;
        let address = match ticket.address {
            Some(id) => store::addresses::clear(store, id).await?,
            None => None,
        };
        let corrections = store::corrections::of_ticket(store, ticket.id).await?;
        let (mut submissions, mut hidden) = (Vec::new(), String::new());
        for row in store::submissions::of_ticket(store, ticket.id).await? {
            let mut content = self.open_content(&row).await;
            if let (None, Some(content)) = (reason, &mut content) {
                let found = crate::special::hide(content);
                hidden = union([hidden.as_str(), found.as_str()]);
            }
            let of_it = corrections.iter().filter(|correction| correction.submission == row.id);
            let mut opened = Vec::new();
            for row in of_it {
                let mut note = self.open_note(row).await;
                if reason.is_none() {
                    note = note.map(|note| masked(&note));
                }
                opened.push(OpenedCorrection { row: row.clone(), note });
            }
            submissions.push(OpenedSubmission { row, content, corrections: opened });
        }
        let view = TicketView {
            address,
            requests: store::requests::of_ticket(store, ticket.id).await?,
            duties: store::requests::duties_of_ticket(store, ticket.id).await?,
            blocks: store::blocks::of_ticket(store, ticket.id).await?,
            tasks: store::tasks::of_ticket(store, ticket.id).await?,
            holds: store::tasks::holds_of(store, ticket.id).await?,
            letters: store::deliveries::letters_of(store, ticket.id).await?,
            submissions,
            hidden,
            ticket,
        };
        self.audit_reading(&view, reason, actor, self.parts.clock.now()).await?;
        Ok(view)
    }

    pub(crate) async fn open_content(&self, row: &SubmissionRow) -> Option<SubmissionContent> {
        match self.open_content_or_say_why(row).await {
            Ok(content) => content,
            Err(vault::VaultError::KeyDestroyed(_)) => None,
            Err(error) => {
                tracing::warn!(submission.id = row.id.0, %error, "a submission cannot be opened");
                None
            }
        }
    }

    /// The same for those to whom it matters whether the content is destroyed or out of reach;
    /// none when nothing was kept that is understood.
    pub(crate) async fn open_content_or_say_why(
        &self,
        row: &SubmissionRow,
    ) -> Result<Option<SubmissionContent>, vault::VaultError> {
        let Some(sealed) = row.content.as_deref() else { return Ok(None) };
        let plain = self.parts.vault.open_sealed(SubmissionContent::SEAL_CONTEXT, sealed).await?;
        Ok(serde_json::from_slice(&plain).ok())
    }

    async fn audit_reading(
        &self,
        view: &TicketView,
        reason: Option<&str>,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let transaction = self.store().begin().await?;
        let subject = format!("ticket:{}", view.ticket.id);
        let detail = match reason {
            Some(reason) => serde_json::json!({ "special": view.ticket.special, "reason": reason }),
            None => serde_json::json!({}),
        };
        store::audit::append(&transaction, actor, "read", &subject, &detail, now).await?;
        Ok(transaction.commit().await?)
    }
}
