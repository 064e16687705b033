//! The rules of the form: `config/forms/feedback.toml`, or an operator's file of that shape.

use serde::Deserialize;

/// How the form tells people from programs, and how much it takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormRules {
    /// A form posted sooner after its page was made is sent back, unless its puzzle is solved.
    pub minimum_age_seconds: u32,
    /// A form page is good for so long.
    pub maximum_age_hours: u32,
    /// Zero bits that the puzzle wants; 0 switches it off.
    pub puzzle_bits: u32,
    /// How often what may be done.
    pub limits: LimitRules,
}

/// The limits, by what they count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitRules {
    /// Forms from one network, puzzle not solved.
    pub network_unsolved: Limit,
    /// Forms from one network, puzzle solved.
    pub network_solved: Limit,
    /// Forms for one e-mail address from one network.
    pub address: Limit,
    /// All forms.
    pub everyone: Limit,
    /// Status questions from one network.
    pub status_network: Limit,
    /// Status questions for one ticket number.
    pub status_ticket: Limit,
    /// Wishes for lists from one network: the guests of a clinic share one, and so do all for whom
    /// a program asks.
    #[serde(default = "LimitRules::wish_network")]
    pub wish_network: Limit,
    /// Wishes for one e-mail address from one network.
    #[serde(default = "LimitRules::wish_address")]
    pub wish_address: Limit,
    /// All wishes.
    #[serde(default = "LimitRules::wish_everyone")]
    pub wish_everyone: Limit,
    /// Links of confirmation and unsubscribing that are none of ours, from one network. Right
    /// ones are never counted: a mail provider sends them in bursts.
    #[serde(default = "LimitRules::wrong_token")]
    pub wrong_token: Limit,
}

/// For files written before there were these limits.
impl LimitRules {
    fn wish_network() -> Limit {
        Limit { burst: 60, seconds: 10 }
    }

    fn wish_address() -> Limit {
        Limit { burst: 5, seconds: 600 }
    }

    fn wish_everyone() -> Limit {
        Limit { burst: 300, seconds: 1 }
    }

    fn wrong_token() -> Limit {
        Limit { burst: 20, seconds: 15 }
    }
}

/// So many at once, then one more per so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// At once.
    pub burst: u32,
    /// Seconds per one more.
    pub seconds: u64,
}

/// The file of rules cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the rules of the form: {}", problems.join("; "))]
pub struct InvalidRules {
    /// Everything that is wrong, each with its key.
    pub problems: Vec<String>,
}

impl FormRules {
    /// The built-in rules as text, for `init` and the documentation.
    pub const BUILT_IN: &'static str = include_str!("../../../config/forms/feedback.toml");

    /// Reads a file of rules.
    ///
    /// # Errors
    /// [`InvalidRules`] with every problem.
    pub fn parse(text: &str) -> Result<Self, InvalidRules> {
        let rules: Self = toml::from_str(text)
            .map_err(|error| InvalidRules { problems: vec![error.message().to_owned()] })?;
        let mut problems = Vec::new();
        if rules.puzzle_bits > 24 {
            problems.push("`puzzle_bits` is over 24: phones would need minutes".to_owned());
        }
        if !(1..=24 * 30).contains(&rules.maximum_age_hours) {
            problems.push("`maximum_age_hours` is not between 1 and 720".to_owned());
        }
        if rules.minimum_age_seconds > 60 {
            problems.push("`minimum_age_seconds` is over 60: people would be sent back".to_owned());
        }
        let limits = &rules.limits;
        for (name, limit) in [
            ("network_unsolved", limits.network_unsolved),
            ("network_solved", limits.network_solved),
            ("address", limits.address),
            ("everyone", limits.everyone),
            ("status_network", limits.status_network),
            ("status_ticket", limits.status_ticket),
            ("wish_network", limits.wish_network),
            ("wish_address", limits.wish_address),
            ("wish_everyone", limits.wish_everyone),
            ("wrong_token", limits.wrong_token),
        ] {
            if limit.burst == 0 || !(1..=86_400).contains(&limit.seconds) {
                problems.push(format!(
                    "`limits.{name}` needs a burst of at least 1 and seconds between 1 and 86400"
                ));
            }
        }
        if problems.is_empty() { Ok(rules) } else { Err(InvalidRules { problems }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_are_in_order() {
        assert_eq!(FormRules::parse(FormRules::BUILT_IN).map(|rules| rules.puzzle_bits), Ok(16));
    }

    #[test]
    fn every_problem_of_a_file_is_told_at_once() {
        let text = FormRules::BUILT_IN
            .replace("puzzle_bits = 16", "puzzle_bits = 40")
            .replace("maximum_age_hours = 24", "maximum_age_hours = 0")
            .replace("burst = 10", "burst = 0");
        let problems = FormRules::parse(&text).expect_err("three problems").problems;
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(FormRules::parse(&format!("colour = 1\n{}", FormRules::BUILT_IN)).is_err());
    }

    #[test]
    fn a_file_from_before_there_were_lists_is_still_good() {
        let (older, _) = FormRules::BUILT_IN.split_once("# The subscription form").expect("there");
        assert_eq!(FormRules::parse(older), FormRules::parse(FormRules::BUILT_IN));
    }
}
