//! Subscribing, confirming, leaving and being forgotten.

use std::time::Duration;

use cases::{
    CasesError,
    blocks::LiftGround,
    lists::{Entrance, ListToAdd},
    policies::PolicyToAdd,
    subscriptions::{
        Act, Capture, ConfirmationState, Confirmed, Leaving, Left, ListWish, Method,
        NewSubscription, Reach, Visitor,
    },
};
use domain::{
    address::EmailAddress,
    ambient::Clock as _,
    block::Purpose,
    form::CapturePoint,
    gate::SuppressionReason,
    ids::{BlockId, DeliveryId, SubscriptionId},
    language::Locale,
};
use vault::{MailToken, TokenKind};

use super::{ANNA, BORIS, contact, letters};
use crate::desk::{Desk, Letter, STOP_MARKETING};

pub const DAY: Duration = Duration::from_secs(24 * 3600);
pub const TEXT: &str = "Я согласна получать новости от ООО «Эстетимед» по электронной почте.";

/// Two open lists with texts, and a policy.
pub async fn lists(desk: &Desk) {
    for name in ["news", "offers"] {
        let list = ListToAdd {
            name: name.into(),
            purpose: if name == "news" { Purpose::Newsletter } else { Purpose::PartnerOffers },
            title_ru: format!("Рассылка {name}"),
            title_en: format!("List {name}"),
            advertiser: "ООО «Эстетимед»".into(),
            entrance: Entrance::Open,
        };
        desk.cases.add_list(&list, "anna").await.expect("made");
        desk.cases.add_consent_text(name, Locale::Ru, TEXT, "anna").await.expect("written");
    }
    let policy = PolicyToAdd {
        version: "2026-01".into(),
        locale: Locale::Ru,
        url: String::new(),
        body: "Политика обработки персональных данных".into(),
        effective_from_at: desk.clock.now(),
    };
    desk.cases.add_policy(&policy, "anna").await.expect("written");
}

pub fn visitor() -> Visitor {
    Visitor {
        page: "https://clinic.example/subscribe".into(),
        ip: "192.0.2.7".into(),
        user_agent: "Browser/1.0".into(),
    }
}

pub async fn wish(desk: &Desk, address: &str, lists: &[&str]) -> NewSubscription {
    let open = desk.cases.open_lists(Locale::Ru).await.expect("told");
    let wishes = lists.iter().map(|name| {
        let list = open.iter().find(|list| list.name == *name).expect("an open list");
        ListWish { list: list.name.clone(), text: list.text.id }
    });
    NewSubscription {
        address: EmailAddress::parse(address).expect("valid"),
        name: "Анна".into(),
        wishes: wishes.collect(),
        policy_version: "2026-01".into(),
        locale: Locale::Ru,
        capture: Capture {
            point: CapturePoint::SubscriptionForm,
            act: Act::Checkbox,
            visitor: visitor(),
        },
    }
}

pub async fn ask(desk: &Desk, address: &str, lists: &[&str]) {
    let wish = wish(desk, address, lists).await;
    desk.cases.subscribe(&wish).await.expect("the same answer for everybody");
}

/// The token in the newest mail.
pub async fn token(desk: &Desk) -> String {
    let mails = letters(desk).await;
    let text = &mails.last().expect("a mail").text;
    let (_, rest) = text.split_once("/subscribe/confirm/").expect("a link");
    rest.split_whitespace().next().expect("a token").to_owned()
}

/// Asks and confirms.
pub async fn subscribe(desk: &Desk, address: &str, lists: &[&str]) {
    ask(desk, address, lists).await;
    let token = token(desk).await;
    let confirmed = desk.cases.confirm(&token, &visitor()).await.expect("answers");
    assert_eq!(confirmed, Confirmed::Now);
}

/// The token of a campaign mail of the subscription at `offset`.
pub async fn leaving_token(desk: &Desk, offset: i64) -> String {
    let sql = format!("SELECT id FROM subscription ORDER BY id LIMIT 1 OFFSET {offset}");
    let subscription = SubscriptionId(desk.number(&sql).await);
    desk.cases.digests().seal_token(&MailToken {
        kind: TokenKind::Unsubscribe,
        delivery: DeliveryId(77),
        subscription: Some(subscription),
    })
}

pub fn leaving(reach: Reach) -> Leaving {
    let method = if reach == Reach::List { Method::OneClick } else { Method::Page };
    Leaving { reach, method, ip: "192.0.2.9".into(), user_agent: "Mail/2".into() }
}

pub async fn count(desk: &Desk, what: &str) -> i64 {
    desk.number(&format!("SELECT COUNT(*) FROM {what}")).await
}

pub async fn a_wish_becomes_a_proven_consent_only_by_the_button(desk: Desk) {
    lists(&desk).await;
    ask(&desk, ANNA, &["news", "offers"]).await;
    assert_eq!(count(&desk, "delivery WHERE class = 'confirmation'").await, 1, "one mail for both");
    assert_eq!(count(&desk, "subscription WHERE state = 'pending'").await, 2);
    assert_eq!(count(&desk, "contact").await, 0, "nobody is known yet");
    let token = token(&desk).await;
    // Scanners open every link, several times.
    for _ in 0..3 {
        let shown = desk.cases.confirmation(&token).await.expect("answers").expect("a link");
        assert_eq!((shown.state, shown.lists.len()), (ConfirmationState::Open, 2));
        assert_eq!(shown.lists[0].text, TEXT);
    }
    assert_eq!(count(&desk, "consent_event").await, 0);
    desk.clock.advance(DAY * 6);
    assert_eq!(desk.cases.confirm(&token, &visitor()).await.expect("answers"), Confirmed::Now);
    assert_eq!(desk.cases.confirm(&token, &visitor()).await.expect("answers"), Confirmed::Already);
    assert_eq!(desk.cases.confirm("0000", &visitor()).await.expect("answers"), Confirmed::Unknown);
    let proven = "subscription JOIN consent_event ON consent_event.id = subscription.consent_id \
                  WHERE subscription.state = 'confirmed' AND subscription.opted_in_at = consent_event.at \
                  AND consent_event.act = 'confirmed' AND consent_event.grade = 'proven' \
                  AND consent_event.text_id IS NOT NULL AND consent_event.policy_id IS NOT NULL \
                  AND consent_event.delivery_id IS NOT NULL";
    assert_eq!(count(&desk, proven).await, 2);
    assert_eq!(count(&desk, "consent_event").await, 2);
    assert_eq!(count(&desk, "contact").await, 1);
    for word in ["192.0.2.7", "Browser/1.0", "ООО «Эстетимед»", "checkbox", "message_id", "sha256"]
    {
        let sql = format!("consent_event WHERE evidence LIKE '%{word}%'");
        assert_eq!(count(&desk, &sql).await, 2, "{word}");
    }
    assert_eq!(count(&desk, "audit_event WHERE detail LIKE '%@%'").await, 0);
}

pub async fn two_buttons_at_once_write_one_consent(desk: Desk) {
    lists(&desk).await;
    ask(&desk, ANNA, &["news"]).await;
    let token = token(&desk).await;
    let mut work = Vec::new();
    for _ in 0..6 {
        let (cases, token) = (desk.cases.clone(), token.clone());
        work.push(tokio::spawn(async move { cases.confirm(&token, &Visitor::default()).await }));
    }
    let mut now = 0;
    for post in work {
        match post.await.expect("ends").expect("answers") {
            Confirmed::Now => now += 1,
            other => assert_eq!(other, Confirmed::Already),
        }
    }
    assert_eq!(now, 1);
    assert_eq!(count(&desk, "consent_event").await, 1);
    assert_eq!(count(&desk, "contact").await, 1);
}

pub async fn every_address_gets_the_same_answer_and_at_most_one_mail(desk: Desk) {
    lists(&desk).await;
    let mails = "delivery WHERE class = 'confirmation'";
    ask(&desk, ANNA, &["news"]).await;
    ask(&desk, ANNA, &["news"]).await;
    assert_eq!(count(&desk, mails).await, 1, "not again within a day");
    ask(&desk, ANNA, &["news", "offers"]).await;
    assert_eq!(count(&desk, mails).await, 2, "the other list is another wish");
    let second = token(&desk).await;
    let shown = desk.cases.confirmation(&second).await.expect("answers").expect("a link");
    assert_eq!(shown.lists.len(), 1, "the first wish has its own mail");
    desk.cases.confirm(&second, &visitor()).await.expect("confirmed");
    desk.clock.advance(DAY + DAY);
    ask(&desk, ANNA, &["offers"]).await;
    assert_eq!(count(&desk, mails).await, 2, "it stands already");
    ask(&desk, ANNA, &["news"]).await;
    assert_eq!(count(&desk, mails).await, 3, "the next day it may be asked again");
    let keys = "(SELECT COUNT(DISTINCT vault_key_id) AS n FROM delivery WHERE class = 'confirmation') AS keys WHERE n = 3";
    assert_eq!(count(&desk, keys).await, 1, "each under a key of its own");
    // What a page shows must be what is in force.
    let old = wish(&desk, BORIS, &["news"]).await;
    let text = "Я согласен на письма ООО  «эстетимед», новая редакция.";
    desk.cases.add_consent_text("news", Locale::Ru, text, "anna").await.expect("written");
    let refused = desk.cases.subscribe(&old).await;
    assert!(matches!(refused, Err(CasesError::Refused { rule: "text_changed", .. })));
    for (text, rule) in [(text, "text_unchanged"), ("Согласен.", "text_names_advertiser")] {
        let refused = desk.cases.add_consent_text("news", Locale::Ru, text, "anna").await;
        assert!(matches!(refused, Err(CasesError::Refused { rule: named, .. }) if named == rule));
    }
}

pub async fn what_nobody_confirms_is_destroyed(desk: Desk) {
    lists(&desk).await;
    ask(&desk, ANNA, &["news", "offers"]).await;
    let token = token(&desk).await;
    desk.clock.advance(DAY * 7 - Duration::from_secs(1));
    assert_eq!(desk.cases.expire_pending(100).await.expect("looks"), 0, "seven days are whole");
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.cases.confirm(&token, &visitor()).await.expect("answers"), Confirmed::Expired);
    // Dispatch holds the mail: it needs its key.
    desk.number("UPDATE delivery SET state = 'claimed' RETURNING id").await;
    assert_eq!(desk.cases.expire_pending(100).await.expect("looks"), 0);
    desk.number("UPDATE delivery SET state = 'deferred' RETURNING id").await;
    // A death after the key was destroyed: the rows are still there, and the next look ends it.
    let now = desk.clock.now();
    let mail = store::opt_ins::expired(desk.store(), now, 9).await.expect("reads").remove(0);
    let key = mail.vault_key.expect("a key");
    let transaction = desk.store().begin().await.expect("begins");
    assert!(store::opt_ins::retire(&transaction, mail.delivery, now).await.expect("retired"));
    transaction.commit().await.expect("commits");
    desk.cases.vault().destroy_key(key).await.expect("destroyed");
    assert_eq!(desk.cases.expire_pending(100).await.expect("looks"), 1);
    for table in ["opt_in", "subscription", "delivery", "delivery_attempt", "address", "contact"] {
        assert_eq!(count(&desk, table).await, 0, "{table}");
    }
    assert!(!desk.cases.vault().key_exists(key).await.expect("asked"));
    assert_eq!(desk.cases.confirm(&token, &visitor()).await.expect("answers"), Confirmed::Unknown);
    // Who is known otherwise stays known, and who left before has left again.
    contact(&desk, &[BORIS]).await;
    subscribe(&desk, BORIS, &["news"]).await;
    let leave = leaving_token(&desk, 0).await;
    desk.cases.unsubscribe(&leave, &leaving(Reach::List)).await.expect("left");
    desk.clock.advance(DAY);
    ask(&desk, BORIS, &["news"]).await;
    assert_eq!(count(&desk, "subscription WHERE state = 'pending'").await, 1);
    desk.clock.advance(DAY * 8);
    assert_eq!(desk.cases.expire_pending(100).await.expect("looks"), 1);
    let left = "subscription WHERE state = 'unsubscribed' AND since_at = left_at";
    assert_eq!((count(&desk, left).await, count(&desk, "address").await), (1, 1));
    assert_eq!(count(&desk, "opt_in WHERE confirmed_at IS NULL").await, 0);
}

pub async fn a_token_ends_its_list_once_and_no_other(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news", "offers"]).await;
    let token = leaving_token(&desk, 0).await;
    let shown = desk.cases.unsubscription(&token).await.expect("answers").expect("a token");
    let list = shown.list.expect("there");
    assert!(list.name == "news" && !list.is_left && shown.locale == Locale::Ru);
    assert_eq!(count(&desk, "consent_event WHERE act = 'withdrawn'").await, 0, "GET does nothing");
    let mut work = Vec::new();
    for _ in 0..4 {
        let (cases, token) = (desk.cases.clone(), token.clone());
        let leave = leaving(Reach::List);
        work.push(tokio::spawn(async move { cases.unsubscribe(&token, &leave).await }));
    }
    let mut now = 0;
    for post in work {
        match post.await.expect("ends").expect("answers") {
            Left::Now => now += 1,
            other => assert_eq!(other, Left::Already),
        }
    }
    assert_eq!(now, 1);
    let withdrawn = "consent_event WHERE act = 'withdrawn' AND list = 'news' AND delivery_id = 77";
    assert_eq!(count(&desk, withdrawn).await, 1);
    assert_eq!(count(&desk, "consent_event WHERE act = 'withdrawn'").await, 1);
    assert_eq!(count(&desk, "stop WHERE act = 'unsubscribe' AND number = 1").await, 1);
    assert_eq!(desk.number("SELECT value FROM stop_sequence").await, 1);
    let ended =
        "subscription WHERE state = 'unsubscribed' AND consent_id IS NULL AND left_at IS NOT NULL";
    assert_eq!(count(&desk, ended).await, 1);
    assert_eq!(count(&desk, "subscription WHERE state = 'confirmed'").await, 1);
    assert_eq!(count(&desk, "block").await, 0, "a token blocks nobody");
    let unknown = desk.cases.unsubscribe("aaaa", &leaving(Reach::List)).await.expect("answers");
    assert_eq!(unknown, Left::Unknown);
    let digests = desk.cases.digests();
    let (delivery, subscription) = (DeliveryId(1), Some(SubscriptionId(4_000)));
    let gone = MailToken { kind: TokenKind::Unsubscribe, delivery, subscription };
    let gone = digests.seal_token(&gone);
    assert_eq!(
        desk.cases.unsubscribe(&gone, &leaving(Reach::List)).await.expect("answers"),
        Left::Gone
    );
    let subscription = Some(SubscriptionId(1));
    let bounce = MailToken { kind: TokenKind::Bounce, delivery, subscription };
    let bounce = digests.seal_token(&bounce);
    let left = desk.cases.unsubscribe(&bounce, &leaving(Reach::List)).await.expect("answers");
    assert_eq!(left, Left::Unknown, "a bounce token ends nothing");
}

pub async fn everything_ends_every_list_and_is_outweighed_by_a_later_word(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news", "offers"]).await;
    let token = leaving_token(&desk, 1).await;
    let left = desk.cases.unsubscribe(&token, &leaving(Reach::Everything)).await.expect("answers");
    assert_eq!(left, Left::Now);
    let again = desk.cases.unsubscribe(&token, &leaving(Reach::Everything)).await.expect("answers");
    assert_eq!(again, Left::Already);
    assert_eq!(count(&desk, "subscription WHERE state = 'unsubscribed'").await, 2);
    assert_eq!(count(&desk, "consent_event WHERE act = 'withdrawn'").await, 2);
    assert_eq!(count(&desk, "suppression WHERE reason = 'unsubscribed_all'").await, 1);
    assert_eq!(desk.number("SELECT value FROM stop_sequence").await, 3);
    desk.clock.advance(DAY * 2);
    subscribe(&desk, ANNA, &["news"]).await;
    let later = "subscription, suppression WHERE subscription.state = 'confirmed' \
                 AND subscription.opted_in_at > suppression.since_at";
    assert_eq!(count(&desk, later).await, 1);
    assert_eq!(count(&desk, "subscription WHERE state = 'unsubscribed'").await, 1);
}

pub async fn who_was_erased_opts_in_again(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news"]).await;
    desk.clock.advance(DAY * 2);
    let address = EmailAddress::parse(ANNA).expect("valid");
    let digests = desk.cases.digests().address_all(&address);
    let transaction = desk.store().begin().await.expect("begins");
    let reason = SuppressionReason::Erased;
    store::suppressions::record(&transaction, &digests, reason, "test", desk.clock.now())
        .await
        .expect("recorded");
    transaction.commit().await.expect("commits");
    desk.clock.advance(DAY);
    // The old consent does not stand against the erasure: the mailbox is asked again.
    subscribe(&desk, ANNA, &["news"]).await;
    let later = "subscription, suppression WHERE subscription.state = 'confirmed' \
                 AND subscription.opted_in_at > suppression.since_at";
    assert_eq!(count(&desk, later).await, 1);
    assert_eq!(count(&desk, "consent_event WHERE grade = 'proven'").await, 2);
}

pub async fn words_end_the_subscriptions_and_a_lift_restores_them(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news", "offers"]).await;
    // One list rests on a claim only.
    desk.number("UPDATE subscription SET consent_id = NULL WHERE id = 2 RETURNING id").await;
    desk.number("UPDATE consent_event SET grade = 'claimed' WHERE id = 2 RETURNING id").await;
    desk.clock.advance(DAY);
    let ticket = desk.file(Letter::asking(ANNA, STOP_MARKETING)).await.ticket.expect("a ticket");
    assert_eq!(
        count(&desk, "subscription WHERE state = 'unsubscribed' AND consent_id IS NULL").await,
        2
    );
    assert_eq!(count(&desk, "consent_event WHERE act = 'withdrawn'").await, 2);
    assert_eq!(count(&desk, "stop WHERE act = 'withdrawal'").await, 2);
    desk.clock.advance(DAY);
    let view = desk.cases.ticket(&ticket.number.to_string(), "anna").await.expect("shown");
    let block: BlockId = view.blocks[0].id;
    desk.cases
        .lift_block(block, "anna", "misread: a question about invoices", LiftGround::Misread)
        .await
        .expect("lifted");
    let restored = "subscription WHERE state = 'confirmed' AND left_at IS NULL";
    assert_eq!(count(&desk, restored).await, 2);
    assert_eq!(count(&desk, "subscription WHERE consent_id = 1").await, 1);
    assert_eq!(
        count(&desk, "subscription WHERE consent_id IS NULL").await,
        1,
        "a claim stays a claim"
    );
    let corrections = "consent_event WHERE capture_point = 'correction' AND act = 'confirmed' \
                       AND actor = 'anna' AND evidence LIKE '%misread%' AND evidence LIKE '%corrects%'";
    assert_eq!(count(&desk, corrections).await, 2);
    // What the person ended meanwhile by another way stays ended.
    let other = desk.file(Letter::asking(ANNA, STOP_MARKETING)).await.ticket.expect("a ticket");
    let view = desk.cases.ticket(&other.number.to_string(), "anna").await.expect("shown");
    let block = view.blocks.last().expect("blocked").id;
    desk.clock.advance(DAY);
    subscribe(&desk, ANNA, &["news"]).await;
    let token = leaving_token(&desk, 0).await;
    desk.clock.advance(DAY);
    assert_eq!(
        desk.cases.unsubscribe(&token, &leaving(Reach::List)).await.expect("answers"),
        Left::Now
    );
    desk.cases.lift_block(block, "anna", "misread", LiftGround::Misread).await.expect("lifted");
    assert_eq!(count(&desk, "subscription WHERE id = 1 AND state = 'unsubscribed'").await, 1);
}

pub async fn a_blocked_person_who_subscribes_is_looked_at(desk: Desk) {
    lists(&desk).await;
    desk.file(Letter::asking(ANNA, STOP_MARKETING)).await;
    subscribe(&desk, ANNA, &["news"]).await;
    assert_eq!(count(&desk, "block WHERE state = 'active'").await, 1, "only a person lifts it");
    assert_eq!(count(&desk, "subscription WHERE state = 'confirmed'").await, 1);
    assert_eq!(count(&desk, "task WHERE name = 'subscribed_while_blocked'").await, 1);
}
