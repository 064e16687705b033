//! The frames between the daemon and its reader children.
//!
//! First the daemon says [`Hello`]. Then it asks in batches: number of the first mail, how many,
//! the length of each, all bytes. An answer is its length (32 bits, little endian) and postcard.
//! Both ends are the same build and tell each other so first ([`BUILD`]); the daemon still checks
//! every answer, since the child may have been taken over.

use std::io;

use domain::{
    classification::{Classification, Label, Verdict},
    mail::{Attachment, ReadMail},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{limits::Limits, memory::Memory};

/// Longest frame that is taken; texts are limited to far less by the reader.
const MAX_FRAME: usize = 16 * 1024 * 1024;
/// Mails in one batch; the pool sends fewer.
pub const MAX_MAILS: usize = 256;
/// Longest batch that is taken; `mailbox.max_message_size` is enforced before.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// Bytes of the head of a batch, before the lengths.
pub const HEAD: usize = 12;

/// Raised when what a frame means changes and neither the version nor a size does.
const LANGUAGE: u64 = 1;

/// Which build this is: after an upgrade a running daemon could meet a child of the new program,
/// and what one wrote the other would misread.
pub const BUILD: [u8; 8] = build();

const fn build() -> [u8; 8] {
    let mut hash = 0xcbf2_9ce4_8422_2325u64 ^ LANGUAGE;
    let version = env!("CARGO_PKG_VERSION").as_bytes();
    let mut at = 0;
    while at < version.len() {
        hash = mixed(hash, version[at] as u64);
        at += 1;
    }
    let sizes = [
        size_of::<Hello>(),
        size_of::<Answer>(),
        size_of::<ReadMail>(),
        size_of::<Classification>(),
        size_of::<Verdict<Label>>(),
        size_of::<Attachment>(),
    ];
    at = 0;
    while at < sizes.len() {
        hash = mixed(hash, sizes[at] as u64);
        at += 1;
    }
    hash.to_le_bytes()
}

/// One step of FNV-1a.
const fn mixed(hash: u64, value: u64) -> u64 {
    (hash ^ value).wrapping_mul(0x0100_0000_01b3)
}

/// What the daemon says first.
#[derive(Serialize, Deserialize)]
pub struct Hello {
    /// Its build; in every build the first eight bytes.
    pub build: [u8; 8],
    /// What the child may take.
    pub limits: Limits,
    /// What its judge must know.
    pub greeting: Vec<u8>,
}

/// What the child says.
#[derive(Serialize, Deserialize)]
pub enum Answer {
    /// Its limits are set; it waits for the first mail.
    Ready {
        /// Its build.
        build: [u8; 8],
        /// What it holds before the first mail.
        memory: Memory,
    },
    /// It has all bytes of the mail and begins to read them: from here on the mail is to blame.
    Begun {
        /// The mail's number.
        job: u64,
    },
    /// The mail was read and classified.
    Read {
        /// The mail's number.
        job: u64,
        /// What stands in it.
        mail: Box<ReadMail>,
        /// What it asks for.
        classification: Box<Classification>,
    },
    /// The bytes are no mail.
    Unreadable {
        /// The mail's number.
        job: u64,
    },
    /// All mails of the batch are answered.
    Done {
        /// What it holds now.
        memory: Memory,
    },
}

/// The head of a batch: the number of its first mail, and the length of each.
pub fn question(first: u64, mails: &[&[u8]]) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD + 8 * mails.len());
    head.extend_from_slice(&first.to_le_bytes());
    head.extend_from_slice(&u32::try_from(mails.len()).unwrap_or(u32::MAX).to_le_bytes());
    for mail in mails {
        let length = u64::try_from(mail.len()).unwrap_or(u64::MAX);
        head.extend_from_slice(&length.to_le_bytes());
    }
    head
}

/// The number of the first mail and how many there are, from the head of a batch.
pub fn read_question(head: [u8; HEAD]) -> io::Result<(u64, usize)> {
    let (first, count) = head.split_at(8);
    let first = u64::from_le_bytes(first.try_into().map_err(|_| garbled())?);
    let count = u32::from_le_bytes(count.try_into().map_err(|_| garbled())?);
    match usize::try_from(count) {
        Ok(count) if (1..=MAX_MAILS).contains(&count) => Ok((first, count)),
        _ => Err(garbled()),
    }
}

/// The lengths behind the head of a batch, in bytes.
pub fn read_lengths(bytes: &[u8]) -> io::Result<Vec<usize>> {
    let mut whole = 0u64;
    let lengths = bytes.chunks_exact(8).map(|chunk| {
        let length = u64::from_le_bytes(chunk.try_into().map_err(|_| garbled())?);
        whole = whole.saturating_add(length);
        if whole > MAX_BYTES {
            return Err(garbled());
        }
        usize::try_from(length).map_err(|_| garbled())
    });
    lengths.collect()
}

/// Appends a frame with its length.
pub fn pack(frame: &impl Serialize, mut to: Vec<u8>) -> io::Result<Vec<u8>> {
    let start = to.len();
    to.extend_from_slice(&[0; 4]);
    let mut to = postcard::to_extend(frame, to).map_err(|_| garbled())?;
    let length = to.len() - start - 4;
    if length > MAX_FRAME {
        return Err(garbled());
    }
    let length = u32::try_from(length).map_err(|_| garbled())?.to_le_bytes();
    to[start..start + 4].copy_from_slice(&length);
    Ok(to)
}

/// The length of a frame, if it may be that long.
pub fn length(bytes: [u8; 4]) -> io::Result<usize> {
    let length = usize::try_from(u32::from_le_bytes(bytes)).map_err(|_| garbled())?;
    if length > MAX_FRAME { Err(garbled()) } else { Ok(length) }
}

/// Reads a frame.
pub fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((frame, [])) => Ok(frame),
        Ok(_) | Err(_) => Err(garbled()),
    }
}

/// The other end does not speak this language.
pub fn garbled() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_were_written() {
        let head = question(7, &[b"one", b"", b"three"]);
        let (start, lengths) = head.split_at(HEAD);
        let read = read_question(start.try_into().expect("twelve")).expect("a head");
        assert_eq!(read, (7, 3));
        assert_eq!(read_lengths(lengths).expect("short"), [3, 0, 5]);
        let framed = pack(&Answer::Begun { job: 9 }, b"before".to_vec()).expect("packed");
        let (head, body) = framed.strip_prefix(b"before").expect("kept").split_at(4);
        assert_eq!(length(head.try_into().expect("four")).expect("short"), body.len());
        assert!(matches!(unpack(body), Ok(Answer::Begun { job: 9 })));
    }

    #[test]
    fn what_is_too_long_or_odd_is_refused() {
        assert!(length([0xff; 4]).is_err());
        assert!(unpack::<Answer>(&[200, 1, 2]).is_err());
        assert!(unpack::<Answer>(&[1, 9, 0]).is_err(), "bytes behind the frame");
        assert!(read_question([0; HEAD]).is_err(), "no mail");
        assert!(read_question([0xff; HEAD]).is_err(), "too many mails");
        assert!(read_lengths(&[0xff; 16]).is_err(), "too many bytes");
    }
}
