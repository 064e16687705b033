//! The house as it was promised: who may use whom, who alone owns what, and how files look.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use tests::Result;

/// ARCHITECTURE.md's table: what each crate of ours may use of ours.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("classify", &["domain"]),
    ("migrations", &[]),
    ("store", &["domain", "migrations"]),
    ("vault", &["domain"]),
    ("render", &["domain"]),
    ("cases", &["domain", "classify", "store", "vault", "render"]),
    ("intake", &["domain", "classify", "store", "vault", "cases"]),
    ("mailing", &["domain", "store", "vault", "render"]),
    ("web", &["domain", "store", "vault", "render", "cases"]),
    (
        "consentry",
        &[
            "domain",
            "classify",
            "migrations",
            "store",
            "vault",
            "render",
            "cases",
            "intake",
            "mailing",
            "web",
        ],
    ),
    // The harness uses the domain alone; the measuring tool of classification the other two.
    ("tests", &["domain", "classify", "intake"]),
];

/// Crates of others that one room alone may use.
const ALONE: [(&str, &[&str]); 10] = [
    ("sea-orm", &["store"]),
    ("sea-orm-migration", &["migrations"]),
    ("object_store", &["vault"]),
    ("reqwest", &["cases"]),
    ("handlebars", &["render"]),
    ("async-imap", &["intake"]),
    ("mail-parser", &["intake"]),
    ("lettre", &["mailing"]),
    ("axum", &["web"]),
    ("clap", &["consentry"]),
];

/// What a crate that does nothing but think may not depend on.
const INPUT_AND_OUTPUT: [&str; 14] = [
    "tokio",
    "tokio-util",
    "futures",
    "sea-orm",
    "sqlx",
    "reqwest",
    "axum",
    "hyper",
    "lettre",
    "async-imap",
    "object_store",
    "rustix",
    "tracing",
    "tempfile",
];

const FORBIDDEN_ROOMS: [&str; 14] = [
    "util", "utils", "common", "helper", "helpers", "misc", "manager", "base", "core", "types",
    "handler", "handlers", "service", "services",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn metadata() -> Result<Metadata> {
    Ok(MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?)
}

/// Dependencies of each crate of ours; those for tests alone are left out.
fn dependencies(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let of = |package: &cargo_metadata::Package| {
        let used = package.dependencies.iter();
        let used = used.filter(|dependency| dependency.kind != DependencyKind::Development);
        used.map(|dependency| dependency.name.clone()).collect()
    };
    metadata.packages.iter().map(|package| (package.name.to_string(), of(package))).collect()
}

/// Every Rust file of the project.
fn sources() -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    let mut rooms: Vec<PathBuf> =
        ["daemon", "migrations", "tests"].iter().map(|room| root().join(room)).collect();
    while let Some(room) = rooms.pop() {
        for entry in fs::read_dir(&room)? {
            let path = entry?.path();
            if path.ends_with("target") {
                // What fuzzing builds.
            } else if path.is_dir() {
                rooms.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)?;
                found.push((path.strip_prefix(root())?.to_owned(), text));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The text before the unit tests of a file; nothing of a file that holds only tests.
fn without_tests<'a>(path: &Path, text: &'a str) -> &'a str {
    if path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests") {
        return "";
    }
    text.split_once("#[cfg(test)]\nmod ").map_or(text, |(code, _)| code)
}

#[test]
fn every_crate_uses_only_what_the_table_allows() -> Result<()> {
    let found = dependencies(&metadata()?);
    let ours: BTreeSet<&str> = MAY_USE.iter().map(|(name, _)| *name).collect();
    let known: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(known, ours, "a crate came or went without the table");
    for (name, allowed) in MAY_USE {
        for used in found[name].iter().filter(|used| ours.contains(used.as_str())) {
            assert!(allowed.contains(&used.as_str()), "{name} may not use {used}");
        }
    }
    Ok(())
}

#[test]
fn what_one_room_owns_no_other_room_uses() -> Result<()> {
    let found = dependencies(&metadata()?);
    for (foreign, owners) in ALONE {
        for (name, used) in found.iter().filter(|(name, _)| *name != "tests") {
            let trespass = used.contains(foreign) && !owners.contains(&name.as_str());
            assert!(!trespass, "{foreign} belongs to {owners:?}, {name} uses it as well");
        }
    }
    Ok(())
}

#[test]
fn the_crates_that_think_touch_nothing_outside() -> Result<()> {
    let found = dependencies(&metadata()?);
    for name in ["domain", "classify"] {
        for crate_name in INPUT_AND_OUTPUT {
            assert!(!found[name].contains(crate_name), "{name} depends on {crate_name}");
        }
    }
    for (path, text) in sources()? {
        if !path.starts_with("daemon/domain/src") && !path.starts_with("daemon/classify/src") {
            continue;
        }
        let code = without_tests(&path, &text);
        for door in ["std::fs", "std::net", "std::env", "std::process", "std::thread", "async fn"] {
            assert!(!code.contains(door), "{} uses {door}", path.display());
        }
    }
    Ok(())
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() -> Result<()> {
    let long: Vec<String> = sources()?
        .iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > 400)
        .map(|(path, lines)| format!("{}: {lines}", path.display()))
        .collect();
    assert!(long.is_empty(), "split by concept: {long:#?}");
    Ok(())
}

#[test]
fn every_room_has_a_name_that_says_what_is_in_it() -> Result<()> {
    for (path, _) in sources()? {
        for part in path.iter().map(|part| part.to_string_lossy()) {
            let stem = part.strip_suffix(".rs").unwrap_or(&part);
            assert!(!FORBIDDEN_ROOMS.contains(&stem), "{} is no name", path.display());
        }
        assert!(!path.ends_with("mod.rs"), "{}: use name.rs beside name/", path.display());
    }
    Ok(())
}

#[test]
fn every_module_begins_with_what_it_is_for() -> Result<()> {
    for (path, text) in sources()?.iter().filter(|(path, _)| !path.ends_with("tests.rs")) {
        let told = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!"));
        let told = told.is_some_and(|line| line.starts_with("//!"));
        assert!(told, "{} begins without a module comment", path.display());
    }
    Ok(())
}

#[test]
fn the_wall_clock_is_read_in_one_file() -> Result<()> {
    let mut readers = Vec::new();
    for (path, text) in sources()? {
        if !path.starts_with("daemon") && !path.starts_with("migrations") {
            continue;
        }
        let code: String = without_tests(&path, &text)
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| [line, "\n"])
            .collect();
        let wall = [
            "SystemTime::now(",
            "Timestamp::now(",
            "Zoned::now(",
            "Uuid::now_v7(",
            "Uuid::new_v4(",
        ];
        if wall.iter().any(|call| code.contains(call)) {
            readers.push(path);
        }
    }
    assert!(readers.len() <= 1, "more than one file reads the clock: {readers:?}");
    Ok(())
}

#[test]
fn nothing_but_errors_reaches_the_log_of_the_imap_library() -> Result<()> {
    // Its log at level trace holds passwords.
    for (path, text) in sources()?.iter().filter(|(path, _)| path.starts_with("daemon")) {
        assert!(!text.contains("async_imap=trace"), "{}", path.display());
    }
    Ok(())
}
