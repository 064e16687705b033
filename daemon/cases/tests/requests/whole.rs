//! A package holds everything of its person, whoever else has it, and dies with its proof.

use std::sync::Arc;

use cases::{CasesError, access::HeldBack, correction::NewCorrection, identity::ChallengeAnswer};
use domain::{
    block::Field,
    classification::Label,
    data_map::DataMap,
    disclosure::{NoticeAct, Role},
};
use serde_json::Value;
use store::recipients::NewRecipient;

use crate::{
    access::{MAP, files, list, of, prove, sent, subscribed, with_map},
    parties::{acts, add, contract, recipient},
    room::{ANNA, Room},
};

both! {
    a_person_with_a_lot_of_data_gets_all_of_it,
    the_register_of_recipients_is_told_and_must_not_contradict_the_map,
    whoever_has_a_field_is_told_its_new_value_and_nobody_else,
    a_disowned_or_unproven_package_is_destroyed_at_once,
}

async fn a_person_with_a_lot_of_data_gets_all_of_it(mut room: Room) {
    with_map(&mut room);
    let contact = room.contact("Анна", "", &[ANNA]).await;
    let news = list(&room, "news").await;
    subscribed(&room, contact, news).await;
    let matter = room.asks(ANNA, &[Label::Access]).await;
    prove(&room, &matter).await;
    // Years of newsletters: more than one page may hold.
    let planned = 6_000;
    mails(&room, planned).await;
    room.cases().make_package(matter.request(), None, HeldBack::LeftOut, "b").await.expect("made");
    let files = files(&room, matter.request()).await;
    let data: Value = serde_json::from_slice(of(&files, "data.json")).expect("JSON");
    let told = data["mails_sent"].as_array().expect("a list").len();
    assert!(told >= planned, "{told} in data.json");
    let pages: Vec<String> = files
        .iter()
        .filter(|(name, _)| name.starts_with("index"))
        .map(|(_, bytes)| String::from_utf8(bytes.clone()).expect("text"))
        .collect();
    assert!(pages.len() > 1, "one page cannot hold it");
    let rows: usize = pages.iter().map(|page| page.matches("data-head=\"Письмо\"").count()).sum();
    assert_eq!(rows, told);
    let (first, last) = (&pages[0], &pages[pages.len() - 1]);
    assert!(first.contains("href=\"index-2.html\"") && last.contains("href=\"index.html#fact\""));
}

/// Mails that were sent to Anna, as dispatch would have left them.
async fn mails(room: &Room, how_many: usize) {
    let sql = format!(
        "INSERT INTO delivery (class, purpose_of_mail, address_id, stop_digest, mail_id, digest_key, \
         mail_id_digest, rank, state, planned_at, next_try_at, expires_at, settled_at) \
         WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < {how_many}) \
         SELECT 'transactional', 'access', d.address_id, d.stop_digest, 'mail-' || many.n, d.digest_key, \
         d.mail_id_digest, d.rank, 'accepted', 1, 1, 1, 1 FROM many, \
         (SELECT * FROM delivery ORDER BY id LIMIT 1) AS d"
    );
    let written = store::probe::write(room.store(), &sql).await.expect("written");
    assert_eq!(written, how_many as u64);
}

async fn the_register_of_recipients_is_told_and_must_not_contradict_the_map(mut room: Room) {
    with_map(&mut room);
    room.contact("Анна", "", &[ANNA]).await;
    let matter = room.asks(ANNA, &[Label::Access]).await;
    prove(&room, &matter).await;
    let new = |name: &str, role, country: &str| NewRecipient {
        name: name.into(),
        role,
        title: format!("ООО «{name}»"),
        postal_address: "119021, Москва".into(),
        email: String::new(),
        country: country.into(),
        agreement: "№ 5 от 01.02.2026".into(),
        data: "email phone".into(),
        purpose: "доставка заказов".into(),
        authority_told_on: (country != "RU").then(|| "2026-01-15".parse().expect("a date")),
    };
    let added = [
        new("cloud", Role::Processor, "KZ"),
        new("partner", Role::ThirdParty, "RU"),
        new("gone", Role::Processor, "RU"),
    ];
    for one in &added {
        room.cases().add_recipient(one, "olga").await.expect("added");
    }
    room.cases().end_recipient("gone", "olga").await.expect("ended");
    let (cases, request) = (room.cases().clone(), matter.request());
    cases.make_package(request, None, HeldBack::LeftOut, "boris").await.expect("made");
    let files = files(&room, request).await;
    let index = String::from_utf8_lossy(of(&files, "index.html")).into_owned();
    for told in ["ООО «cloud»", "ООО «partner»", "доставка заказов", "2026-01-15", "телефон"]
    {
        assert!(index.contains(told), "{told} is not told");
    }
    assert!(!index.contains("ООО «gone»"));
    // A map that says "nobody" beside a register that names somebody tells the person nothing.
    let (before, named) = MAP.split_once("[[processor]]").expect("one is named");
    let after = named.find("# How long").and_then(|at| named.get(at..)).expect("what follows");
    let map = format!("no_processors = {{ ru = \"нет\", en = \"none\" }}\n{before}{after}");
    let map = DataMap::parse(&map).unwrap_or_else(|problems| panic!("{problems}"));
    room.with_settings(|settings| settings.requests.access.data_map = Some(Arc::new(map)));
    let make = |room: &Room| {
        let cases = room.cases().clone();
        async move { cases.make_package(request, None, HeldBack::LeftOut, "boris").await }
    };
    match make(&room).await {
        Err(CasesError::Refused { rule: "no_processors", reason }) => {
            assert!(reason.contains("cloud") && !reason.contains("gone"), "{reason}");
        }
        Err(other) => panic!("not refused by the register: {other}"),
        Ok(_) => panic!("a package that says that there are no processors"),
    }
    room.cases().end_recipient("cloud", "olga").await.expect("ended");
    make(&room).await.expect("made");
}

async fn whoever_has_a_field_is_told_its_new_value_and_nobody_else(room: Room) {
    let cases = room.cases();
    let anna = room.contact("Анна Питрова", "+7 900 000-00-00", &[ANNA]).await;
    let knows = |name: &str, data: &str| NewRecipient {
        data: data.into(),
        ..recipient(name, Role::Processor)
    };
    add(&room, knows("mailer", "email name")).await;
    add(&room, knows("phones", "phone")).await;
    add(&room, recipient("partner", Role::ThirdParty)).await;
    cases.record_disclosure(&contract("partner", anna), "olga").await.expect("recorded");
    let matter = room.asks(ANNA, &[Label::Rectification]).await;
    prove(&room, &matter).await;
    let id = matter.request();
    let new = |field, new: &str| NewCorrection {
        field,
        of: None,
        new: new.into(),
        proof: "паспорт предъявлен".into(),
    };
    for one in [new(Field::Name, "Анна Петрова"), new(Field::Phone, "+7 900 111-11-11")]
    {
        cases.propose_correction(id, &one, "boris").await.expect("proposed");
    }
    cases.propose(id, None, "boris").await.expect("proposed");
    cases.decide(id, "vera").await.expect("approved");
    cases.apply_corrections(id, "boris").await.expect("applied");
    let told: Vec<_> = acts(&room, &matter)
        .await
        .into_iter()
        .filter(|(_, act)| *act == NoticeAct::Correct)
        .map(|(name, _)| name)
        .collect();
    // The partner has the address alone, which did not change.
    assert_eq!(told, ["mailer", "phones"]);
    let letters = room.letters(matter.ticket).await;
    let texts: Vec<String> = letters
        .into_iter()
        .filter(|letter| letter.topic == "recipient_notice")
        .filter_map(|letter| letter.content.map(|content| content.text))
        .filter(|text| text.contains("правильно"))
        .collect();
    let [mailer, phones] = texts.as_slice() else { panic!("{texts:?}") };
    assert!(mailer.contains("было «Анна Питрова», правильно «Анна Петрова»"), "{mailer}");
    assert!(!mailer.contains("111-11-11") && !mailer.contains("000-00-00"), "{mailer}");
    assert!(phones.contains("правильно «+7 900 111-11-11»"), "{phones}");
    assert!(!phones.contains("Петрова") && !phones.contains(ANNA), "{phones}");
}

async fn a_disowned_or_unproven_package_is_destroyed_at_once(mut room: Room) {
    let (matter, token) = sent(&mut room).await;
    let cases = room.cases().clone();
    let row = cases.packages(matter.request()).await.expect("listed")[0].clone();
    let is_there = async || {
        let vault = cases.vault();
        vault.exists(row.object).await.expect("asked")
            || vault.key_exists(row.vault_key).await.expect("asked")
    };
    assert!(is_there().await);
    room.pass_days(1);
    cases.ask_challenge(&matter.number, None, "anna").await.expect("asked");
    let text = room.letter(matter.ticket, "challenge").await.content.expect("opened").text;
    let at = text.find("/c/").expect("a link") + 3;
    let answer: String = text[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
    let not_mine = ChallengeAnswer::NotMine;
    cases.answer_challenge(&answer, not_mine).await.expect("taken").expect("ours");
    assert!(!is_there().await, "the file waits for its expiry");
    assert!(cases.fetch_package(&token).await.expect("read").is_none());
    assert_eq!(cases.end_packages(10).await.expect("nothing left"), 0);
}
