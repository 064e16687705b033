//! What is held about a person, for that person and nobody else.

use std::io::Read as _;
use std::sync::Arc;

use cases::{
    CasesError,
    access::{AccessSettings, HeldBack, PackageLinkState},
    identity::ChallengeAnswer,
};
use domain::{
    classification::Label,
    data_map::DataMap,
    ids::{ContactId, RequestId},
    request::{Outcome, RequestState},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use store::packages::PackageState;

use crate::{
    deciding::is_refused,
    room::{ANNA, BORIS, Matter, Room},
};

pub const MAP: &str = include_str!("../../../../config/data_map.toml");
const RETENTION: &str = include_str!("../../../../config/retention.toml");
const SHARED: &str = "family@mail.example";

both! {
    every_field_of_the_law_is_told_and_equal_facts_make_equal_files,
    a_map_with_an_empty_field_makes_no_package,
    nothing_of_those_who_share_an_address_is_told,
    matters_of_authorities_are_left_out_unless_a_person_says_so,
    the_link_is_spent_by_its_button_and_the_file_is_destroyed,
    what_was_approved_is_what_is_sent,
    of_whom_nothing_is_held_hears_that_and_nothing_more,
    research_counts_groups_and_nobody_who_is_blocked,
}

pub fn with_map(room: &mut Room) {
    let map = DataMap::parse(MAP).expect("whole");
    room.with_settings(|settings| {
        settings.requests.access = AccessSettings {
            data_map: Some(Arc::new(map)),
            problems: Vec::new(),
            ..AccessSettings::default()
        };
    });
    let table = domain::retention::RetentionTable::parse(RETENTION).expect("whole");
    room.desk.cases = room.cases().clone().with_retention(table);
}

/// The mailbox presses "it was me".
pub async fn prove(room: &Room, matter: &Matter) {
    let letter = room.letter(matter.ticket, "challenge").await;
    let text = letter.content.expect("opened").text;
    let at = text.find("/c/").expect("a link") + 3;
    let token: String = text[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
    let answered = room.cases().answer_challenge(&token, ChallengeAnswer::Mine).await;
    answered.expect("taken").expect("ours");
    let state = room.request(matter.requests[0]).await.state;
    assert_eq!(state, RequestState::UnderReview);
}

/// A package made by one, approved by another.
pub async fn approved(room: &Room, request: RequestId) {
    let cases = room.cases();
    cases.make_package(request, None, HeldBack::LeftOut, "boris").await.expect("made");
    cases.propose(request, None, "boris").await.expect("proposed");
    is_refused(cases.decide(request, "boris").await, "four_eyes");
    cases.decide(request, "vera").await.expect("approved");
}

/// The matter of somebody whose package was sent, and the token of the link.
pub async fn sent(room: &mut Room) -> (Matter, String) {
    with_map(room);
    room.contact("Анна Петрова", "+7 495 123-45-67", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Access]).await;
    prove(room, &matter).await;
    approved(room, matter.request()).await;
    room.cases().send_package(matter.request(), "boris").await.expect("sent");
    let token = token(room, &matter).await;
    (matter, token)
}

pub async fn token(room: &Room, matter: &Matter) -> String {
    let letter = room.letter(matter.ticket, "answer_access").await;
    let text = letter.content.expect("opened").text;
    let at = text.find("/p/").expect("a link") + 3;
    text[at..].chars().take_while(char::is_ascii_alphanumeric).collect()
}

pub async fn files(room: &Room, request: RequestId) -> Vec<(String, Vec<u8>)> {
    let (_, file) = room.cases().open_package(request, "vera").await.expect("opened");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(file)).expect("a ZIP");
    (0..archive.len())
        .map(|place| {
            let mut file = archive.by_index(place).expect("a file");
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("read");
            (file.name().expect("a name").into_owned(), bytes)
        })
        .collect()
}

pub fn of<'a>(files: &'a [(String, Vec<u8>)], name: &str) -> &'a [u8] {
    &files.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name}")).1
}

pub async fn subscribed(room: &Room, contact: ContactId, list: i64) {
    let sql = format!(
        "INSERT INTO subscription (list_id, contact_id, address_id, state, since_at, created_at) \
         SELECT {list}, {contact}, MIN(address_id), 'confirmed', 1, 1 FROM contact_address \
         WHERE contact_id = {contact} RETURNING id"
    );
    room.number(&sql).await;
}

pub async fn list(room: &Room, name: &str) -> i64 {
    let sql = format!(
        "INSERT INTO list (name, purpose, title_ru, title_en, advertiser, created_at, created_by) \
         VALUES ('{name}', 'newsletter', 'Новости', 'News', 'x', 1, 'x') RETURNING id"
    );
    room.number(&sql).await
}

async fn every_field_of_the_law_is_told_and_equal_facts_make_equal_files(mut room: Room) {
    with_map(&mut room);
    let contact = room.contact("Анна Петрова", "+7 495 123-45-67", &[ANNA]).await;
    let news = list(&room, "news").await;
    subscribed(&room, contact, news).await;
    let matter = room.writes(ANNA, "=1+1", "Что вы <храните>?", &[Label::Access]).await;
    prove(&room, &matter).await;
    let request = matter.request();
    let cases = room.cases();
    let make = || cases.make_package(request, None, HeldBack::LeftOut, "boris");
    let (first, second) = (make().await.expect("made"), make().await.expect("made anew"));
    assert_eq!(first.row.sha256, second.row.sha256);
    assert!(!second.row.nothing_held);
    let standing = cases.packages(request).await.expect("listed");
    assert_eq!(standing[1].state, PackageState::Void);

    let files = files(&room, request).await;
    let index = String::from_utf8(of(&files, "index.html").to_vec()).expect("text");
    // 152-FZ art. 14(7) items 1 to 10 and 9.1, GDPR art. 15(1)(a) to (h), 15(2).
    let items = [
        "п. 1;",
        "п. 2, 3;",
        "п. 4",
        "п. 5;",
        "п. 6;",
        "п. 7;",
        "п. 8;",
        "п. 9;",
        "п. 9.1",
        "п. 10",
    ];
    for item in items {
        assert!(index.contains(&format!("ст. 14 ч. 7 {item}")), "{item}");
    }
    for letter in ["(a), (b)", "(c)", "(d)", "(e), (f)", "(b), (g)", "(h)"] {
        assert!(index.contains(&format!("GDPR 15(1){letter}")), "{letter}");
    }
    assert!(index.contains("GDPR 15(2)"));
    for told in [
        "Анна Петрова",
        ANNA,
        "+7 495 123-45-67",
        "Новости",
        "Что вы &lt;храните&gt;?",
        &matter.number,
        "Роскомнадзор",
        "трансграничная передача не осуществляется",
        "Почтовый провайдер",
        "Доказательство согласия",
        "отзыв согласия или уничтожение данных",
        "4 декабря 2026",
    ] {
        assert!(index.replace('\u{a0}', " ").contains(told), "{told} is not told");
    }
    assert!(!index.contains("<script") && !index.contains("/c/"), "no key of a challenge");
    let data: Value = serde_json::from_slice(of(&files, "data.json")).expect("JSON");
    for field in [
        "format",
        "matter",
        "person",
        "addresses",
        "consents",
        "subscriptions",
        "blocks",
        "not_mailed",
        "matters",
        "mails_sent",
        "disclosures",
        "systems",
        "recipients",
        "retention",
        "left_out",
        "data_map",
        "as_of",
    ] {
        assert!(!data[field].is_null(), "{field}");
    }
    assert_eq!(data["person"]["phone"], "+7 495 123-45-67");
    let own = data["matters"][0]["written"][0]["file"].as_str().expect("a mail").to_owned();
    assert_eq!(of(&files, &own), b"raw");
    let table = String::from_utf8(of(&files, "subscriptions.csv").to_vec()).expect("text");
    assert!(table.starts_with("list,purpose,state") && table.contains("news,newsletter,confirmed"));
    assert_eq!(room.count("audit_event WHERE act = 'package_made'").await, 2);
}

async fn a_map_with_an_empty_field_makes_no_package(mut room: Room) {
    room.contact("Анна", "", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Access]).await;
    let refused = |result: Result<_, CasesError>, key: &str| match result {
        Err(CasesError::Refused { rule: "data_map", reason }) => {
            assert!(reason.contains(key), "{reason}");
        }
        Err(other) => panic!("not refused by the map: {other}"),
        Ok(_) => panic!("a package without {key}"),
    };
    let request = matter.request();
    let make = |room: &Room| {
        let cases = room.cases().clone();
        async move { cases.make_package(request, None, HeldBack::LeftOut, "boris").await }
    };
    refused(make(&room).await, "access.data_map");
    let problems = DataMap::parse(&MAP.replacen("rights = [", "rights = []\nx = [", 1));
    let problems = problems.expect_err("empty").iter().map(ToString::to_string).collect();
    room.with_settings(|settings| settings.requests.access.problems = problems);
    refused(make(&room).await, "`rights` is missing or empty");
    assert_eq!(room.count("package").await, 0);
}

async fn nothing_of_those_who_share_an_address_is_told(mut room: Room) {
    with_map(&mut room);
    let anna = room.contact("Анна Петрова", "", &[ANNA, SHARED]).await;
    let boris = room.contact("Борис Тайный", "+7 916 000-11-22", &[BORIS, SHARED]).await;
    let news = list(&room, "news").await;
    let offers = list(&room, "secret-offers").await;
    subscribed(&room, anna, news).await;
    subscribed(&room, boris, offers).await;
    room.writes(BORIS, "Моё", "Письмо Бориса", &[Label::PolicyQuestion]).await;
    room.writes(SHARED, "Общее", "Письмо с общего адреса", &[Label::PolicyQuestion]).await;
    let matter = room.asks(ANNA, &[Label::Access]).await;
    prove(&room, &matter).await;
    let made = room.cases().make_package(matter.request(), None, HeldBack::LeftOut, "boris").await;
    made.expect("made");
    let files = files(&room, matter.request()).await;
    let all: Vec<String> =
        files.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
    for foreign in ["Тайный", "916 000", BORIS, "Письмо Бориса", "общего адреса", "secret-offers"]
    {
        assert!(all.iter().all(|file| !file.contains(foreign)), "{foreign} is in it");
    }
    let data: Value = serde_json::from_slice(of(&files, "data.json")).expect("JSON");
    let out = data["left_out"].to_string();
    assert!(out.contains("shared_address"), "{out}");
    // The contact must have the address of the matter.
    let other = room.contact("Вера", "", &["vera@mail.example"]).await;
    let made =
        room.cases().make_package(matter.request(), Some(other), HeldBack::LeftOut, "boris").await;
    is_refused(made, "not_their_address");
}

async fn matters_of_authorities_are_left_out_unless_a_person_says_so(mut room: Room) {
    with_map(&mut room);
    room.contact("Анна", "", &[ANNA]).await;
    let held = room.writes(ANNA, "Тема", "Тайна следствия", &[Label::PolicyQuestion]).await;
    let sql =
        format!("UPDATE ticket SET lane = 'authority' WHERE id = {} RETURNING id", held.ticket);
    room.number(&sql).await;
    // A new matter of the same person: the authority's has another topic.
    let matter = room.asks(ANNA, &[Label::Access]).await;
    assert_ne!(matter.ticket, held.ticket);
    let request = matter.request();
    for (held_back, is_told) in [(HeldBack::LeftOut, false), (HeldBack::Included, true)] {
        let made = room.cases().make_package(request, None, held_back, "boris").await;
        made.expect("made");
        let files = files(&room, request).await;
        let index = String::from_utf8_lossy(of(&files, "index.html")).into_owned();
        assert_eq!(index.contains("Тайна следствия"), is_told);
        assert_eq!(index.contains("ч. 8 ст. 14"), !is_told);
    }
}

async fn the_link_is_spent_by_its_button_and_the_file_is_destroyed(mut room: Room) {
    let (matter, token) = sent(&mut room).await;
    let cases = room.cases();
    let request = room.request(matter.request()).await;
    assert_eq!((request.state, request.outcome), (RequestState::Verified, Some(Outcome::Done)));
    assert!(request.answer.is_some());
    let letter = room.letter(matter.ticket, "answer_access").await;
    let text = letter.content.expect("opened").text.replace('\u{a0}', " ");
    assert!(text.contains("11 декабря 2026"), "until when");
    // However often programs look, nothing is spent.
    for _ in 0..5 {
        let link = cases.package_link(&token).await.expect("read").expect("ours");
        assert!(matches!(link.state, PackageLinkState::Open { .. }));
    }
    assert_eq!(room.count("package WHERE state = 'sent'").await, 1);
    assert!(cases.fetch_package("0000").await.expect("read").is_none());
    let file = cases.fetch_package(&token).await.expect("read").expect("the file");
    let row = &cases.packages(matter.request()).await.expect("listed")[0];
    assert_eq!(<[u8; 32]>::from(Sha256::digest(&file.file)), row.sha256);
    assert_eq!((row.state, file.name), (PackageState::Fetched, format!("{}.zip", matter.number)));
    // A download breaks: for half an hour the same link gives it again.
    room.desk.clock.advance(std::time::Duration::from_secs(29 * 60));
    assert!(cases.fetch_package(&token).await.expect("read").is_some());
    assert_eq!(cases.end_packages(10).await.expect("ended"), 0);
    room.desk.clock.advance(std::time::Duration::from_secs(60));
    assert!(cases.fetch_package(&token).await.expect("read").is_none());
    let link = cases.package_link(&token).await.expect("read").expect("ours");
    assert_eq!(link.state, PackageLinkState::Spent);
    assert_eq!(room.count("audit_event WHERE act = 'package_fetched'").await, 2);
    assert_eq!(cases.end_packages(10).await.expect("ended"), 1);
    assert_eq!(cases.end_packages(10).await.expect("ended"), 0);
    assert!(!cases.vault().exists(row.object).await.expect("asked"));
    assert!(!cases.vault().key_exists(row.vault_key).await.expect("asked"));
}

async fn what_was_approved_is_what_is_sent(mut room: Room) {
    with_map(&mut room);
    room.contact("Анна", "", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Access]).await;
    prove(&room, &matter).await;
    let (cases, request) = (room.cases(), matter.request());
    let make = || cases.make_package(request, None, HeldBack::LeftOut, "boris");
    make().await.expect("made");
    is_refused(cases.send_package(request, "boris").await, "decision_stands");
    cases.propose(request, None, "boris").await.expect("proposed");
    room.writes(ANNA, "Ещё", "Ещё слово", &[Label::Access]).await;
    make().await.expect("made anew");
    is_refused(cases.decide(request, "vera").await, "decision_covers_its_subject");
    cases.propose(request, None, "boris").await.expect("proposed");
    cases.decide(request, "vera").await.expect("approved");
    is_refused(make().await, "request_state");
    cases.send_package(request, "boris").await.expect("sent");
}

async fn of_whom_nothing_is_held_hears_that_and_nothing_more(mut room: Room) {
    with_map(&mut room);
    let matter = room.asks("stranger@mail.example", &[Label::Access]).await;
    let request = matter.request();
    room.cases().ask_challenge(&matter.number, None, "anna").await.expect("asked");
    prove(&room, &matter).await;
    if room.request(request).await.state != RequestState::UnderReview {
        room.cases().review_request(request, "anna").await.expect("reviewed");
    }
    approved(&room, request).await;
    let sent = room.cases().send_package(request, "boris").await.expect("sent");
    assert_eq!(sent.expires_at, None);
    let letter = room.letter(matter.ticket, "answer_access").await;
    assert!(!letter.content.expect("opened").text.contains("/p/"));
    assert_eq!(room.request(request).await.outcome, Some(Outcome::NothingHeld));
    assert_eq!(room.cases().end_packages(10).await.expect("ended"), 1);
    assert_eq!(room.count("package WHERE destroyed_at IS NULL").await, 0);
}

async fn research_counts_groups_and_nobody_who_is_blocked(room: Room) {
    let (news, small) = (list(&room, "news").await, list(&room, "small").await);
    for number in 0..6 {
        let address = format!("person{number}@mail.example");
        let contact = room.contact("Имя", "", &[&address]).await;
        subscribed(&room, contact, news).await;
        if number < 4 {
            subscribed(&room, contact, small).await;
        }
        if number == 5 {
            room.asks(&address, &[Label::Erasure]).await;
        }
    }
    let sql = format!("UPDATE list SET purpose = 'research' WHERE id = {small} RETURNING id");
    room.number(&sql).await;
    let export = room.cases().export_research("anna").await.expect("counted");
    let [row] = export.rows.as_slice() else { panic!("{:?}", export.rows) };
    assert_eq!(
        (row.people, row.purpose.as_str(), row.month.as_str()),
        (5, "newsletter", "1970-01")
    );
    let told = serde_json::to_string(&export.rows).expect("JSON");
    assert!(!told.contains('@') && !told.contains("Имя") && !told.contains("\"id\""));
    assert_eq!(room.count("export_record WHERE what = 'research' AND contacts = 0").await, 1);
    assert_eq!(room.count("audit_event WHERE act = 'exported'").await, 1);
}
