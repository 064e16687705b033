//! The table itself: kind first, then the union of the rows of all labels.
//!
//! Who withdraws consent withdraws each advertising consent besides the full block (RULES §1.1,
//! row WITHDRAW: the consents are revoked); erasure, objection and restriction are blocks only,
//! and what becomes of the consents is decided with their request.

use crate::{
    address::EmailAddress,
    authentication::SenderAuthentication,
    block::{Field, Scope},
    classification::{Band, Classification, Kind, Label, Mark},
    filing::effects::{BlockTarget, PlannedBlock, ReviewReason},
    identity::IdentityLevel,
    mail::Oddity,
    regime::RequestName,
    request::Requester,
    ticket::Lane,
};

/// Who sent the submission, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender<'a> {
    /// No From address, several, or one that is none.
    NotOne,
    /// An address of one of our own domains: never blocked.
    Own(&'a EmailAddress),
    /// Anybody else.
    Outside(&'a EmailAddress),
}

/// Whether an address named in the text belongs to exactly one contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedContact {
    /// Exactly one contact has exactly one of the named addresses.
    One,
    /// None, or several.
    NotOne,
}

/// What the table is asked about.
#[derive(Debug, Clone, Copy)]
pub struct FilingFacts<'a> {
    /// What the submission is and asks for.
    pub classification: &'a Classification,
    /// Who sent it.
    pub sender: Sender<'a>,
    /// What is known about the sender's domain; form entries count as none.
    pub authentication: SenderAuthentication,
    /// Whether too many full blocks were set in the last hour.
    pub breaker_open: bool,
    /// Whether a named address belongs to exactly one contact.
    pub named: NamedContact,
    /// What is odd about the bytes.
    pub oddities: &'a [Oddity],
}

/// Whether a submission becomes a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// Recorded, and nothing follows.
    Noted,
    /// A bounce or complaint: feedback on a delivery of ours, if it is one, else noted.
    Feedback,
    /// A ticket, in this lane.
    Ticket(Lane),
}

/// What follows from a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilingPlan {
    /// Ticket or not.
    pub handling: Handling,
    /// Requests to open, sorted; each once.
    pub requests: Vec<RequestName>,
    /// On whose behalf.
    pub requester: Requester,
    /// Blocks to set: at most one full or marketing block for each target, and one of fields.
    pub blocks: Vec<PlannedBlock>,
    /// Write a withdrawal for each advertising consent found.
    pub withdraw_advertising: bool,
    /// Tell the site to take something down, at once.
    pub tell_site: bool,
    /// Which data the site is to take down, as words; empty: all.
    pub published: Vec<&'static str>,
    /// Nothing of this matter may be destroyed until a person says so.
    pub legal_hold: bool,
    /// Why a person must look, sorted; empty when the rules suffice.
    pub review: Vec<ReviewReason>,
}

impl FilingPlan {
    fn new(handling: Handling) -> Self {
        Self {
            handling,
            requests: Vec::new(),
            requester: Requester::Subject,
            blocks: Vec::new(),
            withdraw_advertising: false,
            tell_site: false,
            published: Vec::new(),
            legal_hold: false,
            review: Vec::new(),
        }
    }

    /// What follows from a submission that could not be read: a ticket for a person, whose
    /// clock runs from receipt (invariant 5).
    #[must_use]
    pub fn unread(reason: ReviewReason) -> Self {
        let mut plan = Self::new(Handling::Ticket(Lane::Unreadable));
        plan.requests.push(RequestName::Unread);
        plan.ask_person(reason);
        plan
    }

    /// Adds a reason for a person to look.
    pub fn ask_person(&mut self, reason: ReviewReason) {
        if !self.review.contains(&reason) {
            self.review.push(reason);
            self.review.sort_unstable();
        }
    }
}

/// Which column of the table a label is read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// Band auto, and nothing speaks against it.
    Auto,
    /// Suggested, or DMARC fail, or the breaker is open.
    Careful,
}

/// The filing table.
#[must_use]
pub fn plan_filing(facts: &FilingFacts<'_>) -> FilingPlan {
    let classification = facts.classification;
    if classification.kind_reasons.iter().any(|reason| reason.starts_with("own_loop")) {
        return FilingPlan::new(Handling::Noted);
    }
    let asks = classification.asks_something()
        || classification.mark(Mark::Authority) != Band::None && classification.kind == Kind::Human;
    match classification.kind {
        Kind::Bounce | Kind::Complaint => FilingPlan::new(Handling::Feedback),
        Kind::Spam | Kind::AutoReply | Kind::ListMail if !asks => FilingPlan::new(Handling::Noted),
        Kind::Spam => plan_ticket(facts, &[ReviewReason::Spam]),
        Kind::AutoReply | Kind::ListMail => plan_ticket(facts, &[ReviewReason::Automatic]),
        Kind::Human => plan_ticket(facts, &[]),
    }
}

fn plan_ticket(facts: &FilingFacts<'_>, reasons: &[ReviewReason]) -> FilingPlan {
    let classification = facts.classification;
    let authority = classification.mark(Mark::Authority) != Band::None;
    let lane = if authority {
        Lane::Authority
    } else if classification.asks_something() {
        Lane::Privacy
    } else if asks_about_policy(classification) {
        Lane::Policy
    } else {
        Lane::Ordinary
    };
    let mut plan = FilingPlan::new(Handling::Ticket(lane));
    plan.requester = requester(facts);
    for reason in reasons {
        plan.ask_person(*reason);
    }
    review_sender(facts, &mut plan);
    review_oddities(facts.oddities, &mut plan);
    for (label, band) in classification.acting_labels().filter(|(label, _)| label.is_request()) {
        plan.requests.extend(RequestName::of_label(label));
        let column = column(facts, band);
        explain_column(facts, band, &mut plan);
        apply_row(facts, label, column, &mut plan);
    }
    if authority {
        plan.ask_person(ReviewReason::Authority);
    }
    if authority_is_sure(facts) {
        plan.requests.push(RequestName::AuthorityRequest);
        plan.legal_hold = true;
    }
    plan.requests.sort_unstable();
    plan.requests.dedup();
    super::merging::merge_blocks(&mut plan.blocks);
    plan
}

/// A question about the policy and nothing else: no request, no block, a lane of its own (policy
/// clause 7.1), where a person answers.
fn asks_about_policy(classification: &Classification) -> bool {
    classification.acting_labels().any(|(label, _)| label == Label::PolicyQuestion)
}

/// An authority's own row of the table holds only when the mark is sure and no server disowns the
/// mail; otherwise a person looks, and nothing else follows from the mark.
fn authority_is_sure(facts: &FilingFacts<'_>) -> bool {
    facts.classification.mark(Mark::Authority) == Band::Auto
        && facts.authentication != SenderAuthentication::Fail
}

fn requester(facts: &FilingFacts<'_>) -> Requester {
    if authority_is_sure(facts) {
        Requester::Authority
    } else if facts.classification.mark(Mark::Representative) == Band::Auto {
        Requester::Representative
    } else {
        Requester::Subject
    }
}

/// The surer of the two marks that say somebody else than the sender is meant.
fn surest_mark(classification: &Classification) -> Band {
    classification.mark(Mark::Authority).max(classification.mark(Mark::Representative))
}

fn review_sender(facts: &FilingFacts<'_>, plan: &mut FilingPlan) {
    match facts.sender {
        Sender::NotOne => plan.ask_person(ReviewReason::NoSingleSender),
        Sender::Own(_) if facts.classification.asks_something() => {
            plan.ask_person(ReviewReason::OwnDomain);
        }
        Sender::Own(_) | Sender::Outside(_) => {}
    }
    if facts.classification.mark(Mark::Representative) != Band::None {
        plan.ask_person(ReviewReason::Representative);
    }
}

fn review_oddities(oddities: &[Oddity], plan: &mut FilingPlan) {
    for oddity in oddities {
        match oddity {
            Oddity::Encrypted => plan.ask_person(ReviewReason::Encrypted),
            Oddity::NoText | Oddity::ScanOnly => plan.ask_person(ReviewReason::NoText),
            Oddity::TooManyParts
            | Oddity::TextCut
            | Oddity::Malformed
            | Oddity::UnknownCharset
            | Oddity::AttachmentUnread => plan.ask_person(ReviewReason::Unreadable),
            // A missing or doubled From is told by the sender itself; what was read out of
            // attachments and of the second text is weighed by the classification.
            Oddity::NoFrom
            | Oddity::SeveralFrom
            | Oddity::NoMessageId
            | Oddity::GuessedCharset
            | Oddity::Signed
            | Oddity::Tnef
            | Oddity::NeedsEyes
            | Oddity::Scan
            | Oddity::TextsDisagree
            | Oddity::HiddenText
            | Oddity::RepairedText => {}
        }
    }
}

/// Whether the breaker binds this sender: one whose domain vouches for it is neither counted
/// nor held back, since the breaker is there against forged mail.
fn breaker_binds(facts: &FilingFacts<'_>) -> bool {
    facts.breaker_open && facts.authentication != SenderAuthentication::Pass
}

fn column(facts: &FilingFacts<'_>, band: Band) -> Column {
    let careful = band != Band::Auto
        || facts.authentication == SenderAuthentication::Fail
        || facts.classification.kind == Kind::Spam
        || surest_mark(facts.classification) == Band::Suggest
        || breaker_binds(facts);
    if careful { Column::Careful } else { Column::Auto }
}

fn explain_column(facts: &FilingFacts<'_>, band: Band, plan: &mut FilingPlan) {
    if band != Band::Auto {
        plan.ask_person(ReviewReason::Unsure);
    }
    if facts.authentication == SenderAuthentication::Fail {
        plan.ask_person(ReviewReason::AuthenticationFailed);
    }
    if breaker_binds(facts) {
        plan.ask_person(ReviewReason::BreakerOpen);
    }
}

/// One row of the table. Rows that block say what they would block in column auto; in the
/// careful column each of them is a marketing block and a person.
fn apply_row(facts: &FilingFacts<'_>, label: Label, column: Column, plan: &mut FilingPlan) {
    // The words of a representative or an authority are not the subject's withdrawal.
    let by_subject = surest_mark(facts.classification) == Band::None;
    let withdraws = matches!(label, Label::StopMarketing | Label::ConsentWithdrawal);
    if withdraws && column == Column::Auto && by_subject {
        plan.withdraw_advertising |= matches!(facts.sender, Sender::Outside(_));
    }
    let scope = match (label, column) {
        (
            Label::Erasure
            | Label::Restriction
            | Label::UnlawfulProcessing
            | Label::Objection
            | Label::ConsentWithdrawal,
            Column::Auto,
        ) => Scope::Full,
        (Label::Rectification, Column::Auto) => rectified_scope(facts.classification),
        (Label::StopMarketing, Column::Auto) => Scope::Marketing,
        (Label::StopPublication, column) => {
            // Anybody can write a From address: without a domain that vouches for it the site is
            // told when the challenge was answered or a person says so. The law leaves three
            // working days (152-ФЗ ст. 10.1 ч. 14).
            let is_proven = IdentityLevel::of_mail(facts.authentication) >= IdentityLevel::Aligned;
            let outside = matches!(facts.sender, Sender::Outside(_));
            plan.tell_site |= column == Column::Auto && is_proven && by_subject && outside;
            plan.published = super::published::named(facts.classification);
            plan.ask_person(ReviewReason::StopPublication);
            return;
        }
        (Label::Access | Label::PolicyQuestion | Label::Other, _) => return,
        (
            Label::Erasure
            | Label::Rectification
            | Label::Restriction
            | Label::UnlawfulProcessing
            | Label::Objection
            | Label::ConsentWithdrawal
            | Label::StopMarketing,
            Column::Careful,
        ) => Scope::Marketing,
    };
    if let Some(target) = target(facts) {
        plan.blocks.push(PlannedBlock { target, scope, basis: label.name().to_owned() });
    }
}

/// Whom a row blocks, if anybody can be blocked at all.
fn target(facts: &FilingFacts<'_>) -> Option<BlockTarget> {
    let outside = matches!(facts.sender, Sender::Outside(_));
    match (surest_mark(facts.classification), facts.named) {
        // Unsure whether the sender is the subject: the protective side is to stop advertising
        // to the sender (the column is then the careful one).
        (Band::None | Band::Suggest, _) => outside.then_some(BlockTarget::Sender),
        // Sure that it is about somebody else: that person, if known and no server disowns the
        // mail, and never the sender (invariant 14).
        (Band::Auto, NamedContact::One) => {
            (facts.authentication != SenderAuthentication::Fail).then_some(BlockTarget::Named)
        }
        (Band::Auto, NamedContact::NotOne) => None,
    }
}

/// The fields that a rectification speaks of, by the sentences in which it was recognised;
/// everything where that is not clear. A telephone number given "to call me back" elsewhere in
/// the letter is not in dispute.
fn rectified_scope(classification: &Classification) -> Scope {
    const WORDS: [(Field, &[&str]); 3] = [
        (Field::Name, &["фамили", "отчеств", "имя ", "имя,", "имя:", "фио", "name", "vorname"]),
        (
            Field::Email,
            &["e-mail", "email", "е-мейл", "имейл", "электронн", "эл. почт", "mail address"],
        ),
        (Field::Phone, &["телефон", "мобильн", "phone", "mobile", "telefon"]),
    ];
    let told = classification
        .labels
        .iter()
        .find(|verdict| verdict.label == Label::Rectification)
        .map(|verdict| verdict.evidence.as_slice())
        .unwrap_or_default();
    let sentences = told
        .iter()
        .filter(|hit| !hit.in_subject)
        .filter_map(|hit| hit.span)
        .filter_map(|span| sentence_around(&classification.new_text, span));
    let text = sentences.collect::<Vec<_>>().join(" ").to_lowercase() + " ";
    let fields: Vec<Field> = WORDS
        .iter()
        .filter(|(_, words)| words.iter().any(|word| text.contains(word)))
        .map(|(field, _)| *field)
        .collect();
    if fields.is_empty() { Scope::Full } else { Scope::Fields(fields) }
}

/// The sentence in which a byte range of `text` stands.
pub(super) fn sentence_around(text: &str, (from, to): (usize, usize)) -> Option<&str> {
    let (before, after) = (text.get(..from)?, text.get(to..)?);
    let ends = |c: char| matches!(c, '.' | '!' | '?' | '\n' | ';');
    let start = before.rfind(ends).map_or(0, |at| at + 1);
    let end = after.find(ends).map_or(text.len(), |at| to + at);
    text.get(start..end)
}
