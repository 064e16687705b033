//! One SMTP reply (RFC 5321 §4.2), single or multi-line.

/// The longest line of a reply that is read; RFC 5321 §4.5.3.1.5 allows 512.
pub(super) const MAX_LINE: usize = 4096;
/// The most characters of a line that are kept; lettre reads lines of up to 1000 bytes.
const MAX_TEXT: usize = 240;
/// The most lines of one reply.
const MAX_LINES: usize = 200;

/// A whole reply: its code and the text of its lines.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) lines: Vec<String>,
}

impl Reply {
    pub(super) fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// All lines as one text; enhanced codes repeated on each line are kept once.
    pub(super) fn text(&self) -> String {
        let mut lines = self.lines.iter();
        let mut text = lines.next().cloned().unwrap_or_default();
        let (first_code, _) = crate::outcome::EnhancedCode::split_from(&text);
        for line in lines {
            let (code, rest) = crate::outcome::EnhancedCode::split_from(line);
            text.push(' ');
            text.push_str(if code == first_code { rest } else { line });
        }
        text
    }
}

/// Gathers the lines of a reply.
#[derive(Default)]
pub(super) struct ReplyReader {
    code: Option<u16>,
    lines: Vec<String>,
}

/// A line that no reply has, or one that changes the code midway.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoReply;

/// A line of a reply.
pub(super) struct Taken {
    /// The line in the strict form: code, one sign, short text in UTF-8, CRLF.
    pub(super) line: String,
    /// The reply, when this was its last line.
    pub(super) whole: Option<Reply>,
}

impl ReplyReader {
    /// Takes one line without its line end.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<Taken, NoReply> {
        let (head, rest) = line.split_at_checked(3).ok_or(NoReply)?;
        let code: u16 = std::str::from_utf8(head)
            .ok()
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .filter(|code| (200..560).contains(code) && code % 100 < 60)
            .ok_or(NoReply)?;
        if self.code.is_some_and(|before| before != code) || self.lines.len() >= MAX_LINES {
            return Err(NoReply);
        }
        let (sign, text) = match rest.split_first() {
            None => (' ', rest),
            Some((b' ', text)) => (' ', text),
            Some((b'-', text)) => ('-', text),
            Some(_) => return Err(NoReply),
        };
        let text: String =
            String::from_utf8_lossy(text).trim_end().chars().take(MAX_TEXT).collect();
        let line = format!("{code}{sign}{text}\r\n");
        self.lines.push(text);
        self.code = Some(code);
        if sign == '-' {
            return Ok(Taken { line, whole: None });
        }
        self.code = None;
        Ok(Taken { line, whole: Some(Reply { code, lines: std::mem::take(&mut self.lines) }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Option<Reply> {
        let mut reader = ReplyReader::default();
        let mut last = None;
        for line in lines {
            last = reader.take(line.as_bytes()).ok()?.whole;
        }
        last
    }

    #[test]
    fn replies_are_read_and_what_is_none_is_refused() {
        for (lines, expected) in [
            (&["250 2.1.0 ok"][..], Some((250, "2.1.0 ok"))),
            (&["250"], Some((250, ""))),
            (
                &["250-mail.example", "250-SIZE 10", "250 HELP"],
                Some((250, "mail.example SIZE 10 HELP")),
            ),
            (&["550-5.1.1 no such", "550 5.1.1 user"], Some((550, "5.1.1 no such user"))),
            (&["HTTP/1.1 400"], None),
            (&["25"], None),
            (&["199 no"], None),
            (&["560 no"], None),
            (&["299 no"], None),
            (&["2500 no"], None),
            (&["250-a", "550 b"], None),
        ] {
            let reply = read(lines).map(|r| (r.code, r.text()));
            let reply = reply.as_ref().map(|(code, text)| (*code, text.as_str()));
            assert_eq!(reply, expected, "{lines:?}");
        }
    }

    #[test]
    fn what_lettre_would_not_read_is_handed_on_in_the_strict_form() {
        let long = [b"250-", &b"x".repeat(3000)[..]].concat();
        for (line, expected) in [
            (&b"250"[..], "250 \r\n".to_owned()),
            (b"550 \xd0\xff", "550 \u{fffd}\u{fffd}\r\n".to_owned()),
            (&long, format!("250-{}\r\n", "x".repeat(240))),
        ] {
            let taken = ReplyReader::default().take(line).ok().map(|taken| taken.line);
            assert_eq!(taken, Some(expected));
        }
    }

    #[test]
    fn a_reply_without_end_is_refused() {
        let mut reader = ReplyReader::default();
        assert!((0..1000).any(|_| reader.take(b"250-more").is_err()));
    }
}
