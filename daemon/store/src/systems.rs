//! What connected systems are told: notices, and one call for each system that listens.

mod calls;
mod changing;
mod notices;

pub use calls::{
    CallRow, Counts, NewCall, add, alarming, by_id, by_webhook_id, counts, due, of_plan,
    of_subject, of_ticket, page, unsettled,
};
pub use changing::{
    Hearing, claim, drop_call, forget_key, keys_left, make_moot, postpone, retry, settle, wake,
};
pub use notices::{NewNotice, NoticeRow, acknowledge_spent, mark_spread, raise, unspread};
