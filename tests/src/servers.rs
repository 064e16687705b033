//! Real servers, each with a configuration, data and ports of its own.

pub mod dovecot;
pub mod mail_store;
pub mod postfix;
pub mod postgres;
pub mod smtp_tools;

pub use dovecot::Dovecot;
pub use mail_store::MailStore;
pub use postfix::Postfix;
pub use postgres::Postgres;
pub use smtp_tools::{SinkMail, SmtpSink};
