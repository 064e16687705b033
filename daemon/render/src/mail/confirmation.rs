//! The values of the one mail that asks an address to confirm its subscription.
//!
//! The mail goes to whoever has the address, not to whoever typed it in: it advertises nothing
//! and repeats nothing that was typed in, so nobody can send words of their own with it.

use serde::Serialize;

/// Lists in a context have a limit; what is over it stays in the last paragraph.
const MAX_PARAGRAPHS: usize = 100;

/// The context of [`crate::MailName::Confirmation`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirmation {
    /// When the form was sent, in local time with its zone.
    pub asked_at: String,
    /// What is asked for: one list, one consent each.
    pub wishes: Vec<Wish>,
    /// The link to the page with the button.
    pub confirm_url: String,
    /// Until when the link works, in local time with its zone.
    pub expires_at: String,
    /// The organisation's name.
    pub organisation: String,
    /// The contact of the person responsible, one line.
    pub contact: String,
    /// Where the policy is published.
    pub policy_url: String,
    /// The version of the policy that applied, such as `7` or `2026-09-01`; may be empty.
    pub policy_version: String,
}

/// One list and the consent to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wish {
    /// The list's title.
    pub list_title: String,
    /// The advertiser that the consent names.
    pub advertiser: String,
    /// The exact text of the consent, by paragraphs.
    consent: Vec<String>,
    /// The version of that text.
    pub text_version: i64,
}

impl Wish {
    /// A wish with the text as it was shown.
    #[must_use]
    pub fn new(list_title: &str, advertiser: &str, consent: &str, text_version: i64) -> Self {
        Self {
            list_title: list_title.to_owned(),
            advertiser: advertiser.to_owned(),
            consent: paragraphs(consent),
            text_version,
        }
    }
}

fn paragraphs(text: &str) -> Vec<String> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut paragraphs: Vec<String> =
        lines.by_ref().take(MAX_PARAGRAPHS).map(str::to_owned).collect();
    if let Some(last) = paragraphs.last_mut() {
        lines.for_each(|line| {
            last.push(' ');
            last.push_str(line);
        });
    }
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_a_long_consent_is_lost() {
        let text = (0..250).map(|n| format!("line {n}\r\n\r\n")).collect::<String>();
        let wish = Wish::new("News", "Shop", &text, 1);
        assert_eq!(wish.consent.len(), MAX_PARAGRAPHS);
        let shown = wish.consent.join(" ");
        assert_eq!(shown.split_whitespace().count(), 500);
        assert!(shown.ends_with("line 249"));
    }
}
