use std::sync::Mutex;

use base64::Engine as _;
use futures::future::BoxFuture;
use mail_auth::{
    common::{crypto::Ed25519Key, headers::HeaderWriter},
    dkim::DkimSigner,
};

use super::*;
use crate::authenticate::LookupFailed;

/// A resolver that knows the given records and notes what it was asked.
struct Records {
    known: HashMap<String, Result<Vec<Vec<u8>>, LookupFailed>>,
    asked: Mutex<Vec<String>>,
}

impl TxtLookup for Records {
    fn txt<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<Vec<u8>>, LookupFailed>> {
        self.asked.lock().expect("lock").push(name.to_owned());
        let answer = self.known.get(name).cloned().unwrap_or(Ok(Vec::new()));
        Box::pin(std::future::ready(answer))
    }
}

const MAIL: &[u8] =
    b"From: Anna <anna@mail.example>\r\nTo: hello@clinic.example\r\nSubject: x\r\n\r\nbody\r\n";

fn signed(domain: &str, headers: &[&str]) -> (Vec<u8>, Records) {
    let pkcs8 = Ed25519Key::generate_pkcs8().expect("a key");
    let key = Ed25519Key::from_pkcs8_der(&pkcs8).expect("the key");
    let public = base64::engine::general_purpose::STANDARD.encode(key.public_key());
    let signer = DkimSigner::from_key(key)
        .domain(domain)
        .selector("s1")
        .headers(headers.iter().map(|h| (*h).to_owned()));
    let signature = signer.sign(MAIL).expect("signed").to_header();
    let raw = [signature.as_bytes(), MAIL].concat();
    let record = format!("v=DKIM1; k=ed25519; p={public}").into_bytes();
    let name = format!("s1._domainkey.{domain}.");
    let known = HashMap::from([(name, Ok(vec![b"unrelated".to_vec(), record]))]);
    (raw, Records { known, asked: Mutex::default() })
}

async fn passes(raw: &[u8], records: &Records) -> bool {
    has_aligned_signature(raw, "mail.example", records).await
}

#[tokio::test]
async fn an_aligned_valid_signature_passes_and_a_changed_mail_does_not() {
    let (raw, records) = signed("mail.example", &["From", "Subject"]);
    assert!(passes(&raw, &records).await);
    let text = String::from_utf8_lossy(&raw).into_owned();
    assert!(!passes(text.replace("body", "other").as_bytes(), &records).await);
    assert!(!passes(text.replace("Subject: x", "Subject: y").as_bytes(), &records).await);
    assert!(!passes(MAIL, &records).await);
}

#[tokio::test]
async fn a_foreign_signature_is_not_even_looked_up() {
    let (raw, records) = signed("bulk.example", &["From", "Subject"]);
    assert!(!passes(&raw, &records).await);
    assert!(records.asked.lock().expect("lock").is_empty());
}

#[tokio::test]
async fn no_key_or_no_answer_is_not_a_pass() {
    let (raw, mut records) = signed("mail.example", &["From"]);
    records.known.clear();
    assert!(!passes(&raw, &records).await);
    records.known.insert("s1._domainkey.mail.example.".to_owned(), Err(LookupFailed));
    assert!(!passes(&raw, &records).await);
}

#[tokio::test]
async fn a_flood_of_signatures_is_left_alone() {
    let (raw, records) = signed("mail.example", &["From"]);
    let head_end = raw.len() - MAIL.len();
    let flood = [raw[..head_end].repeat(11).as_slice(), MAIL].concat();
    assert!(!passes(&flood, &records).await);
    assert!(records.asked.lock().expect("lock").is_empty());
}
