//! Taking objects in, one or hundreds, with few syncs.
//!
//! The order is what makes a crash harmless: keys and encrypted files are written in parallel,
//! then all is synced, and only then do the files get their names. So no object is ever found
//! whose key could still be lost. Putting the same content again under the same ids is fine,
//! which lets a cut-off intake resume with the ids it had noted.

use std::collections::HashMap;

use domain::ambient::{Entropy, random_bytes};
use domain::ids::{ObjectId, VaultKeyId};

use super::{Inner, Vault, packing_failed};
use crate::durable::Sync;
use crate::envelope::{Packer, Place};
use crate::error::VaultError;
use crate::keys::Key;
use crate::objects::{self, Objects, Staged};
use crate::origin::Origin;

/// From so many objects on, one sync of the file system is cheaper than one for each file.
const SYNC_TOGETHER_FROM: usize = 4;

/// An object for [`Vault::put_batch`].
#[derive(Clone)]
pub struct NewObject {
    /// Its id.
    pub object: ObjectId,
    /// The id of the key that is made for it; objects of one batch may share a key.
    pub key: VaultKeyId,
    /// Its content.
    pub plain: Vec<u8>,
    /// Where it came from; none of what is no mail.
    pub origin: Option<Origin>,
}

impl std::fmt::Debug for NewObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewObject({}, {} bytes)", self.object, self.plain.len())
    }
}

/// An object on its way in.
struct Parcel {
    new: NewObject,
    /// The bytes of its key if that is to be made; none if it must exist.
    fresh: Option<Key>,
    nonce: [u8; 12],
}

impl Vault {
    /// Stores an object under an existing key. Durable on return.
    ///
    /// # Errors
    /// [`VaultError::KeyDestroyed`], [`VaultError::Occupied`] when the id has other content,
    /// [`VaultError::TooLarge`], or an outage.
    pub async fn put(
        &self,
        object: ObjectId,
        key: VaultKeyId,
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<(), VaultError> {
        let new = NewObject { object, key, plain: plain.to_vec(), origin: None };
        let parcel = Parcel { new, fresh: None, nonce: random_bytes(entropy) };
        self.take_in(vec![parcel]).await
    }

    /// Stores an object under a key made for it. Both durable on return.
    ///
    /// # Errors
    /// As [`Vault::put_batch`].
    pub async fn put_with_new_key(
        &self,
        object: ObjectId,
        key: VaultKeyId,
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<(), VaultError> {
        let new = NewObject { object, key, plain: plain.to_vec(), origin: None };
        self.put_batch(vec![new], entropy).await
    }

    /// Stores many objects, each under a key made for it, with a handful of syncs in all. All
    /// durable on return; after an error some may be there, and the call can be repeated with
    /// the same ids.
    ///
    /// # Errors
    /// [`VaultError::Occupied`] when an id has other content, [`VaultError::TooLarge`], or an
    /// outage.
    pub async fn put_batch(
        &self,
        objects: Vec<NewObject>,
        entropy: &dyn Entropy,
    ) -> Result<(), VaultError> {
        let parcels = objects
            .into_iter()
            .map(|new| Parcel {
                new,
                fresh: Some(Key::from_bytes(random_bytes(entropy))),
                nonce: random_bytes(entropy),
            })
            .collect();
        self.take_in(parcels).await
    }

    async fn take_in(&self, parcels: Vec<Parcel>) -> Result<(), VaultError> {
        parcels.iter().try_for_each(|parcel| self.0.check_size(&parcel.new.plain))?;
        let parcels = self.without_those_there(parcels).await?;
        let sync = if parcels.len() < SYNC_TOGETHER_FROM { Sync::Now } else { Sync::Later };
        let keys: Vec<VaultKeyId> = parcels.iter().map(|parcel| parcel.new.key).collect();

        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let shares = share_out(parcels, workers);
        let staging = shares
            .into_iter()
            .map(|share| self.blocking(move |inner| inner.stage_share(share, sync)));
        let staged: Vec<Staged> =
            futures::future::try_join_all(staging).await?.into_iter().flatten().collect();

        self.blocking(move |inner| match sync {
            Sync::Now => inner.keys.sync_folders(keys),
            Sync::Later => inner.sync_all(),
        })
        .await?;
        self.publish(staged).await
    }

    /// Gives staged objects their names.
    pub(super) async fn publish(&self, staged: Vec<Staged>) -> Result<(), VaultError> {
        match &self.0.objects {
            Objects::Remote(remote) => remote.publish(objects::bytes(staged)).await,
            Objects::Directory(_) => {
                self.in_directory(move |directory| directory.publish(objects::files(staged))).await
            }
        }
    }

    /// Which of these objects exist.
    pub(super) async fn existing(&self, ids: Vec<ObjectId>) -> Result<Vec<bool>, VaultError> {
        match &self.0.objects {
            Objects::Remote(remote) => remote.existing(&ids).await,
            Objects::Directory(_) => {
                self.in_directory(move |directory| {
                    ids.into_iter().map(|object| directory.exists(object)).collect()
                })
                .await
            }
        }
    }

    /// Leaves out what is stored already, with the same content and under the same key.
    async fn without_those_there(&self, parcels: Vec<Parcel>) -> Result<Vec<Parcel>, VaultError> {
        let ids = parcels.iter().map(|parcel| parcel.new.object).collect();
        let there = self.existing(ids).await?;
        let mut missing = Vec::with_capacity(parcels.len());
        for (parcel, there) in parcels.into_iter().zip(there) {
            if !there {
                missing.push(parcel);
                continue;
            }
            let (key, plain) = self.get_with_key(parcel.new.object).await?;
            if plain != parcel.new.plain {
                return Err(VaultError::Occupied(parcel.new.object));
            }
            if key != parcel.new.key {
                missing.push(parcel);
            }
        }
        Ok(missing)
    }
}

/// Divides parcels among workers so that those of one key meet the same one: it is written once.
fn share_out(parcels: Vec<Parcel>, workers: usize) -> Vec<Vec<Parcel>> {
    let mut shares: Vec<Vec<Parcel>> = (0..workers.max(1)).map(|_| Vec::new()).collect();
    let mut owner: HashMap<VaultKeyId, usize> = HashMap::with_capacity(parcels.len());
    for parcel in parcels {
        let next = owner.len() % shares.len();
        let share = *owner.entry(parcel.new.key).or_insert(next);
        shares[share].push(parcel);
    }
    shares.retain(|share| !share.is_empty());
    shares
}

impl Inner {
    /// Writes keys and encrypted files of one worker's share; nothing is to be found yet.
    fn stage_share(&self, share: Vec<Parcel>, sync: Sync) -> Result<Vec<Staged>, VaultError> {
        let mut packer = Packer::new(self.level).map_err(packing_failed)?;
        let mut keys: HashMap<VaultKeyId, Key> = HashMap::with_capacity(share.len());
        let mut staged = Vec::with_capacity(share.len());
        for Parcel { new, fresh, nonce } in share {
            let key = match (keys.get(&new.key), fresh) {
                (Some(key), _) => key.clone(),
                (None, Some(fresh)) => self.keys.create_or_load(new.key, fresh, sync)?,
                (None, None) => self.keys.load(new.key)?,
            };
            let place = Place::Object(new.object);
            let content = (new.plain.as_slice(), new.origin.as_ref());
            let bytes =
                packer.pack(place, new.key, &key, nonce, content).map_err(packing_failed)?;
            staged.push(self.objects.stage(new.object, bytes, sync)?);
            keys.insert(new.key, key);
        }
        Ok(staged)
    }
}
