//! Who acts: the name that stands in the audit for what is typed on the command line, and the
//! account of the machine behind it.

use domain::people::{is_same_person, is_unseen};
use rustix::process::getuid;

use crate::config::people::PeopleConfig;
use crate::failure::{RefusedByRule, WrongUse};

/// Nobody logged in: the process was started by the machine itself.
const NO_LOGIN: u32 = u32::MAX;

/// The name given with `--actor`, else that of the account.
///
/// # Errors
/// [`WrongUse`] when the name cannot stand in the audit.
pub fn name(given: Option<&str>) -> Result<String, WrongUse> {
    let Some(given) = given else { return Ok(account()) };
    let name = given.trim();
    // The audit holds ids and names of ours, no addresses (invariant 13).
    let fits = !name.is_empty()
        && name.chars().count() <= 64
        && !name.chars().any(|c| is_unseen(c) || c == '@');
    if fits {
        return Ok(name.to_owned());
    }
    Err(WrongUse("--actor must be a name of 1 to 64 visible characters, without `@`".to_owned()))
}

/// Refuses a name under which this account may not act.
///
/// With a roster, the name stands on it and lists the account. Without one, an account acts under
/// its own name, unless people share it.
///
/// # Errors
/// [`RefusedByRule`] by `actor`, [`WrongUse`] as of [`name`].
pub fn permit(people: &PeopleConfig, given: Option<&str>) -> anyhow::Result<()> {
    Ok(permit_for(people, &name(given)?, &account())?)
}

fn permit_for(people: &PeopleConfig, name: &str, account: &str) -> Result<(), RefusedByRule> {
    let refused = |reason| Err(RefusedByRule { rule: "actor", reason });
    if people.persons.is_empty() {
        if people.shared_account || is_same_person(name, account) {
            return Ok(());
        }
        return refused(format!(
            "the account `{account}` acts under its own name; name `{name}` and its accounts as a \
             [[people.person]], or say `people.shared_account = true`"
        ));
    }
    let Some(person) = people.persons.iter().find(|person| person.actor == name) else {
        return refused(format!(
            "`{name}` is not on the roster; give --actor as it stands in [[people.person]], or add \
             the person"
        ));
    };
    if person.accounts.iter().any(|one| one == account) {
        return Ok(());
    }
    refused(format!(
        "the account `{account}` may not act as `{name}`; let that person run it, or add the \
         account to their `accounts`"
    ))
}

/// The account of the machine that runs this: the one that logged in, whatever it became since
/// (`sudo` and `su` keep it), else the one of the process.
#[must_use]
pub fn account() -> String {
    let login = std::fs::read_to_string("/proc/self/loginuid").unwrap_or_default();
    let login = login.trim().parse::<u32>().ok().filter(|uid| *uid != NO_LOGIN);
    let uid = login.unwrap_or_else(|| getuid().as_raw()).to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let known = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    known.unwrap_or_else(|| format!("uid {uid}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::people::Person;

    #[test]
    fn an_actor_is_a_name_and_no_address() {
        assert_eq!(name(Some(" Анна ")).expect("a name"), "Анна");
        assert!(!name(None).expect("a name").is_empty());
        for wrong in ["", "anna@shop.example", "a\nb", "an\u{200b}na"] {
            assert!(name(Some(wrong)).is_err(), "{wrong:?}");
        }
    }

    fn person(actor: &str, accounts: &[&str]) -> Person {
        Person {
            actor: actor.to_owned(),
            name: "Белова Анна Петровна".to_owned(),
            post: "специалист".to_owned(),
            accounts: accounts.iter().map(|one| (*one).to_owned()).collect(),
        }
    }

    #[test]
    fn an_account_acts_under_the_names_that_the_roster_gives_it() {
        let roster = PeopleConfig {
            shared_account: false,
            persons: vec![person("anna", &["belova"]), person("boris", &["boris", "orlov"])],
        };
        let check = |people: &PeopleConfig, name: &str, account: &str| {
            permit_for(people, name, account).map_err(|refused| refused.rule)
        };
        assert_eq!(check(&roster, "anna", "belova"), Ok(()));
        assert_eq!(check(&roster, "boris", "orlov"), Ok(()));
        for (name, account) in
            [("anna", "orlov"), ("boris", "belova"), ("vera", "belova"), ("Anna", "belova")]
        {
            assert_eq!(check(&roster, name, account), Err("actor"), "{name} {account}");
        }
        // A Cyrillic letter makes no second person of one.
        assert_eq!(check(&roster, "\u{430}nna", "belova"), Err("actor"));
        // Without a roster nobody takes a name that is not theirs.
        let nobody = PeopleConfig::default();
        assert_eq!(check(&nobody, "belova", "belova"), Ok(()));
        assert_eq!(check(&nobody, "anna", "belova"), Err("actor"));
        let shared = PeopleConfig { shared_account: true, ..PeopleConfig::default() };
        assert_eq!(check(&shared, "anna", "belova"), Ok(()));
    }
}
