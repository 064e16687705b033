//! Tries the vault on a real bucket: takes objects in, reads, re-keys, lists, deletes them.
//!
//! `cargo run -p vault --example bucket ENDPOINT REGION BUCKET ID_FILE SECRET_FILE`; use an empty
//! prefix of a bucket made for it. Keys go to a temporary directory.

#![allow(clippy::print_stdout)]

use domain::Timestamp;
use domain::ambient::{Entropy, random_bytes};
use domain::ids::{ObjectId, VaultKeyId};
use vault::{Addressing, NewObject, ObjectsLocation, S3Location, Vault, VaultConfig, VaultError};

struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "an example has no clock file")]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the system has randomness");
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, region, bucket, id_file, secret_file] = arguments.as_slice() else {
        return Err("usage: bucket ENDPOINT REGION BUCKET ID_FILE SECRET_FILE".into());
    };
    let keys = tempfile::tempdir()?;
    let mut config = VaultConfig::local("", keys.path());
    config.objects = ObjectsLocation::S3(S3Location {
        bucket: bucket.clone(),
        prefix: "vault-trial".into(),
        region: region.clone(),
        endpoint: Some(endpoint.clone()),
        addressing: Addressing::Path,
        access_key_id_file: id_file.into(),
        secret_access_key_file: secret_file.into(),
    });
    let vault = Vault::open(config).await?;
    let now = Timestamp::from_second(1_790_000_000)?;
    let new = |n: usize| NewObject {
        object: ObjectId::new(now, random_bytes(&SystemEntropy)),
        key: VaultKeyId::new(now, random_bytes(&SystemEntropy)),
        plain: format!("mail {n}").repeat(n * 50).into_bytes(),
        origin: None,
    };
    let objects: Vec<NewObject> = (0..40).map(new).collect();
    vault.put_batch(objects.clone(), &SystemEntropy).await?;
    vault.put_batch(objects.clone(), &SystemEntropy).await?;
    let subject = VaultKeyId::new(now, random_bytes(&SystemEntropy));
    vault.create_key(subject, &SystemEntropy).await?;
    for new in &objects {
        vault.rekey(new.object, subject, &SystemEntropy).await?;
        assert_eq!(vault.get(new.object).await?, new.plain);
        assert_eq!(vault.key_of(new.object).await?, subject);
    }
    assert_eq!(vault.list().await?.len(), objects.len(), "is the prefix empty?");
    vault.destroy_key(subject).await?;
    for new in &objects {
        let gone = vault.get(new.object).await;
        assert!(matches!(gone, Err(VaultError::KeyDestroyed(key)) if key == subject));
        vault.delete(new.object).await?;
        vault.delete(new.object).await?;
    }
    let gone = vault.get(objects[0].object).await;
    assert!(matches!(gone, Err(VaultError::NotFound(_))));
    assert!(vault.list().await?.is_empty());
    println!("the bucket serves: {} objects taken in, re-keyed, listed, deleted", objects.len());
    Ok(())
}
