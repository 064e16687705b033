//! The mailboxes of the scripted IMAP server: folders in memory, and the text of their answers.

use std::collections::BTreeMap;

/// A mail in memory.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its UID.
    pub uid: u32,
    /// System flags and keywords.
    pub flags: Vec<String>,
    /// Such as `02-Nov-2026 09:14:22 +0300`.
    pub internal_date: String,
    /// The bytes.
    pub raw: Vec<u8>,
}

/// A folder in memory.
#[derive(Debug, Clone)]
pub struct Folder {
    /// UIDVALIDITY.
    pub validity: u32,
    /// UIDNEXT.
    pub next_uid: u32,
    /// Mails by UID.
    pub mails: Vec<Stored>,
}

impl Default for Folder {
    fn default() -> Self {
        Self { validity: 1, next_uid: 1, mails: Vec::new() }
    }
}

/// All folders by name; INBOX is always there.
#[derive(Debug, Clone)]
pub struct Folders(pub BTreeMap<String, Folder>);

impl Default for Folders {
    fn default() -> Self {
        Self(BTreeMap::from([("INBOX".to_owned(), Folder::default())]))
    }
}

impl Folder {
    /// Takes a mail and returns its UID.
    pub fn add(&mut self, raw: &[u8], internal_date: &str) -> u32 {
        let uid = self.next_uid;
        self.next_uid += 1;
        self.mails.push(Stored {
            uid,
            flags: Vec::new(),
            internal_date: internal_date.to_owned(),
            raw: raw.to_owned(),
        });
        uid
    }

    /// Positions (from 0) of the mails a UID set names (RFC 3501 `sequence-set`), the odd rule
    /// included that `99:*` past the end means the last mail.
    #[must_use]
    pub fn positions(&self, set: &str) -> Vec<usize> {
        let last = self.mails.last().map_or(0, |mail| mail.uid);
        let number = |text: &str| if text == "*" { last } else { text.parse().unwrap_or(0) };
        let ranges: Vec<(u32, u32)> = set
            .split(',')
            .map(|part| {
                let (a, b) = part.split_once(':').unwrap_or((part, part));
                let (a, b) = (number(a), number(b));
                (a.min(b), a.max(b))
            })
            .collect();
        let named = |uid| ranges.iter().any(|(a, b)| (*a..=*b).contains(&uid));
        (0..self.mails.len()).filter(|at| named(self.mails[*at].uid)).collect()
    }

    /// One FETCH answer for the mail at `position`, literal included.
    #[must_use]
    pub fn fetch_answer(&self, position: usize, items: &str) -> Vec<u8> {
        let mail = &self.mails[position];
        let wants = items.to_ascii_uppercase();
        let mut parts: Vec<Vec<u8>> = vec![format!("UID {}", mail.uid).into_bytes()];
        if wants.contains("FLAGS") {
            parts.push(format!("FLAGS ({})", mail.flags.join(" ")).into_bytes());
        }
        if wants.contains("INTERNALDATE") {
            parts.push(format!("INTERNALDATE \"{}\"", mail.internal_date).into_bytes());
        }
        if wants.contains("RFC822.SIZE") {
            parts.push(format!("RFC822.SIZE {}", mail.raw.len()).into_bytes());
        }
        if let Some((section, at)) = wanted_section(&wants) {
            let whole = if section.starts_with("HEADER") { header(&mail.raw) } else { &mail.raw };
            let (from, name) = at.map_or((0..whole.len(), format!("BODY[{section}]")), |(o, n)| {
                let start = o.min(whole.len());
                (start..(start + n).min(whole.len()), format!("BODY[{section}]<{o}>"))
            });
            let bytes = &whole[from];
            let mut part = format!("{name} {{{}}}\r\n", bytes.len()).into_bytes();
            part.extend_from_slice(bytes);
            parts.push(part);
        }
        let mut answer = format!("* {} FETCH (", position + 1).into_bytes();
        answer.extend(parts.join(&b' '));
        answer.extend_from_slice(b")\r\n");
        answer
    }
}

/// `BODY.PEEK[HEADER]<0.100>` → ("HEADER", Some((0, 100))).
fn wanted_section(items: &str) -> Option<(String, Option<(usize, usize)>)> {
    let rest = items.split_once("BODY.PEEK[").or_else(|| items.split_once("BODY["))?.1;
    let (section, rest) = rest.split_once(']')?;
    let partial = rest.strip_prefix('<').and_then(|rest| {
        let (offset, count) = rest.split_once('>')?.0.split_once('.')?;
        Some((offset.parse().ok()?, count.parse().ok()?))
    });
    Some((section.to_owned(), partial))
}

fn header(raw: &[u8]) -> &[u8] {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n");
    end.map_or(raw, |end| &raw[..end + 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_past_the_end_names_the_last_mail() {
        let mut folder = Folder::default();
        folder.add(b"a", "");
        folder.add(b"b", "");
        assert_eq!(folder.positions("99:*"), [1]);
        assert_eq!(folder.positions("1,2"), [0, 1]);
        assert_eq!(folder.positions("7"), [0; 0]);
    }

    #[test]
    fn a_partial_fetch_gives_the_bytes_asked_for() {
        let mut folder = Folder::default();
        folder.add(b"A: b\r\n\r\nbody", "02-Nov-2026 09:14:22 +0300");
        let answer = folder.fetch_answer(0, "(UID BODY.PEEK[]<2.3>)");
        assert_eq!(answer, b"* 1 FETCH (UID 1 BODY[]<2> {3}\r\n b\r)\r\n");
        let answer = folder.fetch_answer(0, "BODY.PEEK[HEADER]");
        assert_eq!(answer, b"* 1 FETCH (UID 1 BODY[HEADER] {8}\r\nA: b\r\n\r\n)\r\n");
    }
}
