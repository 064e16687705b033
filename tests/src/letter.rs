//! Letters as mail programs write them: charsets, transfer encodings, raw headers, HTML beside text.
//!
//! A letter is exact to the byte and the same in every run; line ends are CRLF.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use encoding_rs::Encoding;

/// How the body travels (RFC 2045 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// The bytes of the charset as they are.
    EightBit,
    /// `=D0=9F`.
    QuotedPrintable,
    /// Base64 in lines of 76.
    Base64,
}

/// How words outside ASCII stand in headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderWords {
    /// Encoded words (RFC 2047).
    Encoded,
    /// The bytes of the charset as they are, as old programs and scripts send them.
    Raw,
}

/// A letter to be written down.
#[derive(Debug, Clone)]
pub struct Letter {
    from_name: String,
    from: String,
    to: String,
    subject: String,
    date: String,
    message_id: Option<String>,
    text: Option<String>,
    html: Option<String>,
    charset: &'static str,
    transfer: Transfer,
    words: HeaderWords,
    further: Vec<(String, String)>,
}

impl Letter {
    /// A letter in UTF-8 without subject and text.
    #[must_use]
    pub fn new(from_name: &str, from: &str, to: &str) -> Self {
        Self {
            from_name: from_name.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            subject: String::new(),
            date: "Mon, 02 Nov 2026 09:14:22 +0300".to_owned(),
            message_id: None,
            text: None,
            html: None,
            charset: "utf-8",
            transfer: Transfer::EightBit,
            words: HeaderWords::Encoded,
            further: Vec::new(),
        }
    }

    /// Sets the subject.
    #[must_use]
    pub fn subject(mut self, subject: &str) -> Self {
        subject.clone_into(&mut self.subject);
        self
    }

    /// Sets the plain text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.text = Some(text.to_owned());
        self
    }

    /// Sets the HTML.
    #[must_use]
    pub fn html(mut self, html: &str) -> Self {
        self.html = Some(html.to_owned());
        self
    }

    /// Sets charset and transfer encoding of text and headers; the charset is a label such as
    /// `koi8-r`. What it cannot hold becomes a numeric reference, as browsers do.
    #[must_use]
    pub fn encoded(mut self, charset: &'static str, transfer: Transfer) -> Self {
        self.charset = charset;
        self.transfer = transfer;
        self
    }

    /// Writes headers unencoded.
    #[must_use]
    pub fn raw_headers(mut self) -> Self {
        self.words = HeaderWords::Raw;
        self
    }

    /// Sets the Message-ID, without angle brackets. A letter has none by itself.
    #[must_use]
    pub fn message_id(mut self, id: &str) -> Self {
        self.message_id = Some(id.to_owned());
        self
    }

    /// Sets the Date header as it will stand.
    #[must_use]
    pub fn date(mut self, date: &str) -> Self {
        date.clone_into(&mut self.date);
        self
    }

    /// Adds a header as it will stand (ASCII).
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.further.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes the letter down.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(b"From: ");
        if self.from_name.is_empty() {
            out.extend_from_slice(self.from.as_bytes());
        } else {
            out.extend(self.words(&self.from_name, 6));
            out.extend_from_slice(format!(" <{}>", self.from).as_bytes());
        }
        out.extend_from_slice(format!("\r\nTo: {}\r\nSubject: ", self.to).as_bytes());
        out.extend(self.words(&self.subject, 9));
        out.extend_from_slice(format!("\r\nDate: {}\r\n", self.date).as_bytes());
        if let Some(id) = &self.message_id {
            out.extend_from_slice(format!("Message-ID: <{id}>\r\n").as_bytes());
        }
        for (name, value) in &self.further {
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        match (&self.text, &self.html) {
            (Some(text), Some(html)) => {
                out.extend_from_slice(
                    b"Content-Type: multipart/alternative; boundary=\"=_letter\"\r\n\r\n",
                );
                for (kind, body) in [("plain", text), ("html", html)] {
                    out.extend_from_slice(b"--=_letter\r\n");
                    self.leaf(kind, body, &mut out);
                }
                out.extend_from_slice(b"--=_letter--\r\n");
            }
            (None, Some(html)) => self.leaf("html", html, &mut out),
            (text, None) => self.leaf("plain", text.as_deref().unwrap_or(""), &mut out),
        }
        out
    }

    fn leaf(&self, kind: &str, body: &str, out: &mut Vec<u8>) {
        let transfer = match self.transfer {
            Transfer::EightBit => "8bit",
            Transfer::QuotedPrintable => "quoted-printable",
            Transfer::Base64 => "base64",
        };
        out.extend_from_slice(
            format!(
                "Content-Type: text/{kind}; charset={}\r\nContent-Transfer-Encoding: {transfer}\r\n\r\n",
                self.charset
            )
            .as_bytes(),
        );
        let lines = body.replace("\r\n", "\n").replace('\n', "\r\n");
        let bytes = encode(self.charset, &lines);
        match self.transfer {
            Transfer::EightBit => out.extend(bytes),
            Transfer::QuotedPrintable => out.extend_from_slice(quoted_printable(&bytes).as_bytes()),
            Transfer::Base64 => {
                for line in BASE64.encode(bytes).as_bytes().chunks(76) {
                    out.extend_from_slice(line);
                    out.extend_from_slice(b"\r\n");
                }
            }
        }
        if !out.ends_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// A header's words; `used` is how many columns of the line stand before them.
    fn words(&self, text: &str, used: usize) -> Vec<u8> {
        if text.is_ascii() {
            return text.as_bytes().to_vec();
        }
        if self.words == HeaderWords::Raw {
            return encode(self.charset, text);
        }
        let mut out = String::new();
        let mut word = String::new();
        let mut room = 75usize.saturating_sub(used);
        let width =
            |word: &str| encode(self.charset, word).len().div_ceil(3) * 4 + self.charset.len() + 7;
        for c in text.chars() {
            word.push(c);
            if width(&word) > room {
                word.pop();
                out.push_str(&self.encoded_word(&word));
                out.push_str("\r\n ");
                word = c.to_string();
                room = 74;
            }
        }
        out.push_str(&self.encoded_word(&word));
        out.into_bytes()
    }

    fn encoded_word(&self, word: &str) -> String {
        format!("=?{}?B?{}?=", self.charset, BASE64.encode(encode(self.charset, word)))
    }
}

fn encode(charset: &str, text: &str) -> Vec<u8> {
    match Encoding::for_label(charset.as_bytes()) {
        Some(encoding) => encoding.encode(text).0.into_owned(),
        None => text.as_bytes().to_vec(),
    }
}

/// RFC 2045 §6.7, for text whose line ends are CRLF.
fn quoted_printable(bytes: &[u8]) -> String {
    let mut out = String::new();
    let text_lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
    for (number, line) in text_lines.iter().enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut column = 0;
        for (place, byte) in line.iter().enumerate() {
            let last = place + 1 == line.len();
            let plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~')
                || (matches!(byte, b' ' | b'\t') && !last);
            let piece = if plain { char::from(*byte).to_string() } else { format!("={byte:02X}") };
            if column + piece.len() > 75 {
                out.push_str("=\r\n");
                column = 0;
            }
            column += piece.len();
            out.push_str(&piece);
        }
        if number + 1 < text_lines.len() {
            out.push_str("\r\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_koi8_letter_holds_the_bytes_of_its_charset() {
        let letter = Letter::new("Анна", "anna@post.example", "hello@clinic.example")
            .subject("Удалите")
            .text("Удалите мои данные.\n")
            .encoded("koi8-r", Transfer::EightBit)
            .bytes();
        let (text, ..) = encoding_rs::KOI8_R.decode(&letter);
        assert!(text.contains("\r\n\r\nУдалите мои данные.\r\n"), "{text}");
        assert!(text.contains("From: =?koi8-r?B?4c7OwQ==?= <anna@post.example>"), "{text}");
    }

    #[test]
    fn no_line_of_an_encoded_letter_is_over_76_columns() {
        let long = "Прошу удалить все мои персональные данные, имя и телефон ".repeat(6);
        for transfer in [Transfer::QuotedPrintable, Transfer::Base64] {
            let letter = Letter::new(&long, "a@b.example", "c@d.example")
                .subject(&long)
                .text(&long)
                .encoded("utf-8", transfer)
                .bytes();
            let text = String::from_utf8_lossy(&letter);
            for line in text.split("\r\n").filter(|line| !line.contains("<a@b.example>")) {
                assert!(line.len() <= 76, "{} columns: {line}", line.len());
            }
        }
    }

    #[test]
    fn quoted_printable_keeps_a_space_at_the_end_of_a_line() {
        assert_eq!(quoted_printable(b"a \r\nb=c"), "a=20\r\nb=3Dc");
    }
}
