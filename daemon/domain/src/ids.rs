//! Identifiers: one type each, so that a ticket's number can never stand for a contact's.
//!
//! Rows of the database have 64-bit numbers; what lives outside it (objects, keys, journal
//! entries) has a UUID of version 7, made from a time and random bytes that the caller passes.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! row_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+};
}

row_ids! {
    /// A row of `contact`.
    ContactId,
    /// A row of `address`.
    AddressId,
    /// A row of `mailbox`.
    MailboxId,
    /// A row of `mailbox_folder`.
    FolderId,
    /// A row of `message`.
    MessageId,
    /// A row of `submission`.
    SubmissionId,
    /// A row of `correction`.
    CorrectionId,
    /// A row of `ticket`.
    TicketId,
    /// A row of `request`.
    RequestId,
    /// A row of `duty`.
    DutyId,
    /// A row of `block`.
    BlockId,
    /// A row of `delivery`.
    DeliveryId,
    /// A row of `task`.
    TaskId,
    /// A row of `consent_event`.
    ConsentEventId,
    /// A row of `campaign`.
    CampaignId,
    /// A row of `list`.
    ListId,
    /// A row of `subscription`.
    SubscriptionId,
    /// A row of `consent_text`.
    ConsentTextId,
    /// A row of `policy_version`.
    PolicyId,
    /// A row of `opt_in`.
    OptInId,
    /// A row of `contact_import`.
    ImportId,
    /// A row of `extension`.
    ExtensionId,
    /// A row of `decision`.
    DecisionId,
    /// A row of `challenge`.
    ChallengeId,
    /// A row of `identity_proof`.
    IdentityProofId,
    /// A row of `representation`.
    RepresentationId,
    /// A row of `plan`.
    PlanId,
    /// A row of `kept_record`.
    KeptRecordId,
    /// A row of `rectification`.
    RectificationId,
    /// A row of `package`.
    PackageId,
    /// A row of `system_notice`.
    SystemNoticeId,
    /// A row of `system_call`.
    SystemCallId,
    /// A row of `recipient`.
    RecipientId,
    /// A row of `disclosure`.
    DisclosureId,
    /// A row of `recipient_notice`.
    RecipientNoticeId,
    /// A row of `incident`.
    IncidentId,
    /// A row of `audit_event`.
    AuditEventId,
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id (UUID version 7) from the time and ten random bytes.
            #[must_use]
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// Reads the hyphenated form.
            ///
            /// # Errors
            /// [`InvalidId`] when the text is not a UUID.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidId)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+};
}

uuid_ids! {
    /// An encrypted object of the vault.
    ObjectId,
    /// A key of the vault under which objects of one subject (or one message) are encrypted.
    VaultKeyId,
    /// An entry of the stop journal.
    JournalEntryId,
}

/// A text that should have been an id is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidId;

/// The number of a stop in the one sequence of all stops; greater is later.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct StopNumber(pub i64);
