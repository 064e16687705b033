//! A campaign is looked at before it goes out.

use cases::{
    CasesError,
    campaigns::{CampaignChange, PreviewVerdict, Reader},
};
use domain::{
    address::EmailAddress, delivery::WithholdReason, ids::ContactId, letter::LetterContent,
};

use super::{BORIS, VERA};
use crate::desk::{Desk, ISSUE, rule};

pub async fn a_preview_shows_the_mail_and_the_gates_answer(desk: Desk) {
    let boris = desk.subscriber(BORIS).await;
    let vera = desk.subscriber(VERA).await;
    desk.draft(ISSUE).await;
    desk.suppress(VERA).await;
    let look = |reader| desk.cases.preview_campaign(ISSUE, reader);
    let sample = look(Reader::Sample).await.expect("a preview");
    assert_eq!(sample.verdict, PreviewVerdict::Sample);
    let shown = look(Reader::Contact(boris.contact)).await.expect("a preview");
    assert_eq!(shown.verdict, PreviewVerdict::Send);
    assert_eq!(shown.subject, "Новости декабря");
    assert!(shown.text.contains("Здравствуйте, Борис!"), "{}", shown.text);
    assert!(shown.html.contains("https://hello.clinic.example/u/preview"), "{}", shown.html);
    let shown = look(Reader::Contact(vera.contact)).await.expect("a preview");
    assert_eq!(shown.verdict, PreviewVerdict::Withhold(WithholdReason::HardBounce));
    let nobody = look(Reader::Contact(ContactId(999))).await;
    assert!(matches!(nobody, Err(CasesError::NotFound { what: "contact", .. })), "{nobody:?}");
    // Whoever has a subscription of an excluded list is no candidate, in whatever state it is.
    let sql = format!(
        "INSERT INTO subscription (list_id, contact_id, address_id, state, since_at, created_at) \
         VALUES ({}, {}, {}, 'pending', 1, 1) RETURNING id",
        desk.offers, boris.contact, boris.address
    );
    let excluded = desk.number(&sql).await;
    let mut audience = desk.audience();
    audience.except.push(desk.offers);
    let change = CampaignChange { audience: Some(audience), ..CampaignChange::default() };
    desk.cases.edit_campaign(ISSUE, &change, "olga").await.expect("changed");
    let shown = look(Reader::Contact(boris.contact)).await.expect("a preview");
    assert_eq!(shown.verdict, PreviewVerdict::NotACandidate);
    let sql = format!(
        "UPDATE subscription SET state = 'unsubscribed' WHERE id = {excluded} RETURNING id"
    );
    desk.number(&sql).await;
    let shown = look(Reader::Contact(boris.contact)).await.expect("a preview");
    assert_eq!(shown.verdict, PreviewVerdict::NotACandidate);
    assert_eq!(desk.number("SELECT COUNT(*) FROM delivery").await, 0);
}

pub async fn a_test_goes_to_our_own_people_alone(desk: Desk) {
    desk.draft(ISSUE).await;
    let address = |text| EmailAddress::parse(text).expect("valid");
    let ours = address("editor@clinic.example");
    let test = |to: Vec<EmailAddress>| {
        let cases = &desk.cases;
        async move { cases.test_campaign(ISSUE, &to, "olga").await }
    };
    assert_eq!(rule(test(vec![ours.clone(), address(BORIS)]).await), "own_domains");
    assert_eq!(rule(test(vec![]).await), "test_addresses");
    assert_eq!(desk.number("SELECT COUNT(*) FROM delivery").await, 0);
    let planned = test(vec![ours]).await.expect("planned");
    assert_eq!(planned.len(), 1);
    let staff = "SELECT COUNT(*) FROM delivery WHERE class = 'staff' AND campaign_id IS NULL AND state = 'planned'";
    assert_eq!(desk.number(staff).await, 1);
    let (mail_id, sealed) = store::probe::letter(desk.store(), 0).await.expect("a letter");
    let context = LetterContent::seal_context(&mail_id);
    let plain = desk.cases.vault().open_sealed(&context, &sealed).await.expect("opens");
    let letter: LetterContent = serde_json::from_slice(&plain).expect("a letter");
    assert_eq!(letter.subject, "[Тест] Новости декабря");
    assert!(letter.html.is_some() && letter.text.contains("Здравствуйте"));
    let audited = "SELECT COUNT(*) FROM audit_event WHERE act = 'tested'";
    assert_eq!(desk.number(audited).await, 1);
    let addressed = "SELECT COUNT(*) FROM audit_event WHERE detail LIKE '%@%'";
    assert_eq!(desk.number(addressed).await, 0);
}
