//! What a campaign says, to whom and when: the three things that an approval covers.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{ContentHash, Start};
use crate::{ids::ListId, language::Locale};

/// How the body was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyFormat {
    /// HTML.
    Html,
    /// Markdown (CommonMark).
    Markdown,
}

/// What the mails of a campaign say: sources of templates, before anything is filled in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The language of the mail.
    pub locale: Locale,
    /// The subject, a template of one line.
    pub subject: String,
    /// What mail programs show beside the subject; may be empty.
    #[serde(default)]
    pub preheader: String,
    /// How `body` was written.
    pub format: BodyFormat,
    /// The body, a template.
    pub body: String,
    /// The plain text, a template; without it the text is made of the body.
    #[serde(default)]
    pub text: Option<String>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({} bytes)", self.body.len())
    }
}

/// Whom a campaign addresses: every subscription of `to`, less the addresses that stand on one of
/// `except`; the gate decides about each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AudienceRule {
    /// The lists, at least one.
    pub to: Vec<ListId>,
    /// The lists whose addresses are left out.
    #[serde(default)]
    pub except: Vec<ListId>,
}

/// The hash that an approval covers (invariant 17): any change of content, audience rule or time
/// gives another.
#[must_use]
pub fn content_hash(
    content: &Content,
    audience: &AudienceRule,
    start: Option<&Start>,
) -> ContentHash {
    let mut audience = audience.clone();
    audience.to.sort_unstable();
    audience.to.dedup();
    audience.except.sort_unstable();
    audience.except.dedup();
    // Structs are written in the order of their fields; a value that cannot be written would be a
    // defect of serde_json and never equal an approved hash.
    let text = serde_json::to_vec(&(content, &audience, start)).unwrap_or_default();
    Sha256::digest(&text).into()
}

/// Why a campaign is refused; the rule's name is what the command line prints (exit code 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CampaignRule {
    /// Nobody approved exactly this.
    #[error("no approval covers this content, audience and time; run `campaign approve`")]
    NotApproved,
    /// Who wrote it may not approve it.
    #[error(
        "who wrote or changed it may not approve it while campaign.four_eyes is on; let another person approve"
    )]
    FourEyes,
    /// A list it goes to was archived.
    #[error("a list it goes to is archived; give other lists with `campaign edit`, or cancel it")]
    ListArchived,
    /// No link to leave in the body.
    #[error(
        "the body has no {{{{unsubscribe_url}}}}; every advertising mail needs a link to leave"
    )]
    NoUnsubscribeLink,
    /// No list, or nobody on them.
    #[error("the campaign addresses nobody; give a list with subscriptions")]
    NoAudience,
    /// Nobody signs.
    #[error(
        "nothing signs the mails (RFC 8058 needs DKIM); set [[mail.dkim]], or campaign.relay_signs"
    )]
    NoDkim,
    /// A start in the past, or none.
    #[error("there is no time to start at, or it has passed; give --at and --zone, or --now")]
    NoStart,
    /// Medical advertising without its warning (38-FZ art. 24 part 7).
    #[error("medical advertising needs the warning of contraindications (38-ФЗ ст. 24 ч. 7)")]
    NoContraindicationWarning,
}

impl CampaignRule {
    /// The rule's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotApproved => "not_approved",
            Self::FourEyes => "four_eyes",
            Self::ListArchived => "list_archived",
            Self::NoUnsubscribeLink => "no_unsubscribe_link",
            Self::NoAudience => "no_audience",
            Self::NoDkim => "no_dkim",
            Self::NoStart => "no_start",
            Self::NoContraindicationWarning => "no_contraindication_warning",
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn content() -> Content {
        Content {
            locale: Locale::Ru,
            subject: "Новости".to_owned(),
            preheader: String::new(),
            format: BodyFormat::Html,
            body: "<p>{{unsubscribe_url}}</p>".to_owned(),
            text: None,
        }
    }

    #[test]
    fn any_change_of_content_audience_or_time_gives_another_hash() {
        let audience = AudienceRule { to: vec![ListId(1)], except: vec![] };
        let start = Start {
            at: Timestamp::UNIX_EPOCH,
            local: "1970-01-01T03:00".to_owned(),
            zone: "Europe/Moscow".to_owned(),
        };
        let hash = content_hash(&content(), &audience, Some(&start));
        let other = Content { subject: "Новости!".to_owned(), ..content() };
        assert_ne!(hash, content_hash(&other, &audience, Some(&start)));
        let wider = AudienceRule { to: vec![ListId(1), ListId(2)], except: vec![] };
        assert_ne!(hash, content_hash(&content(), &wider, Some(&start)));
        assert_ne!(hash, content_hash(&content(), &audience, None));
        let twice = AudienceRule { to: vec![ListId(1), ListId(1)], except: vec![] };
        assert_eq!(hash, content_hash(&content(), &twice, Some(&start)));
    }
}
