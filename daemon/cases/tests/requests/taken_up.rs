//! The keys of mail that came after the backup: none is left that no row names.

use cases::restoring::hold;
use domain::{
    ambient::random_bytes,
    ids::{ObjectId, VaultKeyId},
};
use tests::ambient::SeededEntropy;
use vault::{NewObject, Origin};

use crate::{
    restoring::{back_up, put_back},
    room::Room,
};

#[tokio::test(flavor = "multi_thread")]
async fn every_key_of_mail_that_was_taken_up_stands_in_its_row() {
    let room = Room::on_sqlite().await;
    let backup = back_up(&room).await;
    let (entropy, vault) = (SeededEntropy::new(7), room.cases().vault().clone());
    let key = || VaultKeyId::new(room.now(), random_bytes(&entropy));
    let (own, shared) = (key(), key());
    for key in [own, shared] {
        vault.create_key(key, &entropy).await.expect("a key");
    }
    // One under its own key, two under that of a person.
    for (n, key) in [(1, own), (2, shared), (3, shared)] {
        let origin = Origin { mailbox: "hello".into(), received_at: room.now() };
        let object = NewObject {
            object: ObjectId::new(room.now(), random_bytes(&entropy)),
            key,
            plain: format!("From: anna@mail.example\r\n\r\n{n}").into_bytes(),
            origin: Some(origin),
        };
        vault.put_batch(vec![object], &entropy).await.expect("put");
    }
    let again = put_back(&room, &backup).await;
    let mut restored = hold(&again.store, "one", "admin", room.now()).await.expect("held");
    again.cases.take_up_unknown("admin", &mut restored).await.expect("taken up");
    assert_eq!((restored.taken_up, restored.unknown_objects), (3, 0), "{restored:?}");
    let named = store::restorations::keys(&again.store).await.expect("keys");
    for key in [own, shared] {
        assert!(named.contains(&key.to_string()), "it goes with the mail that it opens");
    }
    assert_eq!(again.number("SELECT COUNT(DISTINCT vault_key_id) FROM message").await, 3);
    for object in vault.list().await.expect("listed") {
        let key = vault.key_of(object).await.expect("a key").to_string();
        let row = format!(
            "SELECT COUNT(*) FROM message WHERE object_id = '{object}' AND vault_key_id = '{key}'"
        );
        assert_eq!(again.number(&row).await, 1);
    }
}
