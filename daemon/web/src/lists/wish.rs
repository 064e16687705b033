//! Page and JSON alike: from what was sent to a wish for lists, and the way to the desk.
//!
//! The form has no token and no minimum age, since it may stand on somebody else's site; what it
//! can cause is one mail without advertising to one mailbox. A field that people leave empty and
//! the limits guard it.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use domain::address::EmailAddress;
use domain::form::CapturePoint;
use domain::ids::ConsentTextId;

use crate::asking;
use crate::desk::{Act, Agreed, DeskError, OpenLists, Wish, WishAnswer};
use crate::limits::TooMany;
use crate::visitor::Visitor;
use crate::web::Web;

const LONGEST_NAME: usize = 200;
/// No confirmation mail asks for more lists.
const MOST_AGREED: usize = 20;

/// One box that was ticked: a list and the text beside the box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticked {
    pub(crate) list: String,
    /// As it was sent; what is no number is no text in force.
    pub(crate) text_id: String,
}

impl Ticked {
    /// Reads the value of a box: `news:12`.
    pub(crate) fn from_value(value: &str) -> Self {
        let (list, text_id) = value.rsplit_once(':').unwrap_or((value, ""));
        Self { list: list.to_owned(), text_id: text_id.to_owned() }
    }

    /// The value of a box.
    pub(crate) fn value(list: &str, text_id: ConsentTextId) -> String {
        format!("{list}:{text_id}")
    }

    /// Whether it is this list under this very text.
    pub(crate) fn is_for(&self, list: &str, text_id: ConsentTextId) -> bool {
        self.list == list && self.text_id == text_id.to_string()
    }
}

/// A filled form as it arrived; personal data, so it prints nothing of it.
#[derive(Clone, Default)]
pub(crate) struct Typed {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) ticked: Vec<Ticked>,
    pub(crate) policy_version: String,
    /// The trap: people do not see it.
    pub(crate) website: String,
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typed(***)")
    }
}

/// What was typed, in order.
pub(crate) struct Checked {
    pub(crate) email: EmailAddress,
    pub(crate) name: String,
    pub(crate) agreed: Vec<Agreed>,
}

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checked(***)")
    }
}

/// A mistake: the field, and the path of the word that explains it.
pub(crate) type Mistake = (&'static str, &'static str);

/// Where and how the person agreed.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) capture_point: CapturePoint,
    pub(crate) act: Act,
    /// The page without query; may be empty.
    pub(crate) page: String,
}

/// Why nothing was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Something typed is wrong, or the texts are not the ones in force.
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

    /// Field (or empty) and word, for the summary of errors.
    pub(crate) fn lines(&self) -> Vec<Mistake> {
        match self {
            Self::Mistakes(mistakes) => mistakes.clone(),
            Self::TooMany(_) => vec![("", "errors.wish_too_many")],
            Self::Unavailable => vec![("", "errors.wish_unavailable")],
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

/// The text or the policy beside the box is another one now.
fn changed() -> Mistake {
    ("lists", "errors.text_changed")
}

/// Checks a form against the lists that are open and takes it to the desk. What becomes of it is
/// not told: the answer is the same for every address.
///
/// # Errors
/// [`Refusal`]; none depends on what is known of the address.
pub(crate) async fn submit(
    web: &Web,
    open: &OpenLists,
    typed: &Typed,
    place: Place,
    visitor: &Visitor,
) -> Result<(), Refusal> {
    let Checked { email, name, agreed } = check(typed, open).map_err(Refusal::Mistakes)?;
    take_from_limits(web, visitor, &email.stop_key())
        .map_err(|over| Refusal::TooMany(over.retry_after))?;
    let wish = Wish {
        email,
        name,
        locale: visitor.locale,
        agreed,
        policy_version: open.policy_version.clone(),
        capture_point: place.capture_point,
        act: place.act,
        page: place.page,
        visit: visitor.visit(),
    };
    let desk = Arc::clone(&web.desk);
    let taking = async move { desk.subscribe(wish).await };
    match asking::act(web, "taking a wish for lists", taking).await {
        Ok(WishAnswer::Taken) => Ok(()),
        // Changed between our look and the desk's.
        Ok(WishAnswer::TextChanged) => Err(Refusal::Mistakes(vec![changed()])),
        Err(DeskError::Unavailable | DeskError::Failed) => Err(Refusal::Unavailable),
    }
}

/// Checks all fields.
///
/// # Errors
/// Every mistake, in the order of the controls on the page.
pub(crate) fn check(typed: &Typed, open: &OpenLists) -> Result<Checked, Vec<Mistake>> {
    let mut mistakes: Vec<Mistake> = Vec::new();
    let agreed = agreed(typed, open);
    match &agreed {
        None => mistakes.push(changed()),
        Some(agreed) if agreed.is_empty() => mistakes.push(("lists", "errors.list_missing")),
        Some(agreed) if agreed.len() > MOST_AGREED => mistakes.push(("lists", "errors.list_many")),
        Some(_) if typed.policy_version != open.policy_version => {
            mistakes.push(("lists", "errors.policy_changed"));
        }
        Some(_) => {}
    }
    let email = match typed.email.trim() {
        "" => Err("errors.wish_email_missing"),
        email => EmailAddress::parse(email).map_err(|_| "errors.email_invalid"),
    };
    if let Err(mistake) = email {
        mistakes.push(("email", mistake));
    }
    let name = one_line(&typed.name);
    if name.chars().count() > LONGEST_NAME {
        mistakes.push(("name", "errors.name_long"));
    }
    if !typed.website.is_empty() {
        mistakes.push(("website", "errors.trap_filled"));
    }
    match (email, agreed) {
        (Ok(email), Some(agreed)) if mistakes.is_empty() => Ok(Checked { email, name, agreed }),
        _ => Err(mistakes),
    }
}

/// The lists of the ticked boxes, each once; `None` if a text beside one is not in force.
fn agreed(typed: &Typed, open: &OpenLists) -> Option<Vec<Agreed>> {
    let mut agreed: Vec<Agreed> = Vec::new();
    for ticked in &typed.ticked {
        let list = open.lists.iter().find(|list| ticked.is_for(&list.name, list.text_id))?;
        if !agreed.iter().any(|known| known.list == list.name) {
            agreed.push(Agreed { list: list.name.clone(), text_id: list.text_id });
        }
    }
    Some(agreed)
}

/// One line: what would break it becomes a space.
fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.trim().to_owned()
}

fn take_from_limits(web: &Web, visitor: &Visitor, stop_key: &str) -> Result<(), TooMany> {
    let now = web.clock.boot_time();
    let (limits, network) = (&web.limiters, visitor.origin.limit_key());
    limits.wish_network.take(&network, now)?;
    // Per network: one count for all would tell strangers that somebody asked for an address.
    limits.wish_address.take(&format!("{network} {stop_key}"), now)?;
    limits.wish_everyone.take("", now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::desk::OpenList;

    fn open() -> OpenLists {
        let list = |name: &str, id| OpenList {
            name: name.to_owned(),
            title: String::new(),
            text_id: ConsentTextId(id),
            text: String::new(),
        };
        OpenLists {
            lists: vec![list("news", 12), list("offers", 7)],
            policy_version: "2026-11-01".to_owned(),
            policy_url: String::new(),
        }
    }

    fn typed(values: &[&str]) -> Typed {
        Typed {
            email: "anna@mail.example".to_owned(),
            ticked: values.iter().map(|value| Ticked::from_value(value)).collect(),
            policy_version: "2026-11-01".to_owned(),
            ..Typed::default()
        }
    }

    #[test]
    fn a_box_counts_only_with_the_text_in_force_of_its_own_list() {
        let changed = || Err("errors.text_changed");
        for (values, expected) in [
            (&["news:12"][..], Ok(vec![12])),
            (&["offers:7", "news:12", "news:12"], Ok(vec![7, 12])),
            (&[], Err("errors.list_missing")),
            (&["news:11"], changed()),
            (&["news:7"], changed()),
            (&["news"], changed()),
            (&["news:+12"], changed()),
            (&["news:12", "secret:1"], changed()),
        ] {
            let checked = check(&typed(values), &open());
            let found = checked
                .map(|checked| checked.agreed.iter().map(|agreed| agreed.text_id.0).collect())
                .map_err(|mistakes| mistakes.first().map_or("", |(_, word)| word));
            assert_eq!(found, expected, "{values:?}");
        }
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let typed = Typed {
            name: "я".repeat(201),
            website: "x".to_owned(),
            email: "anna".to_owned(),
            ..typed(&[])
        };
        let mistakes = check(&typed, &open()).err().unwrap_or_default();
        let fields: Vec<_> = mistakes.iter().map(|(field, _)| *field).collect();
        assert_eq!(fields, ["lists", "email", "name", "website"]);
    }

    #[test]
    fn another_policy_must_be_read_first() {
        let old = Typed { policy_version: "2025-01-01".to_owned(), ..typed(&["news:12"]) };
        let mistakes = check(&old, &open()).err().unwrap_or_default();
        assert_eq!(mistakes, [("lists", "errors.policy_changed")]);
    }

    proptest! {
        #[test]
        fn any_form_is_a_wish_or_a_list_of_mistakes(
            name in ".*", email in ".*", value in ".*", policy_version in ".*",
        ) {
            let typed = Typed {
                name, email, policy_version, ticked: vec![Ticked::from_value(&value)],
                ..Typed::default()
            };
            match check(&typed, &open()) {
                Ok(checked) => prop_assert!(!checked.agreed.is_empty()),
                Err(mistakes) => prop_assert!(!mistakes.is_empty()),
            }
        }
    }
}
