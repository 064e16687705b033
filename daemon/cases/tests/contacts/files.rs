//! The reader by itself: whatever a file holds, it ends, and every record is told once.

use std::io::{BufReader, Read as _};

use cases::contacts::{
    encoding::{Decoded, survey},
    mapping::Mapping,
    records::{Breach, Record, Records, sniff_delimiter},
};
use encoding_rs::{Encoding, KOI8_R, UTF_8, UTF_16LE, WINDOWS_1251};
use proptest::prelude::*;

const TEXT: &str = "Электронная почта;Имя;Дата согласия\r\nanna@mail.example;Анна Петрова;01.03.2026 12:30\r\n\
                    ivan@mail.example;\"Иванов; Иван\";2026-03-02\r\n";

fn decoded(bytes: &[u8]) -> (&'static Encoding, String) {
    let found = survey(bytes, None).expect("surveyed");
    let mut text = String::new();
    Decoded::new(bytes, found.encoding).read_to_string(&mut text).expect("UTF-8");
    (found.encoding, text)
}

#[test]
fn every_usual_encoding_is_told_by_itself() {
    let utf16: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with_bom = [&[0xef, 0xbb, 0xbf][..], TEXT.as_bytes()].concat();
    let utf16_with_bom = [&[0xff, 0xfe][..], &utf16].concat();
    for (name, bytes, encoding) in [
        ("utf-8", TEXT.as_bytes().to_vec(), UTF_8),
        ("utf-8 with a BOM", with_bom, UTF_8),
        ("utf-16", utf16, UTF_16LE),
        ("utf-16 with a BOM", utf16_with_bom, UTF_16LE),
        ("windows-1251", WINDOWS_1251.encode(TEXT).0.into_owned(), WINDOWS_1251),
    ] {
        let (found, text) = decoded(&bytes);
        assert_eq!((found, text.as_str()), (encoding, TEXT), "{name}");
    }
    // KOI8-U has every letter of KOI8-R in its place.
    let (found, text) = decoded(&KOI8_R.encode(TEXT).0);
    assert!(found.name().starts_with("KOI8"), "{}", found.name());
    assert_eq!(text, TEXT);
}

#[test]
fn the_delimiter_is_the_one_the_header_has_most_of() {
    for (line, expected) in [
        ("email;name, full;phone", b';'),
        ("email,name", b','),
        ("email\tname", b'\t'),
        ("\"a,b,c\";name", b';'),
        ("email", b','),
    ] {
        assert_eq!(sniff_delimiter(line), expected, "{line}");
    }
}

/// A line with its fields, or with what is wrong about it.
type Told = Result<(u64, Vec<String>), (u64, Breach)>;

fn records(text: &str, delimiter: u8) -> Vec<Told> {
    let mut source = Records::new(BufReader::with_capacity(7, text.as_bytes()), delimiter);
    let mut record = Record::default();
    let mut all = Vec::new();
    while let Some(found) = source.read(&mut record).expect("reads") {
        all.push(match found {
            Ok(()) => Ok((record.line, record.fields().map(str::to_owned).collect())),
            Err(broken) => Err((broken.line, broken.breach)),
        });
    }
    all
}

#[test]
fn a_broken_quote_costs_its_own_line_alone() {
    let text = "a,b\n1,\"open\n2,x\n3,\"two\nlines\"\n";
    let row = |line: u64, fields: &[&str]| {
        Ok((line, fields.iter().map(|field| (*field).to_owned()).collect()))
    };
    // The quote of line 2 is closed by that of line 4, as far as anybody can tell.
    assert_eq!(records(text, b',')[0], row(1, &["a", "b"]));
    let text = "a,b\n1,\"open\n2,x\n\n3,y\n";
    let expected = vec![
        row(1, &["a", "b"]),
        Err((2, Breach::OpenQuote)),
        row(3, &["2", "x"]),
        row(5, &["3", "y"]),
    ];
    assert_eq!(records(text, b','), expected);
    let text = format!("a,b\n1,{}\n2,x", "y".repeat(70_000));
    let expected = vec![row(1, &["a", "b"]), Err((2, Breach::TooLong)), row(3, &["2", "x"])];
    assert_eq!(records(&text, b','), expected);
}

fn mapping(header: &str, told: &[(&str, &str)]) -> Result<Mapping, String> {
    let mut record = Record::default();
    let mut source = Records::new(header.as_bytes(), b';');
    source.read(&mut record).expect("reads").expect("a record").expect("whole");
    let told: Vec<(String, String)> =
        told.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    Mapping::read(&record, &told).map_err(|error| error.to_string())
}

#[test]
fn headers_are_known_in_russian_and_english_and_unknown_ones_are_told() {
    let found = mapping("E-mail;ФИО;Телефон;Дата согласия;IP-адрес;Город", &[]).expect("mapped");
    let names: Vec<_> = found.columns.iter().map(|column| column.map(|c| c.name())).collect();
    let expected = ["email", "name", "phone", "consent_at", "ip"].map(Some);
    assert_eq!(names[..5], expected);
    assert_eq!(found.unknown(), ["Город"]);
    let told = mapping("Куда;Кто", &[("email", "куда"), ("name", "Кто")]).expect("mapped");
    assert_eq!(told.unknown(), Vec::<String>::new());
}

#[test]
fn a_header_that_cannot_be_mapped_says_why_and_repeats_no_data() {
    let twice = mapping("email;E-mail", &[]).expect_err("twice");
    assert!(twice.contains("columns 1 and 2") && twice.contains("--map email="), "{twice}");
    let none = mapping("anna@mail.example;Анна;+79161234567", &[]).expect_err("no header");
    assert!(none.contains("--map email=HEADER"), "{none}");
    assert!(!none.contains("anna") && !none.contains("7916"), "{none}");
    assert!(mapping("email", &[("mail", "email")]).expect_err("no field").contains("`mail`"));
    assert!(mapping("email", &[("name", "Имя")]).expect_err("no header").contains("`name`"));
}

proptest! {
    /// Hostile bytes: the reader ends, never panics, and numbers its lines upwards.
    #[test]
    fn whatever_a_file_holds_it_is_read_to_its_end(bytes in proptest::collection::vec(any::<u8>(), 0..4000)) {
        let (_, text) = decoded(&bytes);
        let mut before = 0;
        for found in records(&text, b';') {
            let line = match found { Ok((line, _)) | Err((line, _)) => line };
            prop_assert!(line > before);
            before = line;
        }
    }

    /// Quotes, delimiters and line ends in every order: as many lines as are told.
    #[test]
    fn no_line_is_told_twice_or_lost(text in "[ab\";,\n\r]{0,300}") {
        let mut before = 0;
        for found in records(&text, b',') {
            let line = match found { Ok((line, _)) | Err((line, _)) => line };
            prop_assert!(line > before && line <= text.split('\n').count() as u64);
            before = line;
        }
    }

    /// What is written by the rules is read back, whatever the fields hold.
    #[test]
    fn quoted_fields_come_back_as_they_were(fields in proptest::collection::vec("[а-яa-z\";, \n]{1,20}", 1..6)) {
        let quoted: Vec<String> =
            fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
        let found = records(&format!("{}\n", quoted.join(",")), b',');
        prop_assert_eq!(found, vec![Ok((1, fields))]);
    }
}
