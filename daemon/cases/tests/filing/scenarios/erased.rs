//! Erased stays erased: mail, form, and the link of a wish from before.

use cases::subscriptions::{ConfirmationState, Confirmed};
use domain::{address::EmailAddress, ambient::Clock as _, gate::SuppressionReason};

use super::{ANNA, DAY, ask, count, keeping::entry, lists, subscribe, token, visitor};
use crate::desk::{Desk, ERASURE, Letter};

async fn erase(desk: &Desk, address: &str) {
    let address = EmailAddress::parse(address).expect("valid");
    let digests = desk.cases.digests().address_all(&address);
    let transaction = desk.store().begin().await.expect("begins");
    let (reason, now) = (SuppressionReason::Erased, desk.clock.now());
    store::suppressions::record(&transaction, &digests, reason, "test", now).await.expect("set");
    transaction.commit().await.expect("commits");
}

pub async fn the_link_of_a_wish_from_before_an_erasure_confirms_nothing(desk: Desk) {
    lists(&desk).await;
    ask(&desk, ANNA, &["news"]).await;
    let old = token(&desk).await;
    desk.clock.advance(DAY);
    erase(&desk, ANNA).await;
    desk.clock.advance(DAY);
    let confirmed = desk.cases.confirm(&old, &visitor()).await.expect("answers");
    assert_eq!(confirmed, Confirmed::Expired);
    let shown = desk.cases.confirmation(&old).await.expect("answers").expect("a page");
    assert_eq!(shown.state, ConfirmationState::Expired);
    assert_eq!(count(&desk, "subscription WHERE state = 'confirmed'").await, 0);
    assert_eq!((count(&desk, "contact").await, count(&desk, "consent_event").await), (0, 0));
    // What they ask for now, and confirm from that mailbox, counts, for that list.
    subscribe(&desk, ANNA, &["offers"]).await;
    assert_eq!(count(&desk, "subscription WHERE state = 'confirmed'").await, 1);
    assert_eq!(count(&desk, "suppression WHERE lifted_at IS NULL").await, 1, "it stays written");
}

pub async fn who_was_erased_may_write_and_gets_no_profile(desk: Desk) {
    erase(&desk, ANNA).await;
    desk.clock.advance(DAY);
    let filed = desk.file(Letter::asking(ANNA, ERASURE)).await;
    assert!(filed.ticket.is_some(), "mail is taken from everybody");
    desk.clock.advance(DAY);
    let form = desk.cases.file_form(&entry("Когда вы ответите?")).await.expect("filed");
    assert!(form.ticket.is_some());
    assert_eq!((count(&desk, "contact").await, count(&desk, "subscription").await), (0, 0));
    assert_eq!(count(&desk, "suppression WHERE lifted_at IS NULL").await, 1);
}
