//! From a claimed row to the bytes of its mail: unseal, build, sign.

use domain::delivery::{Occasion, WithholdReason};
use domain::letter::LetterContent;
use store::deliveries::{self, ClaimedDelivery};
use vault::VaultError;

use super::Dispatch;
use crate::letter::{AutoSubmitted, Correspondent, Letter};
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
    dispatch: &Dispatch,
    delivery: &ClaimedDelivery,
) -> Result<Prepared, Unprepared> {
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
            (true, Occasion::Alarm | Occasion::Campaign | Occasion::Step) => {
                AutoSubmitted::Generated
            }
            (
                true,
                Occasion::Acknowledgement
                | Occasion::Challenge
                | Occasion::Answer
                | Occasion::Notice
                | Occasion::Access
                | Occasion::Confirmation,
            ) => AutoSubmitted::Replied,
        },
        loop_mark: identity.loop_mark.clone(),
        written_at: delivery.planned_at,
    };
    let failed = |text: String| Unprepared::Never(WithholdReason::RenderFailed, text);
    let mut bytes = letter.to_bytes().map_err(|e| failed(e.to_string()))?;
    if let Some(signer) = &dispatch.signer {
        bytes = signer.sign(bytes).await.map_err(|e| failed(e.to_string()))?;
    }
    let acknowledges = automatic && delivery.occasion == Occasion::Acknowledgement;
    let envelope = Envelope {
        // RFC 3834 §3.3, §4: an automatic reply must never cause another, and nobody is to be told
        // that it did not arrive.
        sender: identity.envelope_sender.clone().filter(|_| !acknowledges),
        recipient: delivery.recipient.clone(),
        notify: if acknowledges { Notify::Never } else { Notify::Default },
    };
    Ok(Prepared { envelope, bytes })
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
