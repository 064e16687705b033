//! The folder of an object or key inside its root: by age first, then by chance.
//!
//! Ids are UUIDs of version 7, so their first five hex digits are the same for three days: what
//! is written together lies together, and a batch shares few directory syncs. Within such a
//! span the last digit spreads the entries over sixteen folders, so that none gets huge.

use std::path::PathBuf;

use uuid::Uuid;

/// Two folder names for an id.
pub(crate) fn of(id: Uuid) -> [String; 2] {
    let simple = id.simple().to_string();
    [simple[..5].to_owned(), simple[31..].to_owned()]
}

/// The file name of an id with its folders, relative to the root.
pub(crate) fn path_of(id: Uuid, suffix: &str) -> PathBuf {
    let [span, part] = of(id);
    [span, part, format!("{}{suffix}", id.hyphenated())].iter().collect()
}

/// The id in a file name; `None` for a file that is not ours.
pub(crate) fn id_in(file_name: &str, suffix: &str) -> Option<Uuid> {
    let text = file_name.strip_suffix(suffix)?;
    Uuid::parse_str(text).ok().filter(|id| id.hyphenated().to_string() == text)
}
