//! The numbers of a campaign as the command line prints them, added up apart from the product.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

const STATES: [&str; 6] = ["planned", "claimed", "accepted", "deferred", "rejected", "uncertain"];

/// One look at a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report(Value);

impl Report {
    /// Takes a report whose sums hold.
    ///
    /// # Errors
    /// When a number is missing, or candidates and audience are not what they are made of.
    pub fn read(document: Value) -> Result<Self> {
        let report = Self(document);
        let mut audience = report.all_withheld()?;
        for state in STATES {
            audience += report.number(state)?;
        }
        let excluded: i64 = report.reasons("excluded")?.values().sum();
        let holds = report.number("audience")? == audience
            && report.number("candidates")? == audience + excluded;
        if !holds || report.0["adds_up"] != true {
            bail!("the sums do not hold: {:#}", report.0);
        }
        Ok(report)
    }

    /// The state of the campaign.
    #[must_use]
    pub fn state(&self) -> &str {
        self.0["state"].as_str().unwrap_or_default()
    }

    /// One of the numbers, such as `candidates` or `accepted`.
    #[must_use]
    pub fn count(&self, name: &str) -> i64 {
        self.0[name].as_i64().unwrap_or_default()
    }

    /// How many were left out at the freeze for a reason.
    #[must_use]
    pub fn excluded(&self, reason: &str) -> i64 {
        self.0["excluded"][reason].as_i64().unwrap_or_default()
    }

    /// How many were kept back after the freeze for a reason.
    #[must_use]
    pub fn withheld(&self, reason: &str) -> i64 {
        self.0["withheld"][reason].as_i64().unwrap_or_default()
    }

    /// How many mails were told of afterwards: `bounce` or `complaint`.
    #[must_use]
    pub fn feedback(&self, kind: &str) -> i64 {
        self.0["feedback"][kind].as_i64().unwrap_or_default()
    }

    /// How many were kept back after the freeze.
    ///
    /// # Errors
    /// When the report does not say.
    pub fn all_withheld(&self) -> Result<i64> {
        Ok(self.reasons("withheld")?.values().sum())
    }

    fn number(&self, name: &str) -> Result<i64> {
        self.0[name].as_i64().with_context(|| format!("the report has no `{name}`: {:#}", self.0))
    }

    fn reasons(&self, name: &str) -> Result<BTreeMap<String, i64>> {
        serde_json::from_value(self.0[name].clone())
            .with_context(|| format!("the report has no `{name}`: {:#}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_whose_sums_do_not_hold_is_refused() {
        let report = |audience: i64, accepted: i64| {
            json!({
                "state": "running", "candidates": 10, "excluded": {"erased": 2}, "audience": audience,
                "planned": 3, "claimed": 0, "accepted": accepted, "deferred": 0, "rejected": 0,
                "uncertain": 0, "withheld": {"full_block": 1}, "adds_up": true,
            })
        };
        assert_eq!(Report::read(report(8, 4)).expect("holds").excluded("erased"), 2);
        assert!(Report::read(report(8, 5)).is_err());
        assert!(Report::read(report(7, 3)).is_err());
        assert!(Report::read(json!({"state": "running"})).is_err());
    }
}
