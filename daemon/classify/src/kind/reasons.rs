//! Why a mail could not be delivered, in one word, and how hard that failure is.

use domain::classification::BounceClass;

/// Reason words with phrases (lower case) that tell of them; the first that is found holds.
const REASONS: [(&str, &[&str]); 15] = [
    (
        "mailbox_full",
        &[
            "mailbox full",
            "mailbox is full",
            "quota",
            "over the maximum",
            "out of storage",
            "insufficient storage",
            "переполнен",
            "квот",
            "inbox is full",
            "mailbox size",
            "disk full",
            "storage limit",
            "mailfolder is full",
            "exceeded storage",
            "postfach ist voll",
            "is full",
        ],
    ),
    (
        "user_disabled",
        &[
            "disabled",
            "deactivated",
            "suspended",
            "deaktiviert",
            "account is locked",
            "inactive",
            "заблокирован",
            "отключен",
            "blocked account",
            "account that you tried to reach is disabled",
            "terminated",
            "closed account",
            "account closed",
            "on hold",
        ],
    ),
    (
        "user_unknown",
        &[
            "user unknown",
            "unknown user",
            "no such user",
            "does not exist",
            "doesn't exist",
            "no mailbox",
            "mailbox unavailable",
            "mailbox not found",
            "unknown recipient",
            "recipient unknown",
            "not our customer",
            "no such recipient",
            "no such mailbox",
            "invalid recipient",
            "user not found",
            "recipient not found",
            "unknown address",
            "address rejected",
            "not a known user",
            "unrouteable address",
            "не найден",
            "не существует",
            "unknown local",
            "no account",
            "isn't known",
            "not listed in",
            "nicht vorhanden",
            "unbekannt",
            "recipnotfound",
            "address unknown",
            "unknown or illegal",
            "user doesn",
            "not a valid",
            "invalid mailbox",
            "bad address",
            "bad destination",
            "unknown account",
            "no user",
            "no longer",
        ],
    ),
    ("moved", &["has moved", "new address", "changed his address", "address changed"]),
    (
        "host_unknown",
        &[
            "host unknown",
            "host not found",
            "domain not found",
            "no such domain",
            "name or service not known",
            "nxdomain",
            "unknown host",
            "bad destination host",
            "mx record",
            "domain does not",
            "no route to host",
            "unroutable",
            "name service error",
            "dns error",
        ],
    ),
    (
        "expired",
        &[
            "retry timeout",
            "retry time",
            "message expired",
            "delivery time expired",
            "has been in the queue",
            "too long",
            "timed out",
            "giving up",
            "will be retried",
            "expired",
            "not yet been delivered",
            "still being retried",
            "delayed",
        ],
    ),
    (
        "too_big",
        &[
            "message size",
            "too large",
            "too big",
            "size limit",
            "exceeds the maximum",
            "message length",
        ],
    ),
    ("auth_failure", &["dmarc", "spf", "dkim", "unauthenticated"]),
    ("spam", &["spam", "junk", "unsolicited", "content rejected", "message content", "looks like"]),
    (
        "blocked",
        &[
            "blacklist",
            "block list",
            "blocklist",
            "blocked",
            "reputation",
            "listed at",
            "spamhaus",
            "rbl",
            "banned",
            "ip address",
            "ptr",
            "reverse dns",
            "barracuda",
        ],
    ),
    (
        "greylisted",
        &[
            "greylist",
            "graylist",
            "try again later",
            "temporarily deferred",
            "temporarily rejected",
        ],
    ),
    ("rate_limited", &["too many", "rate limit", "throttl", "exceeded the"]),
    ("relay_denied", &["relay", "relaying", "not permitted to relay"]),
    (
        "policy",
        &[
            "policy",
            "prohibited",
            "security",
            "not authorized",
            "not permitted",
            "refused",
            "denied",
            "rejected",
            "virus",
            "not accept",
            "administrative",
        ],
    ),
    (
        "connection",
        &[
            "connection",
            "network",
            "unreachable",
            "could not connect",
            "lost connection",
            "tls",
            "busy",
        ],
    ),
];

/// The reason in one word; by the enhanced code where it says more than the words.
pub(super) fn reason_of(lower: &str, code: Option<&str>) -> &'static str {
    let by_code = code.and_then(reason_of_code);
    if let Some(reason) = by_code {
        return reason;
    }
    REASONS
        .iter()
        .find(|(_, phrases)| phrases.iter().any(|p| lower.contains(p)))
        .map_or("unknown", |(reason, _)| *reason)
}

/// RFC 3463 and its registry, where the code is exact.
fn reason_of_code(code: &str) -> Option<&'static str> {
    let (class, rest) = code.split_once('.')?;
    Some(match rest {
        "1.1" | "1.10" | "1.3" if class == "5" => "user_unknown",
        "1.2" => "host_unknown",
        "1.6" => "moved",
        // The sender's address was refused, not the recipient's.
        "1.7" | "1.8" => "policy",
        "2.1" if class == "5" => "user_disabled",
        "2.2" => "mailbox_full",
        "2.3" | "3.4" => "too_big",
        "4.7" => "expired",
        "7.25" | "7.26" | "7.20" | "7.21" | "7.22" | "7.23" => "auth_failure",
        _ => return None,
    })
}

/// Hard, soft or policy, by reason first, then by the codes (RULES: a 5.7.x pauses, never suppresses).
pub(super) fn class_of(
    reason: &str,
    code: Option<&str>,
    basic: Option<&str>,
    lower: &str,
) -> BounceClass {
    let passing = code.is_some_and(|c| c.starts_with('4'))
        || (code.is_none() && basic.is_some_and(|b| b.starts_with('4')))
        || lower.contains("will be retried")
        || lower.contains("no need to resend")
        || lower.contains("warning message only");
    match reason {
        "mailbox_full" | "greylisted" | "rate_limited" | "expired" | "connection" | "delayed" => {
            BounceClass::Soft
        }
        "spam" | "blocked" | "policy" | "auth_failure" | "relay_denied" | "too_big" => {
            if passing {
                BounceClass::Soft
            } else {
                BounceClass::Policy
            }
        }
        _ if passing => BounceClass::Soft,
        _ if code.is_some_and(|c| c.starts_with("5.7")) => BounceClass::Policy,
        // Nothing says that the address is gone.
        "unknown" if !code.is_some_and(|c| c.starts_with("5.1.")) => BounceClass::Soft,
        _ => BounceClass::Hard,
    }
}
