//! A proof is checked by anybody, without our database and configuration.
//!
//! The file must have its one form, the signature must fit, and everything inside must fit
//! together: every event its hash, every text and policy theirs, the readable part the payload.
//! All that shows nothing while the key is only the one inside the file: whoever changes the words
//! can sign them anew. So a proof holds only against a key that came another way.

use serde_json::Value;
use vault::{proof_key_fingerprint, proof_key_pem, verify_proof};

use super::{
    bundle::{Bundle, FORMAT, canonical, sha256_hex},
    readable::readable,
};

/// What a proof says when it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The public key that signed it, in hexadecimal.
    pub public_key: String,
    /// When it was made.
    pub made_at: String,
    /// How many events it shows.
    pub events: usize,
    /// What does not fit, in words; empty when all fits together.
    pub misfits: Vec<String>,
    /// Whether a key was given and is the one that signed.
    pub is_authenticated: bool,
}

impl Checked {
    /// Whether the proof shows what it says: everything fits and the key is the one given.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.misfits.is_empty() && self.is_authenticated
    }
}

/// Checks the file of a proof. With `key` (the public key, 32 bytes in hexadecimal, or its
/// fingerprint `SHA256:…`) it must be signed by that one; without, nobody is authenticated.
#[must_use]
pub fn check_proof(file: &str, key: Option<&str>) -> Checked {
    let mut checked = Checked {
        public_key: String::new(),
        made_at: String::new(),
        events: 0,
        misfits: Vec::new(),
        is_authenticated: false,
    };
    let bundle: Bundle = match serde_json::from_str(file) {
        Ok(bundle) => bundle,
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            checked.misfits.push(format!("it is no proof: line {line}, column {column}"));
            return checked;
        }
    };
    checked.public_key.clone_from(&bundle.public_key);
    let misfits = &mut checked.misfits;
    let mut must = |holds: bool, what: &str| {
        if !holds {
            misfits.push(what.to_owned());
        }
    };
    must(bundle.format == FORMAT, "the format is unknown");
    must(bundle.to_file() == file, "the file is not in the form in which it was written");
    let public =
        hex::decode(&bundle.public_key).ok().and_then(|key| <[u8; 32]>::try_from(key).ok());
    match public {
        None => must(false, "the public key is none"),
        Some(public) => {
            let signature = hex::decode(&bundle.signature).unwrap_or_default();
            let holds = verify_proof(&public, bundle.payload.as_bytes(), &signature);
            must(holds, "the signature does not fit: payload, signature or key were changed");
            let pem = proof_key_pem(&public);
            must(bundle.public_key_pem == pem, "the two forms of the public key differ");
            must(
                hex::encode(public) == bundle.public_key,
                "the public key is not in small letters",
            );
        }
    }
    if let Some(key) = key {
        let fingerprint = public.as_ref().map(proof_key_fingerprint);
        let same = [Some(bundle.public_key), fingerprint]
            .into_iter()
            .flatten()
            .any(|known| key.trim().eq_ignore_ascii_case(&known));
        must(same, "it is signed by another key than the one given");
        checked.is_authenticated = same;
    }
    match serde_json::from_str::<Value>(&bundle.payload) {
        Err(_) => must(false, "the payload is no JSON"),
        Ok(payload) => {
            must(canonical(&payload) == bundle.payload, "the payload is not canonical");
            must(readable(&payload) == bundle.readable, "the readable part says something else");
            check_payload(&payload, &mut must);
            checked.events = payload["events"].as_array().map_or(0, Vec::len);
            checked.made_at = payload["made_at"].as_str().unwrap_or_default().to_owned();
        }
    }
    checked
}

fn check_payload(payload: &Value, must: &mut impl FnMut(bool, &str)) {
    let empty = Vec::new();
    let items = |key: &str| payload[key].as_array().unwrap_or(&empty);
    for hashed in items("events") {
        let event = &hashed["event"];
        let id = &event["id"];
        let holds = hashed["sha256"] == sha256_hex(canonical(event).as_bytes());
        must(holds, &format!("event {id} does not fit its SHA-256"));
        for (key, bodies) in [("text", "texts"), ("policy", "policies")] {
            let named = &event["evidence"][key];
            let body = items(bodies).iter().find(|body| body["id"] == event[key]);
            let is_there = event[key].is_null() || body.is_some();
            must(is_there, &format!("the {key} of event {id} is missing"));
            if let (Some(body), Some(sha256)) = (body, named["sha256"].as_str()) {
                let same = body["sha256"] == sha256;
                must(same, &format!("event {id} was given for another {key}"));
            }
        }
    }
    for (key, name) in [("texts", "consent text"), ("policies", "policy")] {
        for text in items(key) {
            let body = text["body"].as_str().unwrap_or_default();
            let holds = text["sha256"] == sha256_hex(body.as_bytes());
            must(holds, &format!("{name} {} does not fit its SHA-256", text["id"]));
        }
    }
}
