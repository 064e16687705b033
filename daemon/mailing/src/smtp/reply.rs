//! One SMTP reply (RFC 5321 §4.2), single or multi-line.

/// The longest line of a reply that is read; RFC 5321 §4.5.3.1.5 allows 512.
pub(super) const MAX_LINE: usize = 4096;
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

impl ReplyReader {
    /// Takes one line without its line end; gives the reply when this was its last line.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<Option<Reply>, NoReply> {
        let (head, rest) = line.split_at_checked(3).ok_or(NoReply)?;
        let code: u16 = std::str::from_utf8(head)
            .ok()
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .filter(|code| (200..600).contains(code))
            .ok_or(NoReply)?;
        if self.code.is_some_and(|before| before != code) || self.lines.len() >= MAX_LINES {
            return Err(NoReply);
        }
        self.code = Some(code);
        let (more, text) = match rest.split_first() {
            None => (false, rest),
            Some((b' ', text)) => (false, text),
            Some((b'-', text)) => (true, text),
            Some(_) => return Err(NoReply),
        };
        self.lines.push(String::from_utf8_lossy(text).trim_end().to_owned());
        if more {
            return Ok(None);
        }
        Ok(Some(Reply { code, lines: std::mem::take(&mut self.lines) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Option<Reply>, NoReply> {
        let mut reader = ReplyReader::default();
        let mut last = Ok(None);
        for line in lines {
            last = reader.take(line.as_bytes());
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
            (&["2500 no"], None),
            (&["250-a", "550 b"], None),
        ] {
            let reply = read(lines).ok().flatten().map(|r| (r.code, r.text()));
            let reply = reply.as_ref().map(|(code, text)| (*code, text.as_str()));
            assert_eq!(reply, expected, "{lines:?}");
        }
    }

    #[test]
    fn a_reply_without_end_is_refused() {
        let mut reader = ReplyReader::default();
        assert!((0..1000).any(|_| reader.take(b"250-more").is_err()));
    }
}
