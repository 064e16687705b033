//! What a file is, before it is read: its hash, its character encoding; and its text as UTF-8,
//! bit by bit.
//!
//! A BOM or valid UTF-8 tells for itself. Otherwise the encoding is guessed from the bytes:
//! files from Russian spreadsheets are windows-1251 more often than not. `--encoding` overrides.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use sha2::{Digest as _, Sha256};

/// Bytes that are not ASCII which the guess looks at; more tells it nothing new.
const GUESSED_FROM: usize = 256 << 10;

/// What the first reading of a file found.
#[derive(Debug, Clone, Copy)]
pub struct Survey {
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
    /// Its encoding, as told or guessed.
    pub encoding: &'static Encoding,
    /// Its length.
    pub bytes: u64,
}

/// An encoding by a name that people use for it.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Encoding> {
    let name = name.trim().to_ascii_lowercase();
    let name = name
        .strip_prefix("cp")
        .filter(|rest| rest.starts_with("125"))
        .map_or_else(|| name.clone(), |rest| format!("windows-{rest}"));
    Encoding::for_label(name.as_bytes())
}

/// Reads a file once, from its start to its end.
///
/// # Errors
/// When it cannot be read.
pub fn survey(mut source: impl Read, told: Option<&'static Encoding>) -> io::Result<Survey> {
    let mut hash = Sha256::new();
    let mut guess = Guess::new();
    let mut buffer = vec![0; 64 << 10];
    let mut bytes = 0;
    loop {
        let piece = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => &buffer[..n],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(piece);
        if told.is_none() {
            guess.feed(piece);
        }
        bytes += piece.len() as u64;
    }
    let encoding = told.unwrap_or_else(|| guess.finish());
    Ok(Survey { sha256: hash.finalize().into(), encoding, bytes })
}

struct Guess {
    start: Vec<u8>,
    detector: EncodingDetector,
    looked_at: usize,
    utf8: Utf8Check,
}

impl Guess {
    fn new() -> Self {
        Self {
            start: Vec::new(),
            detector: EncodingDetector::new(Iso2022JpDetection::Deny),
            looked_at: 0,
            utf8: Utf8Check::default(),
        }
    }

    fn feed(&mut self, piece: &[u8]) {
        if self.start.len() < 4096 {
            self.start.extend(piece.iter().take(4096 - self.start.len()));
        }
        self.utf8.feed(piece);
        if self.looked_at < GUESSED_FROM && !piece.is_ascii() {
            self.looked_at += piece.iter().filter(|byte| !byte.is_ascii()).count();
            self.detector.feed(piece, false);
        }
    }

    fn finish(mut self) -> &'static Encoding {
        if let Some((encoding, _)) = Encoding::for_bom(&self.start) {
            return encoding;
        }
        if let Some(encoding) = utf16_without_bom(&self.start) {
            return encoding;
        }
        if self.utf8.is_valid() {
            return UTF_8;
        }
        self.detector.feed(b"", true);
        self.detector.guess(None, Utf8Detection::Deny)
    }
}

/// Every other byte of ASCII in UTF-16 is zero, and no other encoding has zeros.
fn utf16_without_bom(start: &[u8]) -> Option<&'static Encoding> {
    let zeros = |from: usize| start.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let enough = start.len() / 20;
    if odd > enough && even <= odd / 8 {
        Some(UTF_16LE)
    } else if even > enough && odd <= even / 8 {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Whether a stream of bytes is UTF-8, piece by piece.
#[derive(Default)]
struct Utf8Check {
    carried: Vec<u8>,
    broken: bool,
}

impl Utf8Check {
    fn feed(&mut self, piece: &[u8]) {
        if self.broken {
            return;
        }
        let joined;
        let bytes = if self.carried.is_empty() {
            piece
        } else {
            joined = [self.carried.as_slice(), piece].concat();
            joined.as_slice()
        };
        let rest = match std::str::from_utf8(bytes) {
            Ok(_) => Vec::new(),
            // A character that is cut off at the end goes on in the next piece.
            Err(error) if error.error_len().is_none() => bytes[error.valid_up_to()..].to_vec(),
            Err(_) => {
                self.broken = true;
                Vec::new()
            }
        };
        self.carried = rest;
    }

    fn is_valid(&self) -> bool {
        !self.broken && self.carried.is_empty()
    }
}

/// A file as UTF-8, without its BOM. What the encoding does not know becomes U+FFFD.
pub struct Decoded<R> {
    source: R,
    decoder: Decoder,
    raw: Vec<u8>,
    from: usize,
    to: usize,
    at_end: bool,
    is_over: bool,
    text: Vec<u8>,
    taken: usize,
}

impl<R> std::fmt::Debug for Decoded<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Decoded({})", self.decoder.encoding().name())
    }
}

impl<R: Read> Decoded<R> {
    /// Reads `source` as text of this encoding.
    pub fn new(source: R, encoding: &'static Encoding) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; 32 << 10],
            from: 0,
            to: 0,
            at_end: false,
            is_over: false,
            text: Vec::new(),
            taken: 0,
        }
    }

    /// Decodes a further piece; an empty text afterwards is the end.
    fn go_on(&mut self) -> io::Result<()> {
        self.taken = 0;
        self.text.clear();
        // A decoder that has finished must not be asked again.
        while self.text.is_empty() && !self.is_over {
            if self.from == self.to && !self.at_end {
                self.refill()?;
            }
            self.text.resize(96 << 10, 0);
            let raw = &self.raw[self.from..self.to];
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(raw, &mut self.text, self.at_end);
            self.from += read;
            self.text.truncate(written);
            self.is_over = self.at_end && result == CoderResult::InputEmpty;
        }
        Ok(())
    }

    fn refill(&mut self) -> io::Result<()> {
        self.from = 0;
        self.to = 0;
        self.to = loop {
            match self.source.read(&mut self.raw) {
                Ok(n) => break n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        self.at_end = self.to == 0;
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.text.len() {
            self.go_on()?;
        }
        let n = buffer.len().min(self.text.len() - self.taken);
        buffer[..n].copy_from_slice(&self.text[self.taken..self.taken + n]);
        self.taken += n;
        Ok(n)
    }
}
