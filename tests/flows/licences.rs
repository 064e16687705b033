//! What the project lets in: licences and crates, by the lists of `deny.toml`.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use anyhow::Context as _;
use tests::{Result, child::run};

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The strings of one list of `deny.toml`: `allow = [ … ]` under its section, or the names of
/// `deny = [ { crate = "…" } ]`.
fn listed(section: &str, key: &str) -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(root().join("deny.toml"))?;
    let table: toml::Table = text.parse()?;
    let list = table[section][key].as_array().context("no list in deny.toml")?;
    let name = |value: &toml::Value| {
        let name = value.as_str().or_else(|| value.get("crate")?.as_str())?;
        Some(name.to_owned())
    };
    Ok(list.iter().filter_map(name).collect())
}

/// A crate that is built into the program or its tests on Linux, and its licence as it states it.
struct Built {
    name: String,
    licence: String,
}

/// By `cargo tree`, which follows features as the build does (`cargo metadata` does not).
fn built() -> Result<Vec<Built>> {
    let listed = run(Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["tree", "--workspace", "--target", "x86_64-unknown-linux-gnu"])
        .args(["--prefix", "none", "--format", "{p}|{l}"]))?;
    let mut all = Vec::new();
    for line in listed.lines().filter(|line| !line.is_empty()) {
        let (package, licence) = line.split_once('|').context("cargo tree changed its form")?;
        let name = package.split(' ').next().unwrap_or(package).to_owned();
        all.push(Built { name, licence: licence.trim_end_matches("(*)").trim().to_owned() });
    }
    assert!(all.len() > 100, "cargo tree lists too little");
    Ok(all)
}

/// Whether an SPDX expression can be met with the allowed licences alone.
fn allows(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    either(&words, &mut at, allowed) && at == words.len()
}

fn either(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = both(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= both(words, at, allowed);
    }
    met
}

fn both(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let met = either(words, at, allowed);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return met && closed;
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).copied().unwrap_or_default();
        *at += 2;
        return allowed.contains(&format!("{word} WITH {exception}"));
    }
    allowed.contains(*word)
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed() -> Result<()> {
    let allowed = listed("licenses", "allow")?;
    let mut refused = Vec::new();
    for package in built()? {
        if !allows(&package.licence, &allowed) {
            refused.push(format!("{}: {}", package.name, package.licence));
        }
    }
    assert!(refused.is_empty(), "not allowed by deny.toml: {refused:#?}");
    Ok(())
}

#[test]
fn no_banned_crate_came_in_by_a_side_door() -> Result<()> {
    let banned = listed("bans", "deny")?;
    for package in built()? {
        assert!(!banned.contains(&package.name), "{} is banned", package.name);
    }
    Ok(())
}

#[test]
fn an_expression_is_met_only_by_allowed_licences() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "Apache-2.0".to_owned()]);
    for (expression, met) in [
        ("MIT", true),
        ("MIT OR GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND Apache-2.0", true),
        ("GPL-3.0", false),
        ("Apache-2.0 WITH LLVM-exception", false),
        ("MIT/Apache-2.0", true),
        ("", false),
    ] {
        assert_eq!(allows(expression, &allowed), met, "{expression}");
    }
}
