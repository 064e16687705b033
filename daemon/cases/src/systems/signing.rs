//! Signatures of Standard Webhooks 1.0.0, made and checked.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Timestamp, webhook};

/// A secret that both sides know: at least 24 bytes, written as `whsec_` and base64.
#[derive(Clone)]
pub struct SigningSecret(hmac::Key);

/// A text that should have been a secret is none; it is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret is not `whsec_` and at least 24 bytes in base64; make one with `openssl rand -base64 32`"
)]
pub struct InvalidSecret;

impl SigningSecret {
    /// Reads a secret, with or without its prefix.
    ///
    /// # Errors
    /// [`InvalidSecret`] when it is no base64, or too short to sign with (24 to 64 bytes).
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let text = text.trim();
        let bytes = STANDARD
            .decode(text.strip_prefix("whsec_").unwrap_or(text))
            .map_err(|_| InvalidSecret)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(InvalidSecret);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    fn sign(&self, words: &[u8]) -> String {
        format!("v1,{}", STANDARD.encode(hmac::sign(&self.0, words)))
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(***)")
    }
}

/// The header `webhook-signature`: one signature for each secret.
pub(crate) fn signatures(
    secrets: &[SigningSecret],
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> String {
    let words = webhook::signed_words(id, timestamp, body);
    let all: Vec<_> = secrets.iter().map(|secret| secret.sign(&words)).collect();
    all.join(" ")
}

/// Whether one of the signatures is one of ours and of now. Compared in constant time.
pub(crate) fn is_signed(
    secrets: &[SigningSecret],
    (id, timestamp, given): (&str, &str, &str),
    body: &[u8],
    now: Timestamp,
) -> bool {
    let Ok(timestamp) = timestamp.parse::<i64>() else { return false };
    if id.is_empty() || id.len() > 128 || !webhook::is_of_now(timestamp, now) {
        return false;
    }
    let words = webhook::signed_words(id, timestamp, body);
    // As many as a change of secrets can need, so that a header full of them costs nothing.
    given.split(' ').take(4).filter_map(|one| one.strip_prefix("v1,")).any(|one| {
        STANDARD.decode(one).is_ok_and(|tag| {
            secrets.iter().any(|secret| hmac::verify(&secret.0, &words, &tag).is_ok())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_614_265_330).expect("an instant")
    }

    #[test]
    fn the_example_of_the_standard_is_signed_as_it_says() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let secret = secret.expect("a secret");
        let body = br#"{"test": 2432232314}"#;
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let made = signatures(std::slice::from_ref(&secret), id, 1_614_265_330, body);
        assert_eq!(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let check = |id: &str, timestamp: &str, given: &str, body: &[u8]| {
            is_signed(std::slice::from_ref(&secret), (id, timestamp, given), body, now())
        };
        assert!(check(id, "1614265330", &made, body));
        assert!(check(id, "1614265330", &format!("v1a,xyz {made}"), body));
        assert!(!check("msg_other", "1614265330", &made, body));
        assert!(!check(id, "1614265331", &made, body));
        assert!(!check(id, "1614265330", &made, b"{}"));
        assert!(!check(id, "1614265330", "", body));
        assert!(!check(id, "1614265330", "v1,", body));
        // A recording: right in itself, and old.
        let late = now() + jiff::ToSpan::minutes(6);
        assert!(!is_signed(&[secret], (id, "1614265330", &made), body, late));
    }

    #[test]
    fn while_a_secret_is_changed_both_hold() {
        let old = SigningSecret::parse(&format!("whsec_{}", STANDARD.encode([1; 32])));
        let new = SigningSecret::parse(&STANDARD.encode([2; 32]));
        let (old, new) = (old.expect("a secret"), new.expect("a secret"));
        let made = signatures(&[new.clone(), old.clone()], "m", 1_614_265_330, b"x");
        for known in [old, new] {
            assert!(is_signed(&[known], ("m", "1614265330", &made), b"x", now()));
        }
    }

    #[test]
    fn a_short_or_foreign_secret_is_none_and_is_not_repeated() {
        for text in ["", "hunter2", "whsec_", "whsec_aHVudGVyMg==", "whsec_***"] {
            let error = SigningSecret::parse(text).expect_err(text).to_string();
            assert!(!error.contains("hunter2"));
        }
    }
}
