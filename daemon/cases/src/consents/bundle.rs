//! The file of a proof: what was signed, word for word, and the signature over it.
//!
//! The payload is one JSON text inside the file, so that its bytes are beyond doubt whoever reads
//! them. The file has exactly one form: anything else is no proof of ours.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The name of this form of proof.
pub const FORMAT: &str = "consentry-consent-proof/1";

/// The file of a proof. Personal data; prints nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// [`FORMAT`].
    pub format: String,
    /// What is signed: canonical JSON.
    pub payload: String,
    /// Ed25519 over the bytes of the payload, in hexadecimal.
    pub signature: String,
    /// The public key, in hexadecimal.
    pub public_key: String,
    /// The same as other programs read it.
    pub public_key_pem: String,
    /// The payload told for people.
    pub readable: String,
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").field("public_key", &self.public_key).finish_non_exhaustive()
    }
}

impl Bundle {
    /// The one form of the file.
    #[must_use]
    pub fn to_file(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// The canonical form of a JSON value: keys in the order of their bytes, no white space.
#[must_use]
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.iter().collect();
            keys.sort_by_key(|(key, _)| key.as_str());
            let members: Vec<_> = keys
                .into_iter()
                .map(|(key, member)| format!("{}:{}", Value::from(key.as_str()), canonical(member)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        scalar => scalar.to_string(),
    }
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
