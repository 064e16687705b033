//! The vault: objects under keys, and small sealed values for database columns.
//!
//! Called by `intake` (raw mail), `cases` (packages, re-keying to the subject, destruction) and
//! `mailing` (contents of replies). All disk work runs in the blocking pool; what returned `Ok`
//! is durable. Randomness is passed in; no content ever reaches a log or an error.

mod put;

use std::sync::Arc;

use domain::ambient::{Entropy, random_bytes};
use domain::ids::{ObjectId, VaultKeyId};
use object_store::ObjectStore;

use crate::config::{ObjectsLocation, VaultConfig};
use crate::durable::{self, Sync};
use crate::envelope::{self, Closed, Packer, Place};
use crate::error::VaultError;
use crate::keys::{Key, Keys};
use crate::mount;
use crate::objects::Objects;
use crate::objects::directory::Directory;
use crate::objects::remote::Remote;
use crate::origin::Origin;

pub use put::NewObject;

/// A handle to objects and keys; clones share it.
#[derive(Debug, Clone)]
pub struct Vault(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    objects: Objects,
    keys: Keys,
    /// zstd level of new envelopes.
    level: i32,
    /// Largest content in bytes, packed or unpacked.
    limit: u64,
}

/// What [`Vault::rekey`] found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rekeyed {
    /// The object was under `from` and is now under the new key.
    Moved {
        /// The key it was under before; may be destroyed when nothing else needs it.
        from: VaultKeyId,
    },
    /// The object was under that key already.
    Already,
}

impl Vault {
    /// Opens the vault; makes directories (mode 0700) that are missing.
    ///
    /// # Errors
    /// When a directory or bucket cannot be written, when others may read the keys, or when a
    /// setting cannot work; the message names the remedy.
    pub async fn open(config: VaultConfig) -> Result<Self, VaultError> {
        let inner = run_blocking(move || {
            let objects = match &config.objects {
                ObjectsLocation::Directory(path) => {
                    mount::check_pair(path, &Keys::root_in(&config.keys_directory))?;
                    Objects::Directory(Directory::open(path)?)
                }
                ObjectsLocation::S3(location) => Objects::Remote(Remote::s3(location)?),
            };
            Inner::new(objects, &config)
        })
        .await?;
        if let Objects::Remote(remote) = &inner.objects {
            remote.probe().await?;
        }
        Ok(Self(Arc::new(inner)))
    }

    /// Opens the vault over any back end of the crate `object_store`; `config.objects` is not
    /// looked at. S3 takes the same way.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub async fn over(
        store: Arc<dyn ObjectStore>,
        prefix: &str,
        config: VaultConfig,
    ) -> Result<Self, VaultError> {
        let remote = Remote::over(store, prefix);
        remote.probe().await?;
        let inner = run_blocking(move || Inner::new(Objects::Remote(remote), &config)).await?;
        Ok(Self(Arc::new(inner)))
    }

    /// Makes a key. Durable on return.
    ///
    /// # Errors
    /// [`VaultError::KeyExists`], or an outage.
    pub async fn create_key(
        &self,
        id: VaultKeyId,
        entropy: &dyn Entropy,
    ) -> Result<(), VaultError> {
        let key = Key::from_bytes(random_bytes(entropy));
        self.blocking(move |inner| {
            inner.keys.create(id, &key, Sync::Now)?;
            inner.keys.sync_folders([id])
        })
        .await
    }

    /// The content of an object.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::KeyDestroyed`], [`VaultError::Corrupt`],
    /// [`VaultError::TooLarge`], or an outage.
    pub async fn get(&self, object: ObjectId) -> Result<Vec<u8>, VaultError> {
        Ok(self.get_with_key(object).await?.1)
    }

    /// The key under which an object is encrypted, whether or not that key still exists.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::Corrupt`], or an outage.
    pub async fn key_of(&self, object: ObjectId) -> Result<VaultKeyId, VaultError> {
        let header = self.read(object, envelope::HEADER as u64).await?;
        envelope::key_id(Place::Object(object), &header).map_err(|_| VaultError::Corrupt(object))
    }

    /// Removes an object; that it is gone already is fine. Durable on return.
    ///
    /// # Errors
    /// An outage.
    pub async fn delete(&self, object: ObjectId) -> Result<(), VaultError> {
        match &self.0.objects {
            Objects::Remote(remote) => remote.delete(object).await,
            Objects::Directory(_) => {
                self.in_directory(move |directory| directory.delete(object)).await
            }
        }
    }

    /// Whether there is such an object; says nothing of its key.
    ///
    /// # Errors
    /// An outage.
    pub async fn exists(&self, object: ObjectId) -> Result<bool, VaultError> {
        Ok(self.existing(vec![object]).await?.contains(&true))
    }

    /// The ids of all objects, in the order of their making.
    ///
    /// # Errors
    /// An outage.
    pub async fn list(&self) -> Result<Vec<ObjectId>, VaultError> {
        match &self.0.objects {
            Objects::Remote(remote) => remote.list().await,
            Objects::Directory(_) => self.in_directory(Directory::list).await,
        }
    }

    /// Puts an object under another key, which must exist. Atomic: a crash leaves it under one
    /// of the two, and the call can be repeated. The old key is the caller's to destroy.
    ///
    /// # Errors
    /// As [`Vault::get`]; [`VaultError::KeyDestroyed`] may also name the new key.
    pub async fn rekey(
        &self,
        object: ObjectId,
        to: VaultKeyId,
        entropy: &dyn Entropy,
    ) -> Result<Rekeyed, VaultError> {
        let nonce = random_bytes(entropy);
        if self.key_of(object).await? == to {
            return Ok(Rekeyed::Already);
        }
        let (from, plain, origin) = self.open_object(object).await?;
        let staged = self
            .blocking(move |inner| {
                let key = inner.keys.load(to)?;
                let content = (plain.as_slice(), origin.as_ref());
                let bytes = inner.pack(Place::Object(object), to, &key, nonce, content)?;
                inner.objects.stage(object, bytes, Sync::Now)
            })
            .await?;
        self.publish(vec![staged]).await?;
        Ok(Rekeyed::Moved { from })
    }

    /// Destroys a key, and so everything under it, in every copy. That it is gone already is
    /// fine. Durable on return.
    ///
    /// # Errors
    /// An outage; the call is to be repeated.
    pub async fn destroy_key(&self, key: VaultKeyId) -> Result<(), VaultError> {
        self.blocking(move |inner| inner.keys.destroy(key)).await
    }

    /// Whether a key is there and whole.
    ///
    /// # Errors
    /// [`VaultError::CorruptKey`], or an outage.
    pub async fn key_exists(&self, key: VaultKeyId) -> Result<bool, VaultError> {
        self.blocking(move |inner| match inner.keys.load(key) {
            Ok(_) => Ok(true),
            Err(VaultError::KeyDestroyed(_)) => Ok(false),
            Err(error) => Err(error),
        })
        .await
    }

    /// Encrypts a small value for a database column. `context` says where it belongs (table,
    /// column and row, for instance) and must be given again to open it.
    ///
    /// # Errors
    /// [`VaultError::KeyDestroyed`], [`VaultError::TooLarge`], or an outage.
    pub async fn seal(
        &self,
        key: VaultKeyId,
        context: &str,
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, VaultError> {
        let nonce = random_bytes(entropy);
        let (context, plain) = (context.to_owned(), plain.to_vec());
        self.0.check_size(&plain)?;
        self.blocking(move |inner| {
            let secret = inner.keys.load(key)?;
            inner.pack(Place::Column(&context), key, &secret, nonce, (&plain, None))
        })
        .await
    }

    /// Opens a sealed value.
    ///
    /// # Errors
    /// [`VaultError::CorruptSealed`] when it is damaged or belongs to another context,
    /// [`VaultError::KeyDestroyed`], [`VaultError::TooLarge`], or an outage.
    pub async fn open_sealed(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (context, sealed) = (context.to_owned(), sealed.to_vec());
        self.blocking(move |inner| {
            let place = Place::Column(&context);
            let id = envelope::key_id(place, &sealed).map_err(|_| VaultError::CorruptSealed)?;
            Ok(inner.unpack(place, id, sealed, VaultError::CorruptSealed)?.0)
        })
        .await
    }

    /// Where an object came from, if that was written down with it.
    ///
    /// # Errors
    /// As [`Vault::get`].
    pub async fn origin_of(&self, object: ObjectId) -> Result<Option<Origin>, VaultError> {
        Ok(self.open_object(object).await?.2)
    }

    async fn get_with_key(&self, object: ObjectId) -> Result<(VaultKeyId, Vec<u8>), VaultError> {
        let (key, plain, _) = self.open_object(object).await?;
        Ok((key, plain))
    }

    async fn open_object(
        &self,
        object: ObjectId,
    ) -> Result<(VaultKeyId, Vec<u8>, Option<Origin>), VaultError> {
        let bytes = self.read(object, u64::MAX).await?;
        self.blocking(move |inner| {
            let place = Place::Object(object);
            let id = envelope::key_id(place, &bytes).map_err(|_| VaultError::Corrupt(object))?;
            let (plain, origin) = inner.unpack(place, id, bytes, VaultError::Corrupt(object))?;
            Ok((id, plain, origin))
        })
        .await
    }

    async fn read(&self, object: ObjectId, limit: u64) -> Result<Vec<u8>, VaultError> {
        let bytes = match &self.0.objects {
            Objects::Remote(remote) => remote.read(object, limit).await?,
            Objects::Directory(_) => {
                self.in_directory(move |directory| directory.read(object, limit)).await?
            }
        };
        bytes.ok_or(VaultError::NotFound(object))
    }

    async fn in_directory<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Directory) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        self.blocking(move |inner| match &inner.objects {
            Objects::Directory(directory) => job(directory),
            Objects::Remote(_) => {
                Err(VaultError::Misconfigured("objects are not in a directory".into()))
            }
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Inner) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let inner = Arc::clone(&self.0);
        run_blocking(move || job(&inner)).await
    }
}

impl Inner {
    fn new(objects: Objects, config: &VaultConfig) -> Result<Self, VaultError> {
        if !(1..=19).contains(&config.compression_level) {
            return Err(VaultError::Misconfigured(format!(
                "`vault.compression_level` is {}; use 1 to 19",
                config.compression_level
            )));
        }
        let keys = Keys::open(&config.keys_directory)?;
        let (level, limit) = (config.compression_level, config.max_object_size);
        Ok(Self { objects, keys, level, limit })
    }

    fn check_size(&self, plain: &[u8]) -> Result<(), VaultError> {
        let size = plain.len() as u64;
        if size > self.limit {
            return Err(VaultError::TooLarge { size, limit: self.limit });
        }
        Ok(())
    }

    fn pack(
        &self,
        place: Place<'_>,
        id: VaultKeyId,
        key: &Key,
        nonce: [u8; 12],
        content: (&[u8], Option<&Origin>),
    ) -> Result<Vec<u8>, VaultError> {
        let mut packer = Packer::new(self.level).map_err(packing_failed)?;
        packer.pack(place, id, key, nonce, content).map_err(packing_failed)
    }

    fn unpack(
        &self,
        place: Place<'_>,
        id: VaultKeyId,
        bytes: Vec<u8>,
        damaged: VaultError,
    ) -> Result<(Vec<u8>, Option<Origin>), VaultError> {
        let key = self.keys.load(id)?;
        envelope::unpack(place, &key, bytes, self.limit).map_err(|closed| match closed {
            Closed::Damaged => damaged,
            Closed::TooLarge => {
                VaultError::TooLarge { size: self.limit.saturating_add(1), limit: self.limit }
            }
        })
    }

    /// Syncs the file systems of keys and, when they are files, objects.
    fn sync_all(&self) -> Result<(), VaultError> {
        let mut roots = vec![self.keys.root()];
        if let Objects::Directory(directory) = &self.objects {
            roots.push(directory.root());
        }
        durable::sync_filesystems(&roots)
            .map_err(VaultError::io("sync the file system of", self.keys.root()))
    }
}

fn packing_failed(source: std::io::Error) -> VaultError {
    VaultError::Unavailable { operation: "pack", place: "content".into(), source: Box::new(source) }
}

async fn run_blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    match tokio::task::spawn_blocking(job).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only when the runtime is being shut down.
            Err(cancelled) => Err(VaultError::Unavailable {
                operation: "finish",
                place: "work in the vault".into(),
                source: Box::new(cancelled),
            }),
        },
    }
}

#[cfg(test)]
mod tests;
