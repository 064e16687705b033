//! Who gets data from us, on which ground, and what they are told when the data change or go.
//!
//! The five grounds are those of the policy's clause 3.4; the database knows no row without one.
//! What stands in the way of a disclosure is decided here, in full, so that a person sees all of
//! it at once.

use jiff::civil::Date;

use crate::words::words;

/// What a recipient is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Processes on our behalf (152-FZ art. 6(3), GDPR art. 28).
    Processor,
    /// Decides by itself what it does with the data.
    ThirdParty,
    /// An authority.
    Authority,
}

words!(Role {
    Processor => "processor", ThirdParty => "third_party", Authority => "authority",
});

/// On what a disclosure rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ground {
    /// Asked for by the law: a written request of an authority.
    Law,
    /// The person agreed.
    Consent,
    /// A contract with or for the person.
    Contract,
    /// The business goes to another.
    BusinessTransfer,
    /// Technical support and security.
    SupportSecurity,
}

words!(Ground {
    Law => "law", Consent => "consent", Contract => "contract",
    BusinessTransfer => "business_transfer", SupportSecurity => "support_security",
});

/// What a recipient is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeAct {
    /// A value was wrong.
    Correct,
    /// Destroy what you have.
    Destroy,
    /// Stop processing but storage.
    Block,
    /// The block ended.
    Unblock,
    /// Stop processing for good.
    Stop,
}

words!(NoticeAct {
    Correct => "correct", Destroy => "destroy", Block => "block", Unblock => "unblock",
    Stop => "stop",
});

/// Where a notice to a recipient stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeState {
    /// Not told yet: the letter is on its way, or a person has to tell.
    Planned,
    /// The letter left.
    Sent,
    /// The recipient confirmed, or was told by hand.
    Acknowledged,
    /// It cannot be told, or only with disproportionate effort (GDPR art. 19).
    Impossible,
}

words!(NoticeState {
    Planned => "planned", Sent => "sent", Acknowledged => "acknowledged",
    Impossible => "impossible",
});

/// Categories of data, as the register names them.
pub const CATEGORIES: [&str; 8] =
    ["name", "email", "phone", "letters", "consents", "purchases", "training", "health"];

/// What is known of a disclosure before it is written down.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// On what it rests.
    pub ground: Ground,
    /// What the recipient is.
    pub role: Role,
    /// ISO 3166-1 country of the recipient, upper case.
    pub country: &'a str,
    /// When Roskomnadzor was told of transfers there.
    pub authority_told_on: Option<Date>,
    /// Whether the relation to the recipient ended.
    pub recipient_ended: bool,
    /// Number and date of request, contract or legal approval.
    pub reference: &'a str,
    /// Who approved it.
    pub approved_by: Option<&'a str>,
    /// Who writes it down.
    pub recorded_by: &'a str,
    /// The last day, where it ends.
    pub until_on: Option<Date>,
    /// Whether a consent of this very person to giving data to partners was named and stands.
    pub has_consent: bool,
    /// Whether the person's data are blocked as a whole.
    pub is_blocked: bool,
    /// Categories.
    pub data: &'a [String],
    /// The day on which it is to happen.
    pub today: Date,
}

/// What stands in the way: the rule's name, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The name of the rule.
    pub rule: &'static str,
    /// What to do instead.
    pub remedy: &'static str,
}

/// Everything that stands in the way of a disclosure; nothing: it may be written down and made.
#[must_use]
pub fn obstacles(asked: &Asked<'_>) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let mut unless = |holds: bool, rule, remedy| {
        if !holds {
            found.push(Obstacle { rule, remedy });
        }
    };
    let is_approved = asked.approved_by.is_some_and(|name| !name.trim().is_empty());
    let is_referred = !asked.reference.trim().is_empty();
    unless(!asked.recipient_ended, "recipient_ended", "the relation to this recipient has ended");
    let is_known = |word: &String| CATEGORIES.contains(&word.as_str());
    unless(
        !asked.data.is_empty() && asked.data.iter().all(is_known),
        "disclosure_needs_data",
        "name the categories with --data: name, email, phone, letters, consents, purchases, training, health",
    );
    // 152-FZ art. 12(3): the authority is told before data go to another country.
    unless(
        asked.country == "RU" || asked.authority_told_on.is_some_and(|day| day <= asked.today),
        "cross_border_needs_notice",
        "the recipient is outside Russia: notify Roskomnadzor first and write the day down with --authority-told-on (152-FZ art. 12(3))",
    );
    unless(
        !asked.is_blocked || (asked.ground == Ground::Law && is_approved),
        "person_is_blocked",
        "the person's data are blocked: only what the law asks for is disclosed, when a person approves it",
    );
    match asked.ground {
        Ground::Law => {
            unless(
                is_referred,
                "law_needs_written_request",
                "give number and date of the written request with --reference",
            );
            unless(is_approved, "law_needs_approval", "name who approved it with --approved-by");
        }
        Ground::Consent => unless(
            asked.has_consent,
            "consent_must_stand",
            "name with --consent the event by which this very person consented to partner offers, not withdrawn since",
        ),
        Ground::Contract => unless(
            is_referred,
            "contract_needs_reference",
            "give number and date of the contract with --reference",
        ),
        Ground::BusinessTransfer => {
            unless(
                is_referred,
                "transfer_needs_legal_approval",
                "give number and date of the legal approval with --reference",
            );
            unless(
                is_approved,
                "transfer_needs_legal_approval",
                "name the lawyer with --approved-by",
            );
        }
        Ground::SupportSecurity => {
            unless(is_referred, "support_needs_reference", "say with --reference which case it is");
            unless(
                asked.until_on.is_some_and(|day| day >= asked.today),
                "support_needs_end",
                "give the last day with --until",
            );
        }
    }
    found
}

/// Whether a recipient has, or may have, data of a person: somebody to whom they were disclosed,
/// or a processor who gets a category that we hold of this person.
#[must_use]
pub fn has_data(role: Role, disclosed: bool, ended: bool, gets: &[&str], held: &[&str]) -> bool {
    disclosed
        || (role == Role::Processor
            && !ended
            && gets.iter().any(|category| held.contains(category)))
}

#[cfg(test)]
mod tests;
