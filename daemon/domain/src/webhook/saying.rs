//! What connected systems say in words: that a call is done, and what they hold of a person.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::SaidStatus;

/// What a system says of a call that it had only accepted.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Callback {
    /// The id of the call.
    pub id: String,
    /// Done or failed.
    pub status: SaidStatus,
    /// Why it failed, in one word of the system's own; at most 64 letters, digits, `_` and `-`.
    #[serde(default)]
    pub code: String,
    /// Of `access`: what the system holds, `null` when nothing.
    #[serde(default, deserialize_with = "present")]
    pub data: Option<Value>,
}

/// That a key is there with `null` is another thing than that it is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The most bytes of an answer to `access` that are read.
pub const LARGEST_EXPORT: usize = 4 * 1024 * 1024;

/// What a system holds of a person, of an answer that says so; `None` when it does not. `null`
/// stands for nothing.
#[must_use]
pub fn held_there(body: &[u8]) -> Option<Value> {
    #[derive(Deserialize)]
    struct Said {
        #[serde(default, deserialize_with = "present")]
        data: Option<Value>,
    }
    serde_json::from_slice::<Said>(body).ok()?.data.filter(is_export)
}

/// Whether a value can be what a system holds: an object or a list, or nothing.
fn is_export(data: &Value) -> bool {
    matches!(data, Value::Null | Value::Object(_) | Value::Array(_))
}

impl std::fmt::Debug for Callback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Callback")
            .field("id", &self.id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Callback {
    /// Reads a message; `None` when it says nothing that can be acted on.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let read: Self = serde_json::from_slice(body).ok()?;
        let is_word = |text: &str| {
            text.len() <= 64
                && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        };
        (read.status != SaidStatus::Accepted
            && is_word(&read.code)
            && is_word(&read.id)
            && read.data.as_ref().is_none_or(is_export))
        .then_some(read)
    }
}
