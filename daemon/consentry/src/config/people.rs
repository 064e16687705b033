//! `[people]`: who stands behind the names that `--actor` takes, and under which accounts.

use domain::act::ActPerson;
use domain::people::is_same_person;

use super::organisation::one_line;
use super::section::Section;

/// One of our people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name that `--actor` takes, which stands in the audit.
    pub actor: String,
    /// The full name, as acts and letters say it.
    pub name: String,
    /// The post.
    pub post: String,
    /// The accounts of the machine that may act under this name.
    pub accounts: Vec<String>,
}

/// The roster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleConfig {
    /// Whether several people act under one account of the machine.
    pub shared_account: bool,
    /// Everybody on it; none: each account acts under its own name.
    pub persons: Vec<Person>,
}

impl PeopleConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let shared_account = section.flag("shared_account");
        let persons: Vec<_> =
            section.sections("person").into_iter().filter_map(read_person).collect();
        for (at, person) in persons.iter().enumerate() {
            for earlier in persons.iter().take(at) {
                if is_same_person(&earlier.actor, &person.actor) {
                    section.wrong(
                        "person",
                        format!(
                            "`{}` reads like `{}`; give each another actor",
                            person.actor, earlier.actor
                        ),
                    );
                }
                let common = person.accounts.iter().find(|one| earlier.accounts.contains(one));
                if let (Some(account), false) = (common, shared_account) {
                    section.wrong(
                        "person",
                        format!(
                            "`{}` and `{}` have one account, `{account}`; give each their own, or say shared_account = true",
                            earlier.actor, person.actor
                        ),
                    );
                }
            }
        }
        section.finish();
        Self { shared_account, persons }
    }

    /// Names and posts, as acts want them.
    #[must_use]
    pub fn for_acts(&self) -> Vec<ActPerson> {
        let person = |person: &Person| ActPerson {
            actor: person.actor.clone(),
            name: person.name.clone(),
            post: person.post.clone(),
        };
        self.persons.iter().map(person).collect()
    }
}

fn read_person(mut section: Section<'_>) -> Option<Person> {
    let actor = section.read("actor", "belova", one_line);
    let name = section.read("name", "Белова Анна Петровна", one_line);
    let post = section.read("post", "специалист по защите данных", one_line);
    let accounts = section.optional_texts("accounts");
    section.finish();
    let actor = actor?;
    let accounts = accounts.unwrap_or_else(|| vec![actor.clone()]);
    Some(Person { accounts, actor, name: name?, post: post? })
}
