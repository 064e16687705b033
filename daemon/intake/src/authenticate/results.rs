//! Authentication-Results headers (RFC 8601) of a server that we trust.
//!
//! Called by `authenticate`. A forged header may stand anywhere below our own: only the topmost
//! ones under a trusted name count, and of two results for one method the upper.

use domain::authentication::SenderAuthentication;

use super::is_aligned;

/// One `method=result` with its properties.
#[derive(Debug, PartialEq, Eq)]
pub struct MethodResult {
    method: String,
    result: String,
    /// `ptype.property` and value, lower case.
    properties: Vec<(String, String)>,
}

impl MethodResult {
    fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// The results of the topmost headers under a trusted name, top first.
#[must_use]
pub fn trusted(
    headers: &[(usize, String)],
    trusted: &[String],
    most_received: usize,
) -> Vec<MethodResult> {
    let mut at = None;
    let mut found = Vec::new();
    for (received, value) in headers {
        let (server, results) = parse(value);
        if !trusted.contains(&server) || *received > most_received {
            continue;
        }
        // Several filters of one server write one header each, all between the same Received.
        if *at.get_or_insert(*received) != *received {
            break;
        }
        found.extend(results);
    }
    found
}

/// What trusted results say about the From domain; `None` when they say nothing.
#[must_use]
pub fn verdict(results: &[MethodResult], from: &str) -> Option<SenderAuthentication> {
    let mut of_dmarc = None;
    let mut has_aligned_pass = false;
    for one in results {
        match one.method.as_str() {
            "dmarc"
                if of_dmarc.is_none()
                    && one
                        .property("header.from")
                        .is_none_or(|domain| is_aligned(domain, from)) =>
            {
                of_dmarc = Some(match one.result.as_str() {
                    "pass" => SenderAuthentication::Pass,
                    "fail" => SenderAuthentication::Fail,
                    "none" => SenderAuthentication::None,
                    _ => SenderAuthentication::Unknown,
                });
            }
            "dkim" if one.result == "pass" => {
                let signed = one.property("header.d").or_else(|| one.property("header.i"));
                has_aligned_pass |=
                    signed.is_some_and(|signed| is_aligned(domain_of(signed), from));
            }
            "spf" if one.result == "pass" => {
                let sender = one.property("smtp.mailfrom");
                has_aligned_pass |=
                    sender.is_some_and(|sender| is_aligned(domain_of(sender), from));
            }
            _ => {}
        }
    }
    match of_dmarc {
        Some(SenderAuthentication::Pass | SenderAuthentication::Fail) => of_dmarc,
        // No policy, or no result: an aligned pass is what DMARC would have asked for.
        _ if has_aligned_pass => Some(SenderAuthentication::Pass),
        other => other,
    }
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain)
}

/// Server name (lower case) and results of one header.
fn parse(value: &str) -> (String, Vec<MethodResult>) {
    let value = without_comments(value).to_ascii_lowercase();
    let mut parts = value.split(';');
    let server = parts.next().and_then(|part| part.split_whitespace().next()).unwrap_or("");
    let results = parts.filter_map(method_result).take(50).collect();
    (server.trim_matches('"').to_owned(), results)
}

fn method_result(part: &str) -> Option<MethodResult> {
    let mut words = part.split_whitespace();
    let (method, result) = words.next()?.split_once('=')?;
    let method = method.split('/').next().unwrap_or(method).to_owned();
    let properties = words
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .take(50)
        .collect();
    Some(MethodResult { method, result: result.to_owned(), properties })
}

/// Drops `(comments)`, which nest, and keeps quoted strings from being split; what they hold is
/// only text.
fn without_comments(value: &str) -> String {
    let mut kept = String::with_capacity(value.len());
    let (mut depth, mut is_quoted) = (0u32, false);
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => {
                let escaped = characters.next();
                if depth == 0 {
                    kept.extend(escaped.filter(|c| !matches!(c, ';' | ' ' | '=')));
                }
            }
            '"' if depth == 0 => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted && depth > 0 => depth -= 1,
            // Inside quotes a separator is text.
            ';' | ' ' | '=' if is_quoted => kept.push('_'),
            c if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    // Spaces around "=" are allowed.
    let mut tight = String::with_capacity(kept.len());
    for word in kept.split('=') {
        if !tight.is_empty() {
            tight.push('=');
        }
        tight.push_str(word.trim_matches([' ', '\t']));
    }
    tight
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn results_of_real_servers_are_read() {
        let (server, results) = parse(
            "mx.google.com; dkim=pass header.i=@mail.example header.s=s1 header.b=abc; \
             spf=pass (google.com: domain of a@mail.example; designates) smtp.mailfrom=a@mail.example; \
             dmarc = pass (p=NONE sp=NONE dis=NONE) header.from=mail.example",
        );
        assert_eq!(server, "mx.google.com");
        let methods: Vec<_> =
            results.iter().map(|r| (r.method.as_str(), r.result.as_str())).collect();
        assert_eq!(methods, [("dkim", "pass"), ("spf", "pass"), ("dmarc", "pass")]);
        assert_eq!(results[1].property("smtp.mailfrom"), Some("a@mail.example"));
    }

    #[test]
    fn a_quoted_reason_is_no_result() {
        let (_, results) = parse("mx; dkim=fail reason=\"x; dmarc=pass header.from=a\" header.d=b");
        assert_eq!(results.len(), 1);
    }

    proptest! {
        #[test]
        fn any_header_is_parsed(value in "[a-z;=()\"\\\\ .]{0,80}") {
            let _ = parse(&value);
        }
    }
}
