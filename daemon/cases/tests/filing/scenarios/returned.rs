//! What comes back of the mails of a campaign: bounces, complaints, mails to the token's address.

use cases::{Content, campaigns::NewCampaign};
use domain::{
    ambient::Clock as _,
    campaign::{BodyFormat, Content as Wording},
    classification::{Band, BounceClass, BouncedRecipient, Kind, Label},
    ids::{CampaignId, DeliveryId, SubscriptionId},
    language::Locale,
    mail::{HeaderAddress, ReportParts},
};
use vault::{MailToken, TokenKind};

use super::{
    ANNA, BORIS,
    lists::{lists, subscribe},
};
use crate::desk::{Desk, Letter, STOP_MARKETING};

/// A mail of a campaign that was accepted.
pub struct Mailed {
    delivery: DeliveryId,
    subscription: SubscriptionId,
    pub mail_id: String,
    address: String,
}

impl Mailed {
    fn token(&self, desk: &Desk, kind: TokenKind) -> String {
        let (delivery, subscription) = (self.delivery, Some(self.subscription));
        desk.cases.digests().seal_token(&MailToken { kind, delivery, subscription })
    }

    /// `bounce+TOKEN@…`.
    pub fn returns_to(&self, desk: &Desk) -> String {
        format!("bounce+{}@clinic.example", self.token(desk, TokenKind::Bounce))
    }

    /// `unsub+TOKEN@…`.
    fn leaves_by(&self, desk: &Desk) -> String {
        format!("unsub+{}@clinic.example", self.token(desk, TokenKind::Unsubscribe))
    }
}

/// Subscribes people to both lists, and a campaign to the first list reached them.
pub async fn mailed<const N: usize>(desk: &Desk, people: [&str; N]) -> [Mailed; N] {
    lists(desk).await;
    for person in people {
        subscribe(desk, person, &["news", "offers"]).await;
    }
    let audience = desk.cases.audience_of(&["news".to_owned()], &[]).await.expect("a list");
    let content = Wording {
        locale: Locale::Ru,
        subject: "Новости".into(),
        preheader: String::new(),
        format: BodyFormat::Html,
        body: "<p><a href=\"{{unsubscribe_url}}\">Отписаться</a></p>".into(),
        text: None,
    };
    let new = NewCampaign { name: "december", content: &content, audience: &audience, start: None };
    let campaign = desk.cases.create_campaign(&new, "olga").await.expect("a draft");
    let mut reached = Vec::new();
    for (place, person) in people.into_iter().enumerate() {
        reached.push(row(desk, campaign, place, person).await);
    }
    reached.try_into().unwrap_or_else(|_| unreachable!("one for each of the people"))
}

/// The ledger row of the subscriber at a place of the news list, as dispatch leaves it.
async fn row(desk: &Desk, campaign: CampaignId, place: usize, person: &str) -> Mailed {
    let sql = format!(
        "SELECT s.id FROM subscription s JOIN list l ON l.id = s.list_id WHERE l.name = 'news' \
         ORDER BY s.id LIMIT 1 OFFSET {place}"
    );
    let subscription = desk.number(&sql).await;
    let mail_id = format!("m{subscription}@clinic.example");
    let at = desk.clock.now().as_microsecond();
    let sql = format!(
        "INSERT INTO delivery (class, purpose_of_mail, address_id, stop_digest, mail_id, digest_key, \
         mail_id_digest, rank, state, planned_at, next_try_at, expires_at, settled_at, attempt, \
         campaign_id, subscription_id, consent_id) \
         SELECT 'advertising', 'campaign', a.id, a.stop_digest, '{mail_id}', 0, a.exact_digest, 3, \
         'accepted', {at}, {at}, {at} + 1000000, {at}, 1, {campaign}, s.id, s.consent_id \
         FROM subscription s JOIN address a ON a.id = s.address_id WHERE s.id = {subscription} \
         RETURNING id"
    );
    Mailed {
        delivery: DeliveryId(desk.number(&sql).await),
        subscription: SubscriptionId(subscription),
        mail_id,
        address: person.to_owned(),
    }
}

/// What a machine writes: whom to, and the parts of its report.
pub struct Machine<'a> {
    kind: Kind,
    to: &'a str,
    code: Option<&'a str>,
    pub report: ReportParts,
}

impl<'a> Machine<'a> {
    pub fn bounce(to: &'a str, code: Option<&'a str>) -> Self {
        Self { kind: Kind::Bounce, to, code, report: ReportParts::default() }
    }

    pub fn complaint(to: &'a str) -> Self {
        let mut machine = Self { kind: Kind::Complaint, ..Self::bounce(to, None) };
        machine.report.feedback_report = Some("Feedback-Type: abuse\r\nVersion: 1\r\n".into());
        machine
    }

    /// With the Message-ID of the mail that it is about.
    pub fn about(mut self, mail_id: &str) -> Self {
        self.report.returned_headers = Some(format!("Message-ID: <{mail_id}>\r\n"));
        self
    }

    /// It must be noted: no ticket, no reply.
    pub async fn is_noted(&self, desk: &Desk, recipient: &str) {
        let from = "mailer-daemon@mx.example";
        let letter = Letter { kind: self.kind, ..Letter::asking(from, &[]) };
        let mut submission = desk.letter(letter).await;
        if let Content::Classified { mail, classification } = &mut submission.content {
            mail.recipients =
                vec![HeaderAddress { name: String::new(), address: self.to.to_owned() }];
            mail.report = self.report.clone();
            if self.kind == Kind::Bounce {
                classification.bounces = vec![BouncedRecipient {
                    recipient: Some(recipient.to_owned()),
                    class: BounceClass::Hard,
                    code: self.code.map(ToOwned::to_owned),
                    reason: "refused".into(),
                }];
            }
        }
        let filed = desk.file_submission(&submission).await;
        assert!(filed.ticket.is_none() && !filed.replied && !filed.blocked);
    }
}

/// A mail of a person to the address of a token.
async fn write_to(desk: &Desk, to: &str, letter: Letter<'_>, reasons: &[&str]) -> cases::Filed {
    let mut submission = desk.letter(letter).await;
    if let Content::Classified { mail, classification } = &mut submission.content {
        mail.delivered_to = vec![to.to_owned()];
        if !reasons.is_empty() {
            classification.kind_reasons = reasons.iter().map(|one| (*one).to_owned()).collect();
        }
    }
    desk.file_submission(&submission).await
}

pub async fn suppressions(desk: &Desk, reason: &str) -> i64 {
    desk.number(&format!("SELECT COUNT(*) FROM suppression WHERE reason = '{reason}'")).await
}

pub async fn told(desk: &Desk, mailed: &Mailed, feedback: &str) -> bool {
    let sql = format!(
        "SELECT COUNT(*) FROM delivery WHERE id = {} AND feedback = '{feedback}'",
        mailed.delivery
    );
    desk.number(&sql).await == 1
}

/// How many subscriptions stand confirmed.
pub async fn confirmed(desk: &Desk) -> i64 {
    desk.number("SELECT COUNT(*) FROM subscription WHERE state = 'confirmed'").await
}

pub async fn stops(desk: &Desk) -> i64 {
    desk.number("SELECT value FROM stop_sequence").await
}

pub async fn a_bounce_by_token_or_message_id_suppresses_once(desk: Desk) {
    let [by_token, by_id] = mailed(&desk, [ANNA, BORIS]).await;
    let to = by_token.returns_to(&desk);
    for _ in 0..2 {
        // A forwarder gave the address another name: the token tells whose mail it was.
        Machine::bounce(&to, Some("5.1.1")).is_noted(&desk, "somebody@else.example").await;
        let report = Machine::bounce("hello@clinic.example", Some("5.1.1"));
        report.about(&by_id.mail_id).is_noted(&desk, &by_id.address).await;
        assert_eq!(suppressions(&desk, "hard_bounce").await, 2);
        assert_eq!(stops(&desk).await, 2, "the same report again is no second stop");
    }
    assert!(told(&desk, &by_token, "bounce").await && told(&desk, &by_id, "bounce").await);
    assert_eq!(confirmed(&desk).await, 4, "a bounce is no withdrawal");
    let named =
        "SELECT COUNT(*) FROM suppression s JOIN address a ON a.stop_digest = s.stop_digest";
    assert_eq!(desk.number(named).await, 2, "suppressed is whom the mail went to");
}

pub async fn only_a_bounce_that_says_no_such_mailbox_suppresses(desk: Desk) {
    let codes: [(Option<&str>, bool); 10] = [
        (Some("5.1.2"), true),
        (Some("5.1.3"), true),
        (Some("5.1.6"), true),
        (Some("5.1.10"), true),
        (Some("5.1.7"), false),
        (Some("5.1.8"), false),
        (Some("5.7.1"), false),
        (Some("5.2.2"), false),
        (Some("4.2.2"), false),
        (None, false),
    ];
    let people: [String; 10] = std::array::from_fn(|number| format!("p{number}@mail.example"));
    let people: [&str; 10] = std::array::from_fn(|number| people[number].as_str());
    for (mailed, (code, suppresses)) in mailed(&desk, people).await.iter().zip(codes) {
        let before = suppressions(&desk, "hard_bounce").await;
        let to = mailed.returns_to(&desk);
        Machine::bounce(&to, code).is_noted(&desk, &mailed.address).await;
        assert!(told(&desk, mailed, "bounce").await, "{code:?}");
        let added = suppressions(&desk, "hard_bounce").await - before;
        assert_eq!(added, i64::from(suppresses), "{code:?}");
    }
}

pub async fn a_complaint_suppresses_and_ends_its_subscription_alone(desk: Desk) {
    let [mailed] = mailed(&desk, [ANNA]).await;
    for _ in 0..2 {
        let complaint = Machine::complaint("hello@clinic.example").about(&mailed.mail_id);
        complaint.is_noted(&desk, ANNA).await;
        assert!(told(&desk, &mailed, "complaint").await);
        assert_eq!(suppressions(&desk, "complaint").await, 1);
        let ended = format!(
            "SELECT COUNT(*) FROM subscription WHERE id = {} AND state = 'unsubscribed' \
             AND consent_id IS NULL",
            mailed.subscription
        );
        assert_eq!(desk.number(&ended).await, 1);
        assert_eq!(confirmed(&desk).await, 1, "the other list is not concerned");
        let withdrawn = "SELECT COUNT(*) FROM consent_event WHERE act = 'withdrawn'";
        assert_eq!(desk.number(withdrawn).await, 1);
        assert_eq!(stops(&desk).await, 2);
    }
}

pub async fn a_complaint_whose_message_id_was_cut_out_is_known_by_its_link(desk: Desk) {
    let [mailed] = mailed(&desk, [ANNA]).await;
    let token = mailed.token(&desk, TokenKind::Unsubscribe);
    let mut complaint = Machine::complaint("hello@clinic.example");
    complaint.report.returned_headers = Some(format!(
        "To: [redacted]\r\nList-Unsubscribe: <https://clinic.example/u/{token}>,\r\n \
         <mailto:unsub+{token}@clinic.example>\r\n"
    ));
    complaint.is_noted(&desk, "").await;
    assert!(told(&desk, &mailed, "complaint").await);
    assert_eq!((suppressions(&desk, "complaint").await, confirmed(&desk).await), (1, 1));
}

pub async fn two_batches_that_speak_of_each_others_people_do_not_wait_in_a_circle(desk: Desk) {
    let [anna, boris] = mailed(&desk, [ANNA, BORIS]).await;
    let crossed = async |from: &str, of: &Mailed| {
        let first = desk.letter(Letter::asking(from, &[(Label::Other, Band::Auto)])).await;
        let mut second = desk.letter(Letter::asking("x@other.example", STOP_MARKETING)).await;
        if let Content::Classified { mail, .. } = &mut second.content {
            mail.delivered_to = vec![of.leaves_by(&desk)];
        }
        [first, second]
    };
    for _ in 0..8 {
        let (one, other) = (crossed(ANNA, &boris).await, crossed(BORIS, &anna).await);
        let (left, right) = (desk.cases.clone(), desk.cases.clone());
        let left = tokio::spawn(async move { left.file(&one).await.map(|all| all.len()) });
        let right = tokio::spawn(async move { right.file(&other).await.map(|all| all.len()) });
        assert_eq!(left.await.expect("ends").expect("filed"), 2);
        assert_eq!(right.await.expect("ends").expect("filed"), 2);
    }
    assert_eq!(confirmed(&desk).await, 2);
}

pub async fn a_forged_report_or_token_changes_nothing(desk: Desk) {
    let [mailed] = mailed(&desk, [ANNA]).await;
    let right = mailed.token(&desk, TokenKind::Bounce);
    let last = if right.ends_with('a') { 'b' } else { 'a' };
    let nearly = format!("{}{last}", &right[..right.len() - 1]);
    let wrong_kind = mailed.token(&desk, TokenKind::Unsubscribe);
    for token in [nearly.as_str(), &wrong_kind, "", "x", "%00"] {
        let to = format!("bounce+{token}@clinic.example");
        let guessed = "m0@clinic.example";
        Machine::bounce(&to, Some("5.1.1")).about(guessed).is_noted(&desk, ANNA).await;
        Machine::complaint(&to).about(guessed).is_noted(&desk, ANNA).await;
    }
    // A token of ours at a domain that is not ours, and one for bounces where one leaves.
    let elsewhere = format!("bounce+{right}@other.example");
    Machine::bounce(&elsewhere, Some("5.1.1")).is_noted(&desk, ANNA).await;
    for token in [right.as_str(), &nearly] {
        let to = format!("unsub+{token}@clinic.example");
        let letter = Letter::asking("stranger@other.example", &[(Label::Other, Band::Auto)]);
        assert!(
            write_to(&desk, &to, letter, &[]).await.ticket.is_some(),
            "a letter like any other"
        );
    }
    assert_eq!(stops(&desk).await, 0);
    assert_eq!(confirmed(&desk).await, 2);
    assert_eq!(desk.number("SELECT COUNT(*) FROM suppression").await, 0);
    assert_eq!(desk.number("SELECT COUNT(*) FROM delivery WHERE feedback IS NOT NULL").await, 0);
}

pub async fn a_mail_to_the_token_leaves_its_list_without_a_ticket(desk: Desk) {
    let [mailed] = mailed(&desk, [ANNA]).await;
    let to = mailed.leaves_by(&desk);
    for _ in 0..2 {
        // Mail programs write from whatever address the reader has set.
        let letter = Letter::asking("anna@other.example", STOP_MARKETING);
        let filed = write_to(&desk, &to, letter, &[]).await;
        assert!(filed.ticket.is_none() && !filed.replied && !filed.blocked);
    }
    assert_eq!(confirmed(&desk).await, 1);
    assert_eq!(stops(&desk).await, 1, "the second mail finds nothing to end");
    assert_eq!(desk.number("SELECT COUNT(*) FROM block").await, 0, "a token is no word");
    let by = format!(
        "SELECT COUNT(*) FROM consent_event WHERE act = 'withdrawn' AND delivery_id = {}",
        mailed.delivery
    );
    assert_eq!(desk.number(&by).await, 1);
}

pub async fn a_mail_to_the_token_that_asks_for_more_gets_both(desk: Desk) {
    let [mailed] = mailed(&desk, [ANNA]).await;
    let to = mailed.leaves_by(&desk);
    let filed = write_to(&desk, &to, Letter::asking(ANNA, crate::desk::ERASURE), &[]).await;
    assert!(filed.ticket.is_some() && filed.blocked && filed.replied);
    let ended = format!(
        "SELECT COUNT(*) FROM subscription WHERE id = {} AND state = 'unsubscribed'",
        mailed.subscription
    );
    assert_eq!(desk.number(&ended).await, 1);
    assert_eq!(desk.number("SELECT COUNT(*) FROM block WHERE scope = 'full'").await, 1);
}

pub async fn our_own_mail_that_comes_back_ends_nothing(desk: Desk) {
    let [mailed] = mailed(&desk, [ANNA]).await;
    let to = mailed.leaves_by(&desk);
    let letter = Letter { kind: Kind::AutoReply, ..Letter::asking(ANNA, STOP_MARKETING) };
    let filed = write_to(&desk, &to, letter, &["own_loop:loop_mark"]).await;
    assert!(filed.ticket.is_none() && !filed.replied && !filed.blocked);
    assert_eq!((confirmed(&desk).await, stops(&desk).await), (2, 0));
}
