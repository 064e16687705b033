//! What the link of a package of a person's own data stands for, and what its button gives.

use domain::language::Locale;
use jiff::Timestamp;

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageStanding {
    /// It gives the file, until then.
    Open {
        /// Until when.
        until: Timestamp,
    },
    /// The file was taken.
    Spent,
    /// Nobody took it in time.
    Expired,
}

/// What a link stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageView {
    /// Where it stands.
    pub standing: PackageStanding,
    /// The size of the file, in bytes.
    pub size_bytes: u64,
    /// The language of its letter.
    pub locale: Locale,
}

/// The file. Personal data; prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PackageFile {
    /// What it is called: letters, digits, `-` and `.`.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for PackageFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PackageFile({} bytes)", self.bytes.len())
    }
}
