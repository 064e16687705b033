//! Language packs: the lexicon by which texts are judged, compiled once at start.
//!
//! A pack is a TOML file of word classes and rules (`config/classifier`, docs/classification.md).
//! The embedded packs are always there; an operator's files extend word classes and override
//! rules by id. Compiling checks everything and lists every error with file, rule and remedy.

mod compile;
mod file;
mod lazy;
mod pattern;
mod trie;

use domain::classification::{Label, Mark};

use crate::weighing::Model;
pub(crate) use compile::{Rule, Start, Voided};
pub use lazy::LazyPacks;
pub(crate) use pattern::{Pattern, Step};
pub(crate) use trie::ClassSet;

/// The embedded packs: name and text.
const EMBEDDED: [(&str, &str); 13] = [
    ("common", include_str!("../../../config/classifier/common.toml")),
    ("ru", include_str!("../../../config/classifier/ru.toml")),
    ("en", include_str!("../../../config/classifier/en.toml")),
    ("de", include_str!("../../../config/classifier/de.toml")),
    ("fr", include_str!("../../../config/classifier/fr.toml")),
    ("es", include_str!("../../../config/classifier/es.toml")),
    ("it", include_str!("../../../config/classifier/it.toml")),
    ("nl", include_str!("../../../config/classifier/nl.toml")),
    ("pl", include_str!("../../../config/classifier/pl.toml")),
    ("pt", include_str!("../../../config/classifier/pt.toml")),
    ("uk", include_str!("../../../config/classifier/uk.toml")),
    ("cs", include_str!("../../../config/classifier/cs.toml")),
    ("more", include_str!("../../../config/classifier/more.toml")),
];

/// The trained model and its manifest.
const MODEL: &[u8] = include_bytes!("../../../config/classifier/model.bin");
const MANIFEST: &str = include_str!("../../../config/classifier/model.toml");

/// Compiled language packs: word classes as a trie, rules indexed by their first word class.
#[derive(Debug)]
pub struct Packs {
    /// Which classes a word belongs to.
    pub(crate) vocabulary: trie::Vocabulary,
    /// All rules that are switched on.
    pub(crate) rules: Vec<Rule>,
    /// For each class, the patterns that begin with it.
    pub(crate) starts: Vec<Vec<Start>>,
    /// Classes that begin some pattern.
    pub(crate) starting: ClassSet,
    /// Word classes that the engine itself knows by name.
    pub(crate) scopes: Scopes,
    /// From score to confidence to band.
    pub(crate) curve: Curve,
    /// Domains whose mail bears the mark authority, lower case.
    pub(crate) authority_domains: Vec<String>,
    /// The second opinion.
    pub(crate) model: Option<Model>,
}

/// Classes with a meaning of their own (`negation`, `filler`, `how`, `condition`, `idle`, `act`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scopes {
    /// Turns what follows into its opposite.
    pub negation: u16,
    /// May stand between a negation and what it negates.
    pub filler: u16,
    /// Asks for the way, not for the act.
    pub how: u16,
    /// Makes a sentence a supposition.
    pub condition: u16,
    /// Behind a word of `how`: then it asks nothing ("как субъект").
    pub idle: u16,
    /// Words with which people ask for an act ("прошу", "please", imperatives).
    pub act: u16,
    /// Negations with "no" beside them, as they stand with a word of wishing ("no need").
    pub denial: u16,
    /// Negations that stand behind what they negate ("löschen Sie sie nicht").
    pub negation_last: u16,
    /// Begins a new thought within a clause ("und", "but").
    pub opener: u16,
    /// Behind a negation: it negates the limit, not the act ("nicht nur").
    pub only: u16,
    /// Words of wishing and needing.
    pub wished: u16,
    /// Those on which an act hangs with no word between ("нет нужды удалять").
    pub needless: u16,
    /// Joins an infinitive.
    pub link_to: u16,
    /// Joins a sentence.
    pub link_that: u16,
    /// Verbs of polite questions, after which a negation or a supposition is none.
    pub polite: u16,
    /// Words that beg ("please").
    pub please: u16,
    /// Verbs of saying.
    pub says: u16,
}

/// A logistic curve and the two thresholds of the bands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Curve {
    /// Steepness.
    pub slope: f32,
    /// The score at which confidence is one half.
    pub middle: f32,
    /// From here on: band auto.
    pub auto: f32,
    /// From here on: band suggest.
    pub suggest: f32,
    /// Words from which a text is long: chance hits grow with it.
    pub long: f32,
    /// What each e-fold of further length takes from a score.
    pub length: f32,
}

/// What a rule's weight goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// One label.
    Label(Label),
    /// One mark.
    Mark(Mark),
    /// All labels that open requests.
    Requests,
    /// The kind auto_reply.
    AutoReply,
    /// The kind spam.
    Spam,
}

/// Errors of packs: all that were found, each with file, rule and remedy.
#[derive(Debug, thiserror::Error)]
#[error("the classifier's language packs have {} error(s):\n{}", .0.len(), .0.join("\n"))]
pub struct PackError(pub Vec<String>);

impl Packs {
    /// The packs of `config/classifier`, compiled in.
    ///
    /// # Panics
    /// Never in a build whose tests pass: a test compiles the same texts.
    #[must_use]
    pub fn embedded() -> Self {
        Self::load(&[]).expect("the embedded packs are compiled by a test of this crate")
    }

    /// The embedded packs, extended by an operator's files: (name, TOML text). A word class is
    /// widened, a rule with a known id replaced (or switched off with `off = true`).
    ///
    /// # Errors
    /// [`PackError`] lists every mistake of every file.
    pub fn load(texts: &[(&str, &str)]) -> Result<Self, PackError> {
        let packs = Self::rules_only(texts)?;
        let model = model().map_err(|error| PackError(vec![error]))?;
        Ok(Self { model: Some(model), ..packs })
    }

    /// The same without the model: what the trainer needs, since it makes the model.
    ///
    /// # Errors
    /// [`PackError`] lists every mistake of every file.
    pub fn rules_only(texts: &[(&str, &str)]) -> Result<Self, PackError> {
        let mut errors = Vec::new();
        let files: Vec<file::PackFile> = EMBEDDED
            .iter()
            .chain(texts)
            .filter_map(|(name, text)| match file::PackFile::read(name, text) {
                Ok(file) => Some(file),
                Err(error) => {
                    errors.push(error);
                    None
                }
            })
            .collect();
        let packs = compile::compile(&files, &mut errors);
        match packs {
            Some(packs) if errors.is_empty() => Ok(packs),
            _ => Err(PackError(errors)),
        }
    }

    /// Whether a rule comes from an operator's file.
    pub(crate) fn is_operators(&self, rule: &str) -> bool {
        let pack = rule.split('/').next().unwrap_or(rule);
        pack != "length" && pack != "model" && !EMBEDDED.iter().any(|(name, _)| *name == pack)
    }

    /// How many rules are switched on.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }
}

/// The trained model of `config/classifier`, compiled in.
fn model() -> Result<Model, String> {
    let table = crate::model::Table::read(MODEL).map_err(|error| error.to_string())?;
    let mixing = crate::weighing::Mixing::read(MANIFEST)
        .map_err(|error| format!("model.toml: {error}; train the model again"))?;
    Ok(Model { table, mixing })
}

#[cfg(test)]
mod tests;
