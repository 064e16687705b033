//! The encrypted form of an object or of a value in a database column.
//!
//! Layout: magic (4 bytes: what it is and which version) · key id (16) · nonce (12) · zstd frame
//! under AES-256-GCM · tag (16). Magic, key id and the place where it belongs (object id, or the
//! context of a sealed value) are authenticated, so nothing can be moved to another place.

use std::io::Read;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use domain::ids::{ObjectId, VaultKeyId};
use uuid::Uuid;

use crate::keys::Key;
use crate::origin::Origin;

const OBJECT_MAGIC: [u8; 4] = *b"CVO1";
const SEALED_MAGIC: [u8; 4] = *b"CVS1";
const KEY_ID_AT: usize = 4;
const NONCE_AT: usize = KEY_ID_AT + 16;
/// Bytes before the cipher text.
pub(crate) const HEADER: usize = NONCE_AT + NONCE_LEN;
const TAG: usize = 16;

/// Where an envelope belongs; it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    Object(ObjectId),
    Column(&'a str),
}

/// Why an envelope did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Not the bytes that were written, or not here.
    Damaged,
    /// The content would be larger than the limit.
    TooLarge,
}

impl Place<'_> {
    fn magic(self) -> [u8; 4] {
        match self {
            Self::Object(_) => OBJECT_MAGIC,
            Self::Column(_) => SEALED_MAGIC,
        }
    }

    fn aad(self, key: VaultKeyId) -> Vec<u8> {
        let mut aad = Vec::with_capacity(64);
        aad.extend_from_slice(&self.magic());
        aad.extend_from_slice(key.0.as_bytes());
        match self {
            Self::Object(id) => aad.extend_from_slice(id.0.as_bytes()),
            Self::Column(context) => aad.extend_from_slice(context.as_bytes()),
        }
        aad
    }
}

/// Packs and encrypts. One packer serves many objects: its zstd context is costly to make.
pub(crate) struct Packer {
    compressor: zstd::bulk::Compressor<'static>,
}

impl Packer {
    pub(crate) fn new(level: i32) -> std::io::Result<Self> {
        Ok(Self { compressor: zstd::bulk::Compressor::new(level)? })
    }

    /// The nonce is random. That is safe for 2^32 envelopes under one key (NIST SP 800-38D §8.3);
    /// a key serves one message or the few of one subject.
    pub(crate) fn pack(
        &mut self,
        place: Place<'_>,
        id: VaultKeyId,
        key: &Key,
        nonce: [u8; NONCE_LEN],
        (plain, origin): (&[u8], Option<&Origin>),
    ) -> std::io::Result<Vec<u8>> {
        let mut packed = self.compressor.compress(plain)?;
        packed.extend(origin.map(Origin::frame).unwrap_or_default());
        let mut bytes = Vec::with_capacity(HEADER + packed.len() + TAG);
        bytes.extend_from_slice(&place.magic());
        bytes.extend_from_slice(id.0.as_bytes());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&packed);
        let tag = cipher(key)
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.aad(id)),
                &mut bytes[HEADER..],
            )
            .map_err(|_| std::io::Error::other("content too large for AES-GCM"))?;
        bytes.extend_from_slice(tag.as_ref());
        Ok(bytes)
    }
}

/// The id of the key under which an envelope was closed; needs only its first bytes.
pub(crate) fn key_id(place: Place<'_>, bytes: &[u8]) -> Result<VaultKeyId, Closed> {
    if bytes.get(..KEY_ID_AT) != Some(place.magic().as_slice()) {
        return Err(Closed::Damaged);
    }
    let id = bytes.get(KEY_ID_AT..NONCE_AT).ok_or(Closed::Damaged)?;
    Uuid::from_slice(id).map(VaultKeyId).map_err(|_| Closed::Damaged)
}

/// Decrypts and unpacks, up to `limit` bytes of content; with it where it came from.
pub(crate) fn unpack(
    place: Place<'_>,
    key: &Key,
    mut bytes: Vec<u8>,
    limit: u64,
) -> Result<(Vec<u8>, Option<Origin>), Closed> {
    let id = key_id(place, &bytes)?;
    let nonce: [u8; NONCE_LEN] = bytes
        .get(NONCE_AT..HEADER)
        .and_then(|nonce| nonce.try_into().ok())
        .ok_or(Closed::Damaged)?;
    let packed = cipher(key)
        .open_in_place(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.aad(id)),
            &mut bytes[HEADER..],
        )
        .map_err(|_| Closed::Damaged)?;
    Ok((inflate(packed, limit)?, Origin::behind(packed)))
}

/// Unpacks a zstd frame without ever holding more than `limit` bytes, whatever it claims.
fn inflate(packed: &[u8], limit: u64) -> Result<Vec<u8>, Closed> {
    let claimed = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten().unwrap_or(0);
    if claimed > limit {
        return Err(Closed::TooLarge);
    }
    let mut plain = Vec::with_capacity(usize::try_from(claimed).unwrap_or(0));
    zstd::stream::read::Decoder::with_buffer(packed)
        .map_err(|_| Closed::Damaged)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(|_| Closed::Damaged)?;
    if plain.len() as u64 > limit { Err(Closed::TooLarge) } else { Ok(plain) }
}

fn cipher(key: &Key) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, key.bytes()).expect("a key has 32 bytes");
    LessSafeKey::new(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let key = Key::from_bytes([7; 32]);
        let id = VaultKeyId(Uuid::from_bytes([9; 16]));
        let mut packer = Packer::new(3).expect("level");
        packer.pack(place, id, &key, [1; 12], (plain, None)).expect("packed")
    }

    fn open(place: Place<'_>, bytes: Vec<u8>) -> Result<Vec<u8>, Closed> {
        unpack(place, &Key::from_bytes([7; 32]), bytes, 1 << 20).map(|(plain, _)| plain)
    }

    #[test]
    fn where_it_came_from_is_read_beside_the_content_and_passed_over_without() {
        let origin = Origin {
            mailbox: "hello".to_owned(),
            received_at: "2026-11-02T06:14:22Z".parse().expect("an instant"),
        };
        let (key, id) = (Key::from_bytes([7; 32]), VaultKeyId(Uuid::from_bytes([9; 16])));
        let place = Place::Object(ObjectId(Uuid::from_bytes([1; 16])));
        let mut packer = Packer::new(3).expect("level");
        for plain in [b"".as_slice(), b"hello", &[7; 300_000]] {
            let bytes = packer.pack(place, id, &key, [1; 12], (plain, Some(&origin)));
            let bytes = bytes.expect("packed");
            let opened = unpack(place, &key, bytes, 1 << 20).expect("opened");
            assert_eq!(opened, (plain.to_vec(), Some(origin.clone())));
            // Earlier versions read frames to their end and give out content alone.
            let mut packed = zstd::bulk::compress(plain, 3).expect("packed");
            packed.extend(origin.frame());
            assert_eq!(inflate(&packed, 1 << 20), Ok(plain.to_vec()));
        }
        let none = packer.pack(place, id, &key, [1; 12], (b"hello", None)).expect("packed");
        assert_eq!(unpack(place, &key, none, 1 << 20), Ok((b"hello".to_vec(), None)));
    }

    #[test]
    fn every_changed_bit_and_every_cut_is_noticed() {
        let place = Place::Column("delivery/17/content");
        let bytes = pack(place, b"hello");
        assert_eq!(open(place, bytes.clone()), Ok(b"hello".to_vec()));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert_eq!(open(place, changed), Err(Closed::Damaged), "byte {at} bit {bit}");
            }
            assert_eq!(open(place, bytes[..at].to_vec()), Err(Closed::Damaged), "cut at {at}");
        }
    }

    #[test]
    fn an_envelope_opens_only_in_its_place() {
        let id = ObjectId(Uuid::from_bytes([1; 16]));
        let other = ObjectId(Uuid::from_bytes([2; 16]));
        let bytes = pack(Place::Object(id), b"hello");
        assert_eq!(open(Place::Object(other), bytes.clone()), Err(Closed::Damaged));
        assert_eq!(open(Place::Column("a"), bytes), Err(Closed::Damaged));
        let sealed = pack(Place::Column("a"), b"hello");
        assert_eq!(open(Place::Column("b"), sealed), Err(Closed::Damaged));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let place = Place::Column("a");
        let bytes = pack(place, &vec![0; (1 << 20) + 1]);
        assert!(bytes.len() < 1000);
        assert_eq!(open(place, bytes), Err(Closed::TooLarge));
        // A frame that hides its size (streamed) is stopped by what comes out.
        let frame = zstd::stream::encode_all([0; 5000].as_slice(), 3).expect("packed");
        assert_eq!(zstd::zstd_safe::get_frame_content_size(&frame).ok().flatten(), None);
        assert_eq!(inflate(&frame, 4999), Err(Closed::TooLarge));
        assert_eq!(inflate(&frame, 5000).map(|plain| plain.len()), Ok(5000));
    }

    #[test]
    fn what_is_large_and_what_is_empty_comes_back() {
        let place = Place::Column("a");
        for size in [0, 1, 13_000, 1 << 20] {
            let plain: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
            assert_eq!(open(place, pack(place, &plain)), Ok(plain));
        }
    }
}
