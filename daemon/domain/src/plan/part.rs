//! The kinds of record that a plan names, each with what is done to it.

use crate::words::words;

/// A kind of record, or something that a destruction owes beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Name, telephone number, language, zone.
    Contact,
    /// E-mail addresses.
    Addresses,
    /// Places on mailing lists.
    Subscriptions,
    /// Wishes for a list that wait for their confirmation.
    OptIns,
    /// Events of consent, with what shows them.
    Consents,
    /// Links of tickets to the person; their keys.
    Tickets,
    /// Texts of letters and forms.
    Submissions,
    /// Mails as they came, with everything attached.
    RawMail,
    /// Copies on the mail server.
    ServerCopies,
    /// Texts of our letters.
    Letters,
    /// Rows of the ledger: digests, and what servers said of the address.
    Deliveries,
    /// What people of ours wrote down: reasons, notes, papers, corrections, challenges.
    Notes,
    /// Packages made for the person.
    Packages,
    /// What connected systems and recipients were told, with the payloads.
    Notices,
    /// Links of the register of disclosures to the person.
    Disclosures,
    /// Blocks of the person.
    Blocks,
    /// Links of stops to the person; their keyed digests stay.
    Stops,
    /// Open work of our people about the person.
    Tasks,
    /// Files that left the product: their holders are told.
    Exports,
    /// Web logs: none are written.
    WebLogs,
    /// The keyed digest by which the address is not mailed again.
    Suppression,
    /// What shows that consent was given, for three years.
    ConsentProof,
    /// The act of destruction and the extract from the log, for three years.
    Act,
    /// The address to which the answer goes, until it has left.
    ReplyAddress,
}

words!(Part {
    Contact => "contact", Addresses => "addresses", Subscriptions => "subscriptions",
    OptIns => "opt_ins", Consents => "consents", Tickets => "tickets",
    Submissions => "submissions", RawMail => "raw_mail", ServerCopies => "server_copies",
    Letters => "letters", Deliveries => "deliveries", Notes => "notes", Packages => "packages",
    Notices => "notices", Disclosures => "disclosures", Blocks => "blocks", Stops => "stops",
    Tasks => "tasks", Exports => "exports", WebLogs => "web_logs", Suppression => "suppression",
    ConsentProof => "consent_proof", Act => "act", ReplyAddress => "reply_address",
});

impl Part {
    /// Parts that a rule of retention may keep.
    pub const KEEPABLE: [Self; 4] =
        [Self::Contact, Self::Submissions, Self::Letters, Self::Consents];

    /// Parts whose records are counted in the database.
    #[must_use]
    pub fn is_counted(self) -> bool {
        match self {
            Self::Contact
            | Self::Addresses
            | Self::Subscriptions
            | Self::OptIns
            | Self::Consents
            | Self::Tickets
            | Self::Submissions
            | Self::RawMail
            | Self::ServerCopies
            | Self::Letters
            | Self::Deliveries
            | Self::Notes
            | Self::Packages
            | Self::Notices
            | Self::Disclosures
            | Self::Blocks
            | Self::Stops
            | Self::Tasks
            | Self::Exports => true,
            Self::WebLogs
            | Self::Suppression
            | Self::ConsentProof
            | Self::Act
            | Self::ReplyAddress => false,
        }
    }

    /// Whether records of this part are more than the correspondence about the request itself.
    #[must_use]
    pub fn is_more_than_correspondence(self) -> bool {
        matches!(
            self,
            Self::Contact | Self::Subscriptions | Self::OptIns | Self::Consents | Self::Disclosures
        )
    }

    /// The part under whose retention this one falls, too: whoever keeps a text keeps the mail in
    /// which it came.
    #[must_use]
    pub fn kept_with(self) -> Option<Self> {
        match self {
            Self::Addresses => Some(Self::Contact),
            Self::RawMail => Some(Self::Submissions),
            _ => None,
        }
    }
}

/// What is done to a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Destroyed.
    Destroy,
    /// Emptied of whatever tells who it was.
    Anonymise,
    /// Kept, for a reason.
    Keep,
    /// Somebody is told to destroy it.
    Tell,
}

words!(Action {
    Destroy => "destroy", Anonymise => "anonymise", Keep => "keep", Tell => "tell",
});
