//! Why a mail could not be delivered, in one word, and how hard that failure is.
//!
//! Asked with what a server says of one recipient, in lower case, and with the enhanced code. Words
//! come before codes: many servers send one code for everything. What speaks of us (our address,
//! our reputation) is asked before what speaks of the recipient.

use std::sync::LazyLock;

use domain::classification::BounceClass;

use super::phrases::Phrases;

/// Reason words with phrases that tell of them, between bars; the first that is found holds.
const REASONS: [(&str, &str); 22] = [
    // Whole sentences that hold words of other reasons come first.
    (
        "user_unknown",
        "address rejected: access denied|disabled or discontinued\
         |account or domain may not exist",
    ),
    ("host_unknown", "find a mail exchanger|find any mail exchanger|host or domain name not found"),
    ("system", "text was generated during the delivery attempt|mailer error|local error"),
    ("greylisted", "greylist|graylist|grey-list|gray-list|grey list"),
    (
        "mailbox_full",
        "mailbox full|mailbox is full|mailbox is currently full|mailbox was full\
         |mailbox has exceeded|quota|overquota|over the maximum|out of storage\
         |insufficient storage|insufficient system storage|insufficient disk|inbox is full\
         |inbox is out|mailbox size|disk full|disk space|storage limit|storage space\
         |storage allocation|mailfolder is full|mail box space not enough|not enough space\
         |not enough storage|exceeded storage|exceeds mailbox|too much mail data\
         |account is full|maildir is full|box is full|user is over|user has too many messages\
         |has exceeded the max|переполнен|квот|недостаточно места|postfach ist voll\
         |postfach voll|boîte pleine|boîte de réception est pleine|buzón lleno|casella piena\
         |skrzynka jest pełna|скринька переповнена|容量オーバー",
    ),
    (
        "user_disabled",
        "disabled|deactivated|suspended|deaktiviert|gesperrt|account is locked|inactive\
         |заблокирован|отключен|деактивирован|blocked account|terminated|account closed\
         |account expired|account is temporarily|mailbox temporarily|has not paid\
         |user is on vacation|mailbox is frozen|invalid/inactive|désactivé|désactivée",
    ),
    (
        "auth_failure",
        "dmarc|spf |spf)|spf:|spf check|spf fail|dkim|unauthenticated|authentication checks\
         |sender policy framework|not authorized to send on behalf|sender id",
    ),
    (
        "blocked",
        "blacklist|black list|blocklist|block list|blocked using|has been blocked|is blocked\
         |was blocked|temporarily blocked|reputation|listed at|is listed|was listed\
         |currently listed|listed by|listed on|spamhaus|spamcop| rbl|rbl |dnsbl|banned\
         |reverse dns|reverse hostname|reverse lookup|rdns|ptr record|ptr entry| ptr\
         |client host rejected|helo command rejected|cannot find your hostname|resolve your\
         |dynamic ip|my name was rejected|barracuda|your ip|your server|your network|the ip \
         |ip address|access denied|bad sending ip|not accepting connections\
         |refused to talk to me|block-list",
    ),
    (
        "spam",
        "spam|junk|unsolicited|content rejected|content reject|message content|looks like\
         |bulk mail|phish|blacklisted url|spamassassin",
    ),
    ("virus", "virus|malware|infected|executable|attachment type|attachment is|file extension"),
    (
        "sender_rejected",
        "sender address rejected|sender rejected|sender verif|sender denied|sender domain\
         |invalid sender|domain of sender|sender's|not accepting mail from|from address\
         |mail from:|your address|not allowed to send|permission to send|permission to post\
         |necessary permission|berechtigungen|restricted|only accept messages from\
         |not a member|unable to post|authorized sender|allowed to post|groups.google.com",
    ),
    (
        "rate_limited",
        "too many|rate limit|throttl|exceeded the rate|limit exceeded|sending limit\
         |exceeded the allowable|too fast|frequency",
    ),
    (
        "too_big",
        "message size|too large|too big|size limit|exceeds the maximum|exceeds maximum\
         |message length|exceeds size|max message size|слишком большой|zu groß",
    ),
    (
        "relay_denied",
        "relay|rcpthosts|allowed to route|authentication required|must authenticate\
         |not local host",
    ),
    ("moved", "has moved|new address|changed his address|address changed|user has moved"),
    (
        "not_accepted",
        "does not accept mail|doesn't accept mail|not accept any mail|null mx|nullmx\
         |no mail accepted|smtp disabled|recipient domain does not accept\
         |no longer accepts mail",
    ),
    (
        "host_unknown",
        "host unknown|host not found|domain not found|no such domain|name or service not known\
         |nxdomain|unknown host|unknown domain|bad destination host\
         |bad destination mailbox address|bad destination system|domain does not\
         |domain doesn't|domain isn't|domain is not reachable|invalid domain\
         |unrouteable mail domain|unroutable mail domain|unable to route|no mx|no mail servers\
         |no relevant answers|dns type|name service error|dns error|domain name not found\
         |couldn't find any host|could not find a gateway|no gateway\
         |host or domain name not found|illegal host|domain could not be found\
         |all relevant mx records point to|misconfigured mx|mail exchangers could not be found\
         |домен не найден|не удалось найти домен|domain unbekannt",
    ),
    (
        "user_unknown",
        "user unknown|unknown user|no such user|no such local|does not exist|doesn't exist\
         |not exist|n't have a|have an account|no mailbox|mailbox unavailable\
         |mailbox not found|mailbox not available|mailbox unknown|unknown mailbox\
         |mailbox invalid|unknown recipient|recipient unknown|recipient name is not recognized\
         |not our customer|no such recipient|no such mailbox|no such address|no such person\
         |no such account|no valid recipient|no user |no local user|invalid recipient\
         |recipient is invalid|recipient invalid|invalid user|invalid address\
         |invalid final delivery|user not found|user not known|user is unknown|user invalid\
         |user does not|user doesn|users are unknown|recipient not found|recipient not known\
         |recipient not recognized|unknown address|address unknown|not a known user|not known\
         |not found|unrouteable address|unroutable address|unknown local|unknown or illegal\
         |unknown account|account unknown|account not|no account\
         |account that you tried to reach|isn't known|not listed in|not in directory\
         |not recognized|invalid mailbox|bad address|bad destination|not a valid\
         |no longer valid|no longer available|no longer in use|no longer active\
         |no longer exist|no longer work|address is wrong|wrong address|check if address\
         |check the recipient|address couldn't be found|wasn't found at|couldn't be found\
         |could not be found|recipnotfound|nosuchuser|badrecipient|addressee unknown\
         |unable to deliver to|undeliverable address|must match the recipient|not a mailbox\
         |not have an account|not have a|is not a|не найден|не существует|нет такого\
         |неизвестный|неизвестен|не зарегистрирован|nicht vorhanden|unbekannt|existiert nicht\
         |existe pas|no existe|non esiste|inconnu|desconocido|sconosciuto|não existe\
         |nie istnieje|не існує|bestaat niet|見つかりません|存在しません|不存在",
    ),
    ("loop", "hop count|too many hops|mail loop|loops back|mail forwarding loop|looping"),
    (
        "expired",
        "retry timeout|retry time|message expired|delivery time expired|has been in the queue\
         |in the queue too long|queue too long|queue period|timed out|timeout|giving up\
         |will be retried|expired|not yet been delivered|still being retried|delayed\
         |retry limit|try again later|for too long|истекло время|время ожидания",
    ),
    (
        "connection",
        "connection|connect to|network|unreachable|not reachable|no route to host\
         |could not connect|couldn't connect|not responding|did not respond|not respond\
         |unable to connect|tls|busy|lookup",
    ),
    (
        "policy",
        "policy|prohibited|security|not authorized|not permitted|not allowed|refused|denied\
         |rejected|rejecting|not accept|administrative|filter|blocked|violation|отклонен\
         |отвергнут|abgelehnt",
    ),
];

/// The phrases of all reasons, each with the place of its reason.
static KNOWN: LazyLock<Phrases> = LazyLock::new(|| {
    let places = REASONS.iter().enumerate();
    Phrases::ranked(places.flat_map(|(at, (_, phrases))| phrases.split('|').map(move |p| (p, at))))
});

/// The reason in one word, by the words, else by the code.
pub(super) fn reason_of(lower: &str, code: Option<&str>) -> &'static str {
    let after_data = is_after_data(lower, code);
    let by_code = code.and_then(reason_of_code);
    // A code that says who is meant is plainer than words for refusals of all sorts.
    let found = KNOWN.least_in(lower).and_then(|rank| REASONS.get(rank)).map(|(reason, _)| *reason);
    match (found, by_code) {
        (Some("policy" | "connection" | "expired" | "relay_denied"), Some(reason)) => reason,
        (Some("user_disabled"), Some("user_unknown")) => "user_unknown",
        (Some("user_unknown"), Some(reason @ ("mailbox_full" | "too_big" | "auth_failure"))) => {
            reason
        }
        (Some("user_unknown"), _) if after_data => "filtered",
        (Some(reason), _) | (None, Some(reason)) => reason,
        (None, None) => "unknown",
    }
}

/// A server that took the recipient and calls it unknown when it has seen the mail has refused the
/// mail: the address may well exist.
pub(super) fn is_after_data(lower: &str, code: Option<&str>) -> bool {
    // Sent in one go, the reply to RCPT stands behind DATA; then there is no recipient left.
    let is_of_recipient =
        ["no valid recipients", "need rcpt", "5.1.1"].iter().any(|words| lower.contains(words));
    !is_of_recipient
        && !code.is_some_and(says_address)
        && [
            "end of data",
            ">>> data",
            "after data",
            "smtp command data",
            "to data command",
            "to the data command",
        ]
        .iter()
        .any(|words| lower.contains(words))
}

/// Whether the code speaks of the recipient's address (RFC 3463 §3.2).
fn says_address(code: &str) -> bool {
    code.starts_with("5.1.") && !matches!(code, "5.1.7" | "5.1.8")
}

/// RFC 3463 and its registry, where the code is exact.
fn reason_of_code(code: &str) -> Option<&'static str> {
    let (class, rest) = code.split_once('.')?;
    Some(match rest {
        "1.1" | "1.3" if class == "5" => "user_unknown",
        "1.2" if class == "5" => "host_unknown",
        "1.6" => "moved",
        "1.10" | "7.27" => "not_accepted",
        "3.2" if class == "5" => "not_accepted",
        // The sender's address was refused, not the recipient's.
        "1.7" | "1.8" => "sender_rejected",
        "2.1" => "user_disabled",
        "2.2" => "mailbox_full",
        "2.3" | "3.4" => "too_big",
        "4.1" | "4.2" | "4.5" => "connection",
        "4.4" if class == "5" => "host_unknown",
        "4.6" => "loop",
        "4.7" => "expired",
        "7.25" | "7.26" | "7.20" | "7.21" | "7.22" | "7.23" => "auth_failure",
        _ => return None,
    })
}

/// Hard, soft or policy, by reason first, then by the codes (RULES: a 5.7.x pauses, never suppresses).
pub(super) fn class_of(
    reason: &str,
    code: Option<&str>,
    reply: Option<&str>,
    lower: &str,
) -> BounceClass {
    let passing = match (code, reply) {
        (Some(code), _) => code.starts_with('4'),
        (None, Some(reply)) => reply.starts_with('4'),
        (None, None) => false,
    } || says_passing(lower);
    match reason {
        "mailbox_full" | "greylisted" | "rate_limited" | "expired" | "connection" | "delayed"
        | "user_disabled" | "filtered" | "loop" | "system" => BounceClass::Soft,
        _ if passing => BounceClass::Soft,
        "policy" if code.is_some_and(says_address) => BounceClass::Hard,
        "spam" | "blocked" | "policy" | "auth_failure" | "relay_denied" | "too_big" | "virus"
        | "sender_rejected" => BounceClass::Policy,
        // A server refused and did not say that it was for the address.
        "unknown" if code.is_some_and(|code| !code.starts_with("5.1")) => BounceClass::Policy,
        "unknown" if code.is_none() && reply.is_some() => BounceClass::Policy,
        _ => BounceClass::Hard,
    }
}

/// Whether the words say that delivery is still tried.
fn says_passing(lower: &str) -> bool {
    [
        "will be retried",
        "no need to resend",
        "not need to resend",
        "warning message only",
        "will continue to",
        "will keep trying",
        "not yet been delivered",
        "just a warning",
        "no action is required on your part",
        "still being retried",
        "been delayed",
        "not found, try again",
        "будут продолжены",
        "будет предпринята",
    ]
    .iter()
    .any(|words| lower.contains(words))
}
