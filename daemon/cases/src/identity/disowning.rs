//! What the letter to a person who said "this was not me" says of requests by where they stand:
//! what was done or begun by then, and what holds because a server vouched for it.

use domain::{
    block::Scope,
    language::Locale,
    regime::RequestName,
    request::{Outcome, RequestState},
};
use render::{mail::KeptItem, wording};
use store::requests::RequestRow;

/// What was done or begun, a line each.
pub(super) fn done(requests: &[RequestRow], locale: Locale) -> Vec<String> {
    let told = |row: &RequestRow| {
        let how = how(row.name, row.state, row.outcome, locale)?;
        Some(format!("{}: {how}", wording::request(row.name, locale)))
    };
    requests.iter().filter_map(told).collect()
}

/// How far a request went; none where nothing was done for it. A stop of advertising is what its
/// block is: see [`kept`].
fn how(
    name: RequestName,
    state: RequestState,
    outcome: Option<Outcome>,
    locale: Locale,
) -> Option<&'static str> {
    let (ru, en) = match (state, outcome) {
        _ if name == RequestName::StopMarketing => return None,
        (
            RequestState::Received
            | RequestState::Blocked
            | RequestState::Identity
            | RequestState::UnderReview
            | RequestState::Approved
            | RequestState::Refused
            | RequestState::Joined
            | RequestState::Withdrawn,
            _,
        )
        | (
            _,
            Some(
                Outcome::NothingHeld
                | Outcome::NotConfirmed
                | Outcome::Refused
                | Outcome::Withdrawn
                | Outcome::Misread
                | Outcome::Joined,
            ),
        ) => return None,
        (RequestState::Executing, _) => (
            "начали и не закончили; сотрудник проверит, что можно остановить",
            "begun and not finished; our staff will check what can be stopped",
        ),
        (_, Some(Outcome::PartlyKept)) => ("сделано частично", "done in part"),
        (_, Some(Outcome::Anonymised)) => ("данные обезличены", "the data were made anonymous"),
        (RequestState::Verified, _) => ("сделано", "done"),
        (RequestState::Answered | RequestState::Closed, _) => {
            ("сделано, ответ отправлен", "done, and the answer was sent")
        }
    };
    Some(match locale {
        Locale::Ru => ru,
        Locale::En => en,
    })
}

/// What holds on although it was disowned: blocks of letters that a server vouched for.
pub(super) fn kept(scopes: &[Scope], locale: Locale) -> Vec<KeptItem> {
    let mut items: Vec<KeptItem> = Vec::new();
    for scope in scopes {
        let (ru, en) = match scope {
            Scope::Full => (
                "блокирование ваших данных и отказ от рассылок",
                "the block of your data, and the stop of newsletters",
            ),
            Scope::Marketing => {
                ("отказ от рассылок и рекламы", "the stop of newsletters and advertising")
            }
            Scope::Purposes(_) => (
                "остановка обработки для отдельных целей",
                "the stop of processing for some purposes",
            ),
            Scope::Fields(_) => ("блокирование отдельных данных", "the block of some of your data"),
        };
        let what = match locale {
            Locale::Ru => ru,
            Locale::En => en,
        };
        if items.iter().all(|item| item.what != what) {
            items.push(KeptItem {
                what: what.to_owned(),
                why: String::new(),
                until: String::new(),
            });
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_follows_from_where_a_request_stands() {
        let erasure = RequestName::Erasure;
        let told = |state, outcome| how(erasure, state, outcome, Locale::Ru);
        for state in [
            RequestState::Received,
            RequestState::Blocked,
            RequestState::Identity,
            RequestState::UnderReview,
            RequestState::Approved,
            RequestState::Refused,
            RequestState::Joined,
            RequestState::Withdrawn,
        ] {
            assert_eq!(told(state, None), None, "{state:?}");
        }
        assert!(told(RequestState::Executing, None).is_some_and(|told| told.contains("начали")));
        assert_eq!(told(RequestState::Verified, None), Some("сделано"));
        let closed = RequestState::Closed;
        let done = told(closed, Some(Outcome::Done));
        assert_eq!(done, Some("сделано, ответ отправлен"));
        assert_eq!(told(closed, Some(Outcome::PartlyKept)), Some("сделано частично"));
        assert_eq!(told(closed, Some(Outcome::Anonymised)), Some("данные обезличены"));
        for outcome in [Outcome::Refused, Outcome::NotConfirmed, Outcome::NothingHeld] {
            assert_eq!(told(closed, Some(outcome)), None, "{outcome:?}");
        }
        // Its block was lifted, or stands and is named as such.
        let stop = RequestName::StopMarketing;
        assert_eq!(how(stop, closed, Some(Outcome::Done), Locale::Ru), None);
    }

    #[test]
    fn what_holds_is_told_once() {
        let scopes = [Scope::Marketing, Scope::Marketing, Scope::Full];
        let told: Vec<String> =
            kept(&scopes, Locale::Ru).into_iter().map(|item| item.what).collect();
        assert_eq!(
            told,
            ["отказ от рассылок и рекламы", "блокирование ваших данных и отказ от рассылок"]
        );
        assert!(kept(&[], Locale::En).is_empty());
    }
}
