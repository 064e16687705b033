//! What connected systems are told: notices, and one call for each system that listens.

mod calls;
mod notices;

pub use calls::{
    CallRow, Counts, Hearing, NewCall, add, alarming, by_id, by_webhook_id, claim, counts,
    drop_call, due, forget_key, keys_left, make_moot, of_plan, of_subject, of_ticket, page,
    postpone, retry, settle, unsettled, wake,
};
pub use notices::{NewNotice, NoticeRow, acknowledge_spent, mark_spread, raise, unspread};
