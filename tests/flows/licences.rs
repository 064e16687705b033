//! What the project lets in: licences and crates, by the lists of `deny.toml`.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Context as _;
use cargo_metadata::{Metadata, MetadataCommand, Package, PackageId};
use tests::Result;

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

/// Everything that is built into the program or its tests on Linux.
fn built() -> Result<Vec<Package>> {
    let metadata: Metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--filter-platform".to_owned(), "x86_64-unknown-linux-gnu".to_owned()])
        .exec()?;
    let resolve = metadata.resolve.context("cargo resolved nothing")?;
    let used: BTreeSet<&PackageId> = resolve.nodes.iter().map(|node| &node.id).collect();
    Ok(metadata.packages.iter().filter(|package| used.contains(&package.id)).cloned().collect())
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
        let licence = package.license.as_deref().unwrap_or("none stated");
        if !allows(licence, &allowed) {
            refused.push(format!("{} {}: {licence}", package.name, package.version));
        }
    }
    assert!(refused.is_empty(), "not allowed by deny.toml: {refused:#?}");
    Ok(())
}

#[test]
fn no_banned_crate_came_in_by_a_side_door() -> Result<()> {
    let banned = listed("bans", "deny")?;
    for package in built()? {
        assert!(!banned.contains(package.name.as_str()), "{} is banned", package.name);
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
