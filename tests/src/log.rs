//! What a log may hold: no address of a person, and no warning that the test did not expect.

/// Address-shaped words of a log, other than masked ones (`a***@***.example`).
///
/// Invariant 12: an address never reaches a log, so a test wants this empty.
#[must_use]
pub fn addresses(log: &str) -> Vec<String> {
    let inside = |c: char| c.is_alphanumeric() || "._+-@*".contains(c);
    log.split(|c: char| !inside(c))
        .filter(|word| {
            word.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && !local.ends_with('*')
                    && domain.contains('.')
                    && !domain.contains('*')
            })
        })
        .map(ToOwned::to_owned)
        .collect()
}

/// Words of `secrets` that stand in the log: names, subjects, phrases of a body.
#[must_use]
pub fn leaked<'a>(log: &str, secrets: &[&'a str]) -> Vec<&'a str> {
    secrets.iter().copied().filter(|secret| log.contains(secret)).collect()
}

/// Lines of level WARN or ERROR which no phrase of `explained` explains.
#[must_use]
pub fn unexplained<'a>(log: &'a str, explained: &[&str]) -> Vec<&'a str> {
    log.lines()
        .filter(|line| is_alarming(line))
        .filter(|line| !explained.iter().any(|phrase| line.contains(phrase)))
        .collect()
}

/// Knows both forms of the daemon's log: JSON, and text with the level as a word of its own.
fn is_alarming(line: &str) -> bool {
    if line.starts_with('{') {
        return ["\"WARN\"", "\"ERROR\""].iter().any(|level| line.contains(level));
    }
    line.split_whitespace().take(4).any(|word| matches!(word, "WARN" | "ERROR"))
        || line.contains("panicked at")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clear_address_is_found_and_a_masked_one_is_not() {
        let log = "mail from <anna@post.example>, answered a***@***.example, unit x@1.service";
        assert_eq!(addresses(log), ["anna@post.example", "x@1.service"]);
    }

    #[test]
    fn a_warning_is_unexplained_until_the_test_names_it() {
        let log =
            "{\"level\":\"WARN\",\"message\":\"relay is down\"}\n2026 INFO fine\n2026 ERROR x";
        assert_eq!(unexplained(log, &["relay is down"]), ["2026 ERROR x"]);
    }
}
