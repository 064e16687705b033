//! What a lifted block gives back, and what it must not.

use cases::{
    blocks::LiftGround,
    subscriptions::{Leaving, Left, Method, Reach},
};
use domain::{address::EmailAddress, ids::BlockId};

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
