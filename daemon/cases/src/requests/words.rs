//! What words a decision needs: what was done, on which base something goes on, by which article
//! something is refused.

use domain::{
    law::{is_article, is_base},
    regime::RequestName,
};

use super::{executing::Carried, refused};
use crate::CasesError;

/// What is proposed to be carried out by hand, in words that a decision can stand on.
pub(super) fn check_words(name: RequestName, carried: &Carried) -> Result<(), CasesError> {
    if carried.not_confirmed {
        return check_not_confirmed(carried);
    }
    if carried.done.iter().all(|done| done.trim().is_empty()) {
        let why = "say what was done, in words that the person understands: --done";
        return Err(refused("done_is_said", why));
    }
    let unfounded =
        |(purpose, base): &(String, String)| purpose.trim().is_empty() || !is_base(base);
    if carried.continues.iter().any(unfounded) {
        let why = "what goes on needs its base: an article of an act, such as `договор=152-ФЗ ст. 6 ч. 1 п. 5`, or a contract by its number or date, such as `договор № 7 от 01.02.2026`, and no other words";
        return Err(refused("continues_with_base", why));
    }
    let per_purpose = matches!(name, RequestName::ConsentWithdrawal | RequestName::Objection);
    if carried.all_continue && (carried.continues.is_empty() || !per_purpose) {
        let why = "that every purpose goes on is said of a withdrawal or an objection, and each with its base: --continues";
        return Err(refused("continues_with_base", why));
    }
    Ok(())
}

fn check_not_confirmed(carried: &Carried) -> Result<(), CasesError> {
    if !carried.continues.is_empty() || carried.all_continue {
        let why = "what was not confirmed changes nothing: leave --continues out";
        return Err(refused("continues_with_base", why));
    }
    if !is_article(&carried.clause) {
        let why = "that a claim was not confirmed is a refusal: name act and article, and no other words, such as `152-ФЗ ст. 14 ч. 8`: --clause";
        return Err(refused("refusal_needs_clause", why));
    }
    if carried.reasons.trim().chars().count() < 10 {
        let why = "a refusal says why, in words that the person understands: --reasons";
        return Err(refused("refusal_needs_reasons", why));
    }
    Ok(())
}
