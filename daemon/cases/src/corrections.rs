//! Corrections: a person says what a submission really is and asks for, and what follows from that
//! is filed as if the machine had seen it at once.
//!
//! The machine's verdict is never overwritten: corrections are appended beside it, the last one
//! counts. Looking and correcting are two steps, so that of two people who saw the same only one
//! corrects. The corrected submissions are the examples from which the model can be trained anew.

mod examples;
mod judging;

use domain::{
    Timestamp,
    classification::Classification,
    ids::{CorrectionId, SubmissionId},
    mail::{Oddity, ReadMail},
    ticket_number::TicketNumber,
};
use serde_json::json;
use store::{
    Transaction,
    corrections::{CorrectionRow, NewCorrection},
    submissions::SubmissionRow,
    tickets::TicketRow,
};

pub use self::{
    examples::Examples,
    judging::{Judgement, Wanted},
};
pub use crate::filing::Consequences;
use crate::{
    Cases, CasesError,
    filing::{PendingStops, Refiling},
    submission::{Content, Source, Submission},
    tickets::SubmissionContent,
};

/// The context under which the note of a correction is sealed.
pub(crate) const NOTE_CONTEXT: &str = "correction.note";
/// Longest note, in characters.
const LONGEST_NOTE: usize = 2000;

/// A submission as a person saw it who is about to correct it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub(crate) ticket: TicketRow,
    pub(crate) submission: SubmissionRow,
    /// As it came, with the machine's classification.
    pub(crate) filed: Submission,
    /// How often it was corrected before.
    place: i64,
    /// What counts so far.
    judgement: Judgement,
}

impl Seen {
    /// What counts so far.
    #[must_use]
    pub fn judgement(&self) -> &Judgement {
        &self.judgement
    }

    /// Which submission it is.
    #[must_use]
    pub fn submission(&self) -> SubmissionId {
        self.submission.id
    }
}

/// What became of a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// Its row; none when nothing was to be corrected.
    pub correction: Option<CorrectionId>,
    /// What counted before.
    pub before: Judgement,
    /// What counts now.
    pub after: Judgement,
    /// What followed.
    pub consequences: Consequences,
}

impl Cases {
    /// Looks a submission up for correction: the given one of the ticket, else its last.
    ///
    /// # Errors
    /// [`CasesError::NotFound`]; [`CasesError::Refused`] when nothing of it was read, or its text
    /// was destroyed.
    pub async fn see(
        &self,
        number: &str,
        submission: Option<SubmissionId>,
    ) -> Result<Seen, CasesError> {
        let missing = || CasesError::NotFound { what: "ticket", id: number.to_owned() };
        let parsed = TicketNumber::parse(number).map_err(|_| missing())?.to_string();
        let store = self.store();
        let ticket = store::tickets::by_number(store, &parsed).await?.ok_or_else(missing)?;
        let rows = store::submissions::of_ticket(store, ticket.id).await?;
        let row = match submission {
            None => rows.into_iter().next_back(),
            Some(id) => rows.into_iter().find(|row| row.id == id),
        };
        let row = row.ok_or_else(|| CasesError::Refused {
            rule: "submission_of_the_ticket",
            reason: format!(
                "the ticket has no such submission; see `consentry ticket show {parsed}`"
            ),
        })?;
        let content = self.open_content(&row).await;
        let corrections = store::corrections::of_submission(store, row.id).await?;
        let Some((filed, found)) = content.and_then(|content| as_filed(&row, content)) else {
            return Err(CasesError::Refused {
                rule: "only_what_was_read_is_corrected",
                reason: "the machine never read this letter, or its text is destroyed: there is no verdict \
                         to correct; work the ticket by hand"
                    .to_owned(),
            });
        };
        let judgement = match corrections.last() {
            Some(last) => judgement_of(last)?,
            None => Judgement::of(&found),
        };
        let place = corrections.last().map_or(0, |last| last.place);
        Ok(Seen { ticket, submission: row, filed, place, judgement })
    }

    /// Corrects what was seen and files what follows, in one transaction. When it says what counts
    /// already, nothing happens.
    ///
    /// # Errors
    /// [`store::StoreError::Conflict`] when somebody else corrected it since it was seen;
    /// [`CasesError::Refused`] when the names do not go together, a request that was never asked has
    /// gone too far, or something ends and nobody says why.
    pub async fn correct(
        &self,
        seen: &Seen,
        wanted: &Wanted,
        note: Option<&str>,
        actor: &str,
    ) -> Result<Corrected, CasesError> {
        let after = seen.judgement.corrected(wanted)?;
        let note = note.map(str::trim).filter(|note| !note.is_empty());
        if note.is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
            return Err(CasesError::Refused {
                rule: "note_is_short",
                reason: format!("a note has at most {LONGEST_NOTE} characters"),
            });
        }
        let before = seen.judgement.clone();
        if after == before {
            let consequences = Consequences::default();
            return Ok(Corrected { correction: None, before, after, consequences });
        }
        let transaction = self.store().begin().await?;
        self.lock_stop_keys(&transaction, std::slice::from_ref(&seen.filed)).await?;
        // Letters of the same person wait from here on: what one that came meanwhile made of the
        // ticket is not undone.
        let missing = || CasesError::NotFound { what: "ticket", id: seen.ticket.number.clone() };
        let ticket = store::tickets::by_id(&transaction, seen.ticket.id).await?;
        let seen = &Seen { ticket: ticket.ok_or_else(missing)?, ..seen.clone() };
        let now = self.parts.clock.now();
        // Letters and the note are sealed under this key; a move to the subject's key waits.
        let (id, key) = (seen.submission.id, seen.filed.vault_key);
        store::submissions::hold_key(&transaction, id, key).await?;
        let correction =
            self.write_correction(&transaction, seen, &after, note, actor, now).await?;
        let mut stops = PendingStops::default();
        let says_why = note.is_some();
        let refiling = Refiling { seen, before: &before, after: &after, actor, says_why };
        let consequences = self.refile(&transaction, &refiling, &mut stops, now).await?;
        let detail = json!({
            "correction": correction, "ticket": seen.ticket.id, "before": before, "after": after,
            "consequences": consequences,
        });
        let subject = format!("submission:{id}");
        let act = "classification_corrected";
        store::audit::append(&transaction, actor, act, &subject, &detail, now).await?;
        self.commit(transaction, stops, now).await?;
        Ok(Corrected { correction: Some(correction), before, after, consequences })
    }

    async fn write_correction(
        &self,
        transaction: &Transaction,
        seen: &Seen,
        after: &Judgement,
        note: Option<&str>,
        actor: &str,
        now: Timestamp,
    ) -> Result<CorrectionId, CasesError> {
        let in_names =
            |judgement| serde_json::to_string(judgement).map_err(|_| CasesError::Content);
        let note = match note {
            None => None,
            Some(note) => {
                let (vault, key) = (&self.parts.vault, seen.filed.vault_key);
                let entropy = &*self.parts.entropy;
                Some(vault.seal(key, NOTE_CONTEXT, note.as_bytes(), entropy).await?)
            }
        };
        let new = NewCorrection {
            submission: seen.submission.id,
            place: seen.place + 1,
            actor,
            before: &in_names(&seen.judgement)?,
            after: &in_names(after)?,
            classifier: env!("CARGO_PKG_VERSION"),
            note: note.as_deref(),
        };
        Ok(store::corrections::add(transaction, &new, now).await?)
    }

    /// What counts of a submission: the last correction, else what the machine found.
    pub(crate) async fn counting_judgement(
        &self,
        transaction: &Transaction,
        submission: SubmissionId,
        found: &Classification,
    ) -> Result<Judgement, CasesError> {
        let corrections = store::corrections::of_submission(transaction, submission).await?;
        corrections.last().map_or_else(|| Ok(Judgement::of(found)), judgement_of)
    }

    /// The note of a correction, if its key still exists.
    pub(crate) async fn open_note(&self, row: &CorrectionRow) -> Option<String> {
        let sealed = row.note.as_deref()?;
        let plain = self.parts.vault.open_sealed(NOTE_CONTEXT, sealed).await.ok()?;
        String::from_utf8(plain).ok()
    }
}

/// What a correction says; a row that nobody understands is told, not guessed at.
pub(crate) fn judgement_of(row: &CorrectionRow) -> Result<Judgement, CasesError> {
    serde_json::from_str(&row.after).map_err(|_| {
        CasesError::Store(store::StoreError::Inconsistent {
            table: "correction",
            row: row.id.to_string(),
            what: "column after does not fit".to_owned(),
        })
    })
}

/// A submission as it was filed, out of its row and its sealed content, with the machine's
/// classification; none when it was never classified or has no key.
pub(crate) fn as_filed(
    row: &SubmissionRow,
    content: SubmissionContent,
) -> Option<(Submission, Classification)> {
    let found = content.classification.clone()?;
    let source = match (row.message, row.form_key) {
        (Some(message), _) => Source::Message(message),
        (None, key) => Source::Form {
            key: key?,
            capture_point: row.capture_point.clone().unwrap_or_default(),
            policy_version: row.policy_version.clone().unwrap_or_default(),
        },
    };
    let is_doubtful = content.oddities.contains(&Oddity::SeveralFrom);
    let mail = ReadMail {
        from_headers: if is_doubtful { 2 } else { usize::from(!content.from.is_empty()) },
        from: content.from,
        // Older versions kept no envelope sender: then only a vouching domain gets a letter.
        return_path: content.return_path.unwrap_or_else(unknown_path),
        message_id: content.message_id,
        subject: content.subject,
        text: content.text,
        attachments: content.attachments,
        oddities: content.oddities,
        ..ReadMail::default()
    };
    let filed = Submission {
        source,
        received_at: row.received_at,
        object: row.object,
        vault_key: row.vault_key?,
        authentication: row.authentication,
        content: Content::Classified {
            mail: Box::new(mail),
            classification: Box::new(found.clone()),
        },
    };
    Some((filed, found))
}

/// An envelope sender that equals no address.
fn unknown_path() -> domain::mail::ReturnPath {
    domain::mail::ReturnPath::Address(String::new())
}
