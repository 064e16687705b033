//! From a claimed row to the bytes of its mail: unseal or render, build, sign.
//!
//! A mail of a campaign is made of the compiled content, the list and the recipient; every other
//! one was sealed when it was planned. A mail that cannot be made whole is not made at all.

use domain::delivery::{Occasion, WithholdReason};
use domain::letter::LetterContent;
use render::campaign::Recipient;
use store::StoreError;
use store::deliveries::{self, CampaignPart, ClaimedDelivery};
use vault::{MailToken, TokenKind, VaultError};

use super::{Dispatch, Engine, halting};
use crate::letter::campaign::Person;
use crate::letter::{AutoSubmitted, Correspondent, Letter, tagged};
use crate::outlet::{Envelope, Notify};

/// A mail that can go.
pub(super) struct Prepared {
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

/// Why a mail cannot be made.
pub(super) enum Unprepared {
    /// Disk or storage do not work now: nobody's attempt.
    Passing(String),
    /// It never can; the text names no person.
    Never(WithholdReason, String),
}

pub(super) async fn prepare(
    engine: &Engine,
    delivery: &ClaimedDelivery,
) -> Result<Prepared, Unprepared> {
    let (envelope, mut bytes) = match &delivery.campaign {
        Some(part) => of_campaign(engine, delivery, part).await?,
        None => of_letter(&engine.parts, delivery).await?,
    };
    if let Some(signer) = &engine.parts.signer {
        bytes = signer.sign(bytes).await.map_err(|e| failed(e.to_string()))?;
    }
    Ok(Prepared { envelope, bytes })
}

fn failed(text: String) -> Unprepared {
    Unprepared::Never(WithholdReason::RenderFailed, text)
}

/// A mail of a campaign; what keeps it from being made stands as an alarm.
async fn of_campaign(
    engine: &Engine,
    delivery: &ClaimedDelivery,
    part: &CampaignPart,
) -> Result<(Envelope, Vec<u8>), Unprepared> {
    let made = make(engine, delivery, part).await;
    if let Err(Unprepared::Never(_, why)) = &made {
        let detail = format!("mails of this campaign cannot be made and are withheld: {why}");
        engine.templates.alarm(engine, part.campaign, &detail).await;
    }
    made
}

async fn make(
    engine: &Engine,
    delivery: &ClaimedDelivery,
    part: &CampaignPart,
) -> Result<(Envelope, Vec<u8>), Unprepared> {
    let parts = &engine.parts;
    let (Some(bulk), Some(list)) = (&parts.bulk, &part.list) else {
        // No such row is claimed, or the gate kept it.
        return Err(Unprepared::Passing("no campaign can be sent as things are".to_owned()));
    };
    let passing = |e: StoreError| Unprepared::Passing(e.to_string());
    let mails = engine.templates.of(engine, bulk, part, list).await.map_err(passing)?;
    let Some(mails) = mails else {
        return Err(Unprepared::Passing("its campaign is held, or has ended".to_owned()));
    };
    let token = |kind| {
        let (delivery, subscription) = (delivery.id, Some(part.subscription));
        parts.digests.seal_token(&MailToken { kind, delivery, subscription })
    };
    let unsubscribe_token = token(TokenKind::Unsubscribe);
    let unsubscribe_url =
        format!("{}/u/{unsubscribe_token}", bulk.public_url.trim_end_matches('/'));
    let recipient = Recipient { name: &part.contact_name, unsubscribe_url: &unsubscribe_url };
    let rendered = mails.template.render(&recipient).map_err(|e| failed(e.to_string()))?;
    let person = Person {
        name: &part.contact_name,
        address: &delivery.recipient,
        unsubscribe_token: &unsubscribe_token,
        message_id: &delivery.mail_id,
        written_at: delivery.planned_at,
    };
    let bytes = mails
        .envelope
        .letter(&person, &rendered.subject, &rendered.text, &rendered.html)
        .map_err(|e| failed(e.to_string()))?;
    let sender = match tagged::verp(&token(TokenKind::Bounce), &bulk.bounce_address) {
        Ok(sender) => sender,
        // Every token is as long: no mail of it has a way back.
        Err(error) => {
            let why = format!("{error}: set another bounce address and resume it, or cancel it");
            halting::hold(engine, part.campaign, &why).await.map_err(passing)?;
            return Err(Unprepared::Passing(why));
        }
    };
    let envelope = Envelope {
        sender: Some(sender),
        recipient: delivery.recipient.clone(),
        notify: Notify::Default,
    };
    Ok((envelope, bytes))
}

/// A letter as it was sealed when it was planned.
async fn of_letter(
    dispatch: &Dispatch,
    delivery: &ClaimedDelivery,
) -> Result<(Envelope, Vec<u8>), Unprepared> {
    let content = open_content(dispatch, delivery).await?;
    let automatic = content.automatic;
    let identity = &dispatch.identity;
    let letter = Letter {
        from: identity.from.clone(),
        to: Correspondent { name: String::new(), address: delivery.recipient.clone() },
        reply_to: identity.reply_to.clone(),
        subject: content.subject,
        text: content.text,
        html: content.html,
        language: delivery.locale.unwrap_or_default().code(),
        message_id: delivery.mail_id.clone(),
        in_reply_to: content.in_reply_to,
        references: content.references,
        auto_submitted: match (automatic, delivery.occasion) {
            (false, _) => AutoSubmitted::No,
            // RFC 3834 §5: only what answers a mail is a reply; who fills a form wrote none.
            (
                true,
                Occasion::Alarm
                | Occasion::Campaign
                | Occasion::Step
                | Occasion::Access
                | Occasion::Confirmation,
            ) => AutoSubmitted::Generated,
            (
                true,
                Occasion::Acknowledgement
                | Occasion::Challenge
                | Occasion::Answer
                | Occasion::Notice,
            ) => AutoSubmitted::Replied,
        },
        loop_mark: identity.loop_mark.clone(),
        written_at: delivery.planned_at,
    };
    let bytes = letter.to_bytes().map_err(|e| failed(e.to_string()))?;
    let acknowledges = automatic && delivery.occasion == Occasion::Acknowledgement;
    let envelope = Envelope {
        // RFC 3834 §3.3, §4: an automatic reply must never cause another, and nobody is to be told
        // that it did not arrive.
        sender: identity.envelope_sender.clone().filter(|_| !acknowledges),
        recipient: delivery.recipient.clone(),
        notify: if acknowledges { Notify::Never } else { Notify::Default },
    };
    Ok((envelope, bytes))
}

async fn open_content(
    dispatch: &Dispatch,
    delivery: &ClaimedDelivery,
) -> Result<LetterContent, Unprepared> {
    let gone = || {
        let text = "the content was destroyed with its key".to_owned();
        Unprepared::Never(WithholdReason::Erased, text)
    };
    let context = LetterContent::seal_context(&delivery.mail_id);
    let mut content = delivery.content.clone();
    let mut moved = false;
    let plain = loop {
        let opened = match &content {
            Some(sealed) => dispatch.vault.open_sealed(&context, sealed).await,
            None => return Err(gone()),
        };
        match opened {
            Ok(plain) => break plain,
            Err(error) if error.is_outage() => return Err(Unprepared::Passing(error.to_string())),
            Err(VaultError::KeyDestroyed(_)) if !moved => {
                // It may have been sealed anew under its subject's key since the claim.
                let now_there = deliveries::content_of(&dispatch.store, delivery.id).await;
                let now_there = now_there.map_err(|e| Unprepared::Passing(e.to_string()))?;
                if now_there == content {
                    return Err(gone());
                }
                content = now_there;
                moved = true;
            }
            Err(VaultError::KeyDestroyed(_)) => return Err(gone()),
            Err(error) => {
                return Err(Unprepared::Never(WithholdReason::RenderFailed, error.to_string()));
            }
        }
    };
    serde_json::from_slice(&plain).map_err(|_| {
        let text = "the sealed content is no letter".to_owned();
        Unprepared::Never(WithholdReason::RenderFailed, text)
    })
}
