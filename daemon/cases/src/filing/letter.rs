//! Requests with their dates, and the letter that tells the person of them.

use domain::{
    delivery::{Class, Occasion},
    filing::{
        AcknowledgementFacts, BlockTarget, Held, Reply, ReviewReason, decide_acknowledgement,
    },
    ids::{DeliveryId, SubmissionId},
    language::Locale,
    letter::LetterContent,
    mail::ReturnPath,
};
use jiff::ToSpan;
use render::{
    MailName, RenderedMail,
    mail::{AcknowledgedRequest, Acknowledgement, BlockNotice},
    wording,
};
use store::deliveries::NewDelivery;

use super::{FiledTicket, apply::Filing, facts::KnownSender, requests::Dated};
use crate::{
    Cases, CasesError,
    identity::FilingFacts,
    submission::{Content, Source, Submission, sender},
};

/// What became of the acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    /// It is in the ledger.
    Planned,
    /// The same was said a few days ago.
    SaidAlready,
    /// A person has to answer: there is a task.
    ByHand,
    /// Nobody to answer.
    NotAtAll,
}

impl Answered {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::SaidAlready => "said_already",
            Self::ByHand => "by_hand",
            Self::NotAtAll => "none",
        }
    }
}

impl Cases {
    /// Plans the acknowledgement, or opens a task for a person where a guard holds it back.
    pub(super) async fn acknowledge(
        &self,
        filing: &Filing<'_>,
        ticket: &FiledTicket,
        submission: SubmissionId,
        requests: &[Dated],
    ) -> Result<Answered, CasesError> {
        let topic = topic(filing);
        match self.decide_reply(filing, ticket, &topic).await? {
            Reply::Send => {}
            Reply::Held(Held::NoTicket) => return Ok(Answered::NotAtAll),
            Reply::Held(Held::SaidAlready) => return Ok(Answered::SaidAlready),
            Reply::Held(Held::Guard(guard)) => {
                store::tasks::open(
                    filing.transaction,
                    "answer_by_hand",
                    Some(ticket.id),
                    None,
                    &guard,
                    filing.now,
                )
                .await?;
                self.notify_of_block(filing, ticket, submission).await?;
                return Ok(Answered::ByHand);
            }
        }
        let Some(sender) = &filing.sender else { return Ok(Answered::NotAtAll) };
        let locale = self.locale(filing.submission);
        let context = self.acknowledgement(filing, ticket, requests, locale);
        let Some(mail) =
            self.render(filing, ticket, MailName::Acknowledgement, locale, &context).await?
        else {
            return Ok(Answered::ByHand);
        };
        let planned = Planned { occasion: Occasion::Acknowledgement, topic: &topic, mail };
        self.plan_letter(filing, ticket, submission, sender, planned).await?;
        Ok(Answered::Planned)
    }

    /// Asks the sender whether it was they, where an acknowledgement could go out and the address
    /// is on file: one more letter under the same guards and the same key.
    pub(super) async fn challenge_sender(
        &self,
        filing: &Filing<'_>,
        ticket: &FiledTicket,
        submission: SubmissionId,
    ) -> Result<(), CasesError> {
        let (Some(sender), Some(classification)) =
            (&filing.sender, filing.submission.classification())
        else {
            return Ok(());
        };
        let of_one_contact = sender.one_contact().is_some();
        let facts = FilingFacts { classification, plan: &filing.plan, of_one_contact };
        let (transaction, now) = (filing.transaction, filing.now);
        // A letter that cannot be made takes its challenge along, and nothing else.
        let savepoint = transaction.savepoint().await?;
        let Some(filed) = self.challenge_of_filing(&savepoint, ticket.id, &facts, now).await?
        else {
            return Ok(savepoint.commit().await?);
        };
        let locale = self.locale(filing.submission);
        let rendered = self.parts.renderer.mail(MailName::Challenge, locale, &filed.letter);
        let mail = match rendered {
            Ok(mail) => mail,
            Err(error) => {
                tracing::error!(ticket.id = ticket.id.0, %error, "a challenge cannot be made");
                return Ok(savepoint.rollback().await?);
            }
        };
        savepoint.commit().await?;
        let planned = Planned { occasion: Occasion::Challenge, topic: "challenge", mail };
        let delivery = self.plan_letter(filing, ticket, submission, sender, planned).await?;
        self.challenge_is_planned(transaction, &filed, delivery, now).await
    }

    /// Renders a letter. A template that fails must not undo the block: a person answers, and an
    /// alarm says so.
    async fn render(
        &self,
        filing: &Filing<'_>,
        ticket: &FiledTicket,
        name: MailName,
        locale: Locale,
        context: &impl serde::Serialize,
    ) -> Result<Option<RenderedMail>, CasesError> {
        match self.parts.renderer.mail(name, locale, context) {
            Ok(mail) => Ok(Some(mail)),
            Err(error) => {
                tracing::error!(ticket.id = ticket.id.0, %error, "a letter cannot be made");
                let (transaction, now) = (filing.transaction, filing.now);
                let detail = format!("the template {} fails: mend it", name.folder());
                store::alarms::raise(transaction, "template", &detail, now).await?;
                let task = "answer_by_hand";
                store::tasks::open(transaction, task, Some(ticket.id), None, "template", now)
                    .await?;
                Ok(None)
            }
        }
    }

    async fn decide_reply(
        &self,
        filing: &Filing<'_>,
        ticket: &FiledTicket,
        topic: &str,
    ) -> Result<Reply, CasesError> {
        let (mail, classification) = match &filing.submission.content {
            Content::Classified { mail, classification } => (mail, classification),
            // Nobody knows what it says, nor whether a machine sent it.
            Content::Unread { .. } => return Ok(Reply::Held(Held::Guard("unread".to_owned()))),
        };
        let (mut same_said_at, mut said_in_a_day) = (None, 0);
        if let Some(sender) = &filing.sender {
            let digests = sender.stop_digests();
            let week = filing.now - (7 * 24).hours();
            let transaction = filing.transaction;
            if filing.joins {
                same_said_at =
                    store::deliveries::acknowledged_since(transaction, ticket.id, topic, week)
                        .await?;
            }
            let day = filing.now - 24.hours();
            said_in_a_day =
                store::deliveries::count_since(filing.transaction, &digests, day).await?;
        }
        let hour = filing.now - 1.hour();
        let to_all = store::deliveries::count_all_since(filing.transaction, hour).await?;
        let limit = i64::from(self.parts.settings.acknowledgements_per_hour.max(1));
        let return_path: Option<&ReturnPath> = match filing.submission.source {
            Source::Message(_) => Some(&mail.return_path),
            Source::Form { .. } => None,
        };
        let facts = AcknowledgementFacts {
            classification,
            sender: sender(filing.sender.as_ref().map(|s| &s.address), &self.parts.settings),
            authentication: filing.submission.authentication,
            return_path,
            same_said_at,
            said_in_a_day,
            too_many_at_all: to_all >= limit,
        };
        Ok(decide_acknowledgement(&filing.plan, &facts, filing.now))
    }

    fn acknowledgement(
        &self,
        filing: &Filing<'_>,
        ticket: &FiledTicket,
        requests: &[Dated],
        locale: Locale,
    ) -> Acknowledgement {
        let settings = &self.parts.settings;
        let blocked = |name: &str| filing.blocks_sender(name);
        let requests = requests
            .iter()
            .map(|dated| AcknowledgedRequest {
                what: wording::request(dated.name, locale).to_owned(),
                owed: dated
                    .owed
                    .iter()
                    .filter_map(|(duty, on)| wording::owed(dated.name, *duty, *on, locale))
                    .collect(),
            })
            .collect();
        Acknowledgement {
            ticket_number: ticket.number.to_string(),
            status_code: ticket
                .status_code
                .map_or_else(String::new, |code| code.expose().to_owned()),
            status_url: settings.status_url.replace("{locale}", locale.code()),
            received_at: wording::instant(filing.submission.received_at, &settings.zone, locale),
            requests,
            blocked_full: blocked("full"),
            blocked_marketing: blocked("marketing"),
            blocked_fields: blocked("fields"),
            under_review: filing.under_review,
            organisation: settings.organisation.clone(),
            contact: settings.contact.clone(),
            policy_url: settings.policy_url.clone(),
        }
    }

    /// Tells the address on file that it was blocked by a mail which could not be acknowledged
    /// and for which its domain does not vouch (RULES X5).
    async fn notify_of_block(
        &self,
        filing: &Filing<'_>,
        ticket: &FiledTicket,
        submission: SubmissionId,
    ) -> Result<(), CasesError> {
        const TOPIC: &str = "block_notice";
        if filing.plan.review.contains(&ReviewReason::Authority) {
            // Nothing automatic goes to an authority, nor to who only seems to be one.
            return Ok(());
        }
        let unproven =
            filing.submission.authentication != domain::authentication::SenderAuthentication::Pass;
        let Some(sender) = filing.sender.as_ref().filter(|s| unproven && !s.contacts.is_empty())
        else {
            return Ok(());
        };
        if !filing.plan.blocks.iter().any(|block| block.target == BlockTarget::Sender) {
            return Ok(());
        }
        let week = filing.now - (7 * 24).hours();
        let digests = sender.stop_digests();
        if store::deliveries::told_since(filing.transaction, &digests, TOPIC, week).await? {
            return Ok(());
        }
        let locale = self.locale(filing.submission);
        let blocked = |name: &str| filing.blocks_sender(name);
        let settings = &self.parts.settings;
        let context = BlockNotice {
            ticket_number: ticket.number.to_string(),
            received_at: wording::instant(filing.submission.received_at, &settings.zone, locale),
            blocked_full: blocked("full"),
            blocked_marketing: blocked("marketing"),
            blocked_fields: blocked("fields"),
            organisation: settings.organisation.clone(),
            contact: settings.contact.clone(),
            policy_url: settings.policy_url.clone(),
        };
        let Some(mail) =
            self.render(filing, ticket, MailName::BlockNotice, locale, &context).await?
        else {
            return Ok(());
        };
        let planned = Planned { occasion: Occasion::Notice, topic: TOPIC, mail };
        self.plan_letter(filing, ticket, submission, sender, planned).await?;
        Ok(())
    }

    async fn plan_letter(
        &self,
        filing: &Filing<'_>,
        ticket: &FiledTicket,
        submission: SubmissionId,
        sender: &KnownSender,
        planned: Planned<'_>,
    ) -> Result<DeliveryId, CasesError> {
        let entropy = &*self.parts.entropy;
        let random: [u8; 16] = domain::ambient::random_bytes(entropy);
        let mail_id = format!("{}@{}", hex::encode(random), self.parts.settings.mail_id_domain);
        // A notice to the address on file does not answer the mail that somebody forged.
        let answered = filing
            .submission
            .mail()
            .filter(|_| planned.occasion == Occasion::Acknowledgement)
            .and_then(|mail| mail.message_id.clone());
        let content = LetterContent {
            subject: planned.mail.subject,
            text: planned.mail.text,
            html: planned.mail.html,
            references: answered.iter().cloned().collect(),
            in_reply_to: answered,
            automatic: true,
        };
        let plain = serde_json::to_vec(&content).map_err(|_| CasesError::Content)?;
        let vault_key = filing.submission.vault_key;
        let context = LetterContent::seal_context(&mail_id);
        let sealed = self.parts.vault.seal(vault_key, &context, &plain, entropy).await?;
        let days = i64::from(self.parts.settings.reply_expires_after_days.max(1));
        let new = NewDelivery {
            class: Class::Statutory,
            occasion: planned.occasion,
            topic: planned.topic,
            ticket: Some(ticket.id),
            submission: Some(submission),
            address: sender.id,
            stop_digest: sender.current().stop,
            mail_id: &mail_id,
            mail_id_digest: self.parts.digests.message_id(&mail_id),
            content: &sealed,
            vault_key,
            expires_at: filing.now + (days * 24).hours(),
        };
        Ok(store::deliveries::plan(filing.transaction, &new, filing.now).await?)
    }

    /// Seals what a person of ours will want to read of the submission.
    pub(super) async fn seal_content(
        &self,
        submission: &Submission,
    ) -> Result<Option<Vec<u8>>, CasesError> {
        let Some(mail) = submission.mail() else { return Ok(None) };
        let content = crate::tickets::SubmissionContent::of(mail, submission.classification());
        let plain = serde_json::to_vec(&content).map_err(|_| CasesError::Content)?;
        let context = crate::tickets::SubmissionContent::SEAL_CONTEXT;
        let entropy = &*self.parts.entropy;
        let key = submission.vault_key;
        Ok(Some(self.parts.vault.seal(key, context, &plain, entropy).await?))
    }

    /// The language in which this person is answered.
    pub(super) fn locale(&self, submission: &Submission) -> Locale {
        let language = submission.classification().and_then(|found| found.language.as_deref());
        Locale::for_reply(language, self.parts.settings.locale)
    }
}

/// A rendered letter on its way into the ledger.
struct Planned<'a> {
    occasion: Occasion,
    topic: &'a str,
    mail: RenderedMail,
}

/// What an acknowledgement is about: the same is not said twice within seven days.
fn topic(filing: &Filing<'_>) -> String {
    if filing.plan.requests.is_empty() {
        return "ordinary".to_owned();
    }
    let names: Vec<_> = filing.plan.requests.iter().map(|name| name.name()).collect();
    format!("requests:{}", names.join(","))
}
