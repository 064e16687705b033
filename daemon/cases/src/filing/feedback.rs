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
    digest::{AddressDigests, Digest},
    gate::SuppressionReason,
    ids::{DeliveryId, SubmissionId},
};
use store::{
    Transaction,
    deliveries::{Named, Told},
    stops::StopKind,
};
use vault::{MailToken, TokenKind};

use super::{
    returned::{
        ReportedAction, addressed_tokens, feedback_type, message_ids, reported_actions,
        unsubscribe_token,
    },
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

/// What in a report may name mails of ours.
#[derive(Default)]
struct Names {
    deliveries: Vec<DeliveryId>,
    mail_ids: Vec<String>,
    mail_id_digests: Vec<Digest>,
}

impl Names {
    fn named(&self) -> Named<'_> {
        Named {
            deliveries: &self.deliveries,
            mail_ids: &self.mail_ids,
            mail_id_digests: &self.mail_id_digests,
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
        let names = self.names_in(submission, feedback);
        let named = names.named();
        for told in store::deliveries::take_feedback(transaction, &named, feedback.word()).await? {
            store::destruction::note_about(transaction, id, told.id).await?;
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

    /// The stop keys of everybody whose mails a submission may speak of, by token or Message-ID:
    /// they are locked with those of the senders before anything is filed.
    pub(super) async fn keys_of_returned(
        &self,
        transaction: &Transaction,
        submission: &Submission,
    ) -> Result<Vec<Digest>, CasesError> {
        let mut keys = Vec::new();
        if let Some(token) = self.leaving_token(submission) {
            keys.extend(self.keys_of_token(transaction, token).await?);
        }
        if let Some(feedback) = feedback(submission) {
            let names = self.names_in(submission, feedback);
            for address in store::deliveries::addresses_of(transaction, &names.named()).await? {
                keys.extend(self.keys_of_address(transaction, address).await?);
            }
        }
        Ok(keys)
    }

    /// Notes of which confirmation mail a submission without a ticket speaks, whatever it says:
    /// the address in it is destroyed with the wish.
    pub(super) async fn link_to_confirmation(
        &self,
        transaction: &Transaction,
        submission: &Submission,
        id: SubmissionId,
    ) -> Result<(), CasesError> {
        let names = self.names_in(submission, Feedback::Bounce);
        let mails = store::deliveries::named(transaction, &names.named()).await?;
        Ok(store::submissions::link_to_confirmation(transaction, id, &mails).await?)
    }

    /// By what a report names mails of ours.
    fn names_in(&self, submission: &Submission, feedback: Feedback) -> Names {
        let Some(mail) = submission.mail() else { return Names::default() };
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
        let mail_ids = message_ids(mail);
        Names {
            deliveries: tokens.iter().map(|token| token.delivery).collect(),
            mail_id_digests: mail_ids.iter().flat_map(|id| digests.message_id_all(id)).collect(),
            mail_ids,
        }
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
            && did_fail(submission, one)
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

/// Whether the report says of this recipient that delivery failed; one that says of nobody what
/// became of them is a report in words, and a failure.
fn did_fail(submission: &Submission, one: &BouncedRecipient) -> bool {
    let actions = actions(submission);
    match (actions.as_slice(), one.recipient.as_deref()) {
        ([], _) => true,
        ([only], _) => only.is_failure(),
        (several, Some(recipient)) => {
            several.iter().any(|action| action.is_of(recipient) && action.is_failure())
        }
        (several, None) => several.iter().all(ReportedAction::is_failure),
    }
}

fn actions(submission: &Submission) -> Vec<ReportedAction> {
    let report = submission.mail().and_then(|mail| mail.report.delivery_status.as_deref());
    report.map(reported_actions).unwrap_or_default()
}

/// What the report says of a mail, if it says anything that lasts: a delay or a relaying is no
/// bounce, and of all sorts of abuse report (RFC 5965 §7.3, RFC 6591) only `abuse` is a person's
/// complaint (RULES §5.6).
fn feedback(submission: &Submission) -> Option<Feedback> {
    let found = submission.classification()?;
    match found.kind {
        Kind::Bounce => {
            let actions = actions(submission);
            let says_otherwise =
                !actions.is_empty() && !actions.iter().any(ReportedAction::is_failure);
            let says_nothing = !found.bounces.is_empty()
                && found.bounces.iter().all(|bounce| bounce.class == BounceClass::Auto);
            (!says_otherwise && !says_nothing).then_some(Feedback::Bounce)
        }
        Kind::Complaint => {
            let report = submission.mail()?.report.feedback_report.as_deref()?;
            (feedback_type(report).as_deref() == Some("abuse")).then_some(Feedback::Complaint)
        }
        Kind::Human | Kind::AutoReply | Kind::ListMail | Kind::Spam => None,
    }
}
