//! A whole filing room over a real database, with a standing clock.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use cases::{Cases, CasesParts, Content, Filed, Settings, Source, Submission};
use domain::{
    Timestamp,
    ambient::{Entropy, random_bytes},
    authentication::SenderAuthentication,
    classification::{Band, Classification, Kind, Label, Mark, Verdict},
    ids::{MailboxId, MessageId, ObjectId, VaultKeyId},
    mail::{HeaderAddress, ReadMail, ReturnPath},
};
use store::{Store, StoreConfig};
use tempfile::TempDir;
use tests::{ambient::StandingClock, servers::postgres::Postgres};

#[path = "../shared/house.rs"]
pub mod house;

pub struct Desk {
    pub cases: Cases,
    pub parts: CasesParts,
    pub clock: Arc<StandingClock>,
    pub entropy: Arc<dyn Entropy>,
    pub dir: TempDir,
    pub folder: (MailboxId, i64),
    next: AtomicI64,
}

impl Desk {
    pub async fn on_sqlite() -> Self {
        let dir = TempDir::new().expect("a directory");
        Self::over(house::sqlite(dir.path()), dir).await
    }

    pub async fn on_postgres(server: &Postgres) -> Self {
        let dir = TempDir::new().expect("a directory");
        Self::over(house::postgres(server), dir).await
    }

    async fn over(config: StoreConfig, dir: TempDir) -> Self {
        let clock = house::noon();
        let parts = house::parts(&config, dir.path(), clock.clone(), 7).await;
        let entropy = Arc::clone(&parts.entropy);
        let parts = CasesParts { settings: Arc::new(settings()), ..parts };
        let cases = Cases::new(parts.clone()).expect("cases");
        let folder = mailbox(&parts.store).await;
        Self { cases, parts, clock, entropy, dir, folder, next: AtomicI64::new(1) }
    }

    /// From now on no letter can be made: the organisation's name is over every limit.
    pub fn lose_letters(&mut self) {
        let settings = Settings { organisation: "x".repeat(3 << 20), ..settings() };
        let parts = CasesParts { settings: Arc::new(settings), ..self.parts.clone() };
        self.cases = Cases::new(parts).expect("cases");
    }

    pub fn store(&self) -> &Store {
        self.cases.store()
    }

    /// A message row that waits to be filed, and its submission.
    pub async fn letter(&self, letter: Letter<'_>) -> Submission {
        let uid = self.next.fetch_add(1, Ordering::SeqCst);
        let now = domain::ambient::Clock::now(&*self.clock);
        let message = self.message_row(uid, now).await;
        let vault_key = VaultKeyId::new(now, random_bytes(&*self.entropy));
        let object = ObjectId::new(now, random_bytes(&*self.entropy));
        self.cases
            .vault()
            .put_with_new_key(object, vault_key, b"raw", &*self.entropy)
            .await
            .expect("stored");
        let mail = ReadMail {
            from: vec![HeaderAddress { name: "Анна".into(), address: letter.from.into() }],
            from_headers: 1,
            return_path: ReturnPath::Address(letter.from.into()),
            subject: letter.subject.into(),
            message_id: Some(letter.message_id.map_or(format!("m{uid}@mail.example"), Into::into)),
            answers: letter.answers.iter().map(|id| (*id).to_owned()).collect(),
            text: letter.text.into(),
            ..ReadMail::default()
        };
        let classification = classification(&letter);
        Submission {
            source: Source::Message(message),
            received_at: now,
            object: Some(object),
            vault_key,
            authentication: letter.authentication,
            content: Content::Classified {
                mail: Box::new(mail),
                classification: Box::new(classification),
            },
        }
    }

    async fn message_row(&self, uid: i64, now: Timestamp) -> MessageId {
        let (mailbox, folder) = self.folder;
        let sql = format!(
            "INSERT INTO message (mailbox_id, folder_id, uid_validity, uid, size_bytes, received_at, discovered_at, state) \
             VALUES ({mailbox}, {folder}, 1, {uid}, 10, {at}, {at}, 'raw_stored') RETURNING id",
            at = now.as_microsecond()
        );
        MessageId(self.number(&sql).await)
    }

    pub async fn file(&self, letter: Letter<'_>) -> Filed {
        let submission = self.letter(letter).await;
        self.file_submission(&submission).await
    }

    pub async fn file_submission(&self, submission: &Submission) -> Filed {
        let mut results =
            self.cases.file(std::slice::from_ref(submission)).await.expect("the batch is filed");
        results.pop().expect("one result").expect("the submission is filed")
    }

    /// Runs a statement that returns one number.
    pub async fn number(&self, sql: &str) -> i64 {
        store::probe::number(self.store(), sql).await.expect("a number")
    }
}

async fn mailbox(store: &Store) -> (MailboxId, i64) {
    let id = store::probe::number(
        store,
        "INSERT INTO mailbox (name, kind) VALUES ('hello', 'maildir') RETURNING id",
    );
    let id = id.await.expect("a mailbox");
    let sql = format!(
        "INSERT INTO mailbox_folder (mailbox_id, name) VALUES ({id}, 'INBOX') RETURNING id"
    );
    (MailboxId(id), store::probe::number(store, &sql).await.expect("a folder"))
}

pub fn settings() -> Settings {
    Settings {
        // The automatic challenge has tests of its own; here a letter has one answer.
        requests: cases::settings::RequestSettings {
            challenge: cases::settings::ChallengeMode::ByHand,
            acts: acts(),
            ..cases::settings::RequestSettings::default()
        },
        ..house::settings()
    }
}

/// What acts say of the house: its address, and the posts of whoever plans and decides in tests.
pub fn acts() -> cases::settings::ActSettings {
    let person = |actor: &str| domain::act::ActPerson {
        actor: actor.into(),
        name: format!("{actor} Тестова"),
        post: "специалист по защите данных".into(),
    };
    cases::settings::ActSettings {
        operator_address: "119021, г. Москва, ул. Тимура Фрунзе, д. 11, стр. 2".into(),
        persons: ["anna", "belova", "boris", "clerk", "olga", "vera"].map(person).into(),
        ..cases::settings::ActSettings::default()
    }
}

/// A letter of a test, described by what matters in it.
#[derive(Clone, Copy)]
pub struct Letter<'a> {
    pub from: &'a str,
    pub subject: &'a str,
    pub text: &'a str,
    pub labels: &'a [(Label, Band)],
    pub marks: &'a [(Mark, Band)],
    pub kind: Kind,
    pub authentication: SenderAuthentication,
    pub message_id: Option<&'a str>,
    pub answers: &'a [&'a str],
    pub auto_reasons: &'a [&'a str],
}

pub const ERASURE: &[(Label, Band)] = &[(Label::Erasure, Band::Auto)];
pub const STOP_MARKETING: &[(Label, Band)] = &[(Label::StopMarketing, Band::Auto)];

impl Letter<'_> {
    pub fn asking<'a>(from: &'a str, labels: &'a [(Label, Band)]) -> Letter<'a> {
        Letter {
            from,
            subject: "Обращение",
            text: "Текст обращения",
            labels,
            marks: &[],
            kind: Kind::Human,
            authentication: SenderAuthentication::Unknown,
            message_id: None,
            answers: &[],
            auto_reasons: &[],
        }
    }
}

fn classification(letter: &Letter<'_>) -> Classification {
    Classification {
        kind: letter.kind,
        kind_reasons: vec!["test".into()],
        labels: letter.labels.iter().map(|(label, band)| verdict(*label, *band)).collect(),
        marks: letter.marks.iter().map(|(mark, band)| verdict(*mark, *band)).collect(),
        language: Some("ru".into()),
        new_text: letter.text.into(),
        auto_reasons: letter.auto_reasons.iter().map(|reason| (*reason).to_owned()).collect(),
        bounces: vec![],
        named_addresses: vec![],
        cut: Vec::new(),
        forwarded: false,
    }
}

fn verdict<T>(label: T, band: Band) -> Verdict<T> {
    Verdict { label, confidence: 0.95, band, evidence: vec![] }
}
