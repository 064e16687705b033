//! A file read in a thread of its own: its survey, its header, then chunks of checked rows handed
//! over through a short channel, so that memory stays bounded whatever the file is.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, BufRead, BufReader, Seek as _},
    path::Path,
    sync::Arc,
};

use domain::Timestamp;
use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use store::imports::ImportList;
use tokio::sync::mpsc;
use vault::Digests;

use super::{
    encoding::{Decoded, Survey, survey},
    importing::ImportError,
    mapping::Mapping,
    papers::Papers,
    records::{Record, Records, sniff_delimiter},
    row::{ImportRow, RowError, RowReader},
};

/// Bytes of rows after which a chunk is closed whatever their number.
const CHUNK_BYTES: usize = 8 << 20;

/// A file that is opened, with its header read.
#[derive(Debug)]
pub struct Opened {
    /// Hash, encoding, length.
    pub survey: Survey,
    /// What separates its fields.
    pub delimiter: u8,
    /// What its columns mean.
    pub mapping: Mapping,
    records: Records<BufReader<Decoded<File>>>,
}

/// Opens a file: reads it once for hash and encoding, then its header line. Blocks.
///
/// # Errors
/// [`ImportError`] when it cannot be read or mapped.
pub fn open(
    path: &Path,
    encoding: Option<&'static Encoding>,
    delimiter: Option<u8>,
    told: &[(String, String)],
) -> Result<Opened, ImportError> {
    let mut file = File::open(path)?;
    let survey = survey(&mut file, encoding)?;
    file.rewind()?;
    let mut text = BufReader::with_capacity(128 << 10, Decoded::new(file, survey.encoding));
    let delimiter = match delimiter {
        Some(delimiter) => delimiter,
        None => sniff_delimiter(&first_line(&mut text)?),
    };
    let mut records = Records::new(text, delimiter);
    let mut header = Record::default();
    match records.read(&mut header)? {
        None => {
            return Err(ImportError::WrongUse("the file is empty; it needs a header line".into()));
        }
        Some(Err(broken)) => return Err(ImportError::WrongUse(RowError::from(broken).to_string())),
        Some(Ok(())) => {}
    }
    let mapping =
        Mapping::read(&header, told).map_err(|error| ImportError::WrongUse(error.to_string()))?;
    Ok(Opened { survey, delimiter, mapping, records })
}

/// The first line, left where it is.
fn first_line(text: &mut impl BufRead) -> io::Result<String> {
    let start = text.fill_buf()?;
    let line = start.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    Ok(String::from_utf8_lossy(line.unwrap_or_default()).into_owned())
}

/// With what the rows of a file are checked.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The lists there are.
    pub lists: Arc<BTreeMap<String, ImportList>>,
    /// The list of rows that name none.
    pub list: Option<String>,
    /// The zone of times that name none.
    pub zone: TimeZone,
    /// The words and policies that papers refer to.
    pub papers: Papers,
    /// Keyed digests.
    pub digests: Arc<Digests>,
    /// The number of the import.
    pub import: i64,
    /// No consent lies after it.
    pub now: Timestamp,
    /// Rows in a chunk.
    pub chunk_rows: usize,
    /// Records that an earlier run has done.
    pub done: u64,
}

/// Some records, read.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Those that are in order.
    pub rows: Vec<ImportRow>,
    /// Those that are not.
    pub errors: Vec<RowError>,
}

/// Reads all chunks and hands them over; ends early when nobody listens any more. Blocks.
pub fn read_all(opened: Opened, reading: &Reading, out: &mpsc::Sender<Result<Chunk, ImportError>>) {
    if let Err(error) = hand_over(opened, reading, out) {
        // Nobody listens: nobody is to be told.
        let _ = out.blocking_send(Err(error));
    }
}

fn hand_over(
    mut opened: Opened,
    reading: &Reading,
    out: &mpsc::Sender<Result<Chunk, ImportError>>,
) -> Result<(), ImportError> {
    let mut rows = RowReader {
        mapping: &opened.mapping,
        lists: &reading.lists,
        list: reading.list.as_deref(),
        zone: &reading.zone,
        papers: &reading.papers,
        digests: &reading.digests,
        import: reading.import,
        now: reading.now,
        zones: HashMap::new(),
    };
    let mut record = Record::default();
    let mut chunk = Chunk::default();
    let (mut bytes, mut seen) = (0, 0_u64);
    while let Some(found) = opened.records.read(&mut record)? {
        seen += 1;
        if seen <= reading.done {
            continue;
        }
        let row = match found {
            Ok(()) => rows.read(&record),
            Err(broken) => Err(broken.into()),
        };
        match row {
            Ok(row) => {
                bytes += row.evidence.len() + 512;
                chunk.rows.push(row);
            }
            Err(error) => chunk.errors.push(error),
        }
        if chunk.rows.len() + chunk.errors.len() >= reading.chunk_rows || bytes >= CHUNK_BYTES {
            bytes = 0;
            if out.blocking_send(Ok(std::mem::take(&mut chunk))).is_err() {
                return Ok(());
            }
        }
    }
    if !(chunk.rows.is_empty() && chunk.errors.is_empty()) {
        let _ = out.blocking_send(Ok(chunk));
    }
    Ok(())
}
