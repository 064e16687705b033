//! The pages with the real filing behind them, on a database of its own.

use std::sync::Arc;

use axum::http::StatusCode;
use cases::{Cases, CasesParts, Settings, policies::PolicyToAdd};
use domain::calendar::WorkingCalendar;
use domain::language::Locale;
use domain::letter::LetterContent;
use domain::regime::{Regime, RegimeId};
use jiff::tz::TimeZone;
use store::{Store, StoreConfig};
use tempfile::TempDir;
use vault::{Digests, StopJournal, Vault, VaultConfig};

use crate::stage::{Answer, CountingEntropy, Stage, StillClock};

const ANNA: &str = "anna@mail.example";

pub async fn filing_room(dir: &TempDir, clock: Arc<StillClock>) -> Cases {
    let path = dir.path().join("consentry.sqlite");
    let store = Store::open(&StoreConfig::Sqlite { path }).await.expect("opens");
    store.migrate().await.expect("migrates");
    let entropy = Arc::new(CountingEntropy::default());
    let keys = dir.path().join("keys");
    let config = VaultConfig::local(dir.path().join("objects"), &keys);
    let journal = StopJournal::open(&dir.path().join("journal"), "one").await.expect("opens").0;
    let regime = include_str!("../../../../config/regimes/ru-152fz.toml");
    let calendar = include_str!("../../../../config/calendars/ru.toml");
    Cases::new(CasesParts {
        store,
        vault: Vault::open(config).await.expect("opens"),
        digests: Arc::new(Digests::open(&keys, &*entropy).expect("opens")),
        journal,
        renderer: Arc::new(render::Renderer::new(&[]).expect("in order")),
        packs: Arc::default(),
        regimes: Arc::new(vec![Regime::parse(regime).expect("in order")]),
        calendars: Arc::new(vec![WorkingCalendar::parse(calendar).expect("in order")]),
        settings: Arc::new(settings()),
        clock,
        entropy,
    })
    .expect("complete")
}

fn settings() -> Settings {
    Settings {
        organisation: "ООО «Пример»".to_owned(),
        contact: "privacy@shop.example".to_owned(),
        own_domains: vec!["shop.example".to_owned()],
        policy_url: "https://shop.example/policy".to_owned(),
        public_url: "https://hello.shop.example".to_owned(),
        status_url: "https://hello.shop.example/{locale}/status".to_owned(),
        mail_id_domain: "shop.example".to_owned(),
        locale: Locale::Ru,
        zone: TimeZone::get("Europe/Moscow").expect("a zone"),
        regimes: vec![RegimeId::parse("ru-152fz").expect("an id")],
        full_blocks_per_hour: 100,
        unsubscribe_address: domain::address::EmailAddress::parse("unsub@clinic.example").ok(),
        bounce_address: domain::address::EmailAddress::parse("bounce@clinic.example").ok(),
        acknowledgements_per_hour: 500,
        requests: cases::settings::RequestSettings::default(),
        reply_expires_after_days: 5,
    }
}

async fn send(stage: &Stage, email: &str, text: &str) -> Answer {
    post(stage, &stage.token().await, email, text).await
}

async fn post(stage: &Stage, token: &str, email: &str, text: &str) -> Answer {
    let typed = [("email", email), ("text", text), ("form_token", token)];
    stage.post("/ru/feedback", &typed).await
}

/// The text of the letter at this place of the ledger.
pub async fn letter(cases: &Cases, place: i64) -> String {
    let (mail_id, content) = store::probe::letter(cases.store(), place).await.expect("a letter");
    let context = LetterContent::seal_context(&mail_id);
    let plain = cases.vault().open_sealed(&context, &content).await.expect("opens");
    serde_json::from_slice::<LetterContent>(&plain).expect("a letter").text
}

/// What stands behind these words up to the end of the word.
fn after<'a>(text: &'a str, words: &str) -> &'a str {
    let rest =
        text.split_once(words).unwrap_or_else(|| panic!("no {words}: {text}")).1.trim_start();
    rest.split(|c: char| c.is_whitespace() || c == '.').next().unwrap_or_default()
}

#[tokio::test]
async fn a_form_becomes_a_ticket_whose_letter_opens_its_state() {
    let dir = TempDir::new().expect("a directory");
    let clock = Arc::new(StillClock::default());
    let cases = filing_room(&dir, Arc::clone(&clock)).await;
    let stage = Stage::before(Arc::new(cases.clone()), clock);
    assert_eq!(stage.get("/readyz").await.status, StatusCode::OK);
    let filed = send(&stage, ANNA, "Прошу удалить все мои персональные данные.").await;
    assert_eq!(filed.status, StatusCode::OK, "{}", filed.text);

    let letter = letter(&cases, 0).await;
    let (number, code) = (after(&letter, "Понадобятся номер"), after(&letter, "и код"));
    let state = stage.post("/ru/status", &[("number", number), ("code", code)]).await;
    assert_eq!(state.status, StatusCode::OK, "{number} {code}: {}", state.text);
    // Received on Sunday 22 November 2026: ten working days end on 4 December, thirty days on
    // 22 December (152-ФЗ ст. 20 ч. 1, ст. 21 ч. 5).
    for expected in [
        "удаление персональных данных",
        "данные заблокированы",
        "4\u{a0}декабря 2026\u{a0}г. ответим вам",
        "22\u{a0}декабря 2026\u{a0}г. уничтожим",
    ] {
        assert!(state.text.contains(expected), "no {expected}: {}", state.text);
    }
}

#[tokio::test]
async fn the_answer_is_one_for_an_unknown_address_an_open_request_and_our_own_address() {
    let dir = TempDir::new().expect("a directory");
    let clock = Arc::new(StillClock::default());
    let cases = filing_room(&dir, Arc::clone(&clock)).await;
    let stage = Stage::before(Arc::new(cases.clone()), Arc::clone(&clock));
    let first = send(&stage, ANNA, "Прошу удалить все мои персональные данные.").await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let (token, text) = (stage.token().await, "Удалите, пожалуйста, мои персональные данные!");
    let joined = post(&stage, &token, ANNA, text).await;
    assert_eq!(tickets(&cases).await, 1, "the same matter joins the ticket");
    // After a restart nothing is known but what the database holds.
    let restarted = Stage::before(Arc::new(cases.clone()), clock);
    let again = post(&restarted, &token, ANNA, text).await;
    let ordinary = send(&restarted, "boris@mail.example", "Когда вы открыты?").await;
    let own = send(&restarted, "boss@shop.example", "Удалите мои персональные данные.").await;
    for (who, answer) in [("joined", joined), ("again", again), ("new", ordinary), ("own", own)] {
        assert_eq!(answer.status, first.status, "{who}");
        assert_eq!(answer.headers, first.headers, "{who}");
        assert_eq!(answer.text, first.text, "{who}");
    }
    let letter = letter(&cases, 0).await;
    for secret in [after(&letter, "Понадобятся номер"), after(&letter, "и код"), ANNA]
    {
        assert!(!first.text.contains(secret), "the page tells {secret}");
    }
}

async fn tickets(cases: &Cases) -> i64 {
    let counts = store::tickets::counts(cases.store()).await.expect("counted");
    counts.iter().map(|(_, count)| count).sum()
}

async fn publish(cases: &Cases, version: &str, from: jiff::Timestamp) {
    let policy = PolicyToAdd {
        version: version.to_owned(),
        locale: Locale::Ru,
        url: format!("https://shop.example/policy/{version}"),
        body: format!("Политика, редакция {version}"),
        effective_from_at: from,
    };
    cases.add_policy(&policy, "anna").await.expect("written down");
}

#[tokio::test]
async fn a_form_shows_the_policy_in_force_and_its_entry_rests_on_what_was_shown() {
    let dir = TempDir::new().expect("a directory");
    let clock = Arc::new(StillClock::default());
    let cases = filing_room(&dir, Arc::clone(&clock)).await;
    let now = domain::ambient::Clock::now(&*clock);
    let stage = Stage::before(Arc::new(cases.clone()), clock);
    let shown = async || {
        let form = stage.get("/api/v1/feedback/form?locale=ru").await;
        let form: serde_json::Value = serde_json::from_str(&form.text).expect("JSON");
        (form["policy"]["version"].clone(), form["policy"]["url"].clone())
    };
    assert_eq!(shown().await.0, "2026-11-01", "the configured one while none is written down");
    publish(&cases, "7", now).await;
    publish(&cases, "8", now + jiff::SignedDuration::from_hours(1)).await;
    assert_eq!(shown().await, ("7".into(), "https://shop.example/policy/7".into()));
    let page = stage.get("/ru/feedback").await;
    assert!(page.text.contains("https://shop.example/policy/7"), "{}", page.text);
    let token = stage.token().await;
    // A version that begins to hold between the page and its entry was not shown.
    publish(&cases, "9", now).await;
    let filed = post(&stage, &token, ANNA, "Прошу удалить мои данные.").await;
    assert_eq!(filed.status, StatusCode::OK, "{}", filed.text);
    let on = "SELECT COUNT(*) FROM submission WHERE policy_version = '7'";
    assert_eq!(store::probe::number(cases.store(), on).await.expect("counted"), 1);
}
