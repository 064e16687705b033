//! What machines tell of our mail: bounces and complaints (RULES §5.6).
//!
//! A report counts only when it names a mail of ours by something that nobody can guess: the token
//! in the address it came back to, or the Message-ID. Everything else is noted and changes
//! nothing: anybody can write a bounce. What is suppressed is the address that the mail went to,
//! never one that the report names.

use domain::{
    Timestamp,
    address::EmailAddress,
    bounce::RefusalFate,
    classification::{BounceClass, BouncedRecipient, Kind},
    digest::AddressDigests,
    gate::SuppressionReason,
    ids::{DeliveryId, SubmissionId},
};
use store::{Transaction, deliveries::Told, stops::StopKind};
use vault::{MailToken, TokenKind};

use super::{
    returned::{addressed_tokens, message_ids, unsubscribe_token},
    stops::{PendingStops, Stopped},
};
use crate::{
    Cases, CasesError,
    submission::Submission,
    subscriptions::{Leaving, Method, Reach},
};

/// What a report says of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feedback {
    Bounce,
    Complaint,
}

impl Feedback {
    fn word(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
        }
    }
}

impl Cases {
    pub(super) async fn take_feedback(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        id: SubmissionId,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let Some(feedback) = feedback(submission) else { return Ok(()) };
        for told in self.named_mails(transaction, submission, feedback).await? {
            // Nothing owed is silently dropped: what did not arrive is for a person to bring.
            if told.statutory {
                let detail = format!("submission {id}");
                let name = match feedback {
                    Feedback::Bounce => "reply_bounced",
                    Feedback::Complaint => "reply_complained",
                };
                store::tasks::open(transaction, name, told.ticket, Some(told.id), &detail, now)
                    .await?;
            }
            let suppressed =
                self.suppress(transaction, submission, &told, feedback, stops, now).await?;
            if feedback == Feedback::Complaint {
                let token = MailToken {
                    kind: TokenKind::Unsubscribe,
                    delivery: told.id,
                    subscription: told.subscription,
                };
                self.leave(transaction, token, Method::Complaint, id, stops, now).await?;
            }
            let detail = serde_json::json!({
                "submission": id, "feedback": feedback.word(), "suppressed": suppressed,
            });
            let subject = format!("delivery:{}", told.id);
            store::audit::append(transaction, "filing", "feedback", &subject, &detail, now).await?;
        }
        Ok(())
    }

    /// A mail to `unsub+TOKEN@…` whose token is ours acts by itself: no ticket, no reply. `None`
    /// when the mail has no such token: it is then filed like any other.
    pub(super) fn leaving_token(&self, submission: &Submission) -> Option<MailToken> {
        let mailbox = self.parts.settings.unsubscribe_address.as_ref()?;
        let found = submission.classification();
        let is_own = |reason: &String| reason.starts_with("own_loop");
        if found.is_some_and(|found| found.kind_reasons.iter().any(is_own)) {
            return None;
        }
        let found = addressed_tokens(submission.mail()?, mailbox);
        let opened = found.iter().filter_map(|token| self.parts.digests.open_token(token));
        opened.into_iter().find(|token| token.kind == TokenKind::Unsubscribe)
    }

    /// Ends the subscription of a token in the filing transaction.
    pub(super) async fn leave(
        &self,
        transaction: &Transaction,
        token: MailToken,
        method: Method,
        submission: SubmissionId,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<(), CasesError> {
        let leaving =
            Leaving { reach: Reach::List, method, ip: String::new(), user_agent: String::new() };
        self.unsubscribe_in(transaction, token, &leaving, Some(submission), stops, now).await?;
        Ok(())
    }

    /// The mails of ours that a report names.
    async fn named_mails(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        feedback: Feedback,
    ) -> Result<Vec<Told>, CasesError> {
        let Some(mail) = submission.mail() else { return Ok(Vec::new()) };
        let digests = &self.parts.digests;
        let mut tokens: Vec<MailToken> = Vec::new();
        if let Some(bounce_address) = &self.parts.settings.bounce_address {
            let found = addressed_tokens(mail, bounce_address);
            let opened = found.iter().filter_map(|token| digests.open_token(token));
            tokens.extend(opened.filter(|token| token.kind == TokenKind::Bounce));
        }
        // A complaint carries the mail itself, and in it the link by which its reader could leave.
        if feedback == Feedback::Complaint {
            let found = mail.report.returned_headers.as_deref().and_then(unsubscribe_token);
            let opened = found.and_then(|token| digests.open_token(&token));
            tokens.extend(opened.filter(|token| token.kind == TokenKind::Unsubscribe));
        }
        let deliveries: Vec<DeliveryId> = tokens.iter().map(|token| token.delivery).collect();
        let mail_ids = message_ids(mail);
        let mail_id_digests: Vec<_> =
            mail_ids.iter().flat_map(|id| digests.message_id_all(id)).collect();
        let named = store::deliveries::Named {
            deliveries: &deliveries,
            mail_ids: &mail_ids,
            mail_id_digests: &mail_id_digests,
        };
        Ok(store::deliveries::take_feedback(transaction, &named, feedback.word()).await?)
    }

    /// Suppresses the address of the mail where the report says that there is none, or that its
    /// owner complained; whether it did so now.
    async fn suppress(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        told: &Told,
        feedback: Feedback,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        let Some(address) = store::addresses::clear(transaction, told.address).await? else {
            return Ok(false);
        };
        let reason = match feedback {
            Feedback::Complaint => SuppressionReason::Complaint,
            Feedback::Bounce if is_no_address(submission, &address) => {
                SuppressionReason::HardBounce
            }
            Feedback::Bounce => return Ok(false),
        };
        let digests = self.parts.digests.address_all(&address);
        self.suppress_address(transaction, &digests, reason, told.id, stops, now).await
    }

    async fn suppress_address(
        &self,
        transaction: &Transaction,
        digests: &[AddressDigests],
        reason: SuppressionReason,
        delivery: DeliveryId,
        stops: &mut PendingStops,
        now: Timestamp,
    ) -> Result<bool, CasesError> {
        let source = format!("delivery:{delivery}");
        let written =
            store::suppressions::record(transaction, digests, reason, &source, now).await?;
        if written {
            let scope = format!("suppression:{}", reason.name());
            let stopped = Stopped {
                kind: StopKind::Suppression,
                scope: &scope,
                digests: digests.to_vec(),
                contact: None,
                block: None,
                submission: None,
            };
            self.record_stop(transaction, stopped, stops, now).await?;
        }
        Ok(written)
    }
}

/// Whether the report says that this very address is none. Of several recipients the one that was
/// meant counts; a single one counts under whatever name a forwarder gave it.
fn is_no_address(submission: &Submission, address: &EmailAddress) -> bool {
    let Some(found) = submission.classification() else { return false };
    let says = |one: &BouncedRecipient| {
        one.class != BounceClass::Auto
            && RefusalFate::of(one.code.as_deref()) == RefusalFate::Suppress
    };
    let is_meant = |one: &&BouncedRecipient| {
        let named = one.recipient.as_deref().and_then(|text| EmailAddress::parse(text).ok());
        named.is_some_and(|named| named.exact_key() == address.exact_key())
    };
    match found.bounces.as_slice() {
        [one] => says(one),
        several => several.iter().filter(is_meant).any(says),
    }
}

/// What the report says of a mail, if it says anything that lasts: a delay, a relaying or a
/// "not spam" is no feedback (RULES §5.6).
fn feedback(submission: &Submission) -> Option<Feedback> {
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
            (!is_delay && !says_nothing).then_some(Feedback::Bounce)
        }
        Kind::Complaint => {
            let report = submission.mail().and_then(|mail| mail.report.feedback_report.as_deref());
            let is_praise =
                report.is_some_and(|report| report.to_ascii_lowercase().contains("not-spam"));
            (!is_praise).then_some(Feedback::Complaint)
        }
        Kind::Human | Kind::AutoReply | Kind::ListMail | Kind::Spam => None,
    }
}
