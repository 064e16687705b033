//! The lists with the real house behind them: from the form over the mail to the last button.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use cases::Cases;
use domain::Timestamp;
use domain::block::Purpose;
use domain::ids::{DeliveryId, ListId, SubscriptionId};
use domain::language::Locale;
use sha2::{Digest as _, Sha256};
use store::consent_texts::NewText;
use store::lists::{ListCounts, NewList};
use store::policies::NewPolicy;
use tempfile::TempDir;
use vault::{Digests, MailToken, TokenKind};

use crate::filing::{filing_room, letter};
use crate::stage::{Answer, CountingEntropy, NEWS, Stage, StillClock};

const ANNA: &str = "anna@mail.example";

/// An open list with a Russian text, and a policy in force.
async fn open_news(cases: &Cases) -> ListId {
    let now = Timestamp::UNIX_EPOCH;
    let transaction = cases.store().begin().await.expect("begins");
    let list = NewList {
        name: "news",
        purpose: Purpose::Newsletter,
        title_ru: "Новости",
        title_en: "News",
        advertiser: "ООО «Пример»",
        is_open: true,
        created_by: "test",
    };
    let list = store::lists::add(&transaction, &list, now).await.expect("a list");
    add_text(&transaction, list, NEWS).await;
    let policy = NewPolicy {
        version: "2026-11-01",
        locale: Locale::Ru,
        url: "https://shop.example/policy",
        body: "Политика",
        sha256: Sha256::digest("Политика").into(),
        effective_from_at: now,
        created_by: "test",
    };
    store::policies::add(&transaction, &policy, now).await.expect("a policy");
    transaction.commit().await.expect("commits");
    list
}

async fn add_text(transaction: &store::Transaction, list: ListId, body: &str) {
    let text = NewText {
        body,
        advertiser: "ООО «Пример»",
        sha256: Sha256::digest(body).into(),
        created_by: "test",
    };
    let now = Timestamp::UNIX_EPOCH;
    store::consent_texts::add(transaction, list, Locale::Ru, &text, now).await.expect("a text");
}

async fn counts(cases: &Cases, list: ListId) -> (i64, i64, i64) {
    let ListCounts { pending, proven, unsubscribed, .. } =
        store::lists::counts(cases.store(), list).await.expect("counted");
    (pending, proven, unsubscribed)
}

/// What the form holds, as a browser would send it with the first box ticked.
fn ticked<'a>(page: &'a str, email: &'a str) -> Vec<(&'static str, &'a str)> {
    let value = |before: &str| {
        let rest = page.split_once(before).unwrap_or_else(|| panic!("no {before}: {page}")).1;
        rest.split('"').next().unwrap_or_default()
    };
    vec![
        ("email", email),
        ("locale", "ru"),
        ("policy", value("name=\"policy\" value=\"")),
        ("consent", value("name=\"consent\" value=\"")),
    ]
}

/// The path of the link in the confirmation mail.
async fn confirmation_path(cases: &Cases) -> String {
    let text = letter(cases, 0).await;
    let url = text.split_whitespace().find(|word| word.contains("/subscribe/confirm/"));
    let url = url.unwrap_or_else(|| panic!("no link: {text}"));
    url.strip_prefix("https://hello.shop.example").expect("our address").to_owned()
}

#[tokio::test]
async fn a_person_subscribes_confirms_and_leaves_and_no_log_names_them() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let dir = TempDir::new().expect("a directory");
    let clock = Arc::new(StillClock::default());
    let cases = filing_room(&dir, Arc::clone(&clock)).await;
    let list = open_news(&cases).await;
    let stage = Stage::before(Arc::new(cases.clone()), clock);

    let page = stage.get("/subscribe?locale=ru").await;
    assert!(page.text.contains(NEWS), "{}", page.text);
    let first = stage.post("/subscribe", &ticked(&page.text, ANNA)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    assert_eq!(counts(&cases, list).await, (1, 0, 0));

    let path = confirmation_path(&cases).await;
    assert_eq!(stage.get(&path).await.text.matches("<button").count(), 1);
    assert_eq!(counts(&cases, list).await, (1, 0, 0), "a look confirms nothing");
    let done = stage.post(&path, &[]).await;
    assert!(done.text.contains("Подписка подтверждена"), "{}", done.text);
    assert_eq!(counts(&cases, list).await, (0, 1, 0));
    assert!(stage.post(&path, &[]).await.text.contains("уже подтверждена"));

    // Whether an address is on the list, the form does not tell.
    for email in [ANNA, "boris@mail.example"] {
        let again = stage.post("/subscribe", &ticked(&page.text, email)).await;
        assert_eq!((again.status, again.text), (first.status, first.text.clone()), "{email}");
    }

    let link = format!("/u/{}", token(&dir));
    assert!(stage.get(&link).await.text.contains("<dd>Новости</dd>"));
    for time in ["first", "again"] {
        let click = one_click(&stage, &link).await;
        assert_eq!(
            (click.status, click.text.as_str()),
            (StatusCode::OK, "unsubscribed\n"),
            "{time}"
        );
    }
    assert_eq!(counts(&cases, list).await.2, 1);
    assert!(stage.get(&link).await.text.contains("Вы уже отписаны"));
    let everything = stage.post(&link, &[("leave", "everything")]).await;
    assert!(everything.text.contains("Вы отписаны от всех рассылок"), "{}", everything.text);

    // An outage is logged, and whoever asked is to ask again.
    cases.store().clone().close().await;
    for answer in [one_click(&stage, &link).await, stage.post(&path, &[]).await] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.header("retry-after"), "61");
    }
    assert_eq!(stage.get("/subscribe").await.status, StatusCode::SERVICE_UNAVAILABLE);

    let log = log.0.lock().expect("not poisoned").clone();
    assert!(log.contains("take somebody off a list"), "{log}");
    let token = link.trim_start_matches("/u/");
    for secret in [ANNA, "anna", "boris", token, path.as_str(), "a provider's program"] {
        assert!(!log.contains(secret), "the log names {secret}");
    }
}

#[tokio::test]
async fn an_expired_link_and_a_new_text_send_the_person_back_to_the_form() {
    let dir = TempDir::new().expect("a directory");
    let clock = Arc::new(StillClock::default());
    let cases = filing_room(&dir, Arc::clone(&clock)).await;
    let list = open_news(&cases).await;
    let stage = Stage::before(Arc::new(cases.clone()), clock);
    let page = stage.get("/subscribe?locale=ru").await;
    assert_eq!(stage.post("/subscribe", &ticked(&page.text, ANNA)).await.status, StatusCode::OK);
    let path = confirmation_path(&cases).await;
    stage.wait(7 * 24 * 3600);
    for answer in [stage.get(&path).await, stage.post(&path, &[]).await] {
        assert_eq!(answer.status, StatusCode::GONE, "{}", answer.text);
        assert!(answer.text.contains("href=\"/subscribe?locale&#x3D;ru"), "{}", answer.text);
    }
    assert_eq!(counts(&cases, list).await.1, 0);

    let transaction = cases.store().begin().await.expect("begins");
    add_text(&transaction, list, "Я согласен(-на) на новое.").await;
    transaction.commit().await.expect("commits");
    let stale = stage.post("/subscribe", &ticked(&page.text, "boris@mail.example")).await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(stale.text.contains("на новое") && stale.text.contains("Текст согласия"));
    assert!(!stale.text.contains(" checked"));
    let wrong = stage.get("/u/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").await;
    assert_eq!(wrong.status, StatusCode::NOT_FOUND);
}

async fn one_click(stage: &Stage, link: &str) -> Answer {
    let request = Request::post(link)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::USER_AGENT, "a provider's program")
        .body(Body::from("List-Unsubscribe=One-Click"));
    stage.send(request.expect("a request")).await
}

/// The unsubscribe token of the first subscription, as a campaign's mail carries it.
fn token(dir: &TempDir) -> String {
    let keys = dir.path().join("keys");
    let digests = Digests::open(&keys, &CountingEntropy::default()).expect("opens");
    digests.seal_token(&MailToken {
        kind: TokenKind::Unsubscribe,
        delivery: DeliveryId(1),
        subscription: Some(SubscriptionId(1)),
    })
}

/// Everything that is said to the log, of any level, ours and the libraries'.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl tracing::field::Visit for Log {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        let mut log = self.0.lock().expect("not poisoned");
        let _ = writeln!(log, "{field}={value:?}");
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        // As in the daemon, where the statements of the database are not logged.
        !metadata.target().starts_with("sqlx") && !metadata.target().starts_with("sea_orm")
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
