//! Where the encrypted bytes of objects lie: a local directory, or an object storage.
//!
//! Both know only ids and bytes. A new object is first staged (a file without a name, or bytes
//! in memory), and published when its key is durable; published means durable and whole.

pub(crate) mod directory;
pub(crate) mod remote;

use domain::ids::ObjectId;

use crate::durable::{Sync, Unnamed};
use crate::error::VaultError;
use directory::Directory;
use remote::Remote;

/// One of the two kinds of place.
#[derive(Debug)]
pub(crate) enum Objects {
    Directory(Directory),
    Remote(Remote),
}

/// An object that is encrypted and not yet to be found.
#[derive(Debug)]
pub(crate) struct Staged {
    object: ObjectId,
    body: Body,
}

#[derive(Debug)]
enum Body {
    File(Unnamed),
    Bytes(Vec<u8>),
}

impl Objects {
    /// Takes the bytes in; blocks.
    pub(crate) fn stage(
        &self,
        object: ObjectId,
        bytes: Vec<u8>,
        sync: Sync,
    ) -> Result<Staged, VaultError> {
        let body = match self {
            Self::Directory(directory) => Body::File(directory.stage(&bytes, sync)?),
            Self::Remote(_) => Body::Bytes(bytes),
        };
        Ok(Staged { object, body })
    }
}

impl Staged {
    fn into_file(self) -> Option<(ObjectId, Unnamed)> {
        match self.body {
            Body::File(file) => Some((self.object, file)),
            Body::Bytes(_) => None,
        }
    }

    fn into_bytes(self) -> Option<(ObjectId, Vec<u8>)> {
        match self.body {
            Body::Bytes(bytes) => Some((self.object, bytes)),
            Body::File(_) => None,
        }
    }
}

/// The files among staged objects (all of them, where the place is a directory).
pub(crate) fn files(staged: Vec<Staged>) -> Vec<(ObjectId, Unnamed)> {
    staged.into_iter().filter_map(Staged::into_file).collect()
}

/// The bytes among staged objects (all of them, where the place is remote).
pub(crate) fn bytes(staged: Vec<Staged>) -> Vec<(ObjectId, Vec<u8>)> {
    staged.into_iter().filter_map(Staged::into_bytes).collect()
}
