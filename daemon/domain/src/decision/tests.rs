use proptest::prelude::*;

use super::*;
use crate::request::{RequestState, RequestStep, Warrant};

fn standing() -> Standing {
    Standing {
        subject: [1; 32],
        identity: IdentityLevel::Challenge,
        needed: IdentityLevel::Challenge,
        representation: Representation::NotNeeded,
        destroys: true,
        held: false,
        disowned: false,
    }
}

fn under<'a>(name: &'a str) -> Acting<'a> {
    Acting { name, account: None }
}

fn proposed(verdict: Verdict, by: &str, makers: &[&str]) -> Decision {
    let makers = makers.iter().map(|maker| (*maker).to_owned()).collect();
    Decision::propose(verdict, &standing(), true, under(by), makers)
}

#[test]
fn another_person_decides_what_stands_as_it_was_proposed() {
    let check = |decision: Decision, actor: &str, standing: &Standing| {
        decision.decide(under(actor), true, standing).map(|decision| decision.state())
    };
    let now = standing();
    let approve = || proposed(Verdict::Approve, "anna", &["boris"]);
    assert_eq!(check(approve(), "vera", &now), Ok(DecisionState::Decided));
    for same in ["anna", "Anna", " ANNA ", "\u{430}nn\u{430}", "boris", "Boris"] {
        assert_eq!(check(approve(), same, &now), Err(DecisionError::SamePerson), "{same}");
    }
    let changed = Standing { subject: [2; 32], ..now };
    assert_eq!(check(approve(), "vera", &changed), Err(DecisionError::SubjectChanged));
    let unproven = Standing { identity: IdentityLevel::Aligned, ..now };
    let error = check(approve(), "vera", &unproven).expect_err("nobody knows who asks");
    assert_eq!(error.rule(), "identity_level");
    let unpapered = Standing { representation: Representation::Missing, ..now };
    assert_eq!(check(approve(), "vera", &unpapered), Err(DecisionError::Representation));
    let held = Standing { held: true, ..now };
    assert_eq!(check(approve(), "vera", &held), Err(DecisionError::Held));
    let kept = Standing { held: true, destroys: false, ..now };
    assert_eq!(check(approve(), "vera", &kept), Ok(DecisionState::Decided));
    // Whoever attested what: the person on file knows better.
    for level in IdentityLevel::ALL {
        let disowned = Standing { disowned: true, identity: *level, destroys: false, ..now };
        assert_eq!(check(approve(), "vera", &disowned), Err(DecisionError::Disowned));
        assert_eq!(may_be_carried_out(&disowned), Err(DecisionError::Disowned));
    }
    assert_eq!(DecisionError::Disowned.rule(), "disowned");
    // A refusal discloses and destroys nothing.
    let refuse = proposed(Verdict::Refuse, "anna", &[]);
    assert_eq!(
        check(refuse, "vera", &Standing { held: true, disowned: true, ..unproven }),
        Ok(DecisionState::Decided)
    );
}

#[test]
fn one_account_of_the_machine_is_one_person_unless_people_share_it() {
    let decided = |proposer: Option<&str>, decider: Option<&str>| {
        let by = Acting { name: "anna", account: proposer };
        let proposed = Decision::propose(Verdict::Approve, &standing(), true, by, vec![]);
        let decider = Acting { name: "boris", account: decider };
        proposed.decide(decider, true, &standing()).map(|_| ())
    };
    let error = decided(Some("office"), Some("office")).expect_err("one account");
    assert_eq!((error, error.rule()), (DecisionError::SameAccount, "four_eyes"));
    assert_eq!(decided(Some("anna"), Some("boris")), Ok(()));
    // Where people share one, no account is brought.
    assert_eq!(decided(Some("office"), None), Ok(()));
    assert_eq!(decided(None, Some("office")), Ok(()));
}

#[test]
fn the_stricter_of_then_and_now_holds() {
    let alone = Decision::propose(Verdict::Approve, &standing(), false, under("anna"), vec![]);
    assert!(alone.clone().decide(under("anna"), false, &standing()).is_ok());
    assert_eq!(alone.decide(under("anna"), true, &standing()), Err(DecisionError::SamePerson));
    let strict = proposed(Verdict::Approve, "anna", &[]);
    assert_eq!(strict.decide(under("anna"), false, &standing()), Err(DecisionError::SamePerson));
}

/// What happens to a request in a random story.
#[derive(Debug, Clone)]
enum Act {
    /// A step of the machine by some right.
    Step(RequestStep, Warrant),
    /// Somebody makes the plan anew.
    Prepare(u8),
    Propose(Verdict, u8),
    Decide(u8),
    SendBack,
    Hold(bool),
    Prove(IdentityLevel),
    /// "This was not me", or a later challenge that says it was.
    Disown(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let person = 0_u8..3;
    prop_oneof![
        (prop::sample::select(RequestStep::ALL), prop::sample::select(Warrant::ALL))
            .prop_map(|(step, by)| Act::Step(step, by)),
        person.clone().prop_map(Act::Prepare),
        (prop::sample::select(Verdict::ALL), person.clone())
            .prop_map(|(verdict, by)| Act::Propose(verdict, by)),
        person.prop_map(Act::Decide),
        Just(Act::SendBack),
        any::<bool>().prop_map(Act::Hold),
        prop::sample::select(IdentityLevel::ALL).prop_map(Act::Prove),
        any::<bool>().prop_map(Act::Disown),
    ]
}

fn name(person: u8) -> String {
    format!("person {person}")
}

/// A request as the shell keeps it, with the decision that stands.
struct Story {
    state: RequestState,
    decision: Option<Decision>,
    maker: Option<u8>,
    standing: Standing,
}

impl Story {
    fn begin() -> Self {
        let standing = Standing { identity: IdentityLevel::From, ..standing() };
        Self { state: RequestState::Received, decision: None, maker: None, standing }
    }

    /// Carries an act out as `cases` does; returns who proposed, made and decided on approval.
    fn go(&mut self, act: &Act) -> Option<(String, Option<String>, String)> {
        match act {
            // Approval and refusal have no other door than a decision.
            Act::Step(RequestStep::Approve | RequestStep::Refuse, _) => {}
            Act::Step(step, by) => {
                if let Ok(made) = self.state.step(*step, *by) {
                    self.state = made.to();
                    if matches!(step, RequestStep::Reopen | RequestStep::SendBack) {
                        self.decision = None;
                    }
                }
            }
            Act::Prepare(by) => {
                self.maker = Some(*by);
                self.standing.subject[0] = self.standing.subject[0].wrapping_add(1);
            }
            Act::Propose(verdict, by) => {
                // Who cannot be identified is refused without a review.
                let may = self.state == RequestState::UnderReview
                    || (self.state == RequestState::Identity && *verdict == Verdict::Refuse);
                if may && self.decision.is_none() {
                    let makers = self.maker.map(name).into_iter().collect();
                    let made = Decision::propose(
                        *verdict,
                        &self.standing,
                        true,
                        under(&name(*by)),
                        makers,
                    );
                    self.decision = Some(made);
                }
            }
            Act::Decide(by) => return self.decide(*by),
            Act::SendBack => match self.state.step(RequestStep::SendBack, Warrant::Person) {
                Ok(made) => {
                    self.state = made.to();
                    self.decision = None;
                }
                Err(_) if self.state == RequestState::UnderReview => self.decision = None,
                Err(_) => {}
            },
            Act::Hold(held) => self.standing.held = *held,
            Act::Prove(level) => self.standing.identity = *level,
            Act::Disown(disowned) => self.standing.disowned = *disowned,
        }
        None
    }

    fn decide(&mut self, by: u8) -> Option<(String, Option<String>, String)> {
        let decision = self.decision.clone()?;
        let decided = decision.decide(under(&name(by)), true, &self.standing).ok()?;
        let step = match decided.verdict {
            Verdict::Approve => RequestStep::Approve,
            Verdict::Refuse => RequestStep::Refuse,
        };
        self.state = self.state.step(step, Warrant::Person).ok()?.to();
        let proposer = decided.proposed_by.clone();
        self.decision = Some(decided);
        Some((proposer, self.maker.map(name), name(by)))
    }
}

proptest! {
    #[test]
    fn nobody_approves_what_they_proposed_or_made(acts in prop::collection::vec(act(), 0..60)) {
        let mut story = Story::begin();
        for act in &acts {
            let before = story.state;
            let facts = story.standing;
            if let Some((proposer, maker, decider)) = story.go(act) {
                prop_assert_ne!(&proposer, &decider);
                prop_assert_ne!(maker.as_ref(), Some(&decider));
                if story.state == RequestState::Approved {
                    prop_assert_eq!(before, RequestState::UnderReview);
                    prop_assert!(facts.identity >= facts.needed && !facts.held && !facts.disowned);
                } else {
                    prop_assert_eq!(story.state, RequestState::Refused);
                    prop_assert!(matches!(
                        before,
                        RequestState::UnderReview | RequestState::Identity
                    ));
                }
            }
            // Whatever is carried out was approved by a decision.
            if matches!(story.state, RequestState::Approved | RequestState::Executing) {
                let decided = story.decision.as_ref().map(Decision::state);
                prop_assert_eq!(decided, Some(DecisionState::Decided));
            }
        }
    }

    #[test]
    fn no_path_from_mail_alone_reaches_a_destructive_act(
        steps in prop::collection::vec(prop::sample::select(RequestStep::ALL), 0..40),
    ) {
        let mut state = RequestState::Received;
        for step in steps {
            if let Ok(made) = state.step(step, Warrant::Submission) {
                state = made.to();
            }
            let harmless = matches!(
                state,
                RequestState::Received | RequestState::Blocked | RequestState::Identity | RequestState::Joined
            );
            prop_assert!(harmless, "{state:?}");
        }
    }

    #[test]
    fn without_a_person_nothing_is_executed(
        acts in prop::collection::vec(
            (prop::sample::select(RequestStep::ALL), prop::sample::select(&[Warrant::Submission, Warrant::Daemon][..])),
            0..40,
        ),
    ) {
        let mut state = RequestState::Received;
        for (step, by) in acts {
            if let Ok(made) = state.step(step, by) {
                state = made.to();
            }
            let decided = matches!(
                state,
                RequestState::Approved | RequestState::Refused | RequestState::Executing | RequestState::Verified
            );
            prop_assert!(!decided, "{state:?}");
        }
    }
}
