//! A challenge that remembers what it was answered.

use std::sync::Mutex;

use domain::language::Locale;
use domain::regime::RequestName;
use domain::ticket_number::{StatusCode, TicketNumber};
use web::{ChallengeAnswer, ChallengeStanding, ChallengeView};

use super::{CODE, NUMBER};

/// The token of the one challenge.
pub const CHALLENGE: &str = "mfrggzdfmztwq2lknnwg23tpobyxe43u";

pub struct Challenges {
    standing: Mutex<ChallengeStanding>,
    pub answers: Mutex<Vec<ChallengeAnswer>>,
    pub wrong_codes: Mutex<u32>,
}

impl Default for Challenges {
    fn default() -> Self {
        Self {
            standing: Mutex::new(ChallengeStanding::Open),
            answers: Mutex::default(),
            wrong_codes: Mutex::default(),
        }
    }
}

impl Challenges {
    pub fn stand(&self, standing: ChallengeStanding) {
        *self.standing.lock().expect("not poisoned") = standing;
    }

    fn view(&self) -> ChallengeView {
        ChallengeView {
            standing: *self.standing.lock().expect("not poisoned"),
            locale: Locale::Ru,
            ticket_number: TicketNumber::parse(NUMBER).expect("a number"),
            opened_at: "2026-11-20T09:05:00Z".parse().expect("an instant"),
            requests: vec![RequestName::Erasure, RequestName::Access],
        }
    }

    pub fn look(&self, token: &str) -> Option<ChallengeView> {
        (token == CHALLENGE).then(|| self.view())
    }

    pub fn answer(&self, token: &str, answer: ChallengeAnswer) -> Option<ChallengeView> {
        self.look(token)?;
        let mut standing = self.standing.lock().expect("not poisoned");
        if *standing == ChallengeStanding::Open {
            self.answers.lock().expect("not poisoned").push(answer);
            *standing = match answer {
                ChallengeAnswer::Mine => ChallengeStanding::Answered,
                ChallengeAnswer::NotMine => ChallengeStanding::Disowned,
            };
        }
        drop(standing);
        Some(self.view())
    }

    pub fn answer_code(
        &self,
        number: TicketNumber,
        code: StatusCode,
        answer: ChallengeAnswer,
    ) -> Option<ChallengeView> {
        if number.to_string() != NUMBER || code.expose() != CODE {
            *self.wrong_codes.lock().expect("not poisoned") += 1;
            return None;
        }
        self.answer(CHALLENGE, answer)
    }
}
