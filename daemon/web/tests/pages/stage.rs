//! The stage on which the pages are tried: scripted clock, randomness and desk; real templates.

mod challenges;
mod lists;
mod packages;

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use domain::address::EmailAddress;
use domain::ambient::{Clock, Entropy};
use domain::form::FormEntry;
use domain::language::Locale;
use domain::ticket_number;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use render::Renderer;
use sha2::{Digest, Sha256};
use tower::ServiceExt;
use web::{
    ChallengeAnswer, ChallengeView, ConfirmationView, Desk, DeskError, FormRules, Health,
    LeaveAnswer, Leaving, Network, OpenLists, Organisation, Peer, Policy, PublicUrl, StatusView,
    UnsubscribeView, Visit, Web, WebConfig, WebParts, Wish, WishAnswer, router,
};

pub use challenges::{CHALLENGE, Challenges};
pub use lists::{Lists, NEWS, TOKEN};
pub use packages::{PACKAGE, Packages};

/// A clock that stands still until it is moved.
#[derive(Default)]
pub struct StillClock(Mutex<Duration>);

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2026-11-22T14:57:00Z".parse().expect("a timestamp");
        start + *self.0.lock().expect("not poisoned")
    }

    fn boot_time(&self) -> Duration {
        Duration::from_secs(1_000) + *self.0.lock().expect("not poisoned")
    }
}

/// Bytes that differ at every call.
#[derive(Default)]
pub struct CountingEntropy(AtomicU8);

impl Entropy for CountingEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        bytes.iter_mut().zip(n..).for_each(|(byte, n)| *byte = n);
    }
}

/// A desk that remembers what it was given and answers as it was told.
#[derive(Default)]
pub struct ScriptedDesk {
    pub entries: Mutex<Vec<FormEntry>>,
    pub view: Mutex<Option<StatusView>>,
    pub fault: Mutex<Option<Fault>>,
    pub lists: Lists,
    pub challenges: Challenges,
    pub packages: Packages,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Unavailable,
    Panics,
    Hangs,
}

pub const CODE: &str = "4T8V2ZC6RN";
pub const NUMBER: &str = "CT-7H2K9MXQ";

impl ScriptedDesk {
    async fn misbehave(&self) -> Result<(), DeskError> {
        let fault = *self.fault.lock().expect("not poisoned");
        match fault {
            None => Ok(()),
            Some(Fault::Unavailable) => Err(DeskError::Unavailable),
            Some(Fault::Panics) => panic!("a scripted panic"),
            Some(Fault::Hangs) => std::future::pending().await,
        }
    }
}

#[async_trait::async_trait]
impl Desk for ScriptedDesk {
    async fn file_form(&self, entry: FormEntry) -> Result<(), DeskError> {
        self.misbehave().await?;
        let mut entries = self.entries.lock().expect("not poisoned");
        if !entries.iter().any(|known| known.form_key == entry.form_key) {
            entries.push(entry);
        }
        Ok(())
    }

    async fn request_status(
        &self,
        number: ticket_number::TicketNumber,
        code: ticket_number::StatusCode,
    ) -> Result<Option<StatusView>, DeskError> {
        self.misbehave().await?;
        let view = self.view.lock().expect("not poisoned").clone();
        Ok(view.filter(|view| view.ticket_number == number && code.expose() == CODE))
    }

    async fn open_lists(&self, _: Locale) -> Result<OpenLists, DeskError> {
        self.misbehave().await?;
        Ok(self.lists.open.lock().expect("not poisoned").clone())
    }

    async fn subscribe(&self, wish: Wish) -> Result<WishAnswer, DeskError> {
        self.misbehave().await?;
        Ok(self.lists.subscribe(wish))
    }

    async fn confirmation(&self, token: &str) -> Result<Option<ConfirmationView>, DeskError> {
        self.misbehave().await?;
        Ok(self.lists.confirmation(token))
    }

    async fn confirm(
        &self,
        token: &str,
        visit: Visit,
    ) -> Result<Option<ConfirmationView>, DeskError> {
        self.misbehave().await?;
        Ok(self.lists.confirm(token, visit))
    }

    async fn unsubscription(&self, token: &str) -> Result<Option<UnsubscribeView>, DeskError> {
        self.misbehave().await?;
        Ok(self.lists.unsubscription(token))
    }

    async fn unsubscribe(
        &self,
        token: &str,
        leaving: Leaving,
        visit: Visit,
    ) -> Result<LeaveAnswer, DeskError> {
        self.misbehave().await?;
        Ok(self.lists.unsubscribe(token, leaving, visit))
    }

    async fn challenge(&self, token: &str) -> Result<Option<ChallengeView>, DeskError> {
        self.misbehave().await?;
        Ok(self.challenges.look(token))
    }

    async fn answer_challenge(
        &self,
        token: &str,
        answer: ChallengeAnswer,
    ) -> Result<Option<ChallengeView>, DeskError> {
        self.misbehave().await?;
        Ok(self.challenges.answer(token, answer))
    }

    async fn answer_challenge_code(
        &self,
        number: ticket_number::TicketNumber,
        code: ticket_number::StatusCode,
        answer: ChallengeAnswer,
    ) -> Result<Option<ChallengeView>, DeskError> {
        self.misbehave().await?;
        Ok(self.challenges.answer_code(number, code, answer))
    }

    async fn hear_system(
        &self,
        message: web::SystemMessage<'_>,
    ) -> Result<web::SystemMessageAnswer, DeskError> {
        self.misbehave().await?;
        // The signature is checked behind the desk; here it is a password.
        Ok(match (message.system, message.signature) {
            ("shop", "v1,good") => web::SystemMessageAnswer::Noted,
            _ => web::SystemMessageAnswer::Forged,
        })
    }

    async fn package_link(&self, token: &str) -> Result<Option<web::PackageView>, DeskError> {
        self.misbehave().await?;
        Ok(self.packages.look(token))
    }

    async fn fetch_package(&self, token: &str) -> Result<Option<web::PackageFile>, DeskError> {
        self.misbehave().await?;
        Ok(self.packages.fetch(token))
    }

    async fn health(&self) -> Health {
        let failing = match self.misbehave().await {
            Ok(()) => Vec::new(),
            Err(_) => vec!["database".to_owned()],
        };
        Health { failing }
    }
}

pub struct Stage {
    pub desk: Arc<ScriptedDesk>,
    pub clock: Arc<StillClock>,
    pub router: Router,
    pub web: Arc<Web>,
}

/// An answer, read.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).expect("the answer is JSON")
    }

    /// The value of a hidden field.
    pub fn hidden(&self, name: &str) -> String {
        self.between(&format!("name=\"{name}\" value=\""), "\"")
    }

    pub fn between(&self, before: &str, after: &str) -> String {
        let rest = self.text.split_once(before).unwrap_or_else(|| panic!("no {before}")).1;
        rest.split_once(after).expect("an end").0.to_owned()
    }
}

impl Stage {
    pub fn new() -> Self {
        Self::with_rules(FormRules::parse(FormRules::BUILT_IN).expect("in order"))
    }

    /// With two open lists, an open confirmation and a mail that can be answered.
    pub fn with_lists() -> Self {
        let stage = Self::new();
        stage.desk.lists.fill();
        stage
    }

    /// The built-in rules with one line changed.
    pub fn with_rule(from: &str, to: &str) -> Self {
        assert!(FormRules::BUILT_IN.contains(from), "no {from}");
        Self::with_rules(
            FormRules::parse(&FormRules::BUILT_IN.replace(from, to)).expect("in order"),
        )
    }

    fn with_rules(rules: FormRules) -> Self {
        let desk = Arc::new(ScriptedDesk::default());
        let behind = Arc::clone(&desk) as Arc<dyn Desk>;
        Self::set(rules, desk, behind, Arc::new(StillClock::default()))
    }

    /// With another desk behind the pages; the scripted one stands aside.
    pub fn before(desk: Arc<dyn Desk>, clock: Arc<StillClock>) -> Self {
        let rules = FormRules::parse(FormRules::BUILT_IN).expect("in order");
        Self::set(rules, Arc::default(), desk, clock)
    }

    fn set(
        rules: FormRules,
        desk: Arc<ScriptedDesk>,
        behind: Arc<dyn Desk>,
        clock: Arc<StillClock>,
    ) -> Self {
        let web = Web::new(WebParts {
            config: config(),
            rules,
            renderer: Arc::new(Renderer::new(&[]).expect("in order")),
            desk: behind,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::new(CountingEntropy::default()),
            form_secret: [9; 32],
        })
        .expect("the pages are in order");
        let web = Arc::new(web);
        Self { desk, clock, router: router(Arc::clone(&web)), web }
    }

    pub fn wait(&self, seconds: u64) {
        *self.clock.0.lock().expect("not poisoned") += Duration::from_secs(seconds);
    }

    pub fn fault(&self, fault: Fault) {
        *self.desk.fault.lock().expect("not poisoned") = Some(fault);
    }

    pub fn mend(&self) {
        *self.desk.fault.lock().expect("not poisoned") = None;
    }

    pub fn entries(&self) -> Vec<FormEntry> {
        self.desk.entries.lock().expect("not poisoned").clone()
    }

    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        if request.extensions().get::<Peer>().is_none() {
            request.extensions_mut().insert(Peer("203.0.113.7".parse().expect("an address")));
        }
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 4 << 20).await.expect("a body");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(form(path, fields)).await
    }

    /// A form page's token, old enough to be posted.
    pub async fn token(&self) -> String {
        let token = self.get("/ru/feedback").await.hidden("form_token");
        self.wait(10);
        token
    }
}

pub fn form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.join("&")))
        .expect("a request")
}

fn encode(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Solves the puzzle as the page's script does.
pub fn solve(seed: &str, bits: u32) -> String {
    (0_u32..)
        .map(|n| n.to_string())
        .find(|n| {
            let digest = Sha256::digest(format!("{seed}:{n}"));
            u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]).leading_zeros() >= bits
        })
        .expect("there is always one")
}

pub fn config() -> WebConfig {
    WebConfig {
        public_url: PublicUrl::parse("https://hello.shop.example").expect("an address"),
        trusted_proxies: vec![Network::parse("10.0.0.0/8").expect("a network")],
        organisation: Organisation {
            name: "ООО «Пример»".to_owned(),
            email: EmailAddress::parse("hello@shop.example").expect("an address"),
            contact: "privacy@shop.example".to_owned(),
        },
        policy: Policy {
            url: "https://shop.example/policy".to_owned(),
            version: "2026-11-01".to_owned(),
        },
        default_locale: Locale::Ru,
        zone: TimeZone::get("Europe/Moscow").expect("a zone"),
    }
}
