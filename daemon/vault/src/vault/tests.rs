//! The contract of the vault, held over every kind of place for objects: a directory, and the
//! in-memory and local back ends of `object_store` through the code that speaks to S3.

mod directory;

use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use tempfile::TempDir;

use super::*;
use crate::scripted::{Scripted, key, object};

/// Kinds of place under test.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Directory,
    Memory,
    LocalStore,
}

struct Room {
    directory: TempDir,
    entropy: Scripted,
    vault: Vault,
}

async fn room(kind: Kind) -> Room {
    room_with(kind, |_| {}).await
}

async fn room_with(kind: Kind, change: impl FnOnce(&mut VaultConfig)) -> Room {
    let directory = tempfile::tempdir().expect("directory");
    let objects = directory.path().join("objects");
    let mut config = VaultConfig::local(&objects, directory.path().join("keys"));
    change(&mut config);
    let vault = match kind {
        Kind::Directory => Vault::open(config).await,
        Kind::Memory => Vault::over(Arc::new(InMemory::new()), "mail", config).await,
        Kind::LocalStore => {
            std::fs::create_dir(&objects).expect("made");
            let store = LocalFileSystem::new_with_prefix(&objects).expect("opened");
            Vault::over(Arc::new(store.with_fsync(true)), "mail", config).await
        }
    };
    Room { directory, entropy: Scripted::default(), vault: vault.expect("opened") }
}

const KINDS: [Kind; 3] = [Kind::Directory, Kind::Memory, Kind::LocalStore];

fn mail(n: usize) -> Vec<u8> {
    format!("Subject: {n}\r\n\r\n").into_bytes().repeat(n % 97 + 1)
}

#[tokio::test]
async fn what_is_put_comes_back() {
    for kind in KINDS {
        let Room { vault, entropy, .. } = &room(kind).await;
        vault.create_key(key(1), entropy).await.expect("made");
        vault.put(object(1), key(1), b"one", entropy).await.expect("put");
        vault.put_with_new_key(object(2), key(2), b"", entropy).await.expect("put");
        assert_eq!(vault.get(object(1)).await.expect("there"), b"one");
        assert_eq!(vault.get(object(2)).await.expect("there"), b"");
        assert_eq!(vault.key_of(object(2)).await.expect("there"), key(2));
        assert_eq!(vault.list().await.expect("list"), [object(1), object(2)], "{kind:?}");
    }
}

#[tokio::test]
async fn a_batch_comes_back_whole_and_keys_may_be_shared() {
    for kind in KINDS {
        let Room { vault, entropy, .. } = &room(kind).await;
        let new = |n: usize| NewObject {
            object: object(n as u128),
            key: key(n as u128 / 2),
            plain: mail(n),
            origin: None,
        };
        vault.put_batch((0..200).map(new).collect(), entropy).await.expect("put");
        for n in 0..200 {
            assert_eq!(vault.get(object(n as u128)).await.expect("there"), mail(n), "{kind:?}");
        }
        assert_eq!(vault.list().await.expect("list").len(), 200);
    }
}

#[tokio::test]
async fn the_same_again_is_fine_and_other_content_is_not() {
    for kind in KINDS {
        let Room { vault, entropy, .. } = &room(kind).await;
        for _ in 0..2 {
            vault.put_with_new_key(object(1), key(1), b"one", entropy).await.expect("put");
            vault.put(object(1), key(1), b"one", entropy).await.expect("put");
        }
        let other = vault.put(object(1), key(1), b"two", entropy).await;
        assert!(matches!(other, Err(VaultError::Occupied(id)) if id == object(1)), "{kind:?}");
        // Under another key it moves there, so that what the caller notes is true.
        vault.put_with_new_key(object(1), key(2), b"one", entropy).await.expect("put");
        assert_eq!(vault.key_of(object(1)).await.expect("there"), key(2));
        assert_eq!(vault.get(object(1)).await.expect("there"), b"one");
    }
}

#[tokio::test]
async fn an_attempt_cut_off_after_the_key_resumes_under_the_same_ids() {
    for kind in KINDS {
        let Room { vault, entropy, .. } = &room(kind).await;
        vault.create_key(key(1), entropy).await.expect("made");
        let again = vault.create_key(key(1), entropy).await;
        assert!(matches!(again, Err(VaultError::KeyExists(id)) if id == key(1)));
        vault.put_with_new_key(object(1), key(1), b"one", entropy).await.expect("put");
        assert_eq!(vault.get(object(1)).await.expect("there"), b"one");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    for kind in KINDS {
        let Room { vault, entropy, .. } = &room(kind).await;
        assert!(!vault.exists(object(1)).await.expect("known"));
        assert!(
            matches!(vault.get(object(1)).await, Err(VaultError::NotFound(id)) if id == object(1))
        );
        let no_key = vault.put(object(1), key(1), b"one", entropy).await;
        assert!(matches!(no_key, Err(VaultError::KeyDestroyed(id)) if id == key(1)));
        vault.put_with_new_key(object(1), key(2), b"one", entropy).await.expect("put");
        assert!(vault.exists(object(1)).await.expect("known"));
        vault.delete(object(1)).await.expect("deleted");
        vault.delete(object(1)).await.expect("deleting again is fine");
        assert!(!vault.exists(object(1)).await.expect("known"));
        assert!(vault.list().await.expect("list").is_empty());
    }
}

#[tokio::test]
async fn a_destroyed_key_takes_everything_under_it() {
    for kind in KINDS {
        let Room { vault, entropy, .. } = &room(kind).await;
        vault.put_with_new_key(object(1), key(1), b"one", entropy).await.expect("put");
        vault.put_with_new_key(object(2), key(2), b"two", entropy).await.expect("put");
        let sealed = vault.seal(key(1), "delivery/1", b"reply", entropy).await.expect("sealed");
        assert_eq!(vault.get(object(1)).await.expect("there"), b"one");
        vault.destroy_key(key(1)).await.expect("destroyed");
        vault.destroy_key(key(1)).await.expect("destroying again is fine");
        let gone = vault.get(object(1)).await;
        assert!(matches!(gone, Err(VaultError::KeyDestroyed(id)) if id == key(1)));
        let gone = vault.open_sealed("delivery/1", &sealed).await;
        assert!(matches!(gone, Err(VaultError::KeyDestroyed(id)) if id == key(1)));
        assert!(!vault.key_exists(key(1)).await.expect("known"));
        assert_eq!(vault.get(object(2)).await.expect("untouched"), b"two");
    }
}

#[tokio::test]
async fn rekeying_moves_an_object_to_the_key_of_its_subject() {
    for kind in KINDS {
        let Room { vault, entropy, .. } = &room(kind).await;
        vault.put_with_new_key(object(1), key(1), b"one", entropy).await.expect("put");
        let no_key = vault.rekey(object(1), key(2), entropy).await;
        assert!(matches!(no_key, Err(VaultError::KeyDestroyed(id)) if id == key(2)));
        vault.create_key(key(2), entropy).await.expect("made");
        let moved = vault.rekey(object(1), key(2), entropy).await.expect("moved");
        assert_eq!(moved, Rekeyed::Moved { from: key(1) });
        let again = vault.rekey(object(1), key(2), entropy).await.expect("nothing to do");
        assert_eq!(again, Rekeyed::Already);
        vault.destroy_key(key(1)).await.expect("destroyed");
        assert_eq!(vault.get(object(1)).await.expect("there"), b"one");
    }
}

#[tokio::test]
async fn a_sealed_value_opens_only_in_its_context() {
    let Room { vault, entropy, .. } = &room(Kind::Memory).await;
    vault.create_key(key(1), entropy).await.expect("made");
    let sealed = vault.seal(key(1), "delivery/1", b"reply", entropy).await.expect("sealed");
    assert_eq!(vault.open_sealed("delivery/1", &sealed).await.expect("opened"), b"reply");
    let elsewhere = vault.open_sealed("delivery/2", &sealed).await;
    assert!(matches!(elsewhere, Err(VaultError::CorruptSealed)));
    let nothing = vault.open_sealed("delivery/1", b"").await;
    assert!(matches!(nothing, Err(VaultError::CorruptSealed)));
}

#[tokio::test]
async fn content_over_the_limit_is_refused_before_it_is_stored() {
    for kind in KINDS {
        let Room { vault, entropy, .. } =
            &room_with(kind, |config| config.max_object_size = 1000).await;
        vault.put_with_new_key(object(1), key(1), &[0; 1000], entropy).await.expect("fits");
        let over = vault.put_with_new_key(object(2), key(2), &[0; 1001], entropy).await;
        assert!(matches!(over, Err(VaultError::TooLarge { size: 1001, limit: 1000 })));
        assert!(!vault.exists(object(2)).await.expect("known"));
    }
}

#[tokio::test]
async fn an_object_storage_that_is_away_is_an_outage() {
    let Room { directory, entropy, vault } = &room(Kind::LocalStore).await;
    let objects = directory.path().join("objects");
    std::fs::remove_dir_all(&objects).expect("removed");
    std::fs::write(&objects, b"in the way").expect("written");
    let failed = vault.put_with_new_key(object(1), key(1), b"one", entropy).await;
    let error = failed.expect_err("cannot be stored");
    assert!(error.is_outage() && error.to_string().contains("`vault.objects`"), "{error}");
}
