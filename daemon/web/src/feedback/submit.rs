//! Page and JSON alike: the checks of one submission, in order, and the way to the desk.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use domain::form::FormEntry;

use crate::asking;
use crate::desk::DeskError;
use crate::feedback::check::{Checked, Mistake, Typed, check};
use crate::feedback::puzzle;
use crate::feedback::spent::{Claim, Reservation};
use crate::feedback::token::{self, FormInstance, Reading};
use crate::limits::TooMany;
use crate::network::Origin;
use crate::visitor::Visitor;
use crate::web::Web;

/// Why a form was not filed; nothing of it is kept then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Something typed is wrong, or the form itself is not good any more.
    Mistakes(Vec<Mistake>),
    /// Over a limit.
    TooMany(Duration),
    /// The desk cannot take it now.
    Unavailable,
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Mistakes(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Control (or empty) and word, for the summary of errors.
    pub(crate) fn lines(&self) -> Vec<Mistake> {
        match self {
            Self::Mistakes(mistakes) => mistakes.clone(),
            Self::TooMany(_) => vec![("", "errors.too_many")],
            Self::Unavailable => vec![("", "errors.unavailable")],
        }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Mistakes(_) => None,
            Self::TooMany(wait) => Some(*wait),
            Self::Unavailable => Some(asking::ASK_AGAIN),
        }
    }
}

/// Checks a form and files it. What became of it is not told: the answer is the same for all.
///
/// # Errors
/// [`Refusal`]; none depends on what is known of the address.
pub(crate) async fn submit(web: &Web, typed: &Typed, visitor: &Visitor) -> Result<(), Refusal> {
    let (instance, checked) = read(web, typed)?;
    let entry = entry(web, &instance, checked, visitor);
    let (reservation, has_puzzle) = match web.spent.claim(instance.id, entry.form_key) {
        Claim::Filed => return Ok(()),
        Claim::First(reservation) => (reservation, true),
        Claim::Further(reservation) => (reservation, false),
    };
    let is_solved = has_puzzle
        && puzzle::is_solved(&instance.seed(), &typed.puzzle_answer, web.rules.puzzle_bits);
    if !is_solved && instance.age_seconds(web) < i64::from(web.rules.minimum_age_seconds) {
        return Err(Refusal::Mistakes(vec![("", "errors.form_early")]));
    }
    let stop_key = entry.email.stop_key();
    take_from_limits(web, visitor.origin, &stop_key, is_solved)
        .map_err(|over| Refusal::TooMany(over.retry_after))?;
    file(web, entry, reservation).await
}

/// Hands the entry to the desk, and with it the form that it spends.
async fn file(web: &Web, entry: FormEntry, reservation: Reservation) -> Result<(), Refusal> {
    let desk = Arc::clone(&web.desk);
    let filing = async move {
        desk.file_form(entry).await?;
        reservation.keep();
        Ok(())
    };
    asking::act(web, "filing a form", filing).await.map_err(|error| match error {
        DeskError::Unavailable | DeskError::Failed => Refusal::Unavailable,
    })
}

/// Token and fields; mistakes of both are told together.
fn read(web: &Web, typed: &Typed) -> Result<(FormInstance, Checked), Refusal> {
    let instance = match token::read(web, &typed.form_token) {
        Reading::Good(instance) => Ok(instance),
        Reading::Expired(_) => Err(("", "errors.form_expired")),
        Reading::Unknown => Err(("", "errors.form_unknown")),
    };
    match (instance, check(typed)) {
        (Ok(instance), Ok(checked)) => Ok((instance, checked)),
        (Ok(_), Err(mistakes)) => Err(Refusal::Mistakes(mistakes)),
        (Err(form), Ok(_)) => Err(Refusal::Mistakes(vec![form])),
        (Err(form), Err(mut mistakes)) => {
            mistakes.push(form);
            Err(Refusal::Mistakes(mistakes))
        }
    }
}

/// The entry. Its key stands for this form with this content: sent twice it is one submission,
/// sent again with other words (back, edit, send) it is another one and not lost.
fn entry(web: &Web, instance: &FormInstance, checked: Checked, visitor: &Visitor) -> FormEntry {
    let Checked { name, email, phone, text } = checked;
    let form_key = web.token_key.digest(&[
        &instance.id,
        name.as_bytes(),
        email.expose().as_bytes(),
        phone.as_bytes(),
        text.as_bytes(),
    ]);
    FormEntry {
        name,
        email,
        phone,
        text,
        capture_point: instance.capture_point,
        page: instance.page.clone(),
        policy_version: instance.policy_version.clone(),
        locale: visitor.locale,
        form_key,
        remote_address: visitor.remote_address(),
        user_agent: visitor.user_agent.clone(),
    }
}

fn take_from_limits(
    web: &Web,
    origin: Origin,
    stop_key: &str,
    is_solved: bool,
) -> Result<(), TooMany> {
    let now = web.clock.boot_time();
    let limits = &web.limiters;
    let network = if is_solved { &limits.network_solved } else { &limits.network_unsolved };
    network.take(&origin.limit_key(), now)?;
    // Per network: one count for all would tell strangers that somebody wrote for an address,
    // and let them keep its owner out. How many letters an address gets is limited in filing.
    limits.address.take(&format!("{} {stop_key}", origin.limit_key()), now)?;
    limits.everyone.take("", now)
}
