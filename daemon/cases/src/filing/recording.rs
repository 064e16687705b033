//! What is written down of a submission: its row and the audit events.

use domain::{
    Timestamp,
    classification::{Band, Kind},
    ids::{AddressId, SubmissionId, TicketId},
};
use store::{Transaction, submissions::NewSubmission};

use super::{apply::Filing, letter::Answered};
use crate::{
    Cases, CasesError,
    submission::{Source, Submission},
};

/// To what a submission belongs.
#[derive(Clone, Copy)]
pub(super) struct Belongs {
    pub(super) ticket: Option<TicketId>,
    pub(super) address: Option<AddressId>,
    pub(super) to_known_subject: bool,
}

impl Cases {
    pub(super) async fn write_submission(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        belongs: Belongs,
        now: Timestamp,
    ) -> Result<SubmissionId, CasesError> {
        let classification = submission.classification();
        let content = self.seal_content(submission).await?;
        let mail_id = submission
            .mail()
            .and_then(|mail| mail.message_id.as_deref())
            .map(|id| self.parts.digests.message_id(id));
        let labels = labels_json(submission);
        let (message, form_key, capture_point, policy_version) = match &submission.source {
            Source::Message(id) => (Some(*id), None, None, None),
            Source::Form { key, capture_point, policy_version } => {
                (None, Some(*key), Some(capture_point.as_str()), Some(policy_version.as_str()))
            }
        };
        let new = NewSubmission {
            message,
            form_key,
            ticket: belongs.ticket,
            address: belongs.address,
            received_at: submission.received_at,
            object: submission.object,
            vault_key: Some(submission.vault_key),
            content: content.as_deref(),
            digest_key: self.parts.digests.current(),
            mail_id,
            authentication: submission.authentication,
            kind: classification.map_or("unread", |found| kind_word(found.kind)),
            language: classification.and_then(|found| found.language.as_deref()),
            labels: &labels,
            capture_point,
            policy_version,
            of_known_subject: belongs.to_known_subject,
        };
        Ok(store::submissions::add(transaction, &new, now).await?)
    }

    /// A machine judged that nothing is asked: that, too, is shown.
    pub(super) async fn audit_noting(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        id: SubmissionId,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let found = submission.classification();
        let detail = serde_json::json!({
            "kind": found.map_or("unread", |found| kind_word(found.kind)),
            "reason": found.and_then(|found| found.kind_reasons.first()),
            "labels": labels(submission).iter().map(|(label, _)| *label).collect::<Vec<_>>(),
        });
        let subject = format!("submission:{id}");
        Ok(store::audit::append(transaction, "filing", "noted", &subject, &detail, now).await?)
    }

    pub(super) async fn audit_filing(
        &self,
        filing: &Filing<'_>,
        ticket: TicketId,
        submission: SubmissionId,
        blocked: bool,
        replied: Answered,
    ) -> Result<(), CasesError> {
        let requests: Vec<_> = filing.plan.requests.iter().map(|name| name.name()).collect();
        let detail = serde_json::json!({
            "submission": submission,
            "requests": requests,
            "labels": labels(filing.submission).iter().map(|(label, _)| *label).collect::<Vec<_>>(),
            "blocks": filing.plan.blocks.iter().map(|b| b.scope.name()).collect::<Vec<_>>(),
            "blocked": blocked,
            "authentication": filing.submission.authentication,
            "reply": replied.word(),
            "review": filing.plan.review.iter().map(|reason| reason.name()).collect::<Vec<_>>(),
        });
        let subject = format!("ticket:{ticket}");
        store::audit::append(filing.transaction, "filing", "filed", &subject, &detail, filing.now)
            .await?;
        Ok(())
    }
}

pub(super) fn labels(submission: &Submission) -> Vec<(&'static str, Band)> {
    let Some(found) = submission.classification() else { return Vec::new() };
    let marks =
        found.marks.iter().filter(|v| v.band != Band::None).map(|v| (v.label.name(), v.band));
    found.acting_labels().map(|(label, band)| (label.name(), band)).chain(marks).collect()
}

fn labels_json(submission: &Submission) -> String {
    let labels: Vec<_> = labels(submission)
        .iter()
        .map(|(label, band)| serde_json::json!({ "label": label, "band": band }))
        .collect();
    serde_json::Value::Array(labels).to_string()
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Human => "human",
        Kind::Bounce => "bounce",
        Kind::Complaint => "complaint",
        Kind::AutoReply => "auto_reply",
        Kind::ListMail => "list_mail",
        Kind::Spam => "spam",
    }
}
