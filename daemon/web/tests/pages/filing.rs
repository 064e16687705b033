//! The pages with the real filing behind them, on a database of its own.

use std::sync::Arc;

use axum::http::StatusCode;
use cases::{Cases, CasesParts, Settings};
use domain::calendar::WorkingCalendar;
use domain::language::Locale;
use domain::regime::{Regime, RegimeId};
use jiff::tz::TimeZone;
use store::{Store, StoreConfig};
use tempfile::TempDir;
use vault::{Digests, StopJournal, Vault, VaultConfig};
use web::Desk;

use crate::stage::{Answer, CountingEntropy, Stage, StillClock};

async fn filing_room(dir: &TempDir, clock: Arc<StillClock>) -> Cases {
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
        packs: Arc::new(classify::Packs::embedded()),
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
        status_url: "https://hello.shop.example/{locale}/status".to_owned(),
        mail_id_domain: "shop.example".to_owned(),
        locale: Locale::Ru,
        zone: TimeZone::get("Europe/Moscow").expect("a zone"),
        regimes: vec![RegimeId::parse("ru-152fz").expect("an id")],
        full_blocks_per_hour: 100,
        acknowledgements_per_hour: 500,
        reply_expires_after_days: 5,
    }
}

async fn send(stage: &Stage, token: &str, text: &str) -> Answer {
    let typed = [("email", "anna@mail.example"), ("text", text), ("form_token", token)];
    stage.post("/ru/feedback", &typed).await
}

const CODE: &str = "<dd class=\"code\">";

#[tokio::test]
async fn a_form_becomes_a_ticket_whose_code_opens_its_state() {
    let dir = TempDir::new().expect("a directory");
    let clock = Arc::new(StillClock::default());
    let cases = filing_room(&dir, Arc::clone(&clock)).await;
    let stage = Stage::before(Arc::new(cases.clone()), Arc::clone(&clock));
    assert_eq!(stage.get("/readyz").await.status, StatusCode::OK);
    let text = "Прошу удалить все мои персональные данные.";
    let token = stage.token().await;
    let filed = send(&stage, &token, text).await;
    assert_eq!(filed.status, StatusCode::OK, "{}", filed.text);
    let shown: Vec<_> = filed.text.split(CODE).skip(1).collect();
    let shown: Vec<_> = shown.iter().filter_map(|rest| rest.split('<').next()).collect();
    let [number, code] = shown.as_slice() else { panic!("number and code, not {shown:?}") };

    let state = stage.post("/ru/status", &[("number", number), ("code", code)]).await;
    assert_eq!(state.status, StatusCode::OK, "{}", state.text);
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

    // The same form after a restart: no second ticket, and no code, since nobody knows it now.
    let desk: Arc<dyn Desk> = Arc::new(cases.clone());
    let restarted = Stage::before(desk, clock);
    let again = send(&restarted, &token, text).await;
    assert!(again.text.contains("уже получили") && !again.text.contains(CODE), "{}", again.text);
    // The same matter anew joins the ticket, and shows neither number nor code.
    let token = restarted.token().await;
    let joined = send(&restarted, &token, "Удалите, пожалуйста, мои персональные данные!").await;
    assert!(joined.text.contains("Спасибо") && !joined.text.contains(number), "{}", joined.text);
    let tickets = store::tickets::counts(cases.store()).await.expect("counted");
    assert_eq!(tickets.iter().map(|(_, count)| count).sum::<i64>(), 1, "{tickets:?}");
}
