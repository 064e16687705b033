use super::*;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::{
    AuthenticatedMessage, DkimResult, MX, MessageAuthenticator, Parameters, RecordSet,
    ResolverCache, Txt,
};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Mutex;

const MAIL: &str = "From: Clinic <hello@clinic.example>\r\n\
    To: anna@mail.example\r\n\
    Subject: We received your letter\r\n\
    Date: Sun, 22 Nov 2026 12:00:00 +0000\r\n\
    Message-ID: <1@clinic.example>\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Auto-Submitted: auto-replied\r\n\
    \r\n\
    Hello\r\n";

/// The DNS of the tests: a cache that holds every record there is.
struct Zone<K, V>(Mutex<HashMap<K, V>>);

impl<K: Hash + Eq, V: Clone> ResolverCache<K, V> for Zone<K, V> {
    fn get<Q>(&self, name: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.lock().expect("unpoisoned").get(name).cloned()
    }

    fn remove<Q>(&self, _: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: K, _: V, _: std::time::Instant) {}
}

type Question<'a> = Parameters<
    'a,
    &'a AuthenticatedMessage<'a>,
    Zone<Box<str>, Txt>,
    Zone<Box<str>, RecordSet<MX>>,
    Zone<Box<str>, RecordSet<Ipv4Addr>>,
    Zone<Box<str>, RecordSet<Ipv6Addr>>,
    Zone<IpAddr, RecordSet<Box<str>>>,
>;

fn write_keys(directory: &Path) -> Vec<DkimKeyConfig> {
    [("rsa1", &rcgen::PKCS_RSA_SHA256), ("ed1", &rcgen::PKCS_ED25519)]
        .into_iter()
        .map(|(selector, algorithm)| {
            let key = rcgen::KeyPair::generate_for(algorithm).expect("made");
            let key_file = directory.join(format!("{selector}.pem"));
            std::fs::write(&key_file, key.serialize_pem()).expect("written");
            DkimKeyConfig { selector: selector.to_owned(), key_file }
        })
        .collect()
}

async fn verify(signer: &Signer, message: &[u8]) -> Vec<bool> {
    let zone = Zone(Mutex::new(HashMap::new()));
    for (name, record) in signer.dns_records() {
        let key = DomainKey::parse(record.as_bytes()).expect("a record that can be published");
        let name = format!("{name}.").into_boxed_str();
        zone.0.lock().expect("unpoisoned").insert(name, Txt::from(key));
    }
    let parsed = AuthenticatedMessage::parse(message).expect("parsed");
    let resolver = MessageAuthenticator::new(ResolverConfig::default(), ResolverOpts::default())
        .expect("made");
    let parameters: Question<'_> = Parameters {
        params: &parsed,
        cache_txt: Some(&zone),
        cache_mx: None,
        cache_ptr: None,
        cache_ipv4: None,
        cache_ipv6: None,
    };
    let results = resolver.verify_dkim(parameters).await;
    results.iter().map(|r| *r.result() == DkimResult::Pass).collect()
}

async fn signed() -> (Signer, String) {
    let directory = tempfile::tempdir().expect("made");
    let signer = Signer::load("clinic.example", &write_keys(directory.path())).expect("loaded");
    let signed = signer.sign(MAIL.into()).await.expect("signed");
    (signer, String::from_utf8(signed).expect("ascii"))
}

#[tokio::test]
async fn both_signatures_verify_under_the_records_that_we_publish() {
    let (signer, signed) = signed().await;
    assert_eq!(signed.matches("DKIM-Signature:").count(), 2);
    assert!(signed.contains("c=relaxed/relaxed"));
    assert!(signed.ends_with(MAIL));
    assert_eq!(verify(&signer, signed.as_bytes()).await, [true, true]);
}

#[tokio::test]
async fn a_second_header_or_another_word_breaks_both_signatures() {
    let (signer, signed) = signed().await;
    for (what, changed) in [
        ("second From", format!("From: other@evil.example\r\n{signed}")),
        ("second Subject", format!("Subject: other\r\n{signed}")),
        ("added Reply-To", format!("Reply-To: other@evil.example\r\n{signed}")),
        ("added List-Unsubscribe", format!("List-Unsubscribe: <https://x>\r\n{signed}")),
        ("second Date", format!("Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n{signed}")),
        ("body", signed.replace("Hello", "Hullo")),
        ("subject", signed.replace("your letter", "your money")),
    ] {
        assert_eq!(verify(&signer, changed.as_bytes()).await, [false, false], "{what}");
    }
}

#[test]
fn a_key_that_is_none_or_too_short_is_refused_with_the_file_named() {
    let directory = tempfile::tempdir().expect("made");
    let key_file = directory.path().join("broken.pem");
    std::fs::write(&key_file, "no key").expect("written");
    let config = DkimKeyConfig { selector: "s".into(), key_file: key_file.clone() };
    let error = Signer::load("clinic.example", std::slice::from_ref(&config)).expect_err("refused");
    assert!(error.to_string().contains("broken.pem"), "{error}");
    let short = std::process::Command::new("openssl")
        .args(["genrsa", "-traditional", "1024"])
        .output()
        .expect("openssl is installed");
    assert!(short.status.success());
    std::fs::write(&key_file, short.stdout).expect("written");
    let error = Signer::load("clinic.example", &[config]).expect_err("refused");
    assert!(error.to_string().contains("broken.pem"), "{error}");
}
