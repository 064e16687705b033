//! The filing table, cell by cell.

use super::*;
use crate::{
    address::EmailAddress,
    authentication::SenderAuthentication as Auth,
    block::{Field, Scope},
    classification::{Band, Classification, Kind, Label, Mark, Verdict},
    mail::ReturnPath,
    regime::RequestName,
    request::Requester,
    ticket::Lane,
};

fn classification(kind: Kind, labels: &[(Label, Band)], marks: &[(Mark, Band)]) -> Classification {
    Classification {
        kind,
        kind_reasons: vec!["test".into()],
        labels: labels
            .iter()
            .map(|(label, band)| Verdict {
                label: *label,
                confidence: 0.9,
                band: *band,
                evidence: vec![],
            })
            .collect(),
        marks: marks
            .iter()
            .map(|(label, band)| Verdict {
                label: *label,
                confidence: 0.9,
                band: *band,
                evidence: vec![],
            })
            .collect(),
        language: Some("ru".into()),
        new_text: String::new(),
        auto_reasons: vec![],
        bounces: vec![],
        named_addresses: vec![],
        cut: Vec::new(),
        forwarded: false,
    }
}

fn address() -> EmailAddress {
    EmailAddress::parse("anna@mail.example").expect("valid")
}

fn plan(classification: &Classification, authentication: Auth, breaker_open: bool) -> FilingPlan {
    let address = address();
    plan_filing(&FilingFacts {
        classification,
        sender: Sender::Outside(&address),
        authentication,
        breaker_open,
        named: NamedContact::NotOne,
        oddities: &[],
    })
}

fn scopes(plan: &FilingPlan) -> Vec<Scope> {
    plan.blocks.iter().map(|block| block.scope.clone()).collect()
}

#[test]
fn a_sure_request_blocks_as_its_row_says_and_an_unsure_one_stops_advertising() {
    for (label, sure) in [
        (Label::Erasure, vec![Scope::Full]),
        (Label::Restriction, vec![Scope::Full]),
        (Label::UnlawfulProcessing, vec![Scope::Full]),
        (Label::Objection, vec![Scope::Full]),
        (Label::ConsentWithdrawal, vec![Scope::Full]),
        (Label::Rectification, vec![Scope::Full]),
        (Label::StopMarketing, vec![Scope::Marketing]),
        (Label::StopPublication, vec![]),
        (Label::Access, vec![]),
    ] {
        let auto = classification(Kind::Human, &[(label, Band::Auto)], &[]);
        assert_eq!(scopes(&plan(&auto, Auth::None, false)), sure, "{label:?} auto");
        let withdraws = matches!(label, Label::StopMarketing | Label::ConsentWithdrawal);
        let planned = plan(&auto, Auth::None, false).withdraw_advertising;
        assert_eq!(planned, withdraws, "{label:?} auto");
        let careful = if sure.is_empty() { vec![] } else { vec![Scope::Marketing] };
        let suggest = classification(Kind::Human, &[(label, Band::Suggest)], &[]);
        for (case, plan) in [
            ("suggest", plan(&suggest, Auth::Pass, false)),
            ("DMARC fail", plan(&auto, Auth::Fail, false)),
            ("breaker", plan(&auto, Auth::Unknown, true)),
        ] {
            assert_eq!(scopes(&plan), careful, "{label:?} {case}");
            assert!(!plan.review.is_empty(), "{label:?} {case} wants a person");
            assert!(!plan.withdraw_advertising, "{label:?} {case} withdraws nothing");
        }
    }
}

#[test]
fn the_site_is_told_at_once_only_by_a_mail_whose_domain_vouches_for_it() {
    let labels = [(Label::StopPublication, Band::Auto)];
    let auto = classification(Kind::Human, &labels, &[]);
    for (authentication, told) in
        [(Auth::Pass, true), (Auth::None, false), (Auth::Unknown, false), (Auth::Fail, false)]
    {
        let plan = plan(&auto, authentication, false);
        assert_eq!(plan.tell_site, told, "{authentication:?}");
        // However it came, a person looks, and the request with its clock stands.
        assert!(plan.review.contains(&ReviewReason::StopPublication), "{authentication:?}");
        assert_eq!(plan.requests, [RequestName::StopPublication], "{authentication:?}");
    }
    let unsure = classification(Kind::Human, &[(Label::StopPublication, Band::Suggest)], &[]);
    assert!(!plan(&unsure, Auth::Pass, false).tell_site);
    // Who acts for another is not the one whose data the call would name.
    let marked = classification(Kind::Human, &labels, &[(Mark::Representative, Band::Auto)]);
    assert!(!plan(&marked, Auth::Pass, false).tell_site);
}

#[test]
fn the_breaker_does_not_bind_a_sender_whose_domain_vouches() {
    let auto = classification(Kind::Human, &[(Label::Erasure, Band::Auto)], &[]);
    assert_eq!(scopes(&plan(&auto, Auth::Pass, true)), [Scope::Full]);
}

#[test]
fn several_labels_are_the_union_of_their_rows() {
    let labels = [(Label::StopMarketing, Band::Auto), (Label::Erasure, Band::Auto)];
    let both = plan(&classification(Kind::Human, &labels, &[]), Auth::None, false);
    assert_eq!(scopes(&both), [Scope::Full]);
    assert_eq!(both.blocks[0].basis, "erasure stop_marketing");
    assert!(both.withdraw_advertising);
    assert_eq!(both.requests.len(), 2);
    let labels = [(Label::StopMarketing, Band::Auto), (Label::Access, Band::Auto)];
    let both = plan(&classification(Kind::Human, &labels, &[]), Auth::None, false);
    assert_eq!(scopes(&both), [Scope::Marketing]);
}

fn hit(mail: &mut Classification, word: &str) {
    let from = mail.new_text.find(word).expect("the word is there");
    mail.labels[0].evidence = vec![crate::classification::Evidence {
        rule: "test".into(),
        weight: 1.0,
        words: word.into(),
        span: Some((from, from + word.len())),
        in_subject: false,
    }];
}

#[test]
fn a_clear_field_is_blocked_alone() {
    let mut mail = classification(Kind::Human, &[(Label::Rectification, Band::Auto)], &[]);
    mail.new_text = "Добрый день. Исправьте, пожалуйста, мой телефон.".into();
    hit(&mut mail, "Исправьте");
    assert_eq!(scopes(&plan(&mail, Auth::None, false)), [Scope::Fields(vec![Field::Phone])]);
    mail.new_text = "Исправьте дату рождения. Мой телефон для связи: 8 900.".into();
    hit(&mut mail, "Исправьте");
    assert_eq!(scopes(&plan(&mail, Auth::None, false)), [Scope::Full]);
}

#[test]
fn kinds_decide_whether_there_is_a_ticket() {
    let request = [(Label::Erasure, Band::Auto)];
    let question = [(Label::PolicyQuestion, Band::Auto)];
    let unsure = [(Label::PolicyQuestion, Band::Suggest)];
    let question_and_request =
        [(Label::PolicyQuestion, Band::Auto), (Label::Erasure, Band::Suggest)];
    for (kind, labels, expected) in [
        (Kind::Human, &[][..], Handling::Ticket(Lane::Ordinary)),
        (Kind::Human, &request[..], Handling::Ticket(Lane::Privacy)),
        (Kind::Human, &question[..], Handling::Ticket(Lane::Policy)),
        (Kind::Human, &unsure[..], Handling::Ticket(Lane::Policy)),
        (Kind::Human, &question_and_request[..], Handling::Ticket(Lane::Privacy)),
        (Kind::AutoReply, &question[..], Handling::Noted),
        (Kind::ListMail, &question[..], Handling::Noted),
        (Kind::Spam, &question[..], Handling::Noted),
        (Kind::Bounce, &question[..], Handling::Feedback),
        (Kind::AutoReply, &[][..], Handling::Noted),
        (Kind::AutoReply, &request[..], Handling::Ticket(Lane::Privacy)),
        (Kind::ListMail, &[][..], Handling::Noted),
        (Kind::Spam, &[][..], Handling::Noted),
        (Kind::Spam, &request[..], Handling::Ticket(Lane::Privacy)),
        (Kind::Bounce, &request[..], Handling::Feedback),
        (Kind::Complaint, &[][..], Handling::Feedback),
    ] {
        let made = plan(&classification(kind, labels, &[]), Auth::None, false);
        assert_eq!(made.handling, expected, "{kind:?} {labels:?}");
    }
    let spam = plan(&classification(Kind::Spam, &request, &[]), Auth::Pass, false);
    assert_eq!(scopes(&spam), [Scope::Marketing]);
}

#[test]
fn our_own_loop_is_only_noted() {
    let mut mail = classification(Kind::Human, &[(Label::Erasure, Band::Auto)], &[]);
    mail.kind_reasons = vec!["own_loop".into()];
    assert_eq!(plan(&mail, Auth::None, false).handling, Handling::Noted);
}

#[test]
fn our_own_people_and_senders_who_are_not_one_are_never_blocked() {
    let mail = classification(Kind::Human, &[(Label::Erasure, Band::Auto)], &[]);
    let address = address();
    for sender in [Sender::Own(&address), Sender::NotOne] {
        let made = plan_filing(&FilingFacts {
            classification: &mail,
            sender,
            authentication: Auth::Pass,
            breaker_open: false,
            named: NamedContact::NotOne,
            oddities: &[],
        });
        assert!(made.blocks.is_empty() && !made.review.is_empty(), "{sender:?}");
        assert_eq!(made.requests.len(), 1);
    }
}

#[test]
fn an_authority_brings_a_hold_and_a_person_and_blocks_whom_it_names() {
    let marks = [(Mark::Authority, Band::Auto)];
    let mail = classification(Kind::Human, &[(Label::UnlawfulProcessing, Band::Auto)], &marks);
    let address = address();
    let facts = FilingFacts {
        classification: &mail,
        sender: Sender::Outside(&address),
        authentication: Auth::Unknown,
        breaker_open: false,
        named: NamedContact::One,
        oddities: &[],
    };
    let named = plan_filing(&facts);
    assert!(named.legal_hold);
    assert_eq!(named.handling, Handling::Ticket(Lane::Authority));
    assert_eq!(named.requester, Requester::Authority);
    assert_eq!(named.blocks[0].target, BlockTarget::Named);
    let unknown = plan_filing(&FilingFacts { named: NamedContact::NotOne, ..facts });
    assert!(unknown.blocks.is_empty());
    let failing = plan_filing(&FilingFacts { authentication: Auth::Fail, ..facts });
    assert!(failing.blocks.is_empty());
    assert!(named.requests.contains(&RequestName::AuthorityRequest));
}

#[test]
fn an_unsure_mark_never_takes_protection_away() {
    for mark in [Mark::Authority, Mark::Representative] {
        for band in [Band::Auto, Band::Suggest] {
            let marks = [(mark, Band::Suggest)];
            let made = plan(
                &classification(Kind::Human, &[(Label::Erasure, band)], &marks),
                Auth::None,
                false,
            );
            assert_eq!(scopes(&made), [Scope::Marketing], "{mark:?} {band:?}");
            assert!(!made.legal_hold && !made.review.is_empty());
            assert_eq!(made.requester, Requester::Subject);
        }
    }
}

#[test]
fn a_forged_authority_holds_nothing() {
    let marks = [(Mark::Authority, Band::Auto)];
    let mail = classification(Kind::Human, &[], &marks);
    let made = plan(&mail, Auth::Fail, false);
    assert!(!made.legal_hold && made.requests.is_empty());
    assert!(made.review.contains(&ReviewReason::Authority));
}

#[test]
fn a_representative_under_an_open_breaker_still_stops_advertising_to_whom_it_names() {
    let marks = [(Mark::Representative, Band::Auto)];
    let mail = classification(Kind::Human, &[(Label::Erasure, Band::Auto)], &marks);
    let address = address();
    let made = plan_filing(&FilingFacts {
        classification: &mail,
        sender: Sender::Outside(&address),
        authentication: Auth::None,
        breaker_open: true,
        named: NamedContact::One,
        oddities: &[],
    });
    assert_eq!(made.blocks[0].target, BlockTarget::Named);
    assert_eq!(scopes(&made), [Scope::Marketing]);
}

#[test]
fn a_forward_by_our_own_people_withdraws_nothing_of_theirs() {
    let mail = classification(Kind::Human, &[(Label::StopMarketing, Band::Auto)], &[]);
    let address = address();
    let made = plan_filing(&FilingFacts {
        classification: &mail,
        sender: Sender::Own(&address),
        authentication: Auth::Pass,
        breaker_open: false,
        named: NamedContact::NotOne,
        oddities: &[],
    });
    assert!(!made.withdraw_advertising && made.blocks.is_empty());
}

#[test]
fn a_representatives_own_address_is_not_blocked() {
    let marks = [(Mark::Representative, Band::Auto)];
    let mail = classification(Kind::Human, &[(Label::StopMarketing, Band::Auto)], &marks);
    let made = plan(&mail, Auth::Pass, false);
    assert!(made.blocks.is_empty() && !made.withdraw_advertising);
    assert!(made.review.contains(&ReviewReason::Representative));
}

fn reply(change: impl FnOnce(&mut Classification, &mut ReturnPath, &mut Auth)) -> Reply {
    let mut mail = classification(Kind::Human, &[(Label::Erasure, Band::Auto)], &[]);
    let mut path = ReturnPath::Address("Anna@mail.example".into());
    let mut authentication = Auth::Unknown;
    change(&mut mail, &mut path, &mut authentication);
    let address = address();
    let facts = AcknowledgementFacts {
        classification: &mail,
        sender: Sender::Outside(&address),
        authentication,
        return_path: Some(&path),
        same_said_at: None,
        said_in_a_day: 0,
        too_many_at_all: false,
    };
    decide_acknowledgement(
        &plan(&mail, authentication, false),
        &facts,
        crate::Timestamp::UNIX_EPOCH,
    )
}

#[test]
fn an_acknowledgement_goes_only_where_it_cannot_hurt() {
    assert_eq!(reply(|_, _, _| {}), Reply::Send);
    assert_eq!(reply(|_, path, _| *path = ReturnPath::Absent), Reply::Send);
    let held = |reply: Reply| matches!(reply, Reply::Held(Held::Guard(_)));
    assert!(held(reply(|_, path, _| *path = ReturnPath::Null)));
    let other = || ReturnPath::Address("bounce+1@list.example".into());
    assert!(held(reply(|_, path, _| *path = other())));
    assert_eq!(
        reply(|_, path, authentication| {
            *path = other();
            *authentication = Auth::Pass;
        }),
        Reply::Send
    );
    assert!(held(reply(|_, _, authentication| *authentication = Auth::Fail)));
    assert!(held(reply(|mail, _, _| mail.auto_reasons = vec!["auto-submitted".into()])));
    assert!(held(reply(|mail, _, _| mail.kind = Kind::AutoReply)));
}

#[test]
fn the_same_is_not_said_twice_within_seven_days() {
    let mail = classification(Kind::Human, &[(Label::Erasure, Band::Auto)], &[]);
    let address = address();
    let said = crate::Timestamp::UNIX_EPOCH;
    let mut facts = AcknowledgementFacts {
        classification: &mail,
        sender: Sender::Outside(&address),
        authentication: Auth::None,
        return_path: None,
        same_said_at: Some(said),
        said_in_a_day: 0,
        too_many_at_all: false,
    };
    let made = plan(&mail, Auth::None, false);
    let days = |n: i64| said + jiff::SignedDuration::from_hours(24 * n);
    let held = Reply::Held(Held::SaidAlready);
    assert_eq!(decide_acknowledgement(&made, &facts, days(6)), held);
    assert_eq!(decide_acknowledgement(&made, &facts, days(8)), Reply::Send);
    facts.said_in_a_day = 5;
    facts.same_said_at = None;
    assert!(matches!(decide_acknowledgement(&made, &facts, said), Reply::Held(Held::Guard(_))));
}
