//! From pack files to compiled packs: merge, check, number the classes, index the rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::classification::{Label, Mark};

use super::file::{PackFile, RuleFile};
use super::pattern::{Pattern, Step, parse};
use super::trie::{ClassSet, Stems, Vocabulary};
use super::{Curve, Packs, Scopes, Target};
use crate::words::plain;

/// Whether a negation or a question undoes a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voided {
    /// It does.
    Void,
    /// It does not: the words mean the same.
    Keep,
}

/// A compiled rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// `pack/id`, the name in evidence.
    pub id: String,
    /// Where its weights go.
    pub weights: Vec<(Target, f32)>,
    /// Patterns, one of which must match.
    pub any: Vec<Pattern>,
    /// Patterns that undo it nearby.
    pub unless: Vec<Pattern>,
    /// Under a negation.
    pub negated: Voided,
    /// Under a question for the way.
    pub asked: Voided,
    /// Told of, not asked for.
    pub told: Voided,
}

/// A pattern at the class of its first element, with what must follow in any case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// Its rule.
    pub rule: u32,
    /// Its place among the patterns of the rule.
    pub pattern: u32,
    /// Its second element.
    pub second: Option<Step>,
}

/// Numbers for word classes: named ones, and one for each literal element of a pattern.
struct Classes<'a> {
    named: &'a BTreeMap<String, Vec<&'a str>>,
    numbers: HashMap<String, u16>,
    used: BTreeSet<String>,
}

impl Classes<'_> {
    /// The class of an element such as `a|b*|%data`.
    fn number(&mut self, element: &str) -> Result<u16, String> {
        if let Some(number) = self.numbers.get(element) {
            return Ok(*number);
        }
        for part in element.split('|') {
            if let Some(name) = part.strip_prefix('%') {
                if !self.named.contains_key(name) {
                    return Err(format!(
                        "word class `%{name}` is not defined; add it under [words]"
                    ));
                }
                self.used.insert(name.to_owned());
            } else if part.is_empty() || part == "*" {
                return Err(format!("element `{element}` has an empty alternative"));
            } else if let Some(wrong) = wrong_word(part) {
                return Err(wrong);
            }
        }
        let number =
            u16::try_from(self.numbers.len()).map_err(|_| "too many word classes".to_owned())?;
        self.numbers.insert(element.to_owned(), number);
        Ok(number)
    }
}

/// Compiles the files, later ones overriding; adds to `errors`.
pub(super) fn compile(files: &[PackFile], errors: &mut Vec<String>) -> Option<Packs> {
    let mut named: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in files {
        for (name, words) in &file.words {
            named.entry(name.clone()).or_default().extend(words.split_whitespace());
            for wrong in words.split_whitespace().filter_map(wrong_word) {
                errors.push(format!("pack `{}`, words `{name}`: {wrong}", file.name));
            }
        }
    }
    let mut classes = Classes { named: &named, numbers: HashMap::new(), used: BTreeSet::new() };
    let mut rules: Vec<Rule> = Vec::new();
    let packs: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    for file in files {
        for written in &file.rule {
            match rule(file, written, &packs, &mut classes) {
                Ok(rule) => {
                    rules.retain(|known| known.id != rule.id);
                    if !written.off {
                        rules.push(rule);
                    }
                }
                Err(error) => {
                    errors.push(format!("pack `{}`, rule `{}`: {error}", file.name, written.id))
                }
            }
        }
    }
    let scopes = scopes(&mut classes).map_err(|error| errors.push(error)).ok()?;
    let vocabulary = vocabulary(&classes, errors);
    let curve = curve(files, errors)?;
    let (starts, starting) = index(&rules, classes.numbers.len());
    let authority_domains = files
        .iter()
        .filter_map(|file| file.authority.as_ref())
        .flat_map(|authority| authority.domains.iter().map(|d| d.to_lowercase()))
        .collect();
    Some(Packs {
        vocabulary,
        rules,
        starts,
        starting,
        scopes,
        curve,
        authority_domains,
        model: None,
    })
}

fn rule(
    file: &PackFile,
    written: &RuleFile,
    packs: &[&str],
    classes: &mut Classes<'_>,
) -> Result<Rule, String> {
    // `ru/erasure/delete_data` overrides that rule; `erasure/delete_data` is a rule of this pack.
    let named = written.id.split_once('/').is_some_and(|(pack, _)| packs.contains(&pack));
    let id = if named { written.id.clone() } else { format!("{}/{}", file.name, written.id) };
    if written.off {
        let nothing = Rule {
            id,
            weights: vec![],
            any: vec![],
            unless: vec![],
            negated: Voided::Keep,
            asked: Voided::Keep,
            told: Voided::Keep,
        };
        return Ok(nothing);
    }
    let mut weights = Vec::new();
    match (&written.label, written.weight) {
        (Some(label), Some(weight)) => weights.push((target(label)?, weight)),
        (None, None) => {}
        _ => return Err("`label` and `weight` go together".to_owned()),
    }
    for (label, weight) in &written.weights {
        weights.push((target(label)?, *weight));
    }
    if weights.is_empty() || weights.iter().any(|(_, w)| !w.is_finite() || w.abs() > 20.0) {
        return Err("give `label` and `weight`, or `weights`, each between -20 and 20".to_owned());
    }
    if written.any.is_empty() {
        return Err("`any` needs at least one pattern".to_owned());
    }
    let mut patterns = |texts: &[String]| -> Result<Vec<Pattern>, String> {
        let mut all = Vec::new();
        for text in texts {
            let parsed = parse(text, &mut |element| classes.number(element));
            all.extend(parsed.map_err(|error| format!("pattern `{text}`: {error}"))?);
        }
        Ok(all)
    };
    let (any, unless) = (patterns(&written.any)?, patterns(&written.unless)?);
    let asks =
        weights.iter().any(|(t, w)| *w > 0.0 && matches!(t, Target::Label(l) if l.is_request()));
    let usual = if asks { Voided::Void } else { Voided::Keep };
    Ok(Rule {
        id,
        weights,
        any,
        unless,
        negated: voided(written.negated.as_deref(), Voided::Void)?,
        asked: voided(written.asked.as_deref(), usual)?,
        told: voided(written.told.as_deref(), usual)?,
    })
}

fn voided(written: Option<&str>, usual: Voided) -> Result<Voided, String> {
    match written {
        None => Ok(usual),
        Some("void") => Ok(Voided::Void),
        Some("keep") => Ok(Voided::Keep),
        Some(other) => Err(format!("`{other}` is neither `void` nor `keep`")),
    }
}

fn target(name: &str) -> Result<Target, String> {
    let label = Label::ALL.into_iter().find(|l| l.name() == name && *l != Label::Other);
    match name {
        "authority" => Ok(Target::Mark(Mark::Authority)),
        "representative" => Ok(Target::Mark(Mark::Representative)),
        "requests" => Ok(Target::Requests),
        "auto_reply" => Ok(Target::AutoReply),
        "spam" => Ok(Target::Spam),
        _ => label.map(Target::Label).ok_or_else(|| {
            format!("`{name}` is no label, mark, `requests`, `auto_reply` or `spam`")
        }),
    }
}

fn scopes(classes: &mut Classes<'_>) -> Result<Scopes, String> {
    let mut number = |name: &str| classes.number(&format!("%{name}"));
    Ok(Scopes {
        negation: number("negation")?,
        filler: number("filler")?,
        how: number("how")?,
        condition: number("condition")?,
        idle: number("idle")?,
        act: number("act")?,
        denial: number("denial")?,
        negation_last: number("negation_last")?,
        opener: number("opener")?,
        only: number("restricts")?,
        wished: number("wished")?,
        needless: number("needless")?,
        link_to: number("link_to")?,
        link_that: number("link_that")?,
        polite: number("polite")?,
        please: number("please")?,
        says: number("says")?,
    })
}

fn curve(files: &[PackFile], errors: &mut Vec<String>) -> Option<Curve> {
    let Some((name, written)) = files.iter().rev().find_map(|f| f.curve.map(|c| (&f.name, c)))
    else {
        errors.push("no pack has [curve]; add slope, middle, auto, suggest".to_owned());
        return None;
    };
    let in_order = 0.0 < written.suggest && written.suggest < written.auto && written.auto < 1.0;
    if !(written.slope > 0.0
        && written.slope.is_finite()
        && written.middle.is_finite()
        && in_order
        && written.long >= 1.0
        && written.length >= 0.0)
    {
        errors.push(format!("pack `{name}`: [curve] needs slope > 0, 0 < suggest < auto < 1, long >= 1 and length >= 0"));
    }
    Some(Curve {
        slope: written.slope,
        middle: written.middle,
        auto: written.auto,
        suggest: written.suggest,
        long: written.long,
        length: written.length,
    })
}

/// A word as written in a pack: its folded stem, whether it is a prefix, whether an exception.
/// `None` when no word of a text could ever be it.
fn stem(part: &str) -> Option<(String, bool, bool)> {
    let excluded = part.starts_with('-') && part.len() > 1;
    let word = part.trim_start_matches('-');
    let prefix = word.ends_with('*');
    let word = word.trim_end_matches('*');
    if word.starts_with('#') {
        return Some((word.to_owned(), prefix, excluded));
    }
    let stem = plain(word);
    let possible = !stem.is_empty() && stem.chars().all(char::is_alphanumeric);
    possible.then_some((stem, prefix, excluded))
}

/// What is wrong with a word of a pack, if anything.
fn wrong_word(part: &str) -> Option<String> {
    let fine = part.starts_with('%') || stem(part).is_some();
    (!fine).then(|| {
        format!("`{part}` is no word of a text (words are cut at hyphens and signs); write `word`, `stem*` or `%class`")
    })
}

/// Fills the tries with the words of every class that a rule uses.
fn vocabulary(classes: &Classes<'_>, errors: &mut Vec<String>) -> Vocabulary {
    let mut stems = Stems::new(classes.numbers.len());
    let mut numbers: Vec<(&String, &u16)> = classes.numbers.iter().collect();
    numbers.sort();
    for (element, number) in numbers {
        let mut open: Vec<(&str, usize)> = element.split('|').map(|part| (part, 0)).collect();
        while let Some((part, depth)) = open.pop() {
            if let Some(name) = part.strip_prefix('%') {
                match classes.named.get(name) {
                    Some(words) if depth < 6 => open.extend(words.iter().map(|w| (*w, depth + 1))),
                    Some(_) => {
                        errors.push(format!("word class `%{name}` names itself; break the circle"))
                    }
                    None => errors
                        .push(format!("word class `%{name}` is not defined; add it under [words]")),
                }
                continue;
            }
            // Words that are none were told of where they are written.
            let Some((stem, prefix, excluded)) = stem(part) else { continue };
            stems.insert(*number, &stem, prefix, excluded);
        }
    }
    stems.vocabulary()
}

fn index(rules: &[Rule], classes: usize) -> (Vec<Vec<Start>>, ClassSet) {
    let mut starts = vec![Vec::new(); classes];
    let mut starting = ClassSet::with_capacity(classes);
    for (rule, r) in rules.iter().enumerate() {
        for (pattern, p) in r.any.iter().enumerate() {
            let class = p.steps[0].class;
            starting.insert(class);
            let second = p.steps.get(1).copied();
            // Both counts are far below four thousand million: they come from files of kilobytes.
            let start = Start { rule: rule as u32, pattern: pattern as u32, second };
            starts[usize::from(class)].push(start);
        }
    }
    (starts, starting)
}
