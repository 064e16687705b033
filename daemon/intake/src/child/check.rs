//! What every answer of a reader child must hold, however well it is formed.
//!
//! Called by the daemon on each answer, since a child may have been taken over, and by fuzzing on
//! what was read in process. What it lets through can be sliced, sorted and stored without care.

use domain::{
    classification::{Classification, Evidence, Label, Mark, Verdict},
    mail::ReadMail,
};

/// An answer that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Implausible {
    /// A span lies outside its text or cuts a letter.
    #[error("a span of evidence does not lie within its text")]
    Span,
    /// What was cut does not lie within the text, or not in order and apart.
    #[error("the cuts do not lie in the text one behind the other")]
    Cut,
    /// A confidence is no probability, or a weight no number.
    #[error("a confidence is not between 0 and 1, or a weight is no number")]
    Number,
    /// A label or mark has two verdicts.
    #[error("a label or mark is judged twice")]
    Twice,
}

/// Checks what was read of one mail.
///
/// # Errors
/// [`Implausible`], the first that is found.
pub fn check(mail: &ReadMail, found: &Classification) -> Result<(), Implausible> {
    let index = |label: Label| Label::ALL.iter().position(|one| *one == label).unwrap_or(0);
    check_verdicts(&found.labels, index, mail, found)?;
    check_verdicts(&found.marks, |mark: Mark| mark as usize, mail, found)?;
    let mut end = 0;
    for cut in &found.cut {
        let (from, to) = cut.span;
        if from < end || mail.text.get(from..to).is_none() {
            return Err(Implausible::Cut);
        }
        end = to;
    }
    Ok(())
}

fn check_verdicts<T: Copy>(
    verdicts: &[Verdict<T>],
    index: impl Fn(T) -> usize,
    mail: &ReadMail,
    found: &Classification,
) -> Result<(), Implausible> {
    let mut seen = 0u32;
    for verdict in verdicts {
        let bit = 1 << index(verdict.label);
        if seen & bit != 0 {
            return Err(Implausible::Twice);
        }
        seen |= bit;
        if !(0.0..=1.0).contains(&verdict.confidence) {
            return Err(Implausible::Number);
        }
        for evidence in &verdict.evidence {
            check_evidence(evidence, mail, found)?;
        }
    }
    Ok(())
}

fn check_evidence(
    evidence: &Evidence,
    mail: &ReadMail,
    found: &Classification,
) -> Result<(), Implausible> {
    if !evidence.weight.is_finite() {
        return Err(Implausible::Number);
    }
    let Some((from, to)) = evidence.span else { return Ok(()) };
    let lies_within = if evidence.in_subject {
        mail.subject.get(from..to).is_some()
    } else {
        found.new_text.get(from..to).is_some()
    };
    if lies_within { Ok(()) } else { Err(Implausible::Span) }
}

#[cfg(test)]
mod tests {
    use domain::classification::{Band, Kind};

    use super::*;

    fn judged(span: Option<(usize, usize)>, confidence: f32) -> Result<(), Implausible> {
        let evidence = Evidence {
            rule: "ru/erasure/delete_data".to_owned(),
            weight: 1.0,
            words: String::new(),
            span,
            in_subject: false,
        };
        let verdict = Verdict {
            label: Label::Erasure,
            confidence,
            band: Band::Auto,
            evidence: vec![evidence],
        };
        let found = Classification {
            kind: Kind::Human,
            kind_reasons: Vec::new(),
            labels: vec![verdict],
            marks: Vec::new(),
            language: None,
            new_text: "да".to_owned(),
            auto_reasons: Vec::new(),
            bounces: Vec::new(),
            named_addresses: Vec::new(),
            cut: Vec::new(),
            forwarded: false,
        };
        check(&ReadMail::default(), &found)
    }

    #[test]
    fn what_cannot_be_is_told() {
        assert_eq!(judged(Some((0, 4)), 0.5), Ok(()));
        assert_eq!(judged(Some((2, 2)), 1.0), Ok(()));
        assert_eq!(judged(Some((0, 5)), 0.5), Err(Implausible::Span));
        assert_eq!(judged(Some((0, 1)), 0.5), Err(Implausible::Span));
        assert_eq!(judged(Some((4, 2)), 0.5), Err(Implausible::Span));
        assert_eq!(judged(None, 1.5), Err(Implausible::Number));
        assert_eq!(judged(None, f32::NAN), Err(Implausible::Number));
    }
}
