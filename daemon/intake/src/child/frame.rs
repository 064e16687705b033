//! The frames between the daemon and its reader child.
//!
//! A question is the job number and the length (64 bits each, little endian) and the raw bytes;
//! an answer is its length (32 bits) and postcard. Both ends are the same binary, so there are
//! no versions; the daemon still checks every answer, since the child may have been taken over.

use std::io;

use domain::{classification::Classification, mail::ReadMail};
use serde::{Deserialize, Serialize};

/// Longest answer that is taken; texts are limited to far less by the reader.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// What the child says.
#[derive(Serialize, Deserialize)]
pub enum Answer {
    /// Its limits are set; it waits for the first mail.
    Ready,
    /// It has all bytes of the mail and begins to read them: from here on the mail is to blame.
    Begun {
        /// The job's number.
        job: u64,
    },
    /// The mail was read and classified.
    Read {
        /// The job's number.
        job: u64,
        /// What stands in it.
        mail: Box<ReadMail>,
        /// What it asks for.
        classification: Box<Classification>,
    },
    /// The bytes are no mail.
    Unreadable {
        /// The job's number.
        job: u64,
    },
}

/// The head of a question.
pub fn question(job: u64, length: usize) -> [u8; 16] {
    let mut head = [0; 16];
    head[..8].copy_from_slice(&job.to_le_bytes());
    head[8..].copy_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
    head
}

/// Job number and length from the head of a question.
pub fn read_question(head: [u8; 16]) -> (u64, u64) {
    let (job, length) = head.split_at(8);
    let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    (number(job), number(length))
}

/// An answer with its length.
pub fn pack(answer: &Answer) -> io::Result<Vec<u8>> {
    let bytes = postcard::to_stdvec(answer).map_err(|_| garbled())?;
    let length = u32::try_from(bytes.len()).map_err(|_| garbled())?;
    let mut framed = length.to_le_bytes().to_vec();
    framed.extend_from_slice(&bytes);
    Ok(framed)
}

/// The length of an answer, if it may be that long.
pub fn length(bytes: [u8; 4]) -> io::Result<usize> {
    let length = usize::try_from(u32::from_le_bytes(bytes)).map_err(|_| garbled())?;
    if length > MAX_ANSWER { Err(garbled()) } else { Ok(length) }
}

/// Reads an answer.
pub fn answer(bytes: &[u8]) -> io::Result<Answer> {
    postcard::from_bytes(bytes).map_err(|_| garbled())
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
        assert_eq!(read_question(question(7, 1234)), (7, 1234));
        let framed = pack(&Answer::Begun { job: 9 }).expect("packed");
        let (head, body) = framed.split_at(4);
        assert_eq!(length(head.try_into().expect("four")).expect("short"), body.len());
        assert!(matches!(answer(body), Ok(Answer::Begun { job: 9 })));
        assert!(length([0xff; 4]).is_err());
        assert!(answer(&[200, 1, 2]).is_err());
    }
}
