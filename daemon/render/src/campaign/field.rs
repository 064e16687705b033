//! The fields that a campaign's sources may name. Two differ from mail to mail, the others are
//! constants of the campaign.

use super::finding::Part;

/// A field of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    Name,
    ListTitle,
    Organisation,
    Advertiser,
    UnsubscribeUrl,
    PolicyUrl,
}

impl Field {
    pub(crate) const ALL: [Self; 6] = [
        Self::Name,
        Self::ListTitle,
        Self::Organisation,
        Self::Advertiser,
        Self::UnsubscribeUrl,
        Self::PolicyUrl,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::ListTitle => "list_title",
            Self::Organisation => "organisation",
            Self::Advertiser => "advertiser",
            Self::UnsubscribeUrl => "unsubscribe_url",
            Self::PolicyUrl => "policy_url",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Whether the value is an address of a page of ours, which may stand in `href`.
    pub(crate) fn is_url(self) -> bool {
        match self {
            Self::UnsubscribeUrl | Self::PolicyUrl => true,
            Self::Name | Self::ListTitle | Self::Organisation | Self::Advertiser => false,
        }
    }

    /// A subject and a preheader hold no links: nobody can follow them there, and the link to
    /// leave is a key that belongs to one reader.
    pub(crate) fn may_stand_in(self, part: Part) -> bool {
        match part {
            Part::Subject | Part::Preheader => !self.is_url(),
            Part::Body | Part::Text => true,
        }
    }
}

/// Whether a person's name is known: the one condition that differs from mail to mail, so a
/// campaign is compiled twice and no condition is left when it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Named,
    Unnamed,
}

impl Reader {
    pub(crate) const ALL: [Self; 2] = [Self::Named, Self::Unnamed];
}
