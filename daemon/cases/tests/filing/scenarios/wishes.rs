//! What a wish shows, and when a list is open at all.

use std::time::Duration;

use cases::{
    CasesError,
    consents::Who,
    lists::{Entrance, Lacking, ListToAdd, Missing},
    policies::PolicyToAdd,
    subscriptions::{Act, Capture, Confirmed, ListWish, NewSubscription, Visitor},
};
use domain::{
    address::EmailAddress, ambient::Clock as _, block::Purpose, form::CapturePoint,
    language::Locale,
};
use serde_json::json;

use super::{
    ANNA,
    lists::{TEXT, count, lists, token, visitor, wish},
};
use crate::desk::Desk;

const DAY: Duration = Duration::from_secs(24 * 3600);

pub async fn of_what_a_program_hands_in_only_the_program_was_seen(desk: Desk) {
    lists(&desk).await;
    let mut wish = wish(&desk, ANNA, &["news"]).await;
    wish.capture.point = CapturePoint::Api;
    desk.cases.subscribe(&wish).await.expect("taken");
    let token = token(&desk).await;
    let person = Visitor { ip: "198.51.100.8".into(), ..visitor() };
    assert_eq!(desk.cases.confirm(&token, &person).await.expect("answers"), Confirmed::Now);
    let timeline = desk.cases.consent_timeline(&Who::Address(wish.address)).await.expect("told");
    let [event] = timeline.events.as_slice() else { panic!("one event") };
    assert_eq!(event.capture_point, "api");
    let evidence: serde_json::Value = serde_json::from_str(&event.evidence).expect("JSON");
    let asked = json!({
        "capture_point": "api",
        "claimed_act": "checkbox",
        "claimed_page": "https://clinic.example/subscribe",
        "caller_ip": "192.0.2.7",
        "caller_user_agent": "Browser/1.0",
        "locale": "ru",
    });
    assert_eq!(evidence["asked"], asked);
    assert_eq!(evidence["confirmed"]["ip"], "198.51.100.8", "who confirmed was seen");
}

pub async fn a_list_without_a_policy_or_a_text_is_not_open_and_says_why(desk: Desk) {
    let list = ListToAdd {
        name: "news".into(),
        purpose: Purpose::Newsletter,
        title_ru: "Новости".into(),
        title_en: "News".into(),
        advertiser: "ООО «Эстетимед»".into(),
        entrance: Entrance::Open,
    };
    desk.cases.add_list(&list, "anna").await.expect("made");
    let added = desk.cases.add_consent_text("news", Locale::Ru, TEXT, "anna").await;
    let text = added.expect("written").id;
    assert!(desk.cases.open_lists(Locale::Ru).await.expect("told").is_empty());
    let lacking = async || desk.cases.list("news").await.expect("there").lacking;
    let lacks = |locale, what| Lacking { locale, what };
    let no_text = lacks(Locale::En, Missing::ConsentText);
    let (ru, en) = (lacks(Locale::Ru, Missing::Policy), lacks(Locale::En, Missing::Policy));
    assert_eq!(lacking().await, [ru, no_text, en]);
    // The page that stood open before somebody looked: no words of it are taken.
    let wish = |policy: &str, locale| NewSubscription {
        address: EmailAddress::parse(ANNA).expect("valid"),
        name: String::new(),
        wishes: vec![ListWish { list: "news".into(), text }],
        policy_version: policy.into(),
        locale,
        capture: Capture {
            point: CapturePoint::SubscriptionForm,
            act: Act::Checkbox,
            visitor: visitor(),
        },
    };
    let refused = async |policy, locale| {
        let answer = desk.cases.subscribe(&wish(policy, locale)).await;
        matches!(answer, Err(CasesError::Refused { rule: "text_changed", .. }))
    };
    assert!(refused("", Locale::Ru).await && refused("2026-01", Locale::Ru).await);
    let policy = PolicyToAdd {
        version: "2026-01".into(),
        locale: Locale::Ru,
        url: String::new(),
        body: "Политика".into(),
        effective_from_at: desk.clock.now() + DAY,
    };
    desk.cases.add_policy(&policy, "anna").await.expect("written");
    assert!(refused("2026-01", Locale::Ru).await, "it holds from tomorrow on");
    desk.clock.advance(DAY);
    assert_eq!(lacking().await, [no_text, en]);
    let view = desk.cases.list("news").await.expect("there");
    assert_eq!(view.open_in(), [Locale::Ru]);
    assert!(refused("2026-01", Locale::En).await && refused("", Locale::Ru).await);
    assert_eq!(count(&desk, "subscription").await + count(&desk, "delivery").await, 0);
    desk.cases.subscribe(&wish("2026-01", Locale::Ru)).await.expect("taken");
    desk.cases.archive_list("news", "anna").await.expect("archived");
    let view = desk.cases.list("news").await.expect("there");
    assert!(view.lacking.is_empty() && view.open_in().is_empty());
}
