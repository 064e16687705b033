//! The ledger: one row for each outgoing mail to one recipient.

mod claiming;
mod feedback;
pub mod freezing;
mod holding;
mod letters;
mod misfits;
mod of_campaigns;
mod planning;
mod settling;
mod standing;
pub mod sweeping;
mod tracing;
pub mod troubles;

pub use claiming::{
    Claimant, ClaimedDelivery, Claiming, Stream, content_of, is_any_due, next_due_at,
};
pub use feedback::{Named, Told, addresses_of, named, take_feedback, told_since};
pub(crate) use holding::uncertain_sql;
pub use holding::{ClaimMark, GiveUp, Held, claimed_by, give_up, open_task, uncertain_of};
pub use letters::{LetterRow, letters_of};
pub use misfits::{Misfit, UNDELIVERED_DETAIL, UNDELIVERED_TASK, park, set_aside};
pub use of_campaigns::{
    CampaignPace, CampaignPart, CampaignStanding, ListPart, SubscriptionStanding,
    campaign_standings, name_consents, recipients_of,
};
pub use planning::{
    NewDelivery, acknowledged_since, count_all_since, count_since, is_acknowledged, plan,
    staff_mail_since,
};
pub use settling::{Change, Tried, UNCERTAIN_DETAIL, UNCERTAIN_TASK, apply, counts};
pub use standing::{Recipient, Standing, standings};
pub use tracing::{gone_after, of_campaign};
