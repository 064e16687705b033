//! Files become contacts.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cases::contacts::{ImportError, ImportNews, Mode, cells::guarded, row::Fault};
use encoding_rs::WINDOWS_1251;

use crate::room::Room;

const HEADER: &str = "email,name,phone,act,consent_at";

pub async fn a_file_from_a_russian_spreadsheet_is_read_right(room: Room) {
    let text = "Электронная почта;ФИО;Телефон;Способ согласия;Дата согласия;Город\r\n\
                anna@mail.example;\"Петрова; Анна\";+7 916 000-00-00;галочка;01.03.2026 12:30;Уфа\r\n";
    let order = room.order(WINDOWS_1251.encode(text).0);
    let (report, errors) = room.run(&order, "anna").await.expect("imported");
    assert_eq!((report.encoding, report.delimiter), ("windows-1251", ';'));
    assert_eq!(report.unknown_columns, ["Город"]);
    assert_eq!((errors.len(), report.counts.consents), (0, 1));
    let sql =
        "SELECT COUNT(*) FROM contact WHERE name = 'Петрова; Анна' AND phone = '+7 916 000-00-00'";
    assert_eq!(room.number(sql).await, 1);
    // 12:30 in Moscow.
    let at = "2026-03-01T09:30:00Z".parse::<domain::Timestamp>().expect("an instant");
    let sql = format!(
        "SELECT COUNT(*) FROM consent_event WHERE act = 'granted' AND grade = 'claimed' AND at = {} \
         AND evidence LIKE '%\"act\":\"checkbox\"%' AND evidence LIKE '%\"Город\":\"Уфа\"%' \
         AND evidence LIKE '%\"line\":2%' AND import_id = 1 AND actor = 'anna'",
        at.as_microsecond()
    );
    assert_eq!(room.number(&sql).await, 1);
    let sql = "SELECT COUNT(*) FROM subscription WHERE state = 'confirmed' AND consent_id IS NULL AND opted_in_at IS NULL";
    assert_eq!(room.number(sql).await, 1);
}

pub async fn every_row_is_counted_by_what_became_of_it(room: Room) {
    let (counts, errors) = room
        .import(&format!(
            "{HEADER}\na@x.example,A,,checkbox,2026-03-01\nb@x.example,B,,,2026-03-01\n\
             c@x.example,C,,button,\nA@X.example,A,,checkbox,2026-03-01\nno address,D,,,\n\n"
        ))
        .await;
    assert_eq!((counts.rows, counts.taken, errors.len()), (5, 4, 1));
    assert_eq!((counts.contacts_made, counts.contacts_found), (3, 1));
    assert_eq!((counts.consents, counts.consents_before, counts.without_consent), (1, 1, 2));
    assert_eq!((counts.subscribed, counts.subscribed_before), (3, 1));
    assert_eq!((room.count("contact").await, room.count("consent_event").await), (3, 1));
    let sql = "SELECT COUNT(*) FROM contact_import WHERE finished_at IS NOT NULL AND counts LIKE '%\"rows\":5%'";
    assert_eq!(room.number(sql).await, 1);
}

pub async fn errors_name_line_field_and_reason_and_never_the_value(room: Room) {
    let header = "email,name,locale,zone,list,consent_at,ip,act,document_number,document_date";
    let rows: [(&str, Option<&str>, Fault); 12] = [
        (",A,,,,,,,,", Some("email"), Fault::Missing),
        ("secret,A,,,,,,,,", Some("email"), Fault::NotAnAddress),
        ("a@x.example,A,xx,,,,,,,", Some("locale"), Fault::UnknownLocale),
        ("a@x.example,A,,Mars/Base,,,,,,", Some("zone"), Fault::UnknownZone),
        ("a@x.example,A,,,nowhere,,,,,", Some("list"), Fault::UnknownList),
        ("a@x.example,A,,,,yesterday,,,,", Some("consent_at"), Fault::NotATime),
        ("a@x.example,A,,,,2030-01-01,,,,", Some("consent_at"), Fault::InTheFuture),
        ("a@x.example,A,,,,,300.1.1.1,,,", Some("ip"), Fault::NotAnIp),
        ("a@x.example,A,,,,,,purchase,,", Some("act"), Fault::UnknownAct),
        ("a@x.example,A,,,,,,paper,17,", Some("document_date"), Fault::HalfADocument),
        ("a@x.example,a\u{7}b,,,,,,,,", Some("name"), Fault::ControlCharacter),
        ("a@x.example,A,,,,,,,,,more", None, Fault::TooManyFields),
    ];
    let mut text = format!("{header}\n");
    for (row, ..) in rows {
        text.push_str(row);
        text.push('\n');
    }
    text.push_str("b@x.example,\"open,,,,,,,,\nc@x.example,C,,,,,,,,\n");
    let long = format!("d@x.example,{},,,,,,,,\n", "я".repeat(201));
    text.push_str(&long);
    let (counts, errors) = room.import(&text).await;
    for ((line, (_, field, fault)), error) in (2..).zip(rows).zip(&errors) {
        assert_eq!((error.line, error.field, error.fault), (line, field, fault));
        let told = format!("{error} {error:?}");
        for value in ["secret", "Mars", "nowhere", "yesterday", "300.1", "purchase", "x.example"] {
            assert!(!told.contains(value), "{told}");
        }
    }
    assert_eq!((errors[12].line, errors[12].fault), (14, Fault::OpenQuote));
    assert_eq!((errors[13].line, errors[13].fault), (16, Fault::TooLong));
    assert_eq!((counts.taken, errors.len()), (1, 14));
    assert_eq!(counts.refused.values().sum::<u64>(), 14);
}

fn many(rows: usize) -> String {
    let mut text = format!("{HEADER}\n");
    for row in 0..rows {
        text.push_str(&format!("p{row}@x.example,Имя {row},,checkbox,2026-03-01T10:00:00Z\n"));
    }
    text
}

pub async fn a_dry_run_tells_the_same_counts_and_writes_nothing(room: Room) {
    let text = format!("{}p0@x.example,Имя 0,,,\nbroken,,,,\n", many(30));
    let mut order = room.order(text);
    order.chunk_rows = 7;
    order.mode = Mode::DryRun;
    let (dry, _) = room.run(&order, "anna").await.expect("rehearsed");
    for table in ["contact", "address", "subscription", "consent_event", "contact_import"] {
        assert_eq!(room.count(table).await, 0, "{table}");
    }
    order.mode = Mode::Write;
    let (real, _) = room.run(&order, "anna").await.expect("imported");
    assert_eq!(dry.counts, real.counts);
    assert_eq!(real.counts.contacts_made, 30);
}

/// Ends the import after so many chunks, as a kill between two transactions would.
async fn killed_after(room: &Room, order: &cases::contacts::ImportOrder, chunks: u64) {
    let done = Arc::new(AtomicU64::new(0));
    let enough = Arc::new(tokio::sync::Notify::new());
    let mut news = |one: ImportNews<'_>| {
        if matches!(one, ImportNews::Chunk(_)) && done.fetch_add(1, Ordering::SeqCst) + 1 == chunks
        {
            enough.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = enough.notified() => {}
        _ = room.cases.import_contacts(order, "anna", &mut news) => panic!("it came to its end"),
    }
}

pub async fn a_killed_import_run_again_doubles_nothing(room: Room) {
    let mut order = room.order(many(100));
    order.chunk_rows = 10;
    for chunks in [1, 3] {
        killed_after(&room, &order, chunks).await;
    }
    let (report, _) = room.run(&order, "anna").await.expect("imported");
    // The same run went on: its counts are those of the whole file.
    assert_eq!((report.counts.rows, report.counts.contacts_made), (100, 100));
    assert_eq!(room.count("contact_import").await, 1);
    for table in ["contact", "address", "contact_address", "subscription", "consent_event"] {
        assert_eq!(room.count(table).await, 100, "{table}");
    }
    let sql = "SELECT COUNT(*) FROM audit_event WHERE act IN ('import_started', 'imported')";
    assert_eq!(room.number(sql).await, 2);
}

pub async fn another_run_over_the_same_rows_finds_them(room: Room) {
    let order = room.order(many(20));
    room.run(&order, "anna").await.expect("imported");
    let (again, _) = room.run(&order, "boris").await.expect("imported again");
    assert_eq!((again.counts.contacts_found, again.counts.contacts_made), (20, 0));
    assert_eq!((again.counts.subscribed_before, again.counts.consents_before), (20, 20));
    assert_eq!((room.count("contact").await, room.count("consent_event").await), (20, 20));
}

pub async fn what_is_there_is_filled_and_never_overwritten(room: Room) {
    room.import("email,name,phone\na@x.example,,\nb@x.example,Борис,+7 1\n").await;
    let (counts, _) =
        room.import("email,name,phone\na@x.example,Анна,+7 2\nb@x.example,Другой,+7 3\n").await;
    assert_eq!((counts.contacts_found, counts.contacts_filled), (2, 1));
    let sql = "SELECT COUNT(*) FROM contact WHERE (name = 'Анна' AND phone = '+7 2') OR (name = 'Борис' AND phone = '+7 1')";
    assert_eq!(room.number(sql).await, 2);
}

pub async fn a_shared_address_goes_to_its_namesake_or_to_nobody(room: Room) {
    room.import("email,name\nhome@x.example,Анна\n").await;
    let sql =
        "INSERT INTO contact (name, source, created_at) VALUES ('Борис', 'test', 0) RETURNING id";
    let boris = room.number(sql).await;
    let sql = format!(
        "INSERT INTO contact_address (contact_id, address_id, since_at) \
         SELECT {boris}, id, 0 FROM address RETURNING contact_id"
    );
    room.number(&sql).await;
    let (counts, _) = room
        .import(
            "email,name,act,consent_at\nhome@x.example,борис,checkbox,2026-03-01\n\
             home@x.example,Вера,checkbox,2026-03-01\n",
        )
        .await;
    assert_eq!((counts.contacts_found, counts.contacts_made), (1, 0));
    assert_eq!(counts.skipped.get("shared_address"), Some(&1));
    let sql = format!("SELECT COUNT(*) FROM consent_event WHERE contact_id = {boris}");
    assert_eq!((room.number(&sql).await, room.count("consent_event").await), (1, 1));
}

/// Any rows whatever: each is taken, skipped or refused, in a dry run as in a real one. (`run`
/// holds the sums.)
pub async fn every_row_of_any_file_is_accounted_for(room: Room) {
    use proptest::{
        strategy::{Strategy as _, ValueTree as _},
        test_runner::TestRunner,
    };
    room.suppress("a@x.example", domain::gate::SuppressionReason::Erased).await;
    room.block("b@x.example", &domain::block::Scope::Full).await;
    let cell = "([ab]@x.example|[c-f]@y.example|checkbox|2026-0[1-9]-01|[\"\n,;а-я ]{0,6})";
    let row = proptest::collection::vec(cell, 4).prop_map(|cells| cells.join(","));
    let person = "[a-f]@x.example,[а-я]{0,3},(checkbox|button|paper|),(2026-01-0[1-3]|)";
    let rows = proptest::collection::vec(proptest::prop_oneof![1 => row, 3 => person], 0..60);
    let mut runner = TestRunner::deterministic();
    for _ in 0..12 {
        let rows = rows.new_tree(&mut runner).expect("rows").current();
        let mut order = room.order(format!("email,name,act,consent_at\n{}\n", rows.join("\n")));
        order.chunk_rows = 7;
        order.delimiter = Some(b',');
        order.encoding = Some("utf-8".to_owned());
        order.mode = Mode::DryRun;
        let (dry, refused_dry) = room.run(&order, "anna").await.expect("rehearsed");
        order.mode = Mode::Write;
        let (real, refused) = room.run(&order, "anna").await.expect("imported");
        assert_eq!(real.counts.rows, dry.counts.rows);
        assert_eq!((refused.len(), &refused), (refused_dry.len(), &refused_dry));
        assert_eq!(real.counts.refused.values().sum::<u64>(), refused.len() as u64);
    }
    assert_eq!(
        room.number("SELECT COUNT(*) FROM address WHERE exact_key = 'a@x.example'").await,
        0
    );
}

pub async fn a_cell_guarded_against_spreadsheets_comes_back_as_it_was(room: Room) {
    // Quotes, backslashes and braces must not end anything early on the way into the database.
    let names = ["=1+1", "'=1", "-Anna", "'t Hooft", r#"{"A\B", NULL}"#, "NULL"];
    let mut file = String::from("email,name,phone\n");
    for (place, name) in names.iter().enumerate() {
        let name = guarded(name).replace('"', "\"\"");
        file.push_str(&format!("p{place}@x.example,\"{name}\",{}\n", guarded("+79001234567")));
    }
    room.import(&file).await;
    let mut export = room.cases.export_contacts(None, "vera").await.expect("begins");
    let page = export.next_page().await.expect("a page");
    assert_eq!(page.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), names);
    assert!(page.iter().all(|row| row.phone == "+79001234567"));
}

/// The order itself can be wrong: told before anything is read or written.
#[tokio::test]
async fn a_wrong_order_is_refused_with_what_helps() {
    let room = Room::on_sqlite().await;
    let mut order = room.order(many(1));
    order.list = None;
    let error = room.run(&order, "anna").await.expect_err("no list").to_string();
    assert!(error.contains("--list NAME"), "{error}");
    order.list = Some("nowhere".to_owned());
    let error = room.run(&order, "anna").await.expect_err("no such list").to_string();
    assert!(error.contains("consentry list list"), "{error}");
    order.list = Some("news".to_owned());
    order.encoding = Some("klingon".to_owned());
    assert!(matches!(room.run(&order, "anna").await, Err(ImportError::WrongUse(_))));
    order.encoding = None;
    order.file = room.dir.path().join("absent.csv");
    assert!(matches!(room.run(&order, "anna").await, Err(ImportError::Unreadable(_))));
    assert_eq!(room.count("contact_import").await, 0);
}
