//! Lists: from the pages' words to those of `cases`, and back.

use ::cases::subscriptions as house;
use ::cases::{Cases, CasesError};
use domain::language::Locale;

use crate::desk::cases::refuse;
use crate::desk::{
    Act, ConfirmationState, ConfirmationView, ConfirmedList, DeskError, LeavableList, LeaveAnswer,
    Leaving, OpenList, OpenLists, UnsubscribeView, Visit, Wish, WishAnswer,
};

/// The rule by which `cases` refuses a text that is not in force.
const TEXT_CHANGED: &str = "text_changed";

pub(super) async fn open_lists(cases: &Cases, locale: Locale) -> Result<OpenLists, DeskError> {
    let lists = cases.open_lists(locale).await.map_err(|error| refuse("show the lists", &error))?;
    let policy = lists.first();
    Ok(OpenLists {
        policy_version: policy.map(|list| list.policy_version.clone()).unwrap_or_default(),
        policy_url: policy.map(|list| list.policy_url.clone()).unwrap_or_default(),
        lists: lists
            .into_iter()
            .map(|list| OpenList {
                name: list.name,
                title: list.title,
                text_id: list.text.id,
                text: list.text.body,
            })
            .collect(),
    })
}

pub(super) async fn subscribe(cases: &Cases, wish: Wish) -> Result<WishAnswer, DeskError> {
    let wishes = wish
        .agreed
        .into_iter()
        .map(|agreed| house::ListWish { list: agreed.list, text: agreed.text_id })
        .collect();
    let new = house::NewSubscription {
        address: wish.email,
        name: wish.name,
        wishes,
        policy_version: wish.policy_version,
        locale: wish.locale,
        capture: house::Capture {
            point: wish.capture_point,
            act: match wish.act {
                Act::Checkbox => house::Act::Checkbox,
                Act::Button => house::Act::Button,
            },
            visitor: visitor(wish.page, wish.visit),
        },
    };
    match cases.subscribe(&new).await {
        Ok(()) => Ok(WishAnswer::Taken),
        Err(CasesError::Refused { rule: TEXT_CHANGED, .. }) => Ok(WishAnswer::TextChanged),
        Err(error) => Err(refuse("take a wish for lists", &error)),
    }
}

pub(super) async fn confirmation(
    cases: &Cases,
    token: &str,
) -> Result<Option<ConfirmationView>, DeskError> {
    let shown =
        cases.confirmation(token).await.map_err(|error| refuse("show a confirmation", &error))?;
    Ok(shown.map(|shown| ConfirmationView {
        state: match shown.state {
            house::ConfirmationState::Open => ConfirmationState::Open,
            house::ConfirmationState::Confirmed => ConfirmationState::Already,
            house::ConfirmationState::Expired => ConfirmationState::Expired,
        },
        locale: shown.locale,
        lists: shown
            .lists
            .into_iter()
            .map(|list| ConfirmedList { name: list.name, title: list.title, text: list.text })
            .collect(),
    }))
}

pub(super) async fn confirm(
    cases: &Cases,
    token: &str,
    visit: Visit,
) -> Result<Option<ConfirmationView>, DeskError> {
    let confirmed = cases
        .confirm(token, &visitor(String::new(), visit))
        .await
        .map_err(|error| refuse("confirm a subscription", &error))?;
    let state = match confirmed {
        house::Confirmed::Now => ConfirmationState::Confirmed,
        house::Confirmed::Already => ConfirmationState::Already,
        house::Confirmed::Expired => ConfirmationState::Expired,
        house::Confirmed::Unknown => return Ok(None),
    };
    let view = confirmation(cases, token).await?;
    Ok(view.map(|view| ConfirmationView { state, ..view }))
}

pub(super) async fn unsubscription(
    cases: &Cases,
    token: &str,
) -> Result<Option<UnsubscribeView>, DeskError> {
    let shown =
        cases.unsubscription(token).await.map_err(|error| refuse("show a subscription", &error))?;
    Ok(shown.map(|shown| UnsubscribeView {
        locale: shown.locale,
        list: shown.list.map(|list| LeavableList {
            name: list.name,
            title_ru: list.title_ru,
            title_en: list.title_en,
            is_left: list.is_left,
        }),
    }))
}

pub(super) async fn unsubscribe(
    cases: &Cases,
    token: &str,
    leaving: Leaving,
    visit: Visit,
) -> Result<LeaveAnswer, DeskError> {
    let (reach, method) = match leaving {
        Leaving::OneClick => (house::Reach::List, house::Method::OneClick),
        Leaving::List => (house::Reach::List, house::Method::Page),
        Leaving::Everything => (house::Reach::Everything, house::Method::Page),
    };
    let Visit { remote_address: ip, user_agent } = visit;
    let leaving = house::Leaving { reach, method, ip, user_agent };
    let left = cases
        .unsubscribe(token, &leaving)
        .await
        .map_err(|error| refuse("take somebody off a list", &error))?;
    Ok(match left {
        house::Left::Now | house::Left::Already | house::Left::Gone => LeaveAnswer::Left,
        house::Left::Unknown => LeaveAnswer::Unknown,
    })
}

fn visitor(page: String, visit: Visit) -> house::Visitor {
    house::Visitor { page, ip: visit.remote_address, user_agent: visit.user_agent }
}
