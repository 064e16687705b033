//! The filing desk with what the life of a request needs: people, time that passes, letters that
//! are opened, and a relay that takes them.

use std::sync::Arc;

use cases::{Cases, CasesParts, Settings, settings::ChallengeMode};
use domain::{
    Timestamp,
    address::EmailAddress,
    ambient::Clock as _,
    calendar::WorkingCalendar,
    classification::{Band, Label},
    ids::{ContactId, DeliveryId, RequestId, TicketId},
    letter::LetterContent,
    regime::{Regime, RegimeId},
};
use store::{Store, contacts::NewContact, requests::RequestRow, tickets::TicketRow};
use tests::servers::postgres::Postgres;

use crate::desk::{Desk, Letter};

pub const ANNA: &str = "anna@mail.example";
pub const BORIS: &str = "boris@mail.example";

/// A filed matter: a ticket with its requests.
#[derive(Debug, Clone)]
pub struct Matter {
    pub ticket: TicketId,
    /// As a person quotes it.
    pub number: String,
    /// In the order in which they were opened.
    pub requests: Vec<RequestId>,
}

impl Matter {
    /// Its one request.
    pub fn request(&self) -> RequestId {
        assert_eq!(self.requests.len(), 1, "one request is expected");
        self.requests[0]
    }
}

/// A letter of a ticket, opened.
#[derive(Debug, Clone)]
pub struct Opened {
    pub id: DeliveryId,
    /// The folder of its template, such as `refusal`; of an acknowledgement what it acknowledges.
    pub topic: String,
    pub state: String,
    /// None when its key is destroyed.
    pub content: Option<LetterContent>,
}

pub struct Room {
    pub desk: Desk,
}

impl Room {
    pub async fn on_sqlite() -> Self {
        Self { desk: Desk::on_sqlite().await }.challenging()
    }

    pub async fn on_postgres(server: &Postgres) -> Self {
        Self { desk: Desk::on_postgres(server).await }.challenging()
    }

    /// Challenges go out by themselves, as they do by default.
    fn challenging(mut self) -> Self {
        self.with_settings(|settings| settings.requests.challenge = ChallengeMode::Auto);
        self
    }

    pub fn cases(&self) -> &Cases {
        &self.desk.cases
    }

    pub fn store(&self) -> &Store {
        self.desk.store()
    }

    pub fn now(&self) -> Timestamp {
        self.desk.clock.now()
    }

    /// From now on with other settings.
    pub fn with_settings(&mut self, change: impl FnOnce(&mut Settings)) {
        let mut settings = (*self.desk.parts.settings).clone();
        change(&mut settings);
        self.rebuild(|parts| parts.settings = Arc::new(settings));
    }

    /// From now on GDPR holds beside 152-FZ.
    pub fn with_both_regimes(&mut self) {
        let gdpr = include_str!("../../../../config/regimes/eu-gdpr.toml");
        let eu = include_str!("../../../../config/calendars/eu.toml");
        let mut regimes = (*self.desk.parts.regimes).clone();
        regimes.push(Regime::parse(gdpr).expect("regime"));
        let mut calendars = (*self.desk.parts.calendars).clone();
        calendars.push(WorkingCalendar::parse(eu).expect("calendar"));
        let ids = ["ru-152fz", "eu-gdpr"].map(|id| RegimeId::parse(id).expect("an id"));
        let settings = Settings { regimes: ids.into(), ..(*self.desk.parts.settings).clone() };
        self.rebuild(|parts| {
            parts.regimes = Arc::new(regimes);
            parts.calendars = Arc::new(calendars);
            parts.settings = Arc::new(settings);
        });
    }

    /// Opens the room anew with changed parts, as a daemon that was started again.
    pub fn rebuild(&mut self, change: impl FnOnce(&mut CasesParts)) {
        change(&mut self.desk.parts);
        self.desk.cases = Cases::new(self.desk.parts.clone()).expect("cases");
    }

    /// Lets days pass.
    pub fn pass_days(&self, days: u64) {
        self.desk.clock.advance(std::time::Duration::from_secs(days * 86_400));
    }

    /// Sets the clock, on the wall alone.
    pub fn set_time(&self, at: &str) {
        self.desk.clock.jump_to(at.parse().expect("an instant"));
    }

    /// A contact with addresses, added before it writes.
    pub async fn contact(&self, name: &str, phone: &str, addresses: &[&str]) -> ContactId {
        let now = self.now();
        let transaction = self.store().begin().await.expect("begins");
        let new = NewContact {
            name: name.into(),
            phone: phone.into(),
            locale: "ru".into(),
            zone: "Europe/Moscow".into(),
            source: "test".into(),
        };
        let contact = store::contacts::add(&transaction, &new, now).await.expect("added");
        for text in addresses {
            let address = EmailAddress::parse(text).expect("valid");
            let digests = self.cases().digests().address(&address);
            let id = store::addresses::find_or_add(&transaction, &address, &digests, now)
                .await
                .expect("an address");
            store::contacts::give_address(&transaction, contact, id, now).await.expect("given");
        }
        transaction.commit().await.expect("commits");
        contact
    }

    /// A mail from an address that is surely read as these labels.
    pub async fn asks(&self, from: &str, labels: &[Label]) -> Matter {
        self.writes(from, "Обращение", "Текст обращения", labels).await
    }

    /// The same with its own words.
    pub async fn writes(&self, from: &str, subject: &str, text: &str, labels: &[Label]) -> Matter {
        let labels: Vec<_> = labels.iter().map(|label| (*label, Band::Auto)).collect();
        self.files(Letter { subject, text, ..Letter::asking(from, &labels) }).await
    }

    /// Files a letter that opens or joins a ticket.
    pub async fn files(&self, letter: Letter<'_>) -> Matter {
        let ticket = self.desk.file(letter).await.ticket.expect("a ticket");
        let requests = store::requests::of_ticket(self.store(), ticket.id).await.expect("read");
        Matter {
            ticket: ticket.id,
            number: ticket.number.to_string(),
            requests: requests.iter().map(|request| request.id).collect(),
        }
    }

    pub async fn ticket(&self, id: TicketId) -> TicketRow {
        store::tickets::by_id(self.store(), id).await.expect("read").expect("a ticket")
    }

    pub async fn request(&self, id: RequestId) -> RequestRow {
        store::requests::by_id(self.store(), id).await.expect("read").expect("a request")
    }

    /// All mails of a ticket, oldest first, opened.
    pub async fn letters(&self, ticket: TicketId) -> Vec<Opened> {
        let mut opened = Vec::new();
        for letter in store::probe::letters_of(self.store(), ticket).await.expect("letters") {
            let context = LetterContent::seal_context(&letter.mail_id);
            let content = match &letter.content {
                Some(sealed) => self.cases().vault().open_sealed(&context, sealed).await.ok(),
                None => None,
            };
            opened.push(Opened {
                id: letter.id,
                topic: letter.topic,
                state: letter.state,
                content: content.map(|plain| serde_json::from_slice(&plain).expect("a letter")),
            });
        }
        opened
    }

    /// The newest mail of a ticket with this topic.
    pub async fn letter(&self, ticket: TicketId, topic: &str) -> Opened {
        let letters = self.letters(ticket).await;
        let topics: Vec<_> = letters.iter().map(|letter| letter.topic.clone()).collect();
        let found = letters.into_iter().rev().find(|letter| letter.topic == topic);
        found.unwrap_or_else(|| panic!("no letter `{topic}` among {topics:?}"))
    }

    /// Marks a mail as dispatch would when the relay took it.
    pub async fn relay_takes(&self, id: DeliveryId) {
        self.settle(id, "accepted", 250).await;
    }

    /// Marks a mail as dispatch would when the relay refused it for good.
    pub async fn relay_refuses(&self, id: DeliveryId) {
        self.settle(id, "rejected", 550).await;
    }

    /// Marks a mail as dispatch would when nobody knows whether it arrived.
    pub async fn relay_dies(&self, id: DeliveryId) {
        self.settle(id, "uncertain", 0).await;
    }

    /// The relay takes everything of a ticket that waits.
    pub async fn relay_takes_all(&self, ticket: TicketId) {
        for letter in self.letters(ticket).await {
            if letter.state == "planned" {
                self.relay_takes(letter.id).await;
            }
        }
    }

    async fn settle(&self, id: DeliveryId, state: &str, code: i64) {
        let at = self.now().as_microsecond();
        let sql = format!(
            "UPDATE delivery SET state = '{state}', settled_at = {at}, smtp_code = {code}, attempt = 1 \
             WHERE id = {id} AND state IN ('planned', 'deferred') RETURNING id"
        );
        self.number(&sql).await;
    }

    /// The names of the open tasks of a ticket, oldest first.
    pub async fn tasks(&self, ticket: TicketId) -> Vec<String> {
        let tasks = store::tasks::of_ticket(self.store(), ticket).await.expect("tasks");
        tasks.into_iter().filter(|task| task.done_at.is_none()).map(|task| task.name).collect()
    }

    /// How many rows a table has that hold a condition.
    pub async fn count(&self, table_and_condition: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM {table_and_condition}")).await
    }

    /// Runs a statement that returns one number.
    pub async fn number(&self, sql: &str) -> i64 {
        self.desk.number(sql).await
    }
}
