//! Challenges of the desk: `cases` behind the pages.

use ::cases::Cases;
use domain::ticket_number::{StatusCode, TicketNumber};

use super::refuse;
use crate::desk::{ChallengeAnswer, ChallengeView, DeskError};

pub(super) async fn challenge(
    cases: &Cases,
    token: &str,
) -> Result<Option<ChallengeView>, DeskError> {
    Cases::challenge(cases, token).await.map_err(|error| refuse("show a challenge", &error))
}

pub(super) async fn answer(
    cases: &Cases,
    token: &str,
    answer: ChallengeAnswer,
) -> Result<Option<ChallengeView>, DeskError> {
    Cases::answer_challenge(cases, token, answer)
        .await
        .map_err(|error| refuse("take the answer to a challenge", &error))
}

pub(super) async fn answer_code(
    cases: &Cases,
    number: TicketNumber,
    code: StatusCode,
    answer: ChallengeAnswer,
) -> Result<Option<ChallengeView>, DeskError> {
    Cases::answer_challenge_code(cases, number, code, answer)
        .await
        .map_err(|error| refuse("take the code of a challenge", &error))
}
