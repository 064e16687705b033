//! Every command that shows or hands out something is judged once: does it show what is held of a
//! person? Then the log keeps the look (152-ФЗ ст. 19 ч. 2 п. 8), which
//! `every_look_is_an_event_and_no_event_names_a_person` holds for the functions behind it.

use std::collections::BTreeSet;

use clap::CommandFactory as _;

use super::Cli;

/// What a person of ours sees a subject's record by: each writes an event with ids.
const AUDITED: &[&str] = &[
    "act export",
    "act show",
    "audit export",
    "block show",
    "campaign preview",
    "classifier examples",
    "consent proof",
    "consent show",
    "contact export",
    "contact show",
    "correction show",
    "disclosure export",
    "disclosure list",
    "export research",
    "identity show",
    "incident export",
    "incident show",
    "package show",
    "register export",
    "request show",
    "suppression list",
    "ticket show",
];

/// What shows numbers, dates, states and words of ours alone.
const OF_NOBODY: &[&str] = &[
    "act list",
    "block list",
    "campaign list",
    "campaign report",
    "campaign show",
    "incident list",
    "list list",
    "list show",
    "node list",
    "policy list",
    "recipient list",
    "recipient notice list",
    "request hold list",
    "request list",
    "retention show",
    "system list",
    "system show",
    "ticket list",
];

const LOOKS: &[&str] =
    &["show", "list", "export", "proof", "preview", "report", "examples", "research"];

fn leaves(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let path = format!("{path} {}", sub.get_name()).trim().to_owned();
        if sub.has_subcommands() {
            leaves(sub, &path, found);
        } else if LOOKS.contains(&sub.get_name()) {
            found.insert(path);
        }
    }
}

#[test]
fn every_command_that_shows_something_is_judged() {
    let mut found = BTreeSet::new();
    leaves(&Cli::command(), "", &mut found);
    let judged = AUDITED.iter().chain(OF_NOBODY).map(|path| (*path).to_owned());
    assert_eq!(found, judged.collect::<BTreeSet<_>>());
}
