//! What counts in the reports of machines, and what becomes of them.

use super::{
    ANNA, BORIS,
    lists::{DAY, ask, lists, subscribe},
    returned::{Machine, confirmed, mailed, stops, suppressions, told},
};
use crate::desk::Desk;

pub async fn only_a_report_of_abuse_is_a_complaint(desk: Desk) {
    let [mailed] = mailed(&desk, [ANNA]).await;
    let report = async |text: Option<&str>| {
        let mut machine = Machine::complaint("hello@clinic.example").about(&mailed.mail_id);
        machine.report.feedback_report = text.map(ToOwned::to_owned);
        machine.is_noted(&desk, ANNA).await;
    };
    for other in ["auth-failure", "not-spam", "other", "abusive", ""] {
        report(Some(&format!("Feedback-Type: {other}\r\nUser-Agent: abuse\r\n"))).await;
    }
    report(Some("User-Agent: abuse/1.0\r\n")).await;
    report(None).await;
    assert!(!told(&desk, &mailed, "complaint").await);
    assert_eq!((suppressions(&desk, "complaint").await, stops(&desk).await), (0, 0));
    report(Some("Version: 1\r\nUser-Agent: not-spam/1.0\r\nFeedback-Type: Abuse\r\n")).await;
    assert!(told(&desk, &mailed, "complaint").await);
    assert_eq!((suppressions(&desk, "complaint").await, confirmed(&desk).await), (1, 1));
}

pub async fn a_delay_is_no_bounce_whatever_its_diagnosis_says(desk: Desk) {
    let [mailed] = mailed(&desk, [ANNA]).await;
    let to = mailed.returns_to(&desk);
    let report = async |groups: &[(&str, &str)]| {
        let mut machine = Machine::bounce(&to, Some("5.1.1"));
        let mut text = "Reporting-MTA: dns; mx.example\r\n".to_owned();
        for (recipient, action) in groups {
            text += &format!(
                "\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: 4.4.1\r\n\
                 Diagnostic-Code: smtp; connection failed, action: failed\r\n"
            );
        }
        machine.report.delivery_status = Some(text);
        machine.is_noted(&desk, ANNA).await;
    };
    for action in ["delayed", "Relayed", "delivered (somewhere)", "expanded"] {
        report(&[(ANNA, action)]).await;
    }
    assert!(!told(&desk, &mailed, "bounce").await);
    // Somebody else failed, ours is on its way.
    report(&[(BORIS, "failed"), (ANNA, "delayed")]).await;
    assert_eq!(suppressions(&desk, "hard_bounce").await, 0);
    desk.number("UPDATE delivery SET feedback = NULL WHERE campaign_id IS NOT NULL RETURNING id")
        .await;
    report(&[(BORIS, "delayed"), (ANNA, "failed")]).await;
    assert_eq!(suppressions(&desk, "hard_bounce").await, 1);
}

pub async fn what_came_back_of_an_unconfirmed_wish_is_destroyed_with_it(desk: Desk) {
    lists(&desk).await;
    ask(&desk, ANNA, &["news"]).await;
    let (mail_id, _) = store::probe::letter(desk.store(), 0).await.expect("a letter");
    let objects = async || desk.cases.vault().list().await.expect("listed").len();
    // A delay is no feedback, and names the address all the same.
    let mut delay = Machine::bounce("hello@clinic.example", None).about(&mail_id);
    delay.report.delivery_status = Some("\r\nAction: delayed\r\n".into());
    delay.is_noted(&desk, ANNA).await;
    let failure = Machine::bounce("hello@clinic.example", Some("5.2.2")).about(&mail_id);
    failure.is_noted(&desk, ANNA).await;
    // This one speaks of nothing of ours.
    let other = Machine::bounce("hello@clinic.example", None).about("x@other.example");
    other.is_noted(&desk, BORIS).await;
    assert_eq!(objects().await, 3);
    desk.clock.advance(DAY * 8);
    assert_eq!(desk.cases.expire_pending(9).await.expect("looks"), 1);
    assert_eq!(objects().await, 1);
    let kept = "SELECT COUNT(*) FROM submission WHERE content IS NOT NULL OR vault_key_id IS NOT NULL \
                OR object_id IS NOT NULL OR mail_id_digest IS NOT NULL";
    assert_eq!(desk.number(kept).await, 1);
    assert_eq!(desk.number("SELECT COUNT(*) FROM delivery").await, 0);
    // Of a wish that was confirmed they stay, as evidence does.
    subscribe(&desk, BORIS, &["news"]).await;
    let (mail_id, _) = store::probe::letter(desk.store(), 0).await.expect("a letter");
    Machine::bounce("hello@clinic.example", None).about(&mail_id).is_noted(&desk, BORIS).await;
    desk.clock.advance(DAY * 8);
    assert_eq!(desk.cases.expire_pending(9).await.expect("looks"), 0);
    assert_eq!((objects().await, desk.number(kept).await), (2, 2));
}
