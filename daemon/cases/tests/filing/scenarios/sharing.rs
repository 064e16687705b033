//! One mailbox, several people; one person, known by several ways.

use cases::subscriptions::{Confirmed, Leaving, Left, Method, Reach, Visitor};
use domain::ids::{DeliveryId, SubscriptionId};
use vault::{MailToken, TokenKind};

use super::{
    ANNA, contact,
    lists::{ask, lists, token},
};
use crate::desk::Desk;

/// A confirmed subscription of a contact to the first list, as an import makes it.
async fn import(desk: &Desk, contact: i64) -> i64 {
    let sql = format!(
        "INSERT INTO subscription (list_id, contact_id, address_id, state, since_at, created_at) \
         SELECT list.id, {contact}, address.id, 'confirmed', 1, 1 FROM list, address \
         WHERE list.name = 'news' RETURNING id"
    );
    desk.number(&sql).await
}

pub async fn a_wish_meets_the_subscription_that_an_import_made_meanwhile(desk: Desk) {
    lists(&desk).await;
    ask(&desk, ANNA, &["news"]).await;
    let token = token(&desk).await;
    let person = contact(&desk, &[ANNA]).await;
    let imported = import(&desk, person.0).await;
    let confirmed = desk.cases.confirm(&token, &Visitor::default()).await.expect("answers");
    assert_eq!(confirmed, Confirmed::Now);
    assert_eq!(desk.number("SELECT COUNT(*) FROM subscription").await, 1);
    assert_eq!(desk.number("SELECT COUNT(*) FROM contact").await, 1);
    let proven = format!(
        "SELECT COUNT(*) FROM subscription WHERE id = {imported} AND consent_id IS NOT NULL \
         AND opted_in_at IS NOT NULL"
    );
    assert_eq!(desk.number(&proven).await, 1, "what was claimed is proven now");
}

pub async fn a_claimed_subscription_is_proven_by_its_mailbox(desk: Desk) {
    lists(&desk).await;
    let person = contact(&desk, &[ANNA]).await;
    import(&desk, person.0).await;
    ask(&desk, ANNA, &["news"]).await;
    let waiting =
        "SELECT COUNT(*) FROM subscription WHERE state = 'confirmed' AND consent_id IS NULL";
    assert_eq!(desk.number(waiting).await, 1, "asking takes nothing away");
    let token = token(&desk).await;
    desk.cases.confirm(&token, &Visitor::default()).await.expect("answers");
    assert_eq!(desk.number(waiting).await, 0);
    assert_eq!(desk.number("SELECT COUNT(*) FROM consent_event WHERE grade = 'proven'").await, 1);
}

pub async fn a_shared_mailbox_leaves_a_list_for_all_who_share_it(desk: Desk) {
    lists(&desk).await;
    for _ in 0..2 {
        let person = contact(&desk, &[ANNA]).await;
        import(&desk, person.0).await;
    }
    let token = desk.cases.digests().seal_token(&MailToken {
        kind: TokenKind::Unsubscribe,
        delivery: DeliveryId(1),
        subscription: Some(SubscriptionId(1)),
    });
    let leaving = Leaving {
        reach: Reach::List,
        method: Method::OneClick,
        ip: String::new(),
        user_agent: String::new(),
    };
    assert_eq!(desk.cases.unsubscribe(&token, &leaving).await.expect("answers"), Left::Now);
    let left = "SELECT COUNT(*) FROM subscription WHERE state = 'unsubscribed'";
    assert_eq!(desk.number(left).await, 2);
    // Whoever of them comes back is somebody of their own: nobody can tell who pressed.
    ask(&desk, ANNA, &["news"]).await;
    let token = super::lists::token(&desk).await;
    desk.cases.confirm(&token, &Visitor::default()).await.expect("answers");
    assert_eq!(desk.number("SELECT COUNT(*) FROM contact").await, 3);
    assert_eq!(desk.number("SELECT COUNT(*) FROM subscription WHERE state = 'confirmed'").await, 1);
}
