//! CSV records out of lines, within limits: a quote that is opened and never closed costs its own
//! line, not the rest of the file and not our memory.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// Bytes of text in one record, all its lines together.
pub const MOST_BYTES: usize = 64 << 10;
/// Lines of one record: a quoted field may hold line ends.
pub const MOST_LINES: usize = 50;
/// Columns of one record.
pub const MOST_COLUMNS: usize = 512;

/// One record: its fields, and the number of its first line.
#[derive(Clone, Default)]
pub struct Record {
    /// Counted from 1.
    pub line: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record(line {})", self.line)
    }
}

impl Record {
    /// How many fields it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it has no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One field; empty when the record has not so many.
    #[must_use]
    pub fn field(&self, place: usize) -> &str {
        let Some(end) = self.ends.get(place) else { return "" };
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        // The text was decoded to UTF-8 and cut at signs of ASCII.
        self.text.get(start..*end).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }

    /// All fields in their order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|place| self.field(place))
    }
}

/// Why a record could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// A quote is opened and not closed.
    OpenQuote,
    /// It is over the limits.
    TooLong,
}

/// A record that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// Its first line, counted from 1.
    pub line: u64,
    /// Why.
    pub breach: Breach,
}

/// The records of a text, one after another. Empty lines are passed over.
pub struct Records<R> {
    source: R,
    core: Reader,
    next_line: u64,
    /// Lines that were read ahead for a record that proved broken.
    again: VecDeque<Vec<u8>>,
}

impl<R> std::fmt::Debug for Records<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Records(line {})", self.next_line)
    }
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
}

impl<R: BufRead> Records<R> {
    /// The records of `source`, whose fields are separated by `delimiter`.
    pub fn new(source: R, delimiter: u8) -> Self {
        let core = ReaderBuilder::new().delimiter(delimiter).build();
        Self { source, core, next_line: 1, again: VecDeque::new() }
    }

    /// Reads the next record into `record`; `None` at the end.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn read(&mut self, record: &mut Record) -> io::Result<Option<Result<(), Broken>>> {
        let (line, first) = loop {
            let line = self.next_line;
            match self.line()? {
                None => return Ok(None),
                Some(Line::TooLong) => {
                    return Ok(Some(Err(Broken { line, breach: Breach::TooLong })));
                }
                Some(Line::Whole(text)) if is_blank(&text) => {}
                Some(Line::Whole(text)) => break (line, text),
            }
        };
        record.line = line;
        self.core.reset();
        let mut room = Room::new(record);
        match room.feed(&mut self.core, &first) {
            Fed::Done => return Ok(Some(Ok(()))),
            Fed::TooWide => return Ok(Some(Err(Broken { line, breach: Breach::TooLong }))),
            Fed::Open => {}
        }
        self.go_on(line, first.len(), room)
    }

    /// Further lines of a record with an open quote.
    fn go_on(
        &mut self,
        line: u64,
        mut bytes: usize,
        mut room: Room<'_>,
    ) -> io::Result<Option<Result<(), Broken>>> {
        let mut ahead = Vec::new();
        while ahead.len() + 1 < MOST_LINES && bytes <= MOST_BYTES {
            match self.line()? {
                None => break,
                Some(Line::TooLong) => {
                    // It is gone from the source, and told with the quote that swallowed it.
                    ahead.push(Vec::new());
                    break;
                }
                Some(Line::Whole(text)) => {
                    bytes += text.len();
                    let fed = room.feed(&mut self.core, &text);
                    ahead.push(text);
                    match fed {
                        Fed::Done => return Ok(Some(Ok(()))),
                        Fed::TooWide => break,
                        Fed::Open => {}
                    }
                }
            }
        }
        // The quote is broken: its line is lost, those after it are read for themselves.
        self.next_line = line + 1;
        for text in ahead.into_iter().rev() {
            self.again.push_front(text);
        }
        Ok(Some(Err(Broken { line, breach: Breach::OpenQuote })))
    }

    /// The next line, with one line feed at its end; `None` at the end of the text.
    fn line(&mut self) -> io::Result<Option<Line>> {
        if let Some(text) = self.again.pop_front() {
            self.next_line += 1;
            return Ok(Some(Line::Whole(text)));
        }
        let mut text = Vec::new();
        let mut is_long = false;
        let mut is_something = false;
        loop {
            let piece = match self.source.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if piece.is_empty() {
                break;
            }
            is_something = true;
            let end = piece.iter().position(|byte| *byte == b'\n');
            let until = end.map_or(piece.len(), |end| end + 1);
            if text.len() + until > MOST_BYTES {
                is_long = true;
                text.clear();
            } else if !is_long {
                text.extend_from_slice(&piece[..until]);
            }
            self.source.consume(until);
            if end.is_some() {
                break;
            }
        }
        if !is_something {
            return Ok(None);
        }
        self.next_line += 1;
        if is_long {
            return Ok(Some(Line::TooLong));
        }
        while matches!(text.last(), Some(b'\n' | b'\r')) {
            text.pop();
        }
        text.push(b'\n');
        Ok(Some(Line::Whole(text)))
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

enum Fed {
    Done,
    Open,
    TooWide,
}

/// The record that is being filled.
struct Room<'a> {
    record: &'a mut Record,
    text: usize,
    ends: usize,
}

impl<'a> Room<'a> {
    fn new(record: &'a mut Record) -> Self {
        record.text.resize(record.text.capacity().max(256), 0);
        record.ends.resize(record.ends.capacity().max(32), 0);
        Self { record, text: 0, ends: 0 }
    }

    fn feed(&mut self, core: &mut Reader, mut line: &[u8]) -> Fed {
        loop {
            let (result, read, written, ended) = core.read_record(
                line,
                &mut self.record.text[self.text..],
                &mut self.record.ends[self.ends..],
            );
            line = &line[read..];
            self.text += written;
            self.ends += ended;
            match result {
                ReadRecordResult::InputEmpty => return Fed::Open,
                ReadRecordResult::OutputFull => {
                    let larger = self.record.text.len() * 2;
                    self.record.text.resize(larger, 0);
                    // An empty input would mean the end of the text.
                    if line.is_empty() {
                        return Fed::Open;
                    }
                }
                ReadRecordResult::OutputEndsFull if self.record.ends.len() >= MOST_COLUMNS => {
                    return Fed::TooWide;
                }
                ReadRecordResult::OutputEndsFull => {
                    let larger = self.record.ends.len() * 2;
                    self.record.ends.resize(larger, 0);
                }
                ReadRecordResult::Record | ReadRecordResult::End => {
                    self.record.text.truncate(self.text);
                    self.record.ends.truncate(self.ends);
                    return Fed::Done;
                }
            }
        }
    }
}

/// The delimiter that the first line speaks for: the one it has most of outside quotes.
#[must_use]
pub fn sniff_delimiter(first_line: &str) -> u8 {
    let mut counts = [(b';', 0_usize), (b'\t', 0), (b',', 0)];
    let mut is_quoted = false;
    for byte in first_line.bytes() {
        if byte == b'"' {
            is_quoted = !is_quoted;
        } else if !is_quoted
            && let Some((_, count)) = counts.iter_mut().find(|(sign, _)| *sign == byte)
        {
            *count += 1;
        }
    }
    counts.iter().max_by_key(|(_, count)| *count).map_or(b',', |(sign, _)| *sign)
}
