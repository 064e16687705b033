//! The people of a house: the flows play all of them under the account that runs the tests.

use std::fs;

use anyhow::{Context as _, Result};

/// Whoever acts in a flow, beside the account itself.
const ACTORS: [&str; 5] = ["anna", "boris", "maria", "olga", "vera"];

/// The roster as it stands in `consentry.toml`.
///
/// # Errors
/// When nobody can tell which account this is.
pub fn roster() -> Result<String> {
    let account = account()?;
    let person = |actor: &str| {
        format!(
            "[[people.person]]\nactor = \"{actor}\"\nname = \"{actor} Testova\"\npost = \"officer\"\n\
             accounts = [\"{account}\"]\n\n"
        )
    };
    let others = ACTORS.into_iter().filter(|actor| *actor != account);
    Ok([account.as_str()].into_iter().chain(others).map(person).collect())
}

/// The account as the program finds it: the one that logged in, else the one of the process.
fn account() -> Result<String> {
    let login = fs::read_to_string("/proc/self/loginuid").unwrap_or_default();
    let login = login.trim().parse::<u32>().ok().filter(|uid| *uid != u32::MAX);
    let own = || {
        let status = fs::read_to_string("/proc/self/status")?;
        let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        let uid = uids.and_then(|uids| uids.split_whitespace().next()).map(str::to_owned);
        uid.context("no uid in /proc/self/status")
    };
    let uid = match login {
        Some(uid) => uid.to_string(),
        None => own()?,
    };
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let known = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    Ok(known.unwrap_or_else(|| format!("uid {uid}")))
}
