//! The TOML form of a pack, as it stands in the file.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A pack as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackFile {
    /// The file's name; begins the ids of its rules.
    #[serde(skip)]
    pub name: String,
    /// Word classes: name to words (`stem*`, `word`, `%class`, `-exception*`).
    #[serde(default)]
    pub words: BTreeMap<String, String>,
    /// From score to band.
    pub curve: Option<CurveFile>,
    /// Whose mail bears the mark authority.
    pub authority: Option<AuthorityFile>,
    /// The rules.
    #[serde(default)]
    pub rule: Vec<RuleFile>,
}

/// The curve as written.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CurveFile {
    /// Steepness of the logistic curve, over 0.
    pub slope: f32,
    /// Score of confidence one half.
    pub middle: f32,
    /// Confidence from which the band is auto.
    pub auto: f32,
    /// Confidence from which the band is suggest.
    pub suggest: f32,
    /// Words from which a text is long, over 0.
    pub long: f32,
    /// What each e-fold of further length takes from a score, 0 or more.
    pub length: f32,
}

/// Authorities as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthorityFile {
    /// Domains (with all below them) that belong to authorities.
    pub domains: Vec<String>,
}

/// A rule as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    /// Unique in the pack; a known `pack/id` overrides.
    pub id: String,
    /// The one target, when there is one.
    pub label: Option<String>,
    /// Its weight.
    pub weight: Option<f32>,
    /// Several targets with their weights.
    #[serde(default)]
    pub weights: BTreeMap<String, f32>,
    /// Patterns, one of which must match.
    #[serde(default)]
    pub any: Vec<String>,
    /// Patterns that undo the rule when they match near it in the same sentence.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Whether a negation before the words undoes the rule: `void` (default) or `keep`.
    pub negated: Option<String>,
    /// Whether a question for the way undoes it: `void` (default for requests) or `keep`.
    pub asked: Option<String>,
    /// Whether the words count less in a long text that does not ask for the act there: `void`
    /// (default for requests) or `keep`.
    pub told: Option<String>,
    /// Switches a rule off.
    #[serde(default)]
    pub off: bool,
}

impl PackFile {
    /// Reads the TOML text of a pack.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, String> {
        let mut file: Self = toml::from_str(text).map_err(|error| {
            format!("pack `{name}`: {}; mend the TOML", error.to_string().trim())
        })?;
        file.name = name.trim_end_matches(".toml").to_owned();
        Ok(file)
    }
}
