//! The two ways to leave that stand in the header of a mail (RFC 2369, RFC 8058).

use anyhow::{Context as _, Result};

/// What a mail program finds in `List-Unsubscribe`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// The path of the page, to which one click posts.
    pub page: String,
    /// The mailbox to which a mail is enough.
    pub mailbox: String,
}

impl Links {
    /// Reads the header of a mail.
    ///
    /// # Errors
    /// When one of the two is missing, or the mail does not say that one click is enough.
    pub fn of(raw: &[u8]) -> Result<Self> {
        let value = header(raw, "List-Unsubscribe").context("no List-Unsubscribe")?;
        let post = header(raw, "List-Unsubscribe-Post").context("no List-Unsubscribe-Post")?;
        anyhow::ensure!(post == "List-Unsubscribe=One-Click", "List-Unsubscribe-Post is {post}");
        let find = |scheme: &str| {
            value.split(['<', '>']).find(|part| part.starts_with(scheme)).map(str::to_owned)
        };
        let page = find("http").context("no page to leave by")?;
        let at = page.find("/u/").context("the page is no page of ours")?;
        let mailbox = find("mailto:").context("no mailbox to leave by")?;
        Ok(Self {
            page: page[at..].to_owned(),
            mailbox: mailbox.trim_start_matches("mailto:").to_owned(),
        })
    }

    /// The token in both.
    #[must_use]
    pub fn token(&self) -> &str {
        self.page.trim_start_matches("/u/")
    }
}

/// The value of the first header of that name, unfolded; line ends may be CRLF or LF.
pub(super) fn header(raw: &[u8], wanted: &str) -> Option<String> {
    let text = String::from_utf8_lossy(raw).replace("\r\n", "\n");
    let head = text.split("\n\n").next()?.replace("\n ", " ").replace("\n\t", " ");
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_ways_to_leave_are_read_folded_or_not() {
        for fold in ["\r\n ", " ", "\n\t"] {
            let mail = format!(
                "Subject: x\r\nList-Unsubscribe: <https://a.example/u/abc>,{fold}<mailto:unsub+abc@a.example>\r\n\
                 List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nList-Unsubscribe: <x>\r\n"
            );
            let links = Links::of(mail.as_bytes()).expect("both ways");
            assert_eq!((links.page.as_str(), links.token()), ("/u/abc", "abc"));
            assert_eq!(links.mailbox, "unsub+abc@a.example");
        }
        assert!(Links::of(b"Subject: x\r\n\r\n").is_err());
    }
}
