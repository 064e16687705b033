//! Who decides on a request: proposed by one, decided by one, with four eyes by another.
//!
//! A decision is about one thing (a plan, a correction, a package, clause and reasons), named by
//! its hash: what was changed since is not what was decided on. Pure; `cases` brings the facts.

pub mod taking_back;

use crate::{
    identity::IdentityLevel,
    people::{Acting, is_same_person},
    words::words,
};

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is carried out.
    Approve,
    /// It is not, for reasons that the law allows.
    Refuse,
}

words!(Verdict { Approve => "approve", Refuse => "refuse" });

/// Where a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecisionState {
    /// Somebody proposed it.
    Proposed,
    /// Somebody decided it.
    Decided,
    /// It holds no more: what it was about was changed, or it was sent back.
    Void,
}

words!(DecisionState { Proposed => "proposed", Decided => "decided", Void => "void" });

/// Whether somebody may act for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Representation {
    /// The person asks, or the law itself obliges.
    NotNeeded,
    /// A paper was attested and is valid today.
    Proven,
    /// A representative asks and no valid paper was attested.
    Missing,
}

/// The facts of the instant in which is proposed or decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// SHA-256 over what would be decided on as it is now.
    pub subject: [u8; 32],
    /// The proven level of identity.
    pub identity: IdentityLevel,
    /// The level that carrying it out needs.
    pub needed: IdentityLevel,
    /// Whether a representative may act.
    pub representation: Representation,
    /// Whether data would be destroyed.
    pub destroys: bool,
    /// Whether a legal hold stands.
    pub held: bool,
    /// Whether the person on file said that the matter is not theirs, and answered no challenge
    /// of it since.
    pub disowned: bool,
}

/// A decision as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    verdict: Verdict,
    subject: [u8; 32],
    four_eyes: bool,
    proposed_by: String,
    /// The account of the machine under which it was proposed, where it is known.
    account: Option<String>,
    /// Whoever made the plan, the correction or the package.
    makers: Vec<String>,
    state: DecisionState,
    decided_by: Option<String>,
}

/// Why it cannot be proposed or decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// Proposer or maker is the same person.
    #[error("four eyes: who proposed or prepared it cannot decide it; let somebody else decide")]
    SamePerson,
    /// Another name, and the account of the machine that proposed it.
    #[error(
        "four eyes: it was proposed under the same account of this machine; let somebody decide under their own, or say `people.shared_account = true` if people share one"
    )]
    SameAccount,
    /// What was proposed is not what is there now.
    #[error("what was proposed was changed since; look at it again and propose it anew")]
    SubjectChanged,
    /// Nobody knows who asks.
    #[error(
        "who asks is proven as `{proven}`, and this needs `{needed}`; send the challenge, or attest with a note"
    )]
    Identity {
        /// What is proven.
        proven: &'static str,
        /// What is needed.
        needed: &'static str,
    },
    /// A representative without a valid paper.
    #[error("a representative asks and no valid proof of authority is attested; ask for it")]
    Representation,
    /// Nothing is destroyed while a hold stands.
    #[error(
        "a legal hold stands; see `consentry request hold list`, and lift it first if it is over"
    )]
    Held,
    /// The person on file said that it was not they who asked.
    #[error(
        "the person on file says that this was not them; refuse it, or ask a new challenge and let them answer it"
    )]
    Disowned,
    /// Nothing says that the person takes it back.
    #[error(
        "nobody heard the person take it back: name their later letter with --submission, or give --note with how they said so"
    )]
    Unheard,
    /// It was decided, or is void.
    #[error("the decision is {0} already; look again")]
    Over(&'static str),
}

impl DecisionError {
    /// The name of the rule.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::SamePerson | Self::SameAccount => "four_eyes",
            Self::SubjectChanged => "decision_covers_its_subject",
            Self::Identity { .. } => "identity_level",
            Self::Representation => "representation",
            Self::Held => "legal_hold",
            Self::Disowned => "disowned",
            Self::Unheard => "own_word",
            Self::Over(_) => "decision_stands",
        }
    }
}

impl Decision {
    /// Proposes a verdict about what stands now.
    ///
    /// A proposal may wait for identity and holds: only deciding needs them.
    #[must_use]
    pub fn propose(
        verdict: Verdict,
        standing: &Standing,
        four_eyes: bool,
        proposed_by: Acting<'_>,
        makers: Vec<String>,
    ) -> Self {
        Self {
            verdict,
            subject: standing.subject,
            four_eyes,
            proposed_by: proposed_by.name.to_owned(),
            account: proposed_by.account.map(str::to_owned),
            makers,
            state: DecisionState::Proposed,
            decided_by: None,
        }
    }

    /// The decision as it was written down; `makers` are those of what is there now.
    #[must_use]
    pub fn stored(
        verdict: Verdict,
        subject: [u8; 32],
        four_eyes: bool,
        (proposed_by, makers): (Acting<'_>, Vec<String>),
        state: DecisionState,
    ) -> Self {
        let account = proposed_by.account.map(str::to_owned);
        let proposed_by = proposed_by.name.to_owned();
        Self { verdict, subject, four_eyes, proposed_by, account, makers, state, decided_by: None }
    }

    /// Decides it. `four_eyes` is what the configuration says now: the stricter of then and now
    /// holds.
    ///
    /// # Errors
    /// [`DecisionError`]: the first rule that forbids it.
    pub fn decide(
        self,
        actor: Acting<'_>,
        four_eyes: bool,
        standing: &Standing,
    ) -> Result<Self, DecisionError> {
        match self.state {
            DecisionState::Proposed => {}
            DecisionState::Decided | DecisionState::Void => {
                return Err(DecisionError::Over(self.state.name()));
            }
        }
        if self.subject != standing.subject {
            return Err(DecisionError::SubjectChanged);
        }
        if self.four_eyes || four_eyes {
            let is_same = |other: &String| is_same_person(other, actor.name);
            if is_same(&self.proposed_by) || self.makers.iter().any(is_same) {
                return Err(DecisionError::SamePerson);
            }
            if actor.account.is_some() && actor.account == self.account.as_deref() {
                return Err(DecisionError::SameAccount);
            }
        }
        if self.verdict == Verdict::Approve {
            may_be_carried_out(standing)?;
        }
        Ok(Self { state: DecisionState::Decided, decided_by: Some(actor.name.to_owned()), ..self })
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> DecisionState {
        self.state
    }

    /// Who decided it.
    #[must_use]
    pub fn decided_by(&self) -> Option<&str> {
        self.decided_by.as_deref()
    }
}

/// Whether it is proposed at all that it be carried out. A proposal may wait for identity and the
/// end of a hold; the word of the person on file, and a paper that nobody saw, no proposal mends.
///
/// # Errors
/// [`DecisionError`]: disowned or representation.
pub fn may_be_proposed(standing: &Standing) -> Result<(), DecisionError> {
    // No paper and no attestation outweighs the word of the person themselves.
    if standing.disowned {
        return Err(DecisionError::Disowned);
    }
    if standing.representation == Representation::Missing {
        return Err(DecisionError::Representation);
    }
    Ok(())
}

/// Whether the facts allow that it is carried out.
///
/// # Errors
/// [`DecisionError`]: disowned, representation, identity or hold.
pub fn may_be_carried_out(standing: &Standing) -> Result<(), DecisionError> {
    may_be_proposed(standing)?;
    if standing.identity < standing.needed {
        let (proven, needed) = (standing.identity.name(), standing.needed.name());
        return Err(DecisionError::Identity { proven, needed });
    }
    if standing.destroys && standing.held {
        return Err(DecisionError::Held);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
