//! Text of RTF, as files and as the body in Outlook's wrapping.
//!
//! Called by `document` and `tnef`. One pass with a stack of groups; what is no text (fonts,
//! pictures, the HTML that Outlook keeps inside) is left out, and the bytes of old charsets are
//! decoded by the font in use.

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::cyrillic;

/// Text that is enough, in bytes.
const MAX_TEXT: usize = 256 * 1024;
/// Open groups that are remembered; deeper ones are left out.
const MAX_GROUPS: usize = 500;
/// Fonts that are remembered.
const MAX_FONTS: usize = 500;
/// Groups that hold no text.
const UNSHOWN: [&str; 16] = [
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "header",
    "footer",
    "headerl",
    "headerr",
    "footerl",
    "footerr",
    "fldinst",
    "themedata",
    "listtable",
    "filetbl",
];

/// The text of a file.
#[must_use]
pub(super) fn text(bytes: &[u8]) -> String {
    let mut page = Page::default();
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        if page.text.len() > MAX_TEXT {
            break;
        }
        rest = match first {
            b'{' => {
                page.begin();
                after
            }
            b'}' => {
                page.end();
                after
            }
            b'\\' => page.control(after),
            b'\r' | b'\n' => after,
            byte => {
                page.byte(*byte);
                after
            }
        };
    }
    page.flush();
    page.text.truncate(page.text.trim_end().len());
    page.text
}

/// What a group changes; its end brings back what was before.
#[derive(Clone, Copy)]
struct Group {
    is_hidden: bool,
    /// Bytes that stand after `\u` for readers that know no Unicode.
    stand_in: usize,
    charset: Option<&'static Encoding>,
}

impl Default for Group {
    fn default() -> Self {
        Self { is_hidden: false, stand_in: 1, charset: None }
    }
}

#[derive(Default)]
struct Page {
    text: String,
    bytes: Vec<u8>,
    /// The first half of a character beyond the first plane.
    half: Option<u16>,
    group: Group,
    open: Vec<Group>,
    /// Groups open beyond [`MAX_GROUPS`].
    deeper: usize,
    skip: usize,
    default: Option<&'static Encoding>,
    fonts: HashMap<i32, &'static Encoding>,
    font: i32,
}

impl Page {
    fn begin(&mut self) {
        self.flush();
        if self.open.len() == MAX_GROUPS {
            self.deeper += 1;
        } else {
            self.open.push(self.group);
        }
    }

    fn end(&mut self) {
        self.flush();
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if let Some(group) = self.open.pop() {
            self.group = group;
        }
    }

    fn is_hidden(&self) -> bool {
        self.group.is_hidden || self.deeper > 0
    }

    /// Takes what follows a backslash; returns what follows that.
    fn control<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let Some((first, after)) = rest.split_first() else { return rest };
        match first {
            b'\'' => {
                let hex = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
                match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
                    Some(byte) => {
                        self.byte(byte);
                        &after[2..]
                    }
                    None => after,
                }
            }
            b'*' => {
                self.group.is_hidden = true;
                after
            }
            b'~' => {
                self.byte(b' ');
                after
            }
            b'\\' | b'{' | b'}' => {
                self.byte(*first);
                after
            }
            b'\r' | b'\n' => {
                self.line();
                after
            }
            byte if byte.is_ascii_alphabetic() => self.word(rest),
            _ => after,
        }
    }

    /// Takes a control word with its number.
    fn word<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let length = rest.iter().take(32).take_while(|b| b.is_ascii_alphabetic()).count();
        let (word, mut after) = rest.split_at(length);
        let digits = after.iter().take(11).enumerate();
        let length =
            digits.take_while(|(at, b)| b.is_ascii_digit() || (*at == 0 && **b == b'-')).count();
        let number = std::str::from_utf8(&after[..length]).ok().and_then(|text| text.parse().ok());
        after = &after[length..];
        // One space ends the word and is no text.
        after = after.strip_prefix(b" ").unwrap_or(after);
        self.obey(std::str::from_utf8(word).unwrap_or(""), number);
        after
    }

    fn obey(&mut self, word: &str, number: Option<i32>) {
        match (word, number) {
            ("par" | "line" | "row" | "sect" | "page", _) => self.line(),
            ("tab" | "cell" | "emspace" | "enspace", _) => self.byte(b' '),
            ("u", Some(number)) => self.unicode(number),
            ("uc", Some(number)) => {
                self.group.stand_in = usize::try_from(number).unwrap_or(1).min(8)
            }
            ("ansicpg", Some(number)) => self.default = page_charset(number),
            ("f", Some(number)) => {
                self.flush();
                self.font = number;
                self.group.charset = self.fonts.get(&number).copied();
            }
            ("fcharset", Some(number)) => {
                if let Some(charset) = font_charset(number)
                    && self.fonts.len() < MAX_FONTS
                {
                    self.fonts.insert(self.font, charset);
                }
            }
            ("endash", _) => self.sign('–'),
            ("emdash", _) => self.sign('—'),
            ("bullet", _) => self.sign('•'),
            ("lquote" | "rquote", _) => self.sign('’'),
            ("ldblquote" | "rdblquote", _) => self.sign('"'),
            ("v", number) => self.group.is_hidden |= number != Some(0),
            (word, _) if UNSHOWN.contains(&word) => self.group.is_hidden = true,
            _ => {}
        }
    }

    fn unicode(&mut self, number: i32) {
        self.skip = 0;
        self.flush();
        self.skip = self.group.stand_in;
        // Negative numbers stand for the upper half of 16 bits.
        let unit = u16::try_from(number & 0xffff).unwrap_or(0);
        let units = [self.half.take().unwrap_or(0), unit];
        let from = usize::from(units[0] == 0);
        match char::decode_utf16(units[from..].iter().copied()).next() {
            Some(Ok(c)) if !self.is_hidden() && !c.is_control() => self.text.push(c),
            Some(Err(_)) if from == 1 => self.half = Some(unit),
            _ => {}
        }
    }

    fn byte(&mut self, byte: u8) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if !self.is_hidden() {
            self.bytes.push(byte);
        }
    }

    fn sign(&mut self, sign: char) {
        self.flush();
        if !self.is_hidden() {
            self.text.push(sign);
        }
    }

    fn line(&mut self) {
        self.sign('\n');
    }

    /// Decodes the bytes that have gathered.
    fn flush(&mut self) {
        self.skip = 0;
        if self.bytes.is_empty() {
            return;
        }
        let declared = self.group.charset.or(self.default).unwrap_or(WINDOWS_1252);
        // Programs that knew one charset only wrote Russian as Western.
        let encoding = if declared == WINDOWS_1252 {
            cyrillic::best(&self.bytes, None).unwrap_or(declared)
        } else {
            declared
        };
        let (text, _) = encoding.decode_without_bom_handling(&self.bytes);
        self.text.extend(text.chars().filter(|c| !c.is_control() || *c == '\t'));
        self.bytes.clear();
    }
}

fn page_charset(number: i32) -> Option<&'static Encoding> {
    let label = match number {
        866 => "ibm866".to_owned(),
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10007 => "x-mac-cyrillic".to_owned(),
        20866 => "koi8-r".to_owned(),
        65001 => "utf-8".to_owned(),
        number => format!("windows-{number}"),
    };
    Encoding::for_label(label.as_bytes())
}

fn font_charset(number: i32) -> Option<&'static Encoding> {
    page_charset(match number {
        0 => 1252,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        238 => 1250,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read_and_what_is_around_it_is_not() {
        for (file, seen) in [
            (
                r"{\rtf1\ansi\ansicpg1251{\fonttbl{\f0\fcharset204 Arial;}}\f0 \'cf\'f0\'ee\'f8\'f3\par x}",
                "Прошу\nx",
            ),
            (r"{\rtf1\ansi\deff0 \u1055?\u1088?\u1086?\u1096?\u1091?}", "Прошу"),
            (r"{\rtf1\uc2 \u1055\'cf\'cf x}", "П x"),
            (r"{\rtf1 a{\*\generator Word;}b{\pict 010203}c \{d\}\~e}", "abc {d} e"),
            (r"{\rtf1 \u-10179?\u-8704?}", "😀"),
            (r"{\rtf1{\fonttbl{\f1\fcharset204 A;}{\f2\fcharset0 B;}}\f1\'cf\f2\'e9}", "Пé"),
            (r"{\rtf1\ansi \'cf\'f0\'ee\'f8\'f3 \'f3\'e4\'e0\'eb\'e8\'f2\'fc}", "Прошу удалить"),
            ("no rtf", "no rtf"),
            ("", ""),
        ] {
            assert_eq!(text(file.as_bytes()), seen, "{file}");
        }
    }

    #[test]
    fn deep_groups_end_within_their_limits() {
        let file = format!("{}hidden{}shown", "{".repeat(100_000), "}".repeat(100_000));
        assert_eq!(text(file.as_bytes()), "shown");
    }

    proptest! {
        #[test]
        fn any_file_is_read_without_a_panic(file in "(\\{|\\}|\\\\|'|\\\\u-?[0-9]{1,12}|\\\\uc|f|[a-z0-9я ]){0,60}") {
            let _ = text(file.as_bytes());
        }
    }
}
