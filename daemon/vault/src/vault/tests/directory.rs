//! What holds for local directories: nothing readable on disk, damage is noticed, crashes leave
//! nothing half-done, a wrong set-up is said with its remedy.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::*;

/// All files below a directory.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).expect("read") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.ends_with(crate::mount::MARK) {
            found.push(path);
        }
    }
    found
}

fn object_file(room: &Room) -> PathBuf {
    let mut found = files(&room.directory.path().join("objects"));
    assert_eq!(found.len(), 1, "one object, no leftovers");
    found.remove(0)
}

#[tokio::test]
async fn no_plaintext_is_on_disk_and_all_is_private() {
    let room = room(Kind::Directory).await;
    let secret = b"anna.petrova@mail.example";
    let plain = [secret.as_slice(), b" asks; ", secret].concat();
    let new = |n| NewObject { object: object(n), key: key(n), plain: plain.clone(), origin: None };
    room.vault.put_batch((0..20).map(new).collect(), &room.entropy).await.expect("put");
    room.vault.put_with_new_key(object(99), key(99), &plain, &room.entropy).await.expect("put");
    let found = files(room.directory.path());
    assert_eq!(found.len(), 42);
    for path in found {
        let bytes = fs::read(&path).expect("read");
        assert!(!bytes.windows(7).any(|window| window == b"petrova"), "{}", path.display());
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().expect("folder")), 0o700);
    }
}

#[tokio::test]
async fn a_damaged_byte_is_noticed_and_named() {
    let room = room(Kind::Directory).await;
    room.vault.put_with_new_key(object(1), key(1), b"one", &room.entropy).await.expect("put");
    let path = object_file(&room);
    let whole = fs::read(&path).expect("read");
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).expect("written");
        let error = room.vault.get(object(1)).await.expect_err("noticed");
        // A changed key id names a key that does not exist.
        let in_key_id = (4..20).contains(&at);
        let named = match &error {
            VaultError::Corrupt(id) => *id == object(1) && !in_key_id,
            VaultError::KeyDestroyed(_) => in_key_id,
            _ => false,
        };
        assert!(named, "byte {at}: {error}");
    }
}

#[tokio::test]
async fn an_object_under_another_name_does_not_open() {
    let room = room(Kind::Directory).await;
    room.vault.put_with_new_key(object(1), key(1), b"one", &room.entropy).await.expect("put");
    let path = object_file(&room);
    let other = path.with_file_name(format!("{}.obj", object(2)));
    fs::create_dir_all(room.directory.path().join("objects/0195a/2")).expect("made");
    fs::rename(&path, &other).expect("renamed");
    let target = room.directory.path().join("objects/0195a/2").join(format!("{}.obj", object(2)));
    fs::rename(&other, &target).expect("moved");
    assert!(
        matches!(room.vault.get(object(2)).await, Err(VaultError::Corrupt(id)) if id == object(2))
    );
}

#[tokio::test]
async fn a_rekeying_cut_off_before_the_rename_leaves_the_object_and_can_be_repeated() {
    let room = room(Kind::Directory).await;
    room.vault.put_with_new_key(object(1), key(1), b"one", &room.entropy).await.expect("put");
    room.vault.create_key(key(2), &room.entropy).await.expect("made");
    // What a kill between writing and renaming leaves behind: a file without a name.
    let incoming = room.directory.path().join("objects/incoming");
    fs::write(incoming.join("4711-0x0-0"), b"half of it").expect("written");
    let config = VaultConfig::local(
        room.directory.path().join("objects"),
        room.directory.path().join("keys"),
    );
    let vault = Vault::open(config).await.expect("opened again");
    assert_eq!(vault.get(object(1)).await.expect("there"), b"one");
    assert_eq!(vault.key_of(object(1)).await.expect("there"), key(1));
    assert_eq!(vault.list().await.expect("list"), [object(1)]);
    let moved = vault.rekey(object(1), key(2), &room.entropy).await.expect("moved");
    assert_eq!(moved, Rekeyed::Moved { from: key(1) });
    assert_eq!(vault.get(object(1)).await.expect("there"), b"one");
}

#[tokio::test]
async fn a_key_file_that_a_power_cut_left_short_is_written_again() {
    let room = room(Kind::Directory).await;
    room.vault.create_key(key(1), &room.entropy).await.expect("made");
    let path = files(&room.directory.path().join("keys")).remove(0);
    for left in [0, 10, 43] {
        let bytes = fs::read(&path).expect("read");
        fs::write(&path, &bytes[..left]).expect("cut");
        let read = room.vault.key_exists(key(1)).await;
        assert!(matches!(read, Err(VaultError::CorruptKey(_))));
        let n = left as u128 + 1;
        let put = room.vault.put_with_new_key(object(n), key(1), b"one", &room.entropy).await;
        put.expect("put");
        assert_eq!(room.vault.get(object(n)).await.expect("there"), b"one");
    }
}

#[tokio::test]
async fn a_destruction_cut_off_after_the_overwriting_counts_and_is_finished() {
    let room = room(Kind::Directory).await;
    room.vault.put_with_new_key(object(1), key(1), b"one", &room.entropy).await.expect("put");
    let path = files(&room.directory.path().join("keys")).remove(0);
    fs::write(&path, [0; 44]).expect("overwritten");
    assert!(matches!(room.vault.get(object(1)).await, Err(VaultError::KeyDestroyed(_))));
    let again = room.vault.put_with_new_key(object(2), key(1), b"two", &room.entropy).await;
    assert!(matches!(again, Err(VaultError::KeyDestroyed(_))), "a destroyed key stays so");
    room.vault.destroy_key(key(1)).await.expect("finished");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_key_destroyed_by_another_process_opens_nothing_here() {
    let room = room(Kind::Directory).await;
    room.vault.put_with_new_key(object(1), key(1), b"one", &room.entropy).await.expect("put");
    room.vault.get(object(1)).await.expect("there");
    let config = VaultConfig::local(
        room.directory.path().join("objects"),
        room.directory.path().join("keys"),
    );
    Vault::open(config).await.expect("opened").destroy_key(key(1)).await.expect("destroyed");
    assert!(matches!(room.vault.get(object(1)).await, Err(VaultError::KeyDestroyed(_))));
}

#[tokio::test]
async fn a_wrong_set_up_is_refused_with_its_remedy() {
    let directory = tempfile::tempdir().expect("directory");
    let (objects, keys) = (directory.path().join("objects"), directory.path().join("keys"));
    let refused =
        async |config: VaultConfig| Vault::open(config).await.expect_err("refused").to_string();
    let folder = keys.join("object");
    fs::create_dir_all(&folder).expect("made");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).expect("opened up");
    let message = refused(VaultConfig::local(&objects, &keys)).await;
    assert!(message.contains("chmod 700"), "{message}");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("closed");
    let config = VaultConfig { compression_level: 40, ..VaultConfig::local(&objects, &keys) };
    assert!(refused(config).await.contains("use 1 to 19"));
    let file = directory.path().join("file");
    fs::write(&file, b"").expect("written");
    let message = refused(VaultConfig::local(file.join("objects"), &keys)).await;
    assert!(message.contains("file") && message.contains("check the disk"), "{message}");
}

#[tokio::test]
async fn many_writers_at_once_lose_nothing() {
    let room = room(Kind::Directory).await;
    let writers = (0..40_u128).map(|n| {
        let (vault, entropy) = (room.vault.clone(), &room.entropy);
        async move {
            let plain = mail(usize::try_from(n).expect("small"));
            vault.put_with_new_key(object(n), key(n), &plain, entropy).await
        }
    });
    futures::future::try_join_all(writers).await.expect("all put");
    for n in 0..40 {
        let plain = mail(usize::try_from(n).expect("small"));
        assert_eq!(room.vault.get(object(n)).await.expect("there"), plain);
    }
}

#[tokio::test]
async fn two_attempts_at_one_message_end_with_one_key_that_opens_it() {
    let room = room(Kind::Directory).await;
    let attempts = (0..16).map(|_| {
        let (vault, entropy) = (room.vault.clone(), &room.entropy);
        async move { vault.put_with_new_key(object(1), key(1), b"one", entropy).await }
    });
    futures::future::try_join_all(attempts).await.expect("all fine");
    assert_eq!(room.vault.get(object(1)).await.expect("there"), b"one");
}

#[tokio::test]
async fn a_file_system_that_is_not_mounted_is_an_outage_and_no_loss() {
    let room = room(Kind::Directory).await;
    room.vault.put_with_new_key(object(1), key(1), b"one", &room.entropy).await.expect("put");
    let at = |name: &str| room.directory.path().join(name);
    for root in ["objects", "keys/object"] {
        fs::rename(at(root), at("away")).expect("unmounted");
        fs::create_dir(at(root)).expect("an empty place");
        fs::set_permissions(at(root), fs::Permissions::from_mode(0o700)).expect("closed");
        let read = room.vault.get(object(1)).await.expect_err("nothing there");
        assert!(read.is_outage(), "{root}: {read}");
        let put = room.vault.put_with_new_key(object(2), key(2), b"two", &room.entropy).await;
        assert!(put.is_err_and(|error| error.is_outage()), "{root}");
        let destroyed = match root {
            "objects" => room.vault.delete(object(1)).await,
            _ => room.vault.destroy_key(key(1)).await,
        };
        assert!(destroyed.is_err_and(|error| error.is_outage()), "{root}");
        let config = VaultConfig::local(at("objects"), at("keys"));
        let opened = Vault::open(config).await.expect_err("refused");
        assert!(opened.to_string().contains("is empty while"), "{opened}");
        fs::remove_dir_all(at(root)).expect("removed");
        fs::rename(at("away"), at(root)).expect("mounted");
    }
    assert_eq!(room.vault.get(object(1)).await.expect("there again"), b"one");
}
