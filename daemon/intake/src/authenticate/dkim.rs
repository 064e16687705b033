//! Our own DKIM check (RFC 6376) on the bytes as received.
//!
//! Called when no trusted header speaks. The library does the mathematics; which signatures are
//! worth anything is decided here: aligned with From, covering From and the whole body, not
//! rsa-sha1. Keys are fetched by the caller's resolver; the library itself gets no name server.

use std::{
    borrow::Borrow, collections::HashMap, hash::Hash, panic::AssertUnwindSafe, sync::Arc,
    time::Duration,
};

use futures::FutureExt;
use mail_auth::{
    AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt,
    common::{
        crypto::Algorithm,
        parse::TxtRecordParser,
        verify::{DomainKey, VerifySignature},
    },
    dkim::Signature,
    hickory_resolver::config::{ResolverConfig, ResolverOpts},
};

use super::{TxtLookup, is_aligned};

/// More signatures than this are an attack on our processor and resolver.
const MAX_SIGNATURES: usize = 10;
/// Aligned signatures that are tried.
const MAX_TRIED: usize = 3;
/// Limit for all keys of a mail: without an answer by then its sender is unknown.
const LOOKUP: Duration = Duration::from_secs(10);

/// Whether the mail carries a valid signature that speaks for the From domain.
pub async fn has_aligned_signature(raw: &[u8], from: &str, lookup: &dyn TxtLookup) -> bool {
    let count = signature_headers(raw);
    if count == 0 || count > MAX_SIGNATURES {
        return false;
    }
    // The library parses hostile bytes in this process; a panic there is "unknown".
    AssertUnwindSafe(verify(raw, from, lookup)).catch_unwind().await.unwrap_or(false)
}

async fn verify(raw: &[u8], from: &str, lookup: &dyn TxtLookup) -> bool {
    let Some(mut message) = AuthenticatedMessage::parse(raw) else { return false };
    message.dkim_headers.retain(|header| is_worth_trying(&header.header, from));
    message.dkim_headers.truncate(MAX_TRIED);
    if message.dkim_headers.is_empty() {
        return false;
    }
    let mut keys = Keys::default();
    let deadline = tokio::time::Instant::now() + LOOKUP;
    for header in &message.dkim_headers {
        let name = header.header.domain_key();
        let records = tokio::time::timeout_at(deadline, lookup.txt(&name)).await;
        if let Ok(Ok(records)) = records
            && let Some(key) = records.iter().find_map(|record| DomainKey::parse(record).ok())
        {
            keys.0.insert(name.into_boxed_str(), Txt::DomainKey(Arc::new(key)));
        }
    }
    // What is not among the keys must not be looked up, nor must reports be.
    message.dkim_headers.retain(|header| keys.0.contains_key(header.header.domain_key().as_str()));
    for header in &mut message.dkim_headers {
        header.header.r = false;
        header.header.atps = None;
    }
    let Ok(verifier) =
        MessageAuthenticator::new(ResolverConfig::default(), ResolverOpts::default())
    else {
        return false;
    };
    let outputs = verifier.verify_dkim(Parameters::new(&message).with_txt_cache(&keys)).await;
    outputs.iter().any(|output| *output.result() == DkimResult::Pass)
}

fn is_worth_trying(signature: &Signature, from: &str) -> bool {
    is_aligned(&signature.d, from)
        // RFC 8301: rsa-sha1 proves nothing any more.
        && signature.a != Algorithm::RsaSha1
        // A body length leaves room for an attacker's text below (RFC 6376 §8.2).
        && signature.l == 0
        && signature.h.iter().any(|name| name.eq_ignore_ascii_case("from"))
}

/// Counts signature headers without parsing them.
fn signature_headers(raw: &[u8]) -> usize {
    const NAME: &[u8] = b"dkim-signature";
    let mut count = 0;
    for line in raw.split(|byte| *byte == b'\n') {
        if line.is_empty() || line == b"\r" {
            break;
        }
        if line.get(..NAME.len()).is_some_and(|start| start.eq_ignore_ascii_case(NAME)) {
            count += 1;
        }
    }
    count
}

/// The keys that were fetched, as the library's cache.
#[derive(Default)]
struct Keys(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Keys {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: std::time::Instant) {}
}

#[cfg(test)]
mod tests;
