//! `[campaign]`: as whom newsletters go out, where people leave and bounces return, and the rules.
//!
//! Without the section nothing is sent to lists; everything else works.

use std::time::Duration;

use domain::address::EmailAddress;

use super::mail::{MailConfig, domain_name};
use super::organisation::one_line;
use super::section::Section;

/// RFC 5321 §4.5.3.1.1: octets of a local part; a token takes 58 of them with its `+`.
const LONGEST_TOKEN_MAILBOX: usize = 64 - 58;

/// As whom campaigns go out, and their rules.
#[derive(Debug, Clone)]
pub struct CampaignConfig {
    /// The From address.
    pub from: EmailAddress,
    /// The name beside it.
    pub name: String,
    /// Where replies go: an address that is read.
    pub reply_to: EmailAddress,
    /// The domain of List-Id and of the Message-IDs.
    pub list_domain: String,
    /// `unsub@…`: mail to `unsub+TOKEN@…` leaves a list.
    pub unsubscribe_address: EmailAddress,
    /// `bounce@…`: bounces return to `bounce+TOKEN@…`.
    pub bounce_address: EmailAddress,
    /// The last part of Feedback-ID.
    pub sender_id: String,
    /// Whether the relay signs (DKIM) instead of us.
    pub relay_signs: bool,
    /// Whether the author of a campaign may not approve it.
    pub four_eyes: bool,
    /// Whether each mail advertises medical services (38-FZ art. 24 part 7).
    pub medical_advertising: bool,
    /// A campaign that could not start for so long after its time waits for a person.
    pub late_start: Duration,
    /// Per cent of rejected mails over which a campaign is held.
    pub breaker_rejected_percent: u32,
    /// Complaints in a thousand accepted mails over which a campaign is held.
    pub breaker_complaints_per_mille: u32,
}

impl CampaignConfig {
    /// `None` when there is no section, or after a problem was noted.
    pub(super) fn read(section: Option<Section<'_>>, mail: Option<&MailConfig>) -> Option<Self> {
        let mut section = section?;
        let from = section.read("from", "news@news.shop.example", EmailAddress::parse);
        let name = section.optional_read("name", one_line);
        let reply_to = section.optional_read("reply_to", EmailAddress::parse);
        let list_domain = section.optional_read("list_domain", domain_name);
        let unsubscribe = section.optional_read("unsubscribe_address", token_mailbox);
        let bounce = section.optional_read("bounce_address", token_mailbox);
        let sender_id = section.optional_read("sender_id", sender_id);
        let relay_signs = section.flag("relay_signs");
        let four_eyes = section.flag("four_eyes");
        let medical_advertising = section.flag("medical_advertising");
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let late_start = section.duration("late_start", hours(0)..=hours(24 * 7), hours(6));
        let breaker_rejected_percent = section.number("breaker_rejected_percent", 1..=100, 10);
        let breaker_complaints_per_mille =
            section.number("breaker_complaints_per_mille", 1..=1000, 3);
        if let (Some(from), Some(key)) = (&from, mail.and_then(|mail| mail.dkim.first()))
            && !is_below(from.domain(), &key.domain)
        {
            let what = format!("is not of the signing domain `{}` or below it", key.domain);
            section.wrong("from", format!("{what}: no signature would be aligned; change one"));
        }
        section.finish();
        let (from, mail) = (from?, mail?);
        let at_domain = |local: &str| EmailAddress::parse(&format!("{local}@{}", from.domain()));
        Some(Self {
            name: name.unwrap_or_else(|| mail.name.clone()),
            reply_to: reply_to.unwrap_or_else(|| mail.from.clone()),
            list_domain: list_domain.unwrap_or_else(|| from.domain().to_owned()),
            unsubscribe_address: unsubscribe.or_else(|| at_domain("unsub").ok())?,
            bounce_address: bounce.or_else(|| at_domain("bounce").ok())?,
            sender_id: sender_id.unwrap_or_else(|| sender_id_of(from.domain())),
            relay_signs,
            four_eyes,
            medical_advertising,
            late_start,
            breaker_rejected_percent,
            breaker_complaints_per_mille,
            from,
        })
    }
}

fn is_below(domain: &str, parent: &str) -> bool {
    domain == parent || domain.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

fn token_mailbox(text: &str) -> Result<EmailAddress, String> {
    let address = EmailAddress::parse(text).map_err(|error| error.to_string())?;
    let local = text.rsplit_once('@').map_or("", |(local, _)| local);
    if local.len() > LONGEST_TOKEN_MAILBOX || local.contains('+') || !local.is_ascii() {
        return Err(format!(
            "a token is added behind the part before the @: write at most {LONGEST_TOKEN_MAILBOX} ASCII characters without `+` there"
        ));
    }
    Ok(address)
}

fn sender_id(text: &str) -> Result<String, &'static str> {
    let fits = (5..=15).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits {
        Ok(text.to_owned())
    } else {
        Err("it must be 5 to 15 characters of a-z, 0-9 and `-`")
    }
}

/// 5 to 15 characters that stay the same as long as the domain does.
fn sender_id_of(domain: &str) -> String {
    let letters = domain.bytes().filter(u8::is_ascii_alphanumeric).take(15).map(char::from);
    let mut id: String = letters.collect();
    while id.len() < 5 {
        id.push('0');
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_behind_the_mailbox() {
        assert!(token_mailbox("unsub@shop.example").is_ok());
        assert!(token_mailbox("bounce@shop.example").is_ok());
        assert!(token_mailbox("returns@shop.example").is_err());
        assert!(token_mailbox("a+b@shop.example").is_err());
    }

    #[test]
    fn a_sender_id_has_five_to_fifteen_characters() {
        assert_eq!(sender_id_of("a.io"), "aio00");
        assert_eq!(sender_id_of("news.estetimed.example"), "newsestetimedex");
        assert!(sender_id("shop").is_err() && sender_id("shop-1").is_ok());
    }
}
