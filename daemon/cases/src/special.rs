//! Special data in what people wrote: noted on the ticket, hidden from whoever gave no reason.

use domain::special::{self, SpecialKind};
use store::{Transaction, tickets::TicketRow};

use crate::{Cases, CasesError, submission::Submission, tickets::SubmissionContent};

/// The words of all that is special in a submission.
pub(crate) fn of_submission(submission: &Submission) -> String {
    submission.mail().map(special::of_mail).unwrap_or_default()
}

impl Cases {
    /// Adds what is special about a further word to the ticket that it joins.
    pub(crate) async fn note_special(
        &self,
        transaction: &Transaction,
        ticket: &TicketRow,
        submission: &Submission,
    ) -> Result<(), CasesError> {
        let found = of_submission(submission);
        let words = special::union([ticket.special.as_str(), found.as_str()]);
        if words != ticket.special {
            store::tickets::set_special(transaction, ticket, &words).await?;
        }
        Ok(())
    }
}

/// Hides what is special in a content, and all that could quote it; returns what was found.
pub(crate) fn hide(content: &mut SubmissionContent) -> String {
    let texts = [&content.subject, &content.text];
    let files = content.attachments.iter().map(|file| &file.text);
    let found: Vec<_> = texts.into_iter().chain(files).map(|text| special::find(text)).collect();
    let words = special::union(
        found.iter().map(special::Special::words).collect::<Vec<_>>().iter().map(String::as_str),
    );
    if words.is_empty() {
        return words;
    }
    let is_health = found.iter().any(|found| found.has(SpecialKind::Health));
    for text in [&mut content.subject, &mut content.text] {
        *text = special::masked(text);
    }
    for file in &mut content.attachments {
        file.text = special::masked(&file.text);
        if is_health {
            // A name such as `diagnosis.pdf` says as much.
            file.name = special::HIDDEN.to_owned();
        }
    }
    if let Some(found) = &mut content.classification {
        found.new_text = special::masked(&found.new_text);
        // Places in a text that is no longer shown.
        found.cut.clear();
        let labels = found.labels.iter_mut().flat_map(|verdict| &mut verdict.evidence);
        let marks = found.marks.iter_mut().flat_map(|verdict| &mut verdict.evidence);
        for evidence in labels.chain(marks) {
            evidence.words.clear();
            evidence.span = None;
        }
    }
    words
}
