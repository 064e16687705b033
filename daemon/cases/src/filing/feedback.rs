//! A bounce or complaint tells of a mail of ours, if its Message-ID is one of ours; else it is
//! only noted: anybody can write a bounce (RULES §5.6).

use domain::{
    Timestamp,
    classification::{BounceClass, Kind},
    digest::Digest,
    ids::SubmissionId,
};
use store::Transaction;

use crate::{Cases, CasesError, submission::Submission};

/// Most Message-IDs of a report that are looked up.
const MOST_IDS: usize = 20;

impl Cases {
    pub(super) async fn take_feedback(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        id: SubmissionId,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let Some(feedback) = feedback_word(submission) else { return Ok(()) };
        let digests = self.reported_ids(submission);
        let told = store::deliveries::take_feedback(transaction, &digests, feedback).await?;
        for delivery in told {
            // Nothing owed is silently dropped: what did not arrive is for a person to bring.
            if delivery.statutory {
                let detail = format!("submission {id}");
                let name = if feedback == "bounce" { "reply_bounced" } else { "reply_complained" };
                let ticket = delivery.ticket;
                store::tasks::open(transaction, name, ticket, Some(delivery.id), &detail, now)
                    .await?;
            }
            let detail = serde_json::json!({ "submission": id, "feedback": feedback });
            let subject = format!("delivery:{}", delivery.id);
            store::audit::append(transaction, "filing", "feedback", &subject, &detail, now).await?;
        }
        Ok(())
    }

    fn reported_ids(&self, submission: &Submission) -> Vec<Digest> {
        let Some(mail) = submission.mail() else { return Vec::new() };
        let returned = mail.report.returned_headers.as_deref().and_then(message_id_of);
        let attached = mail.attached.iter().filter_map(|attached| attached.message_id.clone());
        returned
            .into_iter()
            .chain(attached)
            .chain(mail.answers.iter().cloned())
            .take(MOST_IDS)
            .flat_map(|id| self.parts.digests.message_id_all(&id))
            .collect()
    }
}

/// What the report says of a mail, if it says anything that lasts: a delay, a relaying or a
/// "not spam" is no feedback (RULES §5.6).
fn feedback_word(submission: &Submission) -> Option<&'static str> {
    let found = submission.classification()?;
    match found.kind {
        Kind::Bounce => {
            let report = submission.mail().and_then(|mail| mail.report.delivery_status.as_deref());
            let is_delay = report.is_some_and(|report| {
                let report = report.to_ascii_lowercase();
                report.contains("action:") && !report.contains("failed")
            });
            let says_nothing = !found.bounces.is_empty()
                && found.bounces.iter().all(|bounce| bounce.class == BounceClass::Auto);
            (!is_delay && !says_nothing).then_some("bounce")
        }
        Kind::Complaint => {
            let report = submission.mail().and_then(|mail| mail.report.feedback_report.as_deref());
            let is_praise =
                report.is_some_and(|report| report.to_ascii_lowercase().contains("not-spam"));
            (!is_praise).then_some("complaint")
        }
        Kind::Human | Kind::AutoReply | Kind::ListMail | Kind::Spam => None,
    }
}

/// The Message-ID in a block of header lines, unfolded.
fn message_id_of(headers: &str) -> Option<String> {
    let unfolded = headers.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let line = unfolded.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("message-id").then(|| value.trim().to_owned())
    })?;
    let id = line.trim_start_matches('<').split('>').next()?.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::message_id_of;

    #[test]
    fn the_returned_message_id_is_found_folded_or_not() {
        let id = Some("abc@mail.example".to_owned());
        assert_eq!(message_id_of("Subject: x\r\nMessage-ID: <abc@mail.example>\r\n"), id);
        assert_eq!(message_id_of("message-id:\r\n <abc@mail.example>\r\nTo: y"), id);
        assert_eq!(message_id_of("Subject: Message-ID: none"), None);
    }
}
