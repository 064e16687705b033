//! The form token: what a form page was, signed, so that no session and no cookie is needed.
//!
//! It carries when and where the form was shown and under which policy version, which becomes
//! evidence; a browser cannot change it. GET makes one without remembering anything.

use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ambient::random_bytes;
use domain::form::CapturePoint;
use domain::language::Locale;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pages::ShownPolicy;
use crate::visitor::{page_came_from, page_without_query};
use crate::web::Web;

const LONGEST_TOKEN: usize = 4096;

/// The key that signs form tokens.
pub(crate) struct TokenKey(hmac::Key);

impl TokenKey {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Sixteen bytes that stand for these parts and for nothing else.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"entry");
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        let mut digest = [0; 16];
        digest.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        digest
    }
}

/// One rendered form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FormInstance {
    /// Random; seed of the puzzle.
    pub(crate) id: [u8; 16],
    /// When the page was made, in seconds since 1970.
    pub(crate) made_at: i64,
    pub(crate) capture_point: CapturePoint,
    pub(crate) locale: Locale,
    pub(crate) policy_version: String,
    /// Where that policy stands.
    #[serde(default)]
    pub(crate) policy_url: String,
    /// The page the form stood on, or from which the person came; may be empty.
    pub(crate) page: String,
}

/// What a link to the form may say.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct InstanceQuery {
    /// The capture point by its name, such as `order`.
    #[serde(default, alias = "capture_point")]
    pub(crate) from: String,
    /// The page with the link.
    #[serde(default)]
    pub(crate) page: String,
    /// The language; for programs, whose path has none.
    #[serde(default)]
    pub(crate) locale: String,
}

impl FormInstance {
    pub(crate) fn new(
        web: &Web,
        locale: Locale,
        query: &InstanceQuery,
        policy: ShownPolicy,
        headers: &HeaderMap,
    ) -> Self {
        let point = serde_json::from_value(Value::String(query.from.clone()));
        let is_elsewhere = |page: &String| !page.starts_with(web.config.public_url.as_str());
        let page = page_without_query(&query.page)
            .or_else(|| page_came_from(headers).filter(is_elsewhere));
        Self {
            id: random_bytes(web.entropy.as_ref()),
            made_at: web.clock.now().as_second(),
            capture_point: point.unwrap_or(CapturePoint::FeedbackForm),
            locale,
            policy_version: policy.version,
            policy_url: policy.url,
            page: page.unwrap_or_default(),
        }
    }

    /// The same form, shown anew: now, under today's policy.
    pub(crate) fn renewed(self, web: &Web, policy: ShownPolicy) -> Self {
        Self {
            id: random_bytes(web.entropy.as_ref()),
            made_at: web.clock.now().as_second(),
            policy_version: policy.version,
            policy_url: policy.url,
            ..self
        }
    }

    /// The seed of this form's puzzle.
    pub(crate) fn seed(&self) -> String {
        hex::encode(self.id)
    }

    /// Seconds since the page was made; 0 when another node's clock is ahead.
    pub(crate) fn age_seconds(&self, web: &Web) -> i64 {
        web.clock.now().as_second().saturating_sub(self.made_at).max(0)
    }
}

/// What a token turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Good(FormInstance),
    Expired(FormInstance),
    Unknown,
}

/// Signs a form.
pub(crate) fn write(web: &Web, instance: &FormInstance) -> String {
    // A struct of texts and numbers always turns into JSON.
    let payload = serde_json::to_vec(instance).unwrap_or_default();
    let tag = hmac::sign(&web.token_key.0, &payload);
    format!("{}.{}", URL_SAFE_NO_PAD.encode(&payload), URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

/// Reads a token that we signed.
pub(crate) fn read(web: &Web, token: &str) -> Reading {
    let Some(instance) = verified(&web.token_key, token) else { return Reading::Unknown };
    let longest = i64::from(web.rules.maximum_age_hours).saturating_mul(3600);
    match instance.age_seconds(web) > longest {
        true => Reading::Expired(instance),
        false => Reading::Good(instance),
    }
}

fn verified(key: &TokenKey, token: &str) -> Option<FormInstance> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let (payload, tag) = token.split_once('.')?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    hmac::verify(&key.0, &payload, &tag).ok()?;
    serde_json::from_slice(&payload).ok()
}
