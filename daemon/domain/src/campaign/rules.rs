//! The rules that every campaign must keep, asked before it is approved, scheduled and resumed.

use jiff::Timestamp;

use super::{CampaignRule, ContentHash, Start};
pub use crate::people::is_same_person;

/// Whether a duty of the mail itself is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Nothing asks for it.
    NotNeeded,
    /// It is there.
    Yes,
    /// It is missing.
    No,
}

/// What the rules ask of a campaign and of the house that sends it.
#[derive(Debug, Clone, Copy)]
pub struct IssueFacts {
    /// Somebody stands on its lists.
    pub audience: Kept,
    /// HTML and text show the link to leave.
    pub unsubscribe_link: Kept,
    /// The warning of medical advertising.
    pub warning: Kept,
    /// We, or the relay, sign the mails.
    pub signature: Kept,
}

/// The first rule that an issue breaks.
#[must_use]
pub fn broken_rule(facts: &IssueFacts) -> Option<CampaignRule> {
    [
        (facts.audience, CampaignRule::NoAudience),
        (facts.unsubscribe_link, CampaignRule::NoUnsubscribeLink),
        (facts.warning, CampaignRule::NoContraindicationWarning),
        (facts.signature, CampaignRule::NoDkim),
    ]
    .into_iter()
    .find_map(|(kept, rule)| (kept == Kept::No).then_some(rule))
}

/// Whether `approver` may approve what `editors` wrote.
///
/// # Errors
/// [`CampaignRule::FourEyes`].
pub fn may_approve(
    editors: &[String],
    approver: &str,
    four_eyes: FourEyes,
) -> Result<(), CampaignRule> {
    match four_eyes {
        FourEyes::On if wrote(editors, approver) => Err(CampaignRule::FourEyes),
        FourEyes::On | FourEyes::Off => Ok(()),
    }
}

/// Who wrote what a campaign says after `editor` changed it. Words that somebody else than their
/// writers `approved_by` have been seen by two people: from then on only new writers count.
#[must_use]
pub fn editors_after(editors: &[String], approved_by: Option<&str>, editor: &str) -> Vec<String> {
    let is_seen = approved_by.is_some_and(|approver| !wrote(editors, approver));
    let mut after = if is_seen { Vec::new() } else { editors.to_vec() };
    if !wrote(&after, editor) {
        after.push(editor.to_owned());
    }
    after
}

fn wrote(editors: &[String], person: &str) -> bool {
    editors.iter().any(|editor| is_same_person(editor, person))
}

/// Whether somebody else than who wrote it must approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FourEyes {
    /// Yes.
    On,
    /// Who wrote it may.
    Off,
}

/// Whether an approval covers exactly this (invariant 17).
///
/// # Errors
/// [`CampaignRule::NotApproved`].
pub fn is_covered(approved: Option<ContentHash>, hash: ContentHash) -> Result<(), CampaignRule> {
    if approved == Some(hash) { Ok(()) } else { Err(CampaignRule::NotApproved) }
}

/// The start, if there is one that has not passed.
///
/// # Errors
/// [`CampaignRule::NoStart`].
pub fn coming(start: Option<&Start>, now: Timestamp) -> Result<&Start, CampaignRule> {
    // To the microsecond, as the database keeps it.
    let is_to_come = |start: &&Start| start.at.as_microsecond() >= now.as_microsecond();
    start.filter(is_to_come).ok_or(CampaignRule::NoStart)
}

/// Whether a text warns of contraindications as medical advertising must (38-FZ art. 24 part 7):
/// it names them, and the specialist or the instruction to be asked.
#[must_use]
pub fn warns_of_contraindications(text: &str) -> bool {
    let text = text.to_lowercase();
    let has = |stems: &[&str]| stems.iter().any(|stem| text.contains(stem));
    has(&["противопоказан", "contraindication"])
        && has(&["консультац", "специалист", "инструкц", "consult", "specialist", "instruction"])
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: IssueFacts = IssueFacts {
        audience: Kept::Yes,
        unsubscribe_link: Kept::Yes,
        warning: Kept::NotNeeded,
        signature: Kept::Yes,
    };

    #[test]
    fn each_rule_has_its_name_and_the_first_one_counts() {
        assert_eq!(broken_rule(&KEPT), None);
        let name = |facts| broken_rule(&facts).map(CampaignRule::name);
        assert_eq!(name(IssueFacts { audience: Kept::No, ..KEPT }), Some("no_audience"));
        assert_eq!(name(IssueFacts { signature: Kept::No, ..KEPT }), Some("no_dkim"));
        let both = IssueFacts { unsubscribe_link: Kept::No, signature: Kept::No, ..KEPT };
        assert_eq!(name(both), Some("no_unsubscribe_link"));
        let warning = IssueFacts { warning: Kept::No, ..KEPT };
        assert_eq!(name(warning), Some("no_contraindication_warning"));
    }

    #[test]
    fn the_author_does_not_approve_when_four_eyes_must_see_it() {
        let olga = ["olga".to_owned()];
        assert!(may_approve(&olga, "olga", FourEyes::Off).is_ok());
        assert!(may_approve(&olga, "pavel", FourEyes::On).is_ok());
        for name in ["olga", " Olga "] {
            assert_eq!(may_approve(&olga, name, FourEyes::On), Err(CampaignRule::FourEyes));
        }
    }

    #[test]
    fn whoever_wrote_since_somebody_else_approved_is_an_author() {
        let both = editors_after(&["anna".to_owned()], None, "boris");
        assert_eq!(both, ["anna", "boris"]);
        assert_eq!(editors_after(&both, None, "Anna"), both, "each once");
        assert_eq!(editors_after(&both, Some("vera"), "boris"), ["boris"]);
        assert_eq!(editors_after(&both, Some("boris"), "anna"), both, "nobody else has seen it");
    }

    #[test]
    fn a_warning_names_contraindications_and_whom_to_ask() {
        assert!(warns_of_contraindications(
            "ИМЕЮТСЯ ПРОТИВОПОКАЗАНИЯ. Необходима консультация специалиста."
        ));
        assert!(warns_of_contraindications("There are contraindications; consult a doctor."));
        assert!(!warns_of_contraindications("Противопоказаний нет."));
        assert!(!warns_of_contraindications("Скидки на приём у специалиста."));
    }
}
