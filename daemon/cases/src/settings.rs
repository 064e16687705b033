//! What the administrator sets about filing.

use domain::{
    act::{ActPerson, SubjectShown},
    address::EmailAddress,
    language::Locale,
    people::Acting,
    regime::RegimeId,
};
use jiff::tz::TimeZone;

/// The settings of filing.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The organisation's name, as it signs.
    pub organisation: String,
    /// The contact of the person responsible, one line.
    pub contact: String,
    /// Our own domains: their senders are never blocked.
    pub own_domains: Vec<String>,
    /// Where the policy is published.
    pub policy_url: String,
    /// Where our pages are, without a slash at the end.
    pub public_url: String,
    /// The status page.
    pub status_url: String,
    /// The domain of the Message-IDs that we make.
    pub mail_id_domain: String,
    /// The language for those whose own cannot be told.
    pub locale: Locale,
    /// The zone in which people read dates.
    pub zone: TimeZone,
    /// The regimes that apply, such as `ru-152fz`.
    pub regimes: Vec<RegimeId>,
    /// Full blocks in an hour (for senders whose domain does not vouch) after which the breaker
    /// opens; at least 1.
    pub full_blocks_per_hour: u32,
    /// Acknowledgements to all people together in an hour, after which a person answers.
    pub acknowledgements_per_hour: u32,
    /// `unsub@…`: mail to `unsub+TOKEN@…` leaves a list; none while no campaigns are sent.
    pub unsubscribe_address: Option<EmailAddress>,
    /// `bounce@…`: what returns to `bounce+TOKEN@…` tells of one mail of ours.
    pub bounce_address: Option<EmailAddress>,
    /// How requests are carried to their end.
    pub requests: RequestSettings,
    /// Days after which an unsent reply expires (RFC 5321 §4.5.4.1: 4 to 5).
    pub reply_expires_after_days: u32,
}

/// Who asks the address on file whether it was they.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeMode {
    /// Filing, where a request that needs proof is sure and comes from a contact's own address.
    Auto,
    /// People of ours alone.
    ByHand,
}

/// What the administrator sets about carrying requests to their end.
#[derive(Debug, Clone)]
pub struct RequestSettings {
    /// Whether what was proposed by one person must be approved by another.
    pub four_eyes: bool,
    /// Under which account of the machine people of ours act.
    pub accounts: AccountSettings,
    /// Which regimes protect whom, where it is not set by hand; the first that fits holds.
    pub regime_rules: Vec<domain::regime::whose::RegimeRule>,
    /// Who gets the staff mail about duties that fall due; addresses of our own domains.
    pub alarm_to: Vec<EmailAddress>,
    /// Whether challenges go out by themselves.
    pub challenge: ChallengeMode,
    /// What acts of destruction say of the house.
    pub acts: ActSettings,
    /// How people get to see what is held about them.
    pub access: crate::access::AccessSettings,
    /// Where what outlives a destruction is kept beside the database; nowhere when none.
    pub proofs: Option<std::path::PathBuf>,
}

/// Under which account of the machine people of ours act.
#[derive(Debug, Clone, Default)]
pub struct AccountSettings {
    /// The account that runs this; none where nobody looked.
    pub own: Option<String>,
    /// Whether several people act under one: then another name is another person.
    pub shared: bool,
}

impl RequestSettings {
    /// Somebody of ours as they act here, for four eyes.
    #[must_use]
    pub fn acting<'a>(&'a self, name: &'a str) -> Acting<'a> {
        let account = self.accounts.own.as_deref().filter(|_| !self.accounts.shared);
        Acting { name, account }
    }
}

/// What acts of destruction say of the house.
#[derive(Debug, Clone)]
pub struct ActSettings {
    /// The operator's address; empty: no act can be drawn up, so nothing is destroyed.
    pub operator_address: String,
    /// The name of the system in which the data are.
    pub system: String,
    /// With what they are destroyed.
    pub tool: String,
    /// Names and posts behind the words of the audit log.
    pub persons: Vec<ActPerson>,
    /// Whether acts name people or tell them by a code.
    pub shows: SubjectShown,
}

impl Default for ActSettings {
    fn default() -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self {
            operator_address: String::new(),
            system: "Consentry".to_owned(),
            tool: format!(
                "Consentry {version}: records overwritten, files and keys destroyed (AES-256-GCM)"
            ),
            persons: Vec::new(),
            shows: SubjectShown::default(),
        }
    }
}

impl Default for RequestSettings {
    fn default() -> Self {
        Self {
            four_eyes: true,
            accounts: AccountSettings::default(),
            regime_rules: Vec::new(),
            alarm_to: Vec::new(),
            challenge: ChallengeMode::Auto,
            acts: ActSettings::default(),
            access: crate::access::AccessSettings::default(),
            proofs: None,
        }
    }
}

impl Settings {
    /// Whether an address is of one of our own domains, or below one.
    #[must_use]
    pub fn is_own(&self, address: &EmailAddress) -> bool {
        self.own_domains.iter().any(|own| {
            let domain = address.domain();
            domain == own
                || domain.strip_suffix(own.as_str()).is_some_and(|rest| rest.ends_with('.'))
        })
    }
}
