//! What connected systems are told: notices, and one call for each system that listens.

mod calls;
mod changing;
mod exports;
mod notices;
mod published;

pub use calls::{
    CallRow, Counts, NewCall, add, alarming, asked_for, by_id, by_webhook_id, counts, due, of_plan,
    of_subject, of_ticket, page, unsettled,
};
pub use changing::{
    Hearing, claim, drop_call, forget_key, keys_left, make_moot, postpone, retry, settle, wake,
};
pub use exports::{ExportRow, exports_of, forget_exports, has_exports_to_forget, keep_export};
pub use notices::{
    NewNotice, NoticeRow, acknowledge_spent, last_of_request, mark_spread, raise, unspread,
};
pub use published::{published, set_published};
