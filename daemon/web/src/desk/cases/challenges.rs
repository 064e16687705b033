//! Challenges of the desk: `cases` behind the pages.

use ::cases::Cases;
use ::cases::identity as room;
use domain::ticket_number::{StatusCode, TicketNumber};

use super::refuse;
use crate::desk::{ChallengeAnswer, ChallengeStanding, ChallengeView, DeskError};

pub(super) async fn challenge(
    cases: &Cases,
    token: &str,
) -> Result<Option<ChallengeView>, DeskError> {
    let found =
        Cases::challenge(cases, token).await.map_err(|error| refuse("show a challenge", &error))?;
    Ok(found.map(view))
}

pub(super) async fn answer(
    cases: &Cases,
    token: &str,
    answer: ChallengeAnswer,
) -> Result<Option<ChallengeView>, DeskError> {
    let taken = Cases::answer_challenge(cases, token, said(answer))
        .await
        .map_err(|error| refuse("take the answer to a challenge", &error))?;
    Ok(taken.map(view))
}

pub(super) async fn answer_code(
    cases: &Cases,
    number: TicketNumber,
    code: StatusCode,
    answer: ChallengeAnswer,
) -> Result<Option<ChallengeView>, DeskError> {
    let taken = Cases::answer_challenge_code(cases, number, code, said(answer))
        .await
        .map_err(|error| refuse("take the code of a challenge", &error))?;
    Ok(taken.map(view))
}

fn said(answer: ChallengeAnswer) -> room::ChallengeAnswer {
    match answer {
        ChallengeAnswer::Mine => room::ChallengeAnswer::Mine,
        ChallengeAnswer::NotMine => room::ChallengeAnswer::NotMine,
    }
}

fn view(view: room::ChallengeView) -> ChallengeView {
    ChallengeView {
        standing: match view.standing {
            room::ChallengeStanding::Open => ChallengeStanding::Open,
            room::ChallengeStanding::Answered => ChallengeStanding::Answered,
            room::ChallengeStanding::Disowned => ChallengeStanding::Disowned,
            room::ChallengeStanding::Over => ChallengeStanding::Over,
        },
        locale: view.locale,
        ticket_number: view.ticket_number,
        opened_at: view.opened_at,
        requests: view.requests,
    }
}
