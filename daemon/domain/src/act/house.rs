//! What the house says of itself in every act, and what it lacks to say it.

use super::{ActParty, ActPerson};

/// Who carries plans out in the audit log, and is nobody in an act.
pub(super) const DAEMON: &str = "consentry";

/// What the house says of itself in every act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActHouse {
    /// The operator, with its address (item а).
    pub operator: ActParty,
    /// The name of the system in which the data were (item ж).
    pub system: String,
    /// With what data are destroyed, if the executor names nothing else.
    pub tool: String,
    /// Names and posts of those whom the audit log knows by a word (item г).
    pub persons: Vec<ActPerson>,
    /// Whether an act shows the full name or other information (item в).
    pub shows: SubjectShown,
}

/// How an act tells whose data were destroyed: both are lawful (п. 3 подп. «в»).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SubjectShown {
    /// By the full name.
    Name,
    /// By other information: a code and part of a keyed digest. The least that proves it.
    #[default]
    Code,
}

/// What an act must say and the configuration does not tell: without it nothing is destroyed,
/// since it could not be proven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lack {
    /// Item а.
    #[error(
        "an act names the operator with its address (order 179 п. 3 «а»); set `operator_address` in \
         `[acts]`, `doctor` shows what is missing"
    )]
    OperatorAddress,
    /// Item г.
    #[error(
        "an act names whoever destroyed with full name and post (order 179 п. 3 «г»), and nothing is \
         known of `{0}`; add a `[[people.person]]` with `actor = \"{0}\"`, `name` and `post`"
    )]
    Person(String),
}

impl Lack {
    /// The rule by which it is refused.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::OperatorAddress => "act_operator_address",
            Self::Person(_) => "act_person",
        }
    }
}

impl ActHouse {
    /// Who stands behind a word of the audit log, with name and post.
    #[must_use]
    pub fn person(&self, actor: &str) -> Option<&ActPerson> {
        let is_whole =
            |person: &&ActPerson| [&person.name, &person.post].iter().all(|it| is_said(it));
        self.persons.iter().filter(|person| person.actor == actor).find(is_whole)
    }

    /// What is lacking for an act in which these have destroyed.
    ///
    /// # Errors
    /// [`Lack`]: the first thing that is.
    pub fn can_say<'a>(&self, actors: impl IntoIterator<Item = &'a str>) -> Result<(), Lack> {
        if !is_said(&self.operator.address) || !is_said(&self.operator.name) {
            return Err(Lack::OperatorAddress);
        }
        let mut actors = actors.into_iter().filter(|actor| *actor != DAEMON);
        match actors.find(|actor| self.person(actor).is_none()) {
            Some(unknown) => Err(Lack::Person(unknown.to_owned())),
            None => Ok(()),
        }
    }
}

impl ActHouse {
    /// What was known when the destruction began counts where the configuration says it no more:
    /// a line that was taken out since must not keep an act from being drawn up.
    #[must_use]
    pub fn or_as_known(mut self, operator: Option<ActParty>, persons: Vec<ActPerson>) -> Self {
        if let Some(known) = operator.filter(|_| !is_said(&self.operator.address)) {
            self.operator = known;
        }
        self.persons.extend(persons);
        self
    }
}

fn is_said(text: &str) -> bool {
    !text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(address: &str, persons: &[(&str, &str, &str)]) -> ActHouse {
        let person = |(actor, name, post): &(&str, &str, &str)| ActPerson {
            actor: (*actor).to_owned(),
            name: (*name).to_owned(),
            post: (*post).to_owned(),
        };
        ActHouse {
            operator: ActParty { name: "ООО".to_owned(), address: address.to_owned() },
            system: "Consentry".to_owned(),
            tool: String::new(),
            persons: persons.iter().map(person).collect(),
            shows: SubjectShown::Code,
        }
    }

    #[test]
    fn an_address_and_a_post_for_everybody_are_asked_for() {
        let anna = [("anna", "А. П. Белова", "специалист")];
        let nobody = |actor: &str| Err(Lack::Person(actor.to_owned()));
        let cases = [
            (house("Москва", &anna), vec!["anna"], Ok(())),
            (house("Москва", &anna), vec!["anna", "consentry"], Ok(())),
            (house("Москва", &anna), vec!["anna", "boris"], nobody("boris")),
            (house(" ", &anna), vec!["anna"], Err(Lack::OperatorAddress)),
            (house("", &[]), vec![], Err(Lack::OperatorAddress)),
            (house("Москва", &[("anna", "А. П. Белова", " ")]), vec!["anna"], nobody("anna")),
            (house("Москва", &[("anna", "", "специалист")]), vec!["anna"], nobody("anna")),
        ];
        for (house, actors, expected) in cases {
            assert_eq!(house.can_say(actors.iter().copied()), expected, "{actors:?}");
        }
    }
}
