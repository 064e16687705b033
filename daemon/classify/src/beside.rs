//! What stands beside a mail's own text: attached files and mails, and an HTML part that says
//! something else.
//!
//! A request may hide there ("see the attached statement"), so it is judged too. Whose words they
//! are is not certain and how they were read out is not perfect: a label from there is suggested,
//! never auto, and its evidence has no place in the new text.

use domain::classification::{Band, Label, Verdict};
use domain::mail::ReadMail;

use crate::{OwnIdentity, labels, new_text::Taken, packs::Packs, words};

/// Bytes of one file, and of all texts beside, that are judged.
const ONE: usize = 32 * 1024;
const ALL: usize = 128 * 1024;

/// Adds the labels and marks that the texts beside give and the mail itself does not.
pub(crate) fn add(
    mail: &ReadMail,
    taken: &Taken,
    packs: &Packs,
    own: &OwnIdentity,
    judged: &mut labels::Judged,
) {
    let mut left = ALL;
    let files = mail.attachments.iter().map(|file| file.text.as_str());
    let ours =
        |mail: &domain::mail::AttachedMail| mail.from.iter().any(|from| own.is_own(&from.address));
    let mails = mail.attached.iter().filter(|mail| !ours(mail)).map(|mail| mail.text.as_str());
    let parts = [taken.forwarded_text.as_str(), mail.other_text.as_str()];
    for text in parts.into_iter().chain(files).chain(mails).filter(|text| !text.trim().is_empty()) {
        let text = words::cut(text, ONE.min(left));
        left -= text.len();
        let parts = labels::Parts { subject: "", answers: true, new_text: text, signature: "" };
        let found = labels::judge(parts, packs);
        let asks = |verdict: &Verdict<Label>| verdict.label.is_request();
        for verdict in found.labels.into_iter().filter(asks) {
            take(&mut judged.labels, verdict);
        }
        for verdict in found.marks {
            take(&mut judged.marks, verdict);
        }
        if left == 0 {
            break;
        }
    }
}

fn take<T: PartialEq>(known: &mut Vec<Verdict<T>>, mut found: Verdict<T>) {
    if found.band == Band::None
        || known.iter().any(|v| v.label == found.label && v.band != Band::None)
    {
        return;
    }
    known.retain(|v| v.label != found.label);
    found.band = Band::Suggest;
    for evidence in &mut found.evidence {
        evidence.rule = format!("beside/{}", evidence.rule);
        (evidence.span, evidence.in_subject) = (None, false);
    }
    known.push(found);
}
