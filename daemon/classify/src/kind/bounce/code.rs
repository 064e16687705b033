//! Status codes in the words of mail servers: enhanced ones (RFC 3463) and those of SMTP replies.
//!
//! Used by the readers of delivery reports. Digits alone prove nothing: version numbers, network
//! addresses and queue ids look alike, so a code must stand free, within the registered ranges.

use domain::classification::BounceClass;

/// The codes of one text, in order, the first of each sort.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Codes {
    /// The first enhanced code that says more than its class, else the first.
    pub enhanced: Option<String>,
    /// The first SMTP reply code of a failure (4yz or 5yz).
    pub reply: Option<String>,
}

/// Finds the codes of a text in one pass.
pub(super) fn codes(text: &str) -> Codes {
    let mut found = Codes::default();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && (bytes[at].is_ascii_digit() || bytes[at] == b'.') {
            at += 1;
        }
        // A word such as `V5.5.2` or `10-5.1.1x` is no code.
        let is_free = start == 0 || is_before(bytes[start - 1]);
        if !is_free || bytes.get(at).is_some_and(|b| !is_behind(*b)) {
            continue;
        }
        let Some(run) = text.get(start..at) else { continue };
        let run = run.trim_end_matches('.');
        if is_enhanced_failure(run) {
            let says_more = !is_generic(run);
            let known = found.enhanced.as_deref();
            if known.is_none() || (says_more && known.is_some_and(is_generic)) {
                found.enhanced = Some(run.to_owned());
            }
        } else if found.reply.is_none() && is_reply(run) && speaks(bytes.get(at..)) {
            found.reply = Some(run.to_owned());
        }
    }
    found
}

fn is_before(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"#(-[:=;,\"'>/|".contains(&byte)
}

fn is_behind(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b")-]:;,\"'<>/|(".contains(&byte)
}

/// Behind a reply code stand words, or an enhanced code; numbers of telephones go on with digits.
fn speaks(behind: Option<&[u8]>) -> bool {
    let behind = behind.unwrap_or_default();
    let behind = behind.trim_ascii_start();
    match behind {
        [digit, rest @ ..] if digit.is_ascii_digit() => rest.first() == Some(&b'.'),
        _ => true,
    }
}

/// The enhanced code at the start of a field's value, of any class (RFC 3464 §2.3.4).
pub(super) fn stated(value: &str) -> Option<String> {
    let value = value.trim();
    let end = value.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(value.len());
    let code = value.get(..end)?.trim_end_matches('.');
    (parts(code).is_some_and(|(class, ..)| matches!(class, 2 | 4 | 5))).then(|| code.to_owned())
}

fn parts(code: &str) -> Option<(u32, u32, u32)> {
    let mut parts = code.split('.').map(|part| {
        let is_number = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| part.parse::<u32>().ok()).flatten()
    });
    let found = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(found)
}

/// In free text: of class 4 or 5, with a subject that is registered (RFC 3463 §3).
fn is_enhanced_failure(code: &str) -> bool {
    parts(code).is_some_and(|(class, subject, _)| matches!(class, 4 | 5) && subject <= 7)
}

fn is_reply(code: &str) -> bool {
    matches!(code.as_bytes(), [b'4' | b'5', b'0'..=b'7', b'0'..=b'9'])
}

/// Whether the code says no more than its class.
pub(super) fn is_generic(code: &str) -> bool {
    code.ends_with(".0.0")
}

/// The enhanced code that an SMTP reply without one means, by what its words say (RFC 3463 §3).
/// Nothing is made up of words alone.
pub(super) fn derived(reply: Option<&str>, reason: &str, class: BounceClass) -> Option<String> {
    let reply = reply?;
    let passing = reply.starts_with('4');
    let detail = match reason {
        "user_unknown" if !passing && class == BounceClass::Hard => "1.1",
        "host_unknown" if !passing => "1.2",
        "user_disabled" => "2.1",
        "mailbox_full" => "2.2",
        "too_big" => "3.4",
        "connection" => "4.1",
        "expired" => "4.7",
        "loop" => "4.6",
        "auth_failure" => "7.26",
        "spam" | "blocked" | "policy" | "relay_denied" => "7.1",
        _ => "0.0",
    };
    Some(format!("{}.{detail}", if passing { 4 } else { 5 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_free_and_within_what_is_registered() {
        for (text, enhanced, reply) in [
            ("550 5.1.1 User unknown", Some("5.1.1"), Some("550")),
            ("sorry (#5.7.1)", Some("5.7.1"), None),
            ("550-5.2.1 disabled", Some("5.2.1"), Some("550")),
            ("5.0.0 (permanent) 550 5.7.26 unauthenticated", Some("5.7.26"), Some("550")),
            ("Internet Mail Service (5.5.2657.72)", None, None),
            ("8.13.1/8.13.1", None, None),
            ("host 192.0.2.55 said nothing at 15:55:01", None, None),
            ("Exim 4.94.2", None, None),
            ("kernel v5.1.1-amd64", None, None),
            ("error 5500 or 55", None, None),
            ("+7 900 550 00 00", None, None),
            ("smtp;452", None, Some("452")),
            ("5.9.9 is not registered", None, None),
        ] {
            let found = codes(text);
            assert_eq!(
                (found.enhanced.as_deref(), found.reply.as_deref()),
                (enhanced, reply),
                "{text}"
            );
        }
        assert_eq!(stated("2.0.0 (delivered)").as_deref(), Some("2.0.0"));
        assert_eq!(stated(" 5.1.1 ").as_deref(), Some("5.1.1"));
        for value in ["", "failed", "5.1", "3.1.1", "5.1.1.1", "5.1234.1"] {
            assert_eq!(stated(value), None, "{value}");
        }
    }

    #[test]
    fn a_reply_gives_a_code_and_words_alone_do_not() {
        let of = |reply, reason| derived(reply, reason, BounceClass::Hard);
        assert_eq!(of(Some("550"), "user_unknown").as_deref(), Some("5.1.1"));
        assert_eq!(of(Some("452"), "mailbox_full").as_deref(), Some("4.2.2"));
        assert_eq!(of(Some("554"), "unknown").as_deref(), Some("5.0.0"));
        assert_eq!(of(Some("450"), "user_unknown").as_deref(), Some("4.0.0"));
        assert_eq!(of(None, "user_unknown"), None);
        let soft = derived(Some("550"), "user_unknown", BounceClass::Soft);
        assert_eq!(soft.as_deref(), Some("5.0.0"), "only a hard failure is said of the address");
    }
}
