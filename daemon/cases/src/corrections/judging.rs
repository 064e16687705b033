//! A judgement: what a submission is and asks for, in names, by the machine or by a person.

use domain::classification::{Band, Classification, Kind, Label, Mark, Verdict};
use serde::{Deserialize, Serialize};

use crate::CasesError;

/// What a submission is and asks for. Holds no word of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The sort of mail.
    pub kind: Kind,
    /// The labels that act, in the order in which they are listed; of a letter by a person never
    /// empty.
    pub labels: Vec<Label>,
    /// The marks that act.
    pub marks: Vec<Mark>,
    /// Those labels that the machine only suggests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsure: Vec<Label>,
    /// Those marks that the machine only suggests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsure_marks: Vec<Mark>,
}

/// What a person says instead; what is not named stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The sort of mail.
    pub kind: Option<Kind>,
    /// All labels; none of them: the letter asks for nothing.
    pub labels: Option<Vec<Label>>,
    /// All marks.
    pub marks: Option<Vec<Mark>>,
}

impl Judgement {
    /// What the machine judged.
    #[must_use]
    pub fn of(found: &Classification) -> Self {
        let mut labels: Vec<Label> = found.acting_labels().map(|(label, _)| label).collect();
        let in_band = |band| {
            let of_band = found.acting_labels().filter(move |(_, held)| *held == band);
            of_band.map(|(label, _)| label).collect()
        };
        let mut unsure: Vec<Label> = in_band(Band::Suggest);
        if labels.is_empty() && found.kind == Kind::Human {
            labels.push(Label::Other);
        }
        let marks = |wanted: &dyn Fn(Band) -> bool| {
            let mut marks: Vec<Mark> =
                found.marks.iter().filter(|v| wanted(v.band)).map(|v| v.label).collect();
            marks.sort_unstable();
            marks.dedup();
            marks
        };
        for list in [&mut labels, &mut unsure] {
            list.sort_unstable();
            list.dedup();
        }
        Self {
            kind: found.kind,
            labels,
            marks: marks(&|band| band != Band::None),
            unsure,
            unsure_marks: marks(&|band| band == Band::Suggest),
        }
    }

    /// What a person makes of this judgement. A person is sure.
    ///
    /// # Errors
    /// [`CasesError::Refused`] when the names do not go together.
    pub fn corrected(&self, wanted: &Wanted) -> Result<Self, CasesError> {
        let kind = wanted.kind.unwrap_or(self.kind);
        let mut labels = wanted.labels.clone().unwrap_or_else(|| self.labels.clone());
        let mut marks = wanted.marks.clone().unwrap_or_else(|| self.marks.clone());
        labels.sort_unstable();
        labels.dedup();
        marks.sort_unstable();
        marks.dedup();
        let refused = |rule, reason: &str| CasesError::Refused { rule, reason: reason.to_owned() };
        if labels.len() > 1 && labels.contains(&Label::Other) {
            return Err(refused(
                "other_stands_alone",
                "`other` says that nothing else is asked; name either it or the rest",
            ));
        }
        match kind {
            Kind::Bounce | Kind::Complaint => {
                if labels.iter().any(|label| *label != Label::Other) || !marks.is_empty() {
                    return Err(refused(
                        "a_report_asks_nothing",
                        "a bounce or a complaint carries no label and no mark; name another kind, or `--labels other`",
                    ));
                }
                labels.clear();
            }
            Kind::Human if labels.is_empty() => labels.push(Label::Other),
            Kind::AutoReply | Kind::ListMail | Kind::Spam => {
                labels.retain(|label| *label != Label::Other);
            }
            Kind::Human => {}
        }
        Ok(Self { kind, labels, marks, unsure: Vec::new(), unsure_marks: Vec::new() })
    }

    /// The machine's classification with this judgement in place of its own. The evidence of the
    /// verdicts is kept: it says where the words stand.
    #[must_use]
    pub(crate) fn applied_to(&self, found: &Classification) -> Classification {
        let label = |label: &Label| verdict(&found.labels, *label, self.unsure.contains(label));
        let mark = |mark: &Mark| verdict(&found.marks, *mark, self.unsure_marks.contains(mark));
        let mut judged = found.clone();
        judged.labels = self.labels.iter().map(label).collect();
        judged.marks = self.marks.iter().map(mark).collect();
        if self.kind != found.kind {
            judged.kind_reasons = vec!["corrected".to_owned()];
            judged.kind = self.kind;
        }
        judged
    }

    /// Only those of the labels; marks and kind stay.
    pub(crate) fn only(&self, labels: &[Label]) -> Self {
        let kept = self.labels.iter().copied().filter(|label| labels.contains(label));
        Self { labels: kept.collect(), ..self.clone() }
    }
}

fn verdict<T: Copy + PartialEq>(held: &[Verdict<T>], label: T, is_unsure: bool) -> Verdict<T> {
    let evidence = held.iter().find(|verdict| verdict.label == label);
    Verdict {
        label,
        confidence: if is_unsure { 0.5 } else { 1.0 },
        band: if is_unsure { Band::Suggest } else { Band::Auto },
        evidence: evidence.map(|verdict| verdict.evidence.clone()).unwrap_or_default(),
    }
}
