//! What a lifted block gives back, and what it must not.

use cases::{
    blocks::LiftGround,
    subscriptions::{Leaving, Left, Method, Reach},
};
use domain::{
    address::EmailAddress,
    classification::{Band, Label},
    ids::BlockId,
};

use super::{
    ANNA, BORIS, contact,
    lists::{DAY, ask, count, leaving, leaving_token, lists, subscribe},
};
use crate::desk::{Desk, Letter, STOP_MARKETING};

const CONFIRMED: &str = "subscription WHERE state = 'confirmed'";
const WITHDRAWN: &str = "consent_event WHERE act = 'withdrawn'";

/// The person's words end everything; returns the block they set.
async fn words(desk: &Desk) -> BlockId {
    let ticket = desk.file(Letter::asking(ANNA, STOP_MARKETING)).await.ticket.expect("a ticket");
    let view = desk.cases.ticket(&ticket.number.to_string(), "anna").await.expect("shown");
    view.blocks.last().expect("a block").id
}

pub async fn who_leaves_by_another_way_after_misread_words_stays_out(desk: Desk) {
    lists(&desk).await;
    let anna = EmailAddress::parse(ANNA).expect("valid");
    let (mut left, mut restored) = (0, 0);
    for way in ["one_click", "mailto", "everything", "operator", "words"] {
        subscribe(&desk, ANNA, &["news", "offers"]).await;
        assert_eq!(count(&desk, CONFIRMED).await, 2, "{way}");
        let block = words(&desk).await;
        left += 2;
        assert_eq!(count(&desk, WITHDRAWN).await, left, "{way}");
        // The clock stands: what comes later is told by the order of the rows, too.
        let token = leaving_token(&desk, 0).await;
        let by = |reach, method| Leaving { method, ..leaving(reach) };
        let leave = match way {
            "one_click" => Some(by(Reach::List, Method::OneClick)),
            "mailto" => Some(by(Reach::List, Method::Mailto)),
            "everything" => Some(by(Reach::Everything, Method::Page)),
            _ => None,
        };
        let mut ended = 1;
        if let Some(leave) = &leave {
            for expected in [Left::Now, Left::Already] {
                let got = desk.cases.unsubscribe(&token, leave).await.expect("answers");
                assert_eq!(got, expected, "{way}");
            }
            ended = if leave.reach == Reach::Everything { 2 } else { 1 };
        } else if way == "operator" {
            let said = desk.cases.withdraw_consent(&anna, Some("news"), "boris", "by telephone");
            assert_eq!(said.await.expect("written"), 1);
            let again = desk.cases.withdraw_consent(&anna, Some("news"), "boris", "by telephone");
            assert!(again.await.is_err(), "once");
        } else {
            words(&desk).await;
            ended = 2;
        }
        left += ended;
        assert_eq!(count(&desk, WITHDRAWN).await, left, "{way} is written down");
        desk.cases.lift_block(block, "anna", "misread", LiftGround::Misread).await.expect("lifted");
        assert_eq!(count(&desk, CONFIRMED).await, 2 - ended, "{way}");
        restored += 2 - ended;
        let corrected = "consent_event WHERE capture_point = 'correction'";
        assert_eq!(count(&desk, corrected).await, restored, "{way}");
        desk.clock.advance(DAY * 3);
    }
}

pub async fn a_handled_block_restores_nothing_when_it_is_lifted(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news", "offers"]).await;
    let block = words(&desk).await;
    desk.clock.advance(DAY);
    desk.cases.lift_block(block, "anna", "done", LiftGround::Handled).await.expect("lifted");
    assert_eq!(count(&desk, "block WHERE state = 'lifted'").await, 1);
    assert_eq!((count(&desk, CONFIRMED).await, count(&desk, WITHDRAWN).await), (0, 2));
    assert_eq!(count(&desk, "consent_event").await, 4, "no correcting event");
}

pub async fn what_is_asked_for_again_is_not_restored(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news", "offers"]).await;
    let block = words(&desk).await;
    desk.clock.advance(DAY * 2);
    ask(&desk, ANNA, &["news"]).await;
    desk.cases.lift_block(block, "anna", "misread", LiftGround::Misread).await.expect("lifted");
    assert_eq!(count(&desk, "subscription WHERE state = 'pending'").await, 1);
    assert_eq!(count(&desk, CONFIRMED).await, 1);
    let corrected = "consent_event WHERE capture_point = 'correction' AND list = 'offers'";
    assert_eq!(count(&desk, corrected).await, 1);
    assert_eq!(count(&desk, "consent_event").await, 5, "nothing proven is said of the other list");
}

pub async fn a_wish_that_nobody_confirmed_is_no_consent_to_withdraw(desk: Desk) {
    lists(&desk).await;
    // The address has a contact already, and so has the wish.
    contact(&desk, &[ANNA]).await;
    ask(&desk, ANNA, &["news"]).await;
    assert_eq!(count(&desk, "subscription WHERE contact_id IS NOT NULL").await, 1);
    let token = leaving_token(&desk, 0).await;
    let left = desk.cases.unsubscribe(&token, &leaving(Reach::List)).await.expect("answers");
    assert_eq!(left, Left::Now);
    assert_eq!(count(&desk, "consent_event").await, 0);
    desk.clock.advance(DAY);
    assert_eq!(desk.cases.expire_pending(9).await.expect("looks"), 1);
    assert_eq!(count(&desk, "subscription").await, 0);
}

pub async fn leaving_everything_again_holds_against_the_opt_in_between(desk: Desk) {
    lists(&desk).await;
    for round in 1..=3 {
        subscribe(&desk, ANNA, &["news"]).await;
        let token = leaving_token(&desk, 0).await;
        desk.clock.advance(DAY);
        for expected in [Left::Now, Left::Already] {
            let leave = leaving(Reach::Everything);
            assert_eq!(desk.cases.unsubscribe(&token, &leave).await.expect("answers"), expected);
        }
        let written = "suppression WHERE reason = 'unsubscribed_all'";
        assert_eq!(count(&desk, written).await, round);
        let outweighed = "subscription WHERE opted_in_at > (SELECT MAX(since_at) FROM suppression)";
        assert_eq!(count(&desk, outweighed).await, 0);
        desk.clock.advance(DAY);
    }
}

pub async fn each_wish_keeps_the_contact_whose_subscription_it_is(desk: Desk) {
    lists(&desk).await;
    let (anna, boris) = (contact(&desk, &[ANNA]).await, contact(&desk, &[ANNA]).await);
    // An import brought one list for each of the two who share the mailbox.
    for (list, whose) in [("news", anna), ("offers", boris)] {
        let sql = format!(
            "INSERT INTO subscription (list_id, contact_id, address_id, state, since_at, created_at) \
             SELECT l.id, {whose}, a.id, 'confirmed', 1, 1 FROM list l, address a \
             WHERE l.name = '{list}' RETURNING id"
        );
        desk.number(&sql).await;
    }
    subscribe(&desk, ANNA, &["news", "offers"]).await;
    for (list, whose) in [("news", anna), ("offers", boris)] {
        let kept = format!(
            "subscription s JOIN list l ON l.id = s.list_id JOIN consent_event e ON e.id = s.consent_id \
             WHERE l.name = '{list}' AND s.contact_id = {whose} AND e.contact_id = {whose}"
        );
        assert_eq!(count(&desk, &kept).await, 1, "{list}");
    }
    assert_eq!(count(&desk, "contact").await, 2);
}

pub async fn who_withdraws_consent_keeps_no_advertising_consent(desk: Desk) {
    lists(&desk).await;
    subscribe(&desk, ANNA, &["news", "offers"]).await;
    desk.clock.advance(DAY);
    let labels = [(Label::ConsentWithdrawal, Band::Auto)];
    desk.file(Letter::asking(ANNA, &labels)).await;
    assert_eq!(count(&desk, "block WHERE scope = 'full'").await, 1);
    assert_eq!(count(&desk, WITHDRAWN).await, 2);
    assert_eq!(count(&desk, "subscription WHERE consent_id IS NULL").await, 2);
}

pub async fn a_withdrawal_holds_for_every_address_it_ends(desk: Desk) {
    lists(&desk).await;
    contact(&desk, &[ANNA, BORIS]).await;
    subscribe(&desk, ANNA, &["news"]).await;
    subscribe(&desk, BORIS, &["news"]).await;
    let (anna, boris) = (EmailAddress::parse(ANNA), EmailAddress::parse(BORIS));
    let (anna, boris) = (anna.expect("valid"), boris.expect("valid"));
    let ended = desk.cases.withdraw_consent(&anna, None, "olga", "by telephone").await;
    assert_eq!(ended.expect("withdrawn"), 2);
    let digest = serde_json::to_string(&desk.cases.digests().address(&boris)).expect("JSON");
    let sql = format!("stop WHERE act = 'withdrawal' AND digests LIKE '%{digest}%'");
    assert_eq!(count(&desk, &sql).await, 1, "the stop of the other address names it");
}
