//! Templates to mail and pages: the last step before a person reads what we say.
//!
//! Called by `cases` and `mailing` (mails) and `web` (pages). Every template is compiled once,
//! at start, behind a checker; values are escaped, a missing one is an error, the output has a
//! limit. This crate decides nothing: contexts arrive with every field ready to print.

mod assets;
pub mod campaign;
mod checker;
pub mod document;
mod engine;
mod error;
mod folding;
pub mod mail;
mod page;
mod renderer;
pub mod wording;
mod words;

pub use assets::{StaticFile, mail_sources, static_file};
pub use campaign::{CampaignTemplate, Finding};
pub use error::RenderError;
pub use mail::{MailName, RenderedMail};
pub use page::PageName;
pub use renderer::{OverrideFile, Renderer};
