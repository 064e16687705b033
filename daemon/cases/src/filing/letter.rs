//! Requests with their dates, and the letter that tells the person of them.

use domain::clock::{Duty, Events, duties_for};
use domain::{
    delivery::{Class, Occasion},
    filing::{AcknowledgementFacts, Held, Reply, decide_acknowledgement},
    ids::{SubmissionId, TicketId},
    language::Locale,
    letter::LetterContent,
    mail::ReturnPath,
    regime::{DutyName, RequestName, in_force_or_nearest},
    request::{RequestState, RequestStep},
};
use jiff::{ToSpan, civil::Date};
use render::{
    MailName, RenderedMail,
    mail::{AcknowledgedRequest, Acknowledgement, BlockNotice},
    wording,
};
use store::{deliveries::NewDelivery, requests::NewRequest};

use super::{FiledTicket, apply::Filing, facts::KnownSender, joining::Matter};
use crate::{
    Cases, CasesError,
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

/// A request that this submission opened or repeated, with its legal dates.
pub(super) struct Dated {
    name: RequestName,
    owed: Vec<(DutyName, Date)>,
}

impl Cases {
    /// Opens the requests that are not open in the ticket yet; the others keep their first clock.
    pub(super) async fn open_requests(
        &self,
        filing: &Filing<'_>,
        ticket: &FiledTicket,
        matter: &Matter,
    ) -> Result<Vec<Dated>, CasesError> {
        let transaction = filing.transaction;
        let held = match matter {
            Matter::Joins(_) => store::requests::of_ticket(transaction, ticket.id).await?,
            Matter::New { .. } => Vec::new(),
        };
        let mut dated = Vec::new();
        for name in &filing.plan.requests {
            let is_open =
                |row: &&store::requests::RequestRow| row.name == *name && row.state.is_open();
            if let Some(row) = held.iter().find(is_open) {
                let duties = store::requests::duties_of_ticket(transaction, ticket.id).await?;
                let owed = duties.iter().filter(|duty| duty.request == row.id).filter_map(|duty| {
                    let on = duty.legal_due_on.as_deref()?.parse().ok()?;
                    Some((DutyName::from_name(&duty.name)?, on))
                });
                dated.push(Dated { name: *name, owed: owed.collect() });
            } else {
                dated.push(self.open_request(filing, ticket.id, *name).await?);
            }
        }
        Ok(dated)
    }

    async fn open_request(
        &self,
        filing: &Filing<'_>,
        ticket: TicketId,
        name: RequestName,
    ) -> Result<Dated, CasesError> {
        let received_at = filing.submission.received_at;
        let (duties, rule) = self.duties(name, received_at)?;
        let is_blocked =
            filing.plan.blocks.iter().any(|b| b.basis.split(' ').any(|w| w == name.name()));
        let state = if is_blocked {
            RequestState::Received.after(RequestStep::Block).map_err(|_| CasesError::Content)?
        } else {
            RequestState::Received
        };
        let new = NewRequest {
            ticket,
            name,
            regime: &rule.regime,
            regime_version: &rule.version,
            law: &rule.law,
            requester: filing.plan.requester,
            state,
            received_at,
            duties: &duties,
        };
        store::requests::open(filing.transaction, &new, filing.now).await?;
        let owed = duties.iter().filter_map(|duty| Some((duty.name, duty.legal_on?))).collect();
        Ok(Dated { name, owed })
    }

    /// The duties of a request under all regimes that apply, and the first regime's name for it.
    fn duties(
        &self,
        name: RequestName,
        received_at: domain::Timestamp,
    ) -> Result<(Vec<Duty>, RuleWords), CasesError> {
        let mut duties = Vec::new();
        let mut words = None;
        for id in &self.parts.settings.regimes {
            let Some(regime) = in_force_or_nearest(&self.parts.regimes, id, received_at) else {
                continue;
            };
            let Some(calendar) =
                self.parts.calendars.iter().find(|calendar| calendar.id() == regime.calendar())
            else {
                continue;
            };
            let events = Events::received(received_at);
            duties.extend(duties_for(name, regime, calendar, &events));
            words.get_or_insert_with(|| RuleWords {
                regime: id.as_str().to_owned(),
                version: regime.version().to_owned(),
                law: regime
                    .law_of(name)
                    .iter()
                    .map(|law| law.ru.as_str())
                    .collect::<Vec<_>>()
                    .join("; "),
            });
        }
        let words = words.ok_or_else(|| {
            CasesError::Settings("no regime applies; name one in `regimes.use`".to_owned())
        })?;
        Ok((duties, words))
    }

    /// Plans the acknowledgement, or opens a task for a person where a guard holds it back.
    pub(super) async fn acknowledge(
        &self,
        filing: &Filing<'_>,
        ticket: &FiledTicket,
        submission: SubmissionId,
        requests: &[Dated],
    ) -> Result<Answered, CasesError> {
        let topic = topic(filing);
        match self.decide_reply(filing, &topic).await? {
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
        let mail = self.parts.renderer.mail(MailName::Acknowledgement, locale, &context)?;
        let planned = Planned { occasion: Occasion::Acknowledgement, topic: &topic, mail };
        self.plan_letter(filing, ticket, submission, sender, planned).await?;
        Ok(Answered::Planned)
    }

    async fn decide_reply(&self, filing: &Filing<'_>, topic: &str) -> Result<Reply, CasesError> {
        let (mail, classification) = match &filing.submission.content {
            Content::Classified { mail, classification } => (mail, classification),
            // Nobody knows what it says, nor whether a machine sent it.
            Content::Unread { .. } => return Ok(Reply::Held(Held::Guard("unread".to_owned()))),
        };
        let (mut same_said_at, mut said_in_a_day) = (None, 0);
        if let Some(sender) = &filing.sender {
            let digests = sender.stop_digests();
            let week = filing.now - (7 * 24).hours();
            same_said_at =
                store::deliveries::acknowledged_since(filing.transaction, &digests, topic, week)
                    .await?;
            let day = filing.now - 24.hours();
            said_in_a_day =
                store::deliveries::count_since(filing.transaction, &digests, day).await?;
        }
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
        let blocked = |name: &str| filing.plan.blocks.iter().any(|b| b.scope.name() == name);
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
            under_review: !filing.plan.review.is_empty(),
            organisation: settings.organisation.clone(),
            contact: settings.contact.clone(),
            policy_url: settings.policy_url.clone(),
        }
    }

    /// Tells the address on file that a mail which its domain disowns had it blocked (RULES X5).
    async fn notify_of_block(
        &self,
        filing: &Filing<'_>,
        ticket: &FiledTicket,
        submission: SubmissionId,
    ) -> Result<(), CasesError> {
        const TOPIC: &str = "block_notice";
        let failed =
            filing.submission.authentication == domain::authentication::SenderAuthentication::Fail;
        let Some(sender) = filing.sender.as_ref().filter(|s| failed && !s.contacts.is_empty())
        else {
            return Ok(());
        };
        if filing.plan.blocks.is_empty() {
            return Ok(());
        }
        let week = filing.now - (7 * 24).hours();
        let digests = sender.stop_digests();
        if store::deliveries::told_since(filing.transaction, &digests, TOPIC, week).await? {
            return Ok(());
        }
        let locale = self.locale(filing.submission);
        let blocked = |name: &str| filing.plan.blocks.iter().any(|b| b.scope.name() == name);
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
        let mail = self.parts.renderer.mail(MailName::BlockNotice, locale, &context)?;
        let planned = Planned { occasion: Occasion::Notice, topic: TOPIC, mail };
        self.plan_letter(filing, ticket, submission, sender, planned).await
    }

    async fn plan_letter(
        &self,
        filing: &Filing<'_>,
        ticket: &FiledTicket,
        submission: SubmissionId,
        sender: &KnownSender,
        planned: Planned<'_>,
    ) -> Result<(), CasesError> {
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
        store::deliveries::plan(filing.transaction, &new, filing.now).await?;
        Ok(())
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

/// The words of a regime for one request.
struct RuleWords {
    regime: String,
    version: String,
    law: String,
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
