//! What a submission is and what it asks for: kinds, labels, marks, bands and their evidence.
//!
//! Produced by `classify`, read by filing. Every verdict carries the words, the rule and the
//! weight that produced it. A classification never acts: the filing table decides what follows.

use serde::{Deserialize, Serialize};

/// What sort of mail a submission is; exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Written by a person.
    Human,
    /// A delivery status notification (RFC 3464 and the formats of the wild).
    Bounce,
    /// An abuse report (RFC 5965).
    Complaint,
    /// An automatic answer (RFC 3834), read receipts included.
    AutoReply,
    /// A newsletter or mailing-list mail.
    ListMail,
    /// Unsolicited advertising or fraud.
    Spam,
}

/// What a person asks for; a submission may carry several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// Delete, destroy or anonymise my data or account.
    Erasure,
    /// Correct or complete my data.
    Rectification,
    /// Block, suspend processing.
    Restriction,
    /// What do you hold; a copy; an export.
    Access,
    /// I withdraw my consent.
    ConsentWithdrawal,
    /// Stop processing (152-FZ 21(5.1), GDPR 21(1)).
    Objection,
    /// Stop sending newsletters and advertising.
    StopMarketing,
    /// Take down what was published.
    StopPublication,
    /// The data were got or used without right.
    UnlawfulProcessing,
    /// A question about the policy or about how to exercise a right.
    PolicyQuestion,
    /// Anything else; stands alone.
    Other,
}

impl Label {
    /// All labels, in the order in which they are listed to people.
    pub const ALL: [Self; 11] = [
        Self::Erasure,
        Self::Rectification,
        Self::Restriction,
        Self::Access,
        Self::ConsentWithdrawal,
        Self::Objection,
        Self::StopMarketing,
        Self::StopPublication,
        Self::UnlawfulProcessing,
        Self::PolicyQuestion,
        Self::Other,
    ];

    /// The name used in code, tables, JSON and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Erasure => "erasure",
            Self::Rectification => "rectification",
            Self::Restriction => "restriction",
            Self::Access => "access",
            Self::ConsentWithdrawal => "consent_withdrawal",
            Self::Objection => "objection",
            Self::StopMarketing => "stop_marketing",
            Self::StopPublication => "stop_publication",
            Self::UnlawfulProcessing => "unlawful_processing",
            Self::PolicyQuestion => "policy_question",
            Self::Other => "other",
        }
    }

    /// Whether the label opens a request with a statutory clock.
    #[must_use]
    pub fn is_request(self) -> bool {
        !matches!(self, Self::PolicyQuestion | Self::Other)
    }
}

/// Who writes; stands beside any label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The sender is, or claims to be, a regulator, a court, the police or a prosecutor.
    Authority,
    /// Written on behalf of another person.
    Representative,
}

impl Mark {
    /// The name used in code, tables, JSON and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Representative => "representative",
        }
    }
}

/// How sure a verdict is, in the three steps that decide what may follow by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Not to be acted on; shown by `--explain` only.
    None,
    /// A person looks; marketing stops meanwhile.
    Suggest,
    /// Sure enough for the protective acts of the filing table.
    Auto,
}

/// Why a verdict was reached: one hit of one rule. Prints without the words.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The rule's id in its pack, such as `ru/erasure/delete_data`.
    pub rule: String,
    /// What the hit added to the score; negative for negations and traps.
    pub weight: f32,
    /// The words that were hit, as written; personal data, so never logged.
    pub words: String,
    /// Byte range of the words in the new text (or subject: then `in_subject`), if located.
    pub span: Option<(usize, usize)>,
    /// Whether the words stand in the subject.
    #[serde(default)]
    pub in_subject: bool,
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Evidence({}, {})", self.rule, self.weight)
    }
}

/// A verdict on one label or mark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict<T> {
    /// What the verdict is about.
    pub label: T,
    /// Calibrated probability that a careful reader would agree, 0 to 1.
    pub confidence: f32,
    /// The band the confidence falls into.
    pub band: Band,
    /// The hits, strongest first.
    pub evidence: Vec<Evidence>,
}

/// Which sort of failure a bounce tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceClass {
    /// The address does not exist.
    Hard,
    /// A passing failure, or one that does not show the address to be dead (full, disabled).
    Soft,
    /// Refused for what we sent or who we are.
    Policy,
    /// No failure at all (delayed, relayed, expanded, delivered).
    Auto,
}

/// One recipient of which a bounce tells.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BouncedRecipient {
    /// The failed address as stated, if any; personal data.
    pub recipient: Option<String>,
    /// Hard, soft, policy or auto.
    pub class: BounceClass,
    /// Enhanced status code such as `5.1.1` (RFC 3463): as stated, else what the SMTP reply means.
    pub code: Option<String>,
    /// The reason in one word, such as `user_unknown`, `mailbox_full`.
    pub reason: String,
}

impl std::fmt::Debug for BouncedRecipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BouncedRecipient({:?}, {:?}, {})", self.class, self.code, self.reason)
    }
}

/// What a piece of a mail is that the sender did not newly write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutWhat {
    /// Lines of an earlier mail.
    Quote,
    /// The line that a mail program puts above a quote ("… wrote:").
    Attribution,
    /// Name, office, telephone, "Sent from my phone".
    Signature,
    /// A legal footer, a disclaimer, the last lines of a mailing list.
    Footer,
    /// Our own words, come back without any sign of quoting.
    OwnText,
    /// The header lines that stand above a forwarded or quoted mail.
    ForwardHeader,
}

impl CutWhat {
    /// The name used in code, JSON and the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quote => "quote",
            Self::Attribution => "attribution",
            Self::Signature => "signature",
            Self::Footer => "footer",
            Self::OwnText => "own_text",
            Self::ForwardHeader => "forward_header",
        }
    }
}

/// A piece of a mail that was not judged as the sender's new words; it stays visible to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cut {
    /// What it is.
    pub what: CutWhat,
    /// Byte range in the visible text of the mail, whole lines. Cuts are in order and apart, and
    /// every line with a sign on it stands either in a cut or in the new text.
    pub span: (usize, usize),
}

/// The classification of one submission.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// The sort of mail.
    pub kind: Kind,
    /// Why this kind: rule names, first the deciding one.
    pub kind_reasons: Vec<String>,
    /// Verdicts on labels, all bands, strongest first. `Other` only alone in auto or suggest.
    pub labels: Vec<Verdict<Label>>,
    /// Verdicts on marks, all bands.
    pub marks: Vec<Verdict<Mark>>,
    /// ISO 639-1 code of the new text's language, if it could be told.
    pub language: Option<String>,
    /// What this person newly wrote: without quotes, signature, legal footer; personal data.
    pub new_text: String,
    /// Every reason not to answer automatically (RFC 3834); empty = we may.
    pub auto_reasons: Vec<String>,
    /// Filled for kind bounce, one entry for each recipient.
    pub bounces: Vec<BouncedRecipient>,
    /// Address-shaped words of the new text, in order, deduplicated; they only propose.
    pub named_addresses: Vec<String>,
    /// What was left out of the new text, in order. Empty in what older versions wrote.
    #[serde(default)]
    pub cut: Vec<Cut>,
    /// The new text is, wholly or in part, the text of a mail that the sender passed on.
    #[serde(default)]
    pub forwarded: bool,
}

impl std::fmt::Debug for Classification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Classification")
            .field("kind", &self.kind)
            .field("labels", &self.labels.iter().map(|v| (v.label, v.band)).collect::<Vec<_>>())
            .field("marks", &self.marks.iter().map(|v| (v.label, v.band)).collect::<Vec<_>>())
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

impl Classification {
    /// Labels in band auto or suggest, with the band.
    pub fn acting_labels(&self) -> impl Iterator<Item = (Label, Band)> + '_ {
        self.labels.iter().filter(|v| v.band != Band::None).map(|v| (v.label, v.band))
    }

    /// The band of a mark; [`Band::None`] when there is no verdict on it.
    #[must_use]
    pub fn mark(&self, mark: Mark) -> Band {
        self.marks.iter().find(|v| v.label == mark).map_or(Band::None, |v| v.band)
    }

    /// Whether a request label stands in auto or suggest.
    #[must_use]
    pub fn asks_something(&self) -> bool {
        self.acting_labels().any(|(label, _)| label.is_request())
    }
}
