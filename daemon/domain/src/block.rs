//! Restriction of processing: what a block covers, and how it ends.
//!
//! A block is reversible and never ends in silence: lifting needs a name and a reason. Several
//! may overlap; what holds is their union (RULES §1.2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::words::{InvalidTransition, words};

/// Why data are processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Answering people.
    Feedback,
    /// Our own news and offers: advertising.
    Newsletter,
    /// Partners' offers: advertising.
    PartnerOffers,
    /// Marketing and other research.
    Research,
    /// Letters that accompany a training.
    TrainingMail,
    /// Access to the closed training space.
    TrainingAccess,
}

words!(Purpose {
    Feedback => "feedback", Newsletter => "newsletter", PartnerOffers => "partner_offers",
    Research => "research", TrainingMail => "training_mail", TrainingAccess => "training_access",
});

impl Purpose {
    /// Whether mail for this purpose is advertising (38-FZ art. 18): it needs proven consent.
    #[must_use]
    pub fn is_advertising(self) -> bool {
        matches!(self, Self::Newsletter | Self::PartnerOffers)
    }
}

/// A field of a contact that can be blocked by itself while it is being checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// First and last name.
    Name,
    /// The e-mail address.
    Email,
    /// The telephone number.
    Phone,
}

words!(Field { Name => "name", Email => "email", Phone => "phone" });

/// What a block covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything but storage, this matter's checking and statutory answers.
    Full,
    /// Advertising.
    Marketing,
    /// Some purposes.
    Purposes(Vec<Purpose>),
    /// Some fields.
    Fields(Vec<Field>),
}

impl Scope {
    /// The word of the scope, as in the table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Marketing => "marketing",
            Self::Purposes(_) => "purposes",
            Self::Fields(_) => "fields",
        }
    }

    /// Whether a block of this scope holds everything that one of `other` would hold.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Full, _) | (Self::Marketing, Self::Marketing) => true,
            (Self::Purposes(held), Self::Purposes(asked)) => {
                asked.iter().all(|purpose| held.contains(purpose))
            }
            (Self::Fields(held), Self::Fields(asked)) => {
                asked.iter().all(|field| held.contains(field))
            }
            (Self::Marketing | Self::Purposes(_) | Self::Fields(_), _) => false,
        }
    }
}

/// What all blocks of a person together hold: their union (RULES §1.2). Lifting one leaves what
/// the others hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effective {
    /// Everything but storage, checking and statutory answers.
    pub full: bool,
    /// Advertising.
    pub marketing: bool,
    /// These purposes, sorted.
    pub purposes: Vec<Purpose>,
    /// These fields, sorted.
    pub fields: Vec<Field>,
}

impl Effective {
    /// The union of scopes.
    #[must_use]
    pub fn of<'a>(scopes: impl IntoIterator<Item = &'a Scope>) -> Self {
        let mut union = Self::default();
        for scope in scopes {
            match scope {
                Scope::Full => union.full = true,
                Scope::Marketing => union.marketing = true,
                Scope::Purposes(purposes) => union.purposes.extend(purposes),
                Scope::Fields(fields) => union.fields.extend(fields),
            }
        }
        union.purposes.sort_unstable();
        union.purposes.dedup();
        union.fields.sort_unstable();
        union.fields.dedup();
        union
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether data must not be processed for this purpose.
    #[must_use]
    pub fn holds_purpose(&self, purpose: Purpose) -> bool {
        self.full || self.marketing && purpose.is_advertising() || self.purposes.contains(&purpose)
    }

    /// Whether this field must not be used or handed out.
    #[must_use]
    pub fn holds_field(&self, field: Field) -> bool {
        self.full || self.fields.contains(&field)
    }

    /// Whether the record must not be edited: only the check of a rectification may (art. 3(7)).
    #[must_use]
    pub fn holds_editing(&self) -> bool {
        self.full || !self.fields.is_empty()
    }
}

/// Where a block stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockState {
    /// It holds.
    Active {
        /// Since when.
        from_at: Timestamp,
    },
    /// A person lifted it.
    Lifted {
        /// Since when it held.
        from_at: Timestamp,
        /// When it was lifted.
        lifted_at: Timestamp,
        /// By whom.
        by: String,
        /// Why, in words.
        reason: String,
    },
}

impl BlockState {
    /// Lifts the block.
    ///
    /// # Errors
    /// [`InvalidTransition`] when it is lifted already; [`LiftError::NoReason`] without a reason.
    pub fn lift(self, by: &str, reason: &str, now: Timestamp) -> Result<Self, LiftError> {
        if reason.trim().is_empty() || by.trim().is_empty() {
            return Err(LiftError::NoReason);
        }
        match self {
            Self::Active { from_at } => Ok(Self::Lifted {
                from_at,
                lifted_at: now,
                by: by.to_owned(),
                reason: reason.trim().to_owned(),
            }),
            Self::Lifted { .. } => Err(LiftError::Transition(InvalidTransition {
                machine: "block",
                from: "lifted",
                step: "be lifted",
            })),
        }
    }
}

/// Why a block was not lifted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LiftError {
    /// Who lifts and why must be said.
    #[error("a block is lifted with a name and a reason only; give --reason")]
    NoReason,
    /// It is lifted already.
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_lifted_once_and_with_a_reason() {
        let now = Timestamp::UNIX_EPOCH;
        let active = BlockState::Active { from_at: now };
        assert_eq!(active.clone().lift("anna", "  ", now), Err(LiftError::NoReason));
        let lifted = active.lift("anna", "misread", now).expect("with a reason");
        assert!(matches!(lifted.lift("anna", "again", now), Err(LiftError::Transition(_))));
    }

    #[test]
    fn blocks_hold_their_union_and_lifting_one_leaves_the_others() {
        let scopes = [
            Scope::Fields(vec![Field::Phone]),
            Scope::Marketing,
            Scope::Purposes(vec![Purpose::Research]),
            Scope::Fields(vec![Field::Name, Field::Phone]),
        ];
        let all = Effective::of(&scopes);
        assert_eq!(all.fields, [Field::Name, Field::Phone]);
        assert!(all.holds_purpose(Purpose::Newsletter) && all.holds_purpose(Purpose::Research));
        assert!(!all.holds_purpose(Purpose::Feedback) && !all.holds_field(Field::Email));
        let left = Effective::of(&scopes[..3]);
        assert!(left.holds_field(Field::Phone) && !left.holds_field(Field::Name));
        assert!(Effective::of(&[]).is_none());
        let full = Effective::of(&[Scope::Full]);
        assert!(full.holds_field(Field::Email) && full.holds_purpose(Purpose::Feedback));
    }

    #[test]
    fn a_full_block_covers_the_others_and_not_the_other_way_round() {
        let fields = Scope::Fields(vec![Field::Phone]);
        assert!(Scope::Full.covers(&fields) && Scope::Full.covers(&Scope::Marketing));
        assert!(!fields.covers(&Scope::Full) && !Scope::Marketing.covers(&Scope::Full));
        assert!(Scope::Fields(vec![Field::Phone, Field::Name]).covers(&fields));
    }
}
