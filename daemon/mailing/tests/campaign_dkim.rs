//! A campaign mail signed by us, checked by OpenDKIM.

use std::collections::HashSet;

use domain::Timestamp;
use domain::address::EmailAddress;
use domain::ids::CampaignId;
use mailing::dkim::{DkimKeyConfig, Signer};
use mailing::letter::Correspondent;
use mailing::letter::campaign::{CampaignConstants, CampaignEnvelope, Person};
use tests::dkim::DkimKeys;
use tests::place::Place;

fn campaign_mail() -> Vec<u8> {
    let address = |text: &str| EmailAddress::parse(text).expect("valid");
    let envelope = CampaignEnvelope::prepare(&CampaignConstants {
        from: Correspondent {
            name: "Клиника «Модель»".into(),
            address: address("news@clinic.example"),
        },
        reply_to: Some(address("hello@clinic.example")),
        public_url: "https://clinic.example".into(),
        unsubscribe_address: address("unsub@clinic.example"),
        list_title: "Новости клиники и ещё несколько слов, чтобы строка была сложена".into(),
        list_name: "news".into(),
        list_domain: "clinic.example".into(),
        campaign: CampaignId(12),
        sender_id: "clinic-1".into(),
        loop_mark: "clinic.example".into(),
        language: "ru",
    })
    .expect("prepared");
    let to = address("anna@mail.example");
    let person = Person {
        name: "Анна\r\nBcc: all@mail.example",
        address: &to,
        unsubscribe_token: "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx",
        message_id: "0198c7d1@clinic.example",
        written_at: Timestamp::from_second(1_795_348_800).expect("in range"),
    };
    let text = "Здравствуйте!\n\n.точка\nFrom здесь не заголовок\nпробел в конце \n\n\n";
    envelope.letter(&person, "Новости ноября: запись открыта", text, "<p>Да</p>").expect("built")
}

/// The names in `h=` of each signature, lower case.
fn signed_names(mail: &str) -> Vec<Vec<String>> {
    let unfolded = mail.replace("\r\n\t", " ").replace("\r\n ", " ");
    let signatures = unfolded.split("\r\n").filter_map(|line| line.strip_prefix("DKIM-Signature:"));
    let names = |signature: &str| {
        let tags = signature.split(';').find_map(|tag| tag.trim().strip_prefix("h="));
        let names = tags.expect("h= is there").split(':');
        names.map(|name| name.trim().to_ascii_lowercase()).collect()
    };
    signatures.map(names).collect()
}

async fn signed() -> (Place, DkimKeys, String) {
    let place = Place::new().expect("a place");
    let keys = DkimKeys::make(&place, "clinic.example").expect("keys");
    let key = |selector: &str, file: &std::path::Path| DkimKeyConfig {
        selector: selector.to_owned(),
        key_file: file.to_owned(),
    };
    let both = [key("rsa", &keys.rsa), key("ed", &keys.ed25519)];
    let signer = Signer::load("clinic.example", &both).expect("loaded");
    let signed = signer.sign(campaign_mail()).await.expect("signed");
    (place, keys, String::from_utf8(signed).expect("ascii"))
}

#[tokio::test]
async fn opendkim_finds_the_signature_of_a_campaign_mail_right() {
    let (place, keys, signed) = signed().await;
    assert!(keys.verify(&place, signed.as_bytes()).expect("OpenDKIM runs"));
    let changes = [
        ("another link", signed.replace("<https://clinic.example/u/", "<https://evil.example/u/")),
        ("no one-click", signed.replace("List-Unsubscribe-Post: ", "X-List-Unsubscribe-Post: ")),
        ("another list", signed.replace("<news.clinic.example>", "<olds.clinic.example>")),
        ("another feedback", signed.replace("Feedback-ID: c12", "Feedback-ID: c13")),
        ("a second link", format!("List-Unsubscribe: <https://evil.example>\r\n{signed}")),
        ("another text", signed.replace("<p>", "<b>")),
    ];
    for (what, changed) in changes {
        assert_ne!(changed, signed, "{what}");
        assert!(!keys.verify(&place, changed.as_bytes()).expect("OpenDKIM runs"), "{what}");
    }
}

#[tokio::test]
async fn both_signatures_cover_every_header_that_the_rules_name() {
    let (_place, _keys, signed) = signed().await;
    let signatures = signed_names(&signed);
    assert_eq!(signatures.len(), 2);
    for names in signatures {
        for name in ["from", "to", "subject", "date", "message-id", "reply-to"] {
            assert!(names.iter().filter(|n| *n == name).count() >= 2, "{name} twice");
        }
        for name in ["list-unsubscribe", "list-unsubscribe-post"] {
            assert_eq!(names.iter().filter(|n| *n == name).count(), 2, "{name} twice");
        }
        let names: HashSet<&str> = names.iter().map(String::as_str).collect();
        for name in [
            "references",
            "mime-version",
            "content-type",
            "content-transfer-encoding",
            "content-language",
            "list-id",
            "feedback-id",
            "cfbl-address",
            "cfbl-feedback-id",
            "auto-submitted",
        ] {
            assert!(names.contains(name), "{name}");
        }
    }
}
