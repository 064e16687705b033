//! Proofs of consent: whole, checkable by anybody, spoilt by any change.

use cases::consents::{Who, bundle::Bundle, checking::check_proof};
use domain::{address::EmailAddress, ambient::Clock as _};
use vault::ProofKey;

use super::{
    ANNA, BORIS,
    lists::{lists, subscribe},
};
use crate::desk::Desk;

fn anna() -> EmailAddress {
    EmailAddress::parse(ANNA).expect("valid")
}

pub async fn a_proof_holds_and_any_changed_byte_spoils_it(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news", "offers"]).await;
    let ended = desk.cases.withdraw_consent(&anna(), Some("news"), "boris", "by telephone").await;
    assert_eq!(ended.expect("withdrawn"), 1);
    store::audit::seal(desk.store(), 1000, desk.clock.now()).await.expect("seals").expect("some");
    let key = ProofKey::open(&desk.dir.path().join("keys"), &*desk.entropy).expect("a key");
    let who = Who::Address(anna());
    let proof = desk.cases.consent_proof(&who, &key, "boris").await.expect("made");
    let checked = check_proof(&proof.file, Some(&proof.public_key));
    assert_eq!(checked.misfits, Vec::<String>::new());
    assert!(checked.holds());
    assert_eq!(checked.events, 3);
    let fingerprint = vault::proof_key_fingerprint(&key.public());
    assert!(check_proof(&proof.file, Some(&fingerprint)).holds());
    let bundle: Bundle = serde_json::from_str(&proof.file).expect("a proof");
    let payload: serde_json::Value = serde_json::from_str(&bundle.payload).expect("JSON");
    assert_eq!(payload["texts"].as_array().map(Vec::len), Some(2));
    assert_eq!(payload["policies"].as_array().map(Vec::len), Some(1));
    assert_eq!(payload["deliveries"].as_array().map(Vec::len), Some(1), "the confirmation mail");
    let sealed =
        payload["audit"].as_array().expect("events").iter().filter(|e| e["act"] == "confirmed");
    assert!(sealed.into_iter().all(|event| event["sealed"]["hash"].is_string()));
    for word in ["by telephone", "Эстетимед", "192.0.2.7", ANNA, "SHA-256"] {
        assert!(proof.readable.contains(word), "{word}");
    }
    let exported =
        "SELECT COUNT(*) FROM audit_event WHERE act = 'proof_exported' AND actor = 'boris'";
    assert_eq!(desk.number(exported).await, 1);
    let leaks = "SELECT COUNT(*) FROM audit_event WHERE detail LIKE '%@%' OR subject LIKE '%@%'";
    assert_eq!(desk.number(leaks).await, 0);
    // Every byte, in turn, by its lowest bit; what is no text any more cannot even be read.
    let mut tried = 0;
    for place in (0..proof.file.len()).step_by(29).chain(0..100) {
        let mut bytes = proof.file.clone().into_bytes();
        bytes[place] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        let checked = check_proof(&changed, Some(&proof.public_key));
        assert!(!checked.misfits.is_empty(), "byte {place} was changed and nobody saw it");
        tried += 1;
    }
    assert!(tried > 200, "{tried}");
    let other = check_proof(&proof.file, Some(&"0".repeat(64)));
    assert_eq!(other.misfits, ["it is signed by another key than the one given"]);
    // Somebody who makes a new signature over changed words needs our key.
    let forged = Bundle { signature: hex::encode([7; 64]), ..bundle.clone() };
    assert!(!check_proof(&forged.to_file(), None).misfits.is_empty());
    // A key of their own they have: then all fits together, and still nothing is shown.
    let theirs = ProofKey::open(&desk.dir.path().join("theirs"), &*desk.entropy).expect("a key");
    let resigned = Bundle {
        signature: hex::encode(theirs.sign(bundle.payload.as_bytes())),
        public_key: hex::encode(theirs.public()),
        public_key_pem: vault::proof_key_pem(&theirs.public()),
        ..bundle
    };
    let checked = check_proof(&resigned.to_file(), None);
    assert!(checked.misfits.is_empty() && !checked.holds());
    assert!(!check_proof(&resigned.to_file(), Some(&proof.public_key)).holds());
}

pub async fn who_looks_at_consents_is_written_down(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news"]).await;
    let reads = "SELECT COUNT(*) FROM audit_event WHERE act = 'read' AND actor = 'boris' \
                 AND subject LIKE 'contact:%' AND detail NOT LIKE '%@%'";
    let who = Who::Address(anna());
    assert_eq!(desk.cases.show_consents(&who, "boris").await.expect("shown").events.len(), 1);
    assert_eq!(desk.number(reads).await, 1);
    let contact = desk.cases.consent_timeline(&who).await.expect("told").contacts[0];
    desk.cases.note_look(contact, "campaign:1", "boris").await.expect("written");
    assert_eq!(desk.number(reads).await, 2);
    let nobody = Who::Address(EmailAddress::parse(BORIS).expect("valid"));
    let missing = desk.cases.show_consents(&nobody, "boris").await.expect_err("nobody");
    let told = missing.to_string();
    assert!(told.contains("consentry contact export") && !told.contains("boris"), "{told}");
    let odd = Who::parse("foo bar@x").expect_err("neither").to_string();
    assert!(!odd.contains("foo"), "{odd}");
}

pub async fn a_withdrawal_by_hand_needs_a_reason_and_something_to_withdraw(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news", "offers"]).await;
    let rule = |result: Result<usize, cases::CasesError>| match result {
        Err(cases::CasesError::Refused { rule, .. }) => rule,
        Err(cases::CasesError::NotFound { id, .. }) => {
            assert!(!id.contains("boris"), "no address in an error");
            "not_found"
        }
        other => panic!("{other:?}"),
    };
    let withdraw = async |address: &str, list, reason| {
        let address = EmailAddress::parse(address).expect("valid");
        desk.cases.withdraw_consent(&address, list, "boris", reason).await
    };
    assert_eq!(rule(withdraw(ANNA, None, " ").await), "withdrawal_needs_reason");
    assert_eq!(rule(withdraw(BORIS, None, "x").await), "not_found");
    assert_eq!(rule(withdraw(ANNA, Some("other"), "x").await), "not_found", "no such list");
    assert_eq!(withdraw(ANNA, None, "at the counter").await.expect("withdrawn"), 2);
    assert_eq!(rule(withdraw(ANNA, None, "again").await), "nothing_to_withdraw");
    let ended =
        "SELECT COUNT(*) FROM subscription WHERE state = 'unsubscribed' AND consent_id IS NULL";
    assert_eq!(desk.number(ended).await, 2);
    let timeline = desk.cases.consent_timeline(&Who::Address(anna())).await.expect("told");
    assert_eq!(timeline.events.len(), 4);
    assert!(timeline.events[2..].iter().all(|event| event.actor.as_deref() == Some("boris")));
}
