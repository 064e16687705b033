//! What is held about a person, for that person: a package made, looked at and approved by people,
//! sent as a link to a proven mailbox, taken by a button, destroyed (152-ФЗ ст. 14 ч. 7, ст. 20 ч. 1;
//! GDPR art. 15 and 20).
//!
//! Called by the command line, the page of the link and the daemon's loop. It tells nothing that
//! belongs to another person, and never puts the file into a mail.

mod beside;
mod fetching;
mod gathering;
mod index;
mod making;
mod masking;
mod packing;
mod research;
mod sections;
mod sending;
mod titles;

use std::sync::Arc;

use domain::data_map::DataMap;

pub use fetching::{FetchedPackage, PackageLink, PackageLinkState};
pub use index::PackageIndex;
pub use making::{HeldBack, MadePackage};
pub use packing::FORMAT;
pub use research::ResearchExport;
pub use sending::SentPackage;

/// Minutes after the first taking in which the same link gives the file again: a download breaks.
pub const AGAIN_MINUTES: i64 = 30;

/// What the administrator sets about answers to "what do you hold about me".
#[derive(Debug, Clone)]
pub struct AccessSettings {
    /// The map of what is done with data; none: no package is made.
    pub data_map: Option<Arc<DataMap>>,
    /// Why there is none: fields with remedies.
    pub problems: Vec<String>,
    /// Days for which a link holds; at least 1.
    pub link_days: u32,
    /// The smallest group that an export for research shows.
    pub research_least: u32,
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            data_map: None,
            problems: vec!["`access.data_map` is missing; name the file there".to_owned()],
            link_days: 7,
            research_least: 5,
        }
    }
}
