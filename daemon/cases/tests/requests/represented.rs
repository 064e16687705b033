//! Papers of those who act for others, and what is asked for in addition.

use domain::classification::{Band, Label, Mark};

use crate::{
    desk::Letter,
    room::{ANNA, BORIS, Room},
};

both! {
    a_representation_counts_while_it_holds,
    what_is_missing_is_asked_for_access_alone,
    a_paper_is_asked_of_those_who_say_that_they_act_for_another,
}

async fn a_representation_counts_while_it_holds(room: Room) {
    use cases::identity::NewRepresentative;
    use domain::identity::RepresentationKind;
    let anna = room.contact("Анна", "", &[ANNA]).await;
    let marks = [(Mark::Representative, Band::Auto)];
    let labels = [(Label::Access, Band::Auto)];
    let matter = room.files(Letter { marks: &marks, ..Letter::asking(BORIS, &labels) }).await;
    room.cases().ask_for_paper(&matter.number, "anna").await.expect("asked");
    room.letter(matter.ticket, "representative_proof").await;
    let new = NewRepresentative {
        subject: Some(anna),
        tell: None,
        kind: RepresentationKind::PowerOfAttorney,
        paper: "77 АБ 1234567 от 01.12.2026".into(),
        valid_until: Some("2026-12-10".parse().expect("a date")),
    };
    let endless = NewRepresentative { valid_until: None, ..new.clone() };
    let over = NewRepresentative {
        valid_until: Some("2026-12-03".parse().expect("a date")),
        ..new.clone()
    };
    let bare = NewRepresentative { paper: " ".into(), ..new.clone() };
    for (wrong, rule) in
        [(endless, "until_needed"), (over, "paper_expired"), (bare, "paper_needed")]
    {
        let refused = room.cases().represent(&matter.number, &wrong, "anna").await;
        assert!(refused.expect_err("refused").to_string().contains(rule));
    }
    let id = room.cases().represent(&matter.number, &new, "anna").await.expect("written");
    let told = "delivery d JOIN address a ON a.id = d.address_id WHERE d.topic = 'representative_copy' \
                AND a.email = 'anna@mail.example'";
    assert_eq!(room.count(told).await, 1);
    let on = |day: &str| {
        let day = day.parse().expect("a date");
        let (room, ticket) = (&room, matter.ticket);
        async move {
            room.cases().representation_in_force(room.store(), ticket, day).await.expect("read")
        }
    };
    assert!(on("2026-12-10").await.is_some(), "its last day");
    assert!(on("2026-12-11").await.is_none(), "checked at use");
    let shown = room.cases().identity(&matter.number, "anna").await.expect("shown");
    assert_eq!(shown.representations[0].paper.as_deref(), Some("77 АБ 1234567 от 01.12.2026"));
    room.cases().revoke_representation(&matter.number, id, "anna").await.expect("revoked");
    assert!(on("2026-12-10").await.is_none());
}

async fn what_is_missing_is_asked_for_access_alone(room: Room) {
    let access = room.asks(ANNA, &[Label::Access]).await;
    let request = room.request(access.request()).await;
    let listed = room.cases().must_contain(&request, domain::language::Locale::Ru);
    assert!(listed.len() >= 3, "{listed:?}");
    let ask = |items: &[&str]| {
        let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
        let (room, request) = (&room, request.id);
        async move { room.cases().ask_missing(request, &items, "anna").await }
    };
    for wrong in [&[][..], &["9"], &["0"], &["  "]] {
        assert!(ask(wrong).await.expect_err("refused").to_string().contains("nothing_missing"));
    }
    ask(&["2", "подпись"]).await.expect("asked");
    let letter = room.letter(access.ticket, "missing").await.content.expect("opened");
    assert!(letter.text.contains("номер или дата договора") && letter.text.contains("подпись"));
    for label in [Label::StopMarketing, Label::ConsentWithdrawal, Label::Objection, Label::Erasure]
    {
        let from = format!("{}@mail.example", label.name());
        let matter = room.asks(&from, &[label]).await;
        let items = ["паспорт".to_owned()];
        let refused = room.cases().ask_missing(matter.request(), &items, "anna").await;
        assert!(refused.expect_err("refused").to_string().contains("missing_only_for_access"));
    }
    assert_eq!(room.count("delivery WHERE topic = 'missing'").await, 1);
}

async fn a_paper_is_asked_of_those_who_say_that_they_act_for_another(room: Room) {
    use cases::identity::NewRepresentative;
    let cases = room.cases();
    let refused = |result: Result<(), cases::CasesError>, rule: &str| {
        assert!(result.expect_err("refused").to_string().contains(rule));
    };
    let own = room.asks(ANNA, &[Label::Access]).await;
    refused(cases.ask_for_paper(&own.number, "anna").await, "not_representative");
    let labels = [(Label::Access, Band::Auto)];
    let marked = |from, mark| {
        let (room, labels) = (&room, &labels);
        async move {
            let marks = [mark];
            room.files(Letter { marks: &marks, ..Letter::asking(from, labels) }).await
        }
    };
    let authority = marked("rkn@authority.example", (Mark::Authority, Band::Auto)).await;
    refused(cases.ask_for_paper(&authority.number, "anna").await, "authority_lane");
    let new = NewRepresentative {
        subject: None,
        tell: None,
        kind: domain::identity::RepresentationKind::Other,
        paper: "письмо № 1".into(),
        valid_until: None,
    };
    let represented = cases.represent(&authority.number, &new, "anna").await;
    refused(represented.map(|_| ()), "authority_lane");
    assert_eq!(room.count("delivery WHERE topic = 'representative_proof'").await, 0);
    // Where the machine is not sure that somebody acts for another, a person may ask.
    let unsure = marked(BORIS, (Mark::Representative, Band::Suggest)).await;
    cases.ask_for_paper(&unsure.number, "anna").await.expect("asked");
    let letter = room.letter(unsure.ticket, "representative_proof").await.content.expect("opened");
    assert!(!letter.text.contains("по адресу, который у нас есть"), "not whether we know anybody");
}
