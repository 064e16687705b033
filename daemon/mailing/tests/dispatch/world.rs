//! A ledger with its vault on either database, and a clock that runs and can be set forward.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::Timestamp;
use domain::address::EmailAddress;
use domain::ambient::{Clock, Entropy, random_bytes};
use domain::delivery::{Class, Occasion};
use domain::ids::{DeliveryId, VaultKeyId};
use domain::letter::LetterContent;
use mailing::dispatch::Failpoints;
use mailing::letter::Correspondent;
use mailing::wire_journal::BootId;
use mailing::{Dispatch, Identity, Outlet};
use store::{Store, StoreConfig, addresses, deliveries};
use tests::ambient::SeededEntropy;
use vault::{Digests, StopJournal, Vault, VaultConfig};

/// Runs with real time from a fixed instant; can be set forward.
pub struct RunningClock {
    began: tokio::time::Instant,
    skipped_ms: AtomicU64,
}

const NOON: i64 = 1_795_348_800;

impl RunningClock {
    pub fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).expect("small");
        self.skipped_ms.fetch_add(millis, Ordering::SeqCst);
    }

    fn passed(&self) -> Duration {
        self.began.elapsed() + Duration::from_millis(self.skipped_ms.load(Ordering::SeqCst))
    }
}

impl Clock for RunningClock {
    fn now(&self) -> Timestamp {
        let noon = Timestamp::from_second(NOON).expect("in range");
        noon.saturating_add(self.passed()).expect("in range")
    }

    fn boot_time(&self) -> Duration {
        Duration::from_secs(1000) + self.passed()
    }
}

pub struct World {
    /// Where everything lies.
    pub root: std::path::PathBuf,
    pub directory: tempfile::TempDir,
    pub config: StoreConfig,
    pub store: Store,
    pub vault: Vault,
    pub digests: Arc<Digests>,
    pub clock: Arc<RunningClock>,
    pub entropy: Arc<SeededEntropy>,
    key: VaultKeyId,
    pub stop_journal: StopJournal,
}

impl World {
    pub async fn on_sqlite() -> Self {
        let directory = tempfile::tempdir().expect("made");
        let config = StoreConfig::Sqlite { path: directory.path().join("ledger.db") };
        Self::on(directory, config).await
    }

    /// The ledger that another process made in `path`; that one keeps the directory.
    pub async fn at(path: &Path) -> Self {
        let directory = tempfile::TempDir::with_prefix_in("child", path).expect("made");
        let config = StoreConfig::Sqlite { path: path.join("ledger.db") };
        let store = Store::open(&config).await.expect("opened");
        let (vault, digests, entropy) = open_vault(path).await;
        let clock =
            RunningClock { began: tokio::time::Instant::now(), skipped_ms: AtomicU64::new(5000) };
        let stop_journal = open_stop_journal(directory.path()).await;
        let key = VaultKeyId::new(clock.now(), random_bytes(entropy.as_ref()));
        Self {
            config,
            store,
            vault,
            digests,
            clock: Arc::new(clock),
            entropy,
            key,
            stop_journal,
            root: path.to_owned(),
            directory,
        }
    }

    pub async fn on(directory: tempfile::TempDir, config: StoreConfig) -> Self {
        let store = Store::open(&config).await.expect("opened");
        store.migrate().await.expect("migrated");
        let path = directory.path();
        let (vault, digests, entropy) = open_vault(path).await;
        let clock =
            RunningClock { began: tokio::time::Instant::now(), skipped_ms: AtomicU64::new(0) };
        let stop_journal = open_stop_journal(directory.path()).await;
        let key = VaultKeyId::new(clock.now(), random_bytes(entropy.as_ref()));
        vault.create_key(key, entropy.as_ref()).await.expect("made");
        let root = directory.path().to_owned();
        Self {
            config,
            store,
            vault,
            digests,
            clock: Arc::new(clock),
            entropy,
            key,
            stop_journal,
            root,
            directory,
        }
    }

    /// Plans a mail, as filing does.
    pub async fn plan(&self, class: Class, occasion: Occasion, recipient: &str) -> DeliveryId {
        let now = self.clock.now();
        let address = EmailAddress::parse(recipient).expect("valid");
        let digests = self.digests.address(&address);
        let number = u64::from_le_bytes(random_bytes(self.entropy.as_ref()));
        let mail_id = format!("{number:x}@clinic.example");
        let content = LetterContent {
            subject: "Мы получили ваше письмо".into(),
            text: "Здравствуйте!\n".into(),
            html: None,
            in_reply_to: Some("q1@mail.example".into()),
            references: vec!["q1@mail.example".into()],
            automatic: true,
        };
        let plain = serde_json::to_vec(&content).expect("written");
        let context = LetterContent::seal_context(&mail_id);
        let sealed = self
            .vault
            .seal(self.key, &context, &plain, self.entropy.as_ref())
            .await
            .expect("sealed");
        let transaction = self.store.begin().await.expect("begun");
        let row =
            addresses::find_or_add(&transaction, &address, &digests, now).await.expect("added");
        let delivery = deliveries::NewDelivery {
            class,
            occasion,
            topic: "",
            ticket: None,
            submission: None,
            address: row,
            stop_digest: digests.stop,
            mail_id: &mail_id,
            mail_id_digest: self.digests.message_id(&mail_id),
            content: &sealed,
            vault_key: self.key,
            expires_at: now + jiff::SignedDuration::from_hours(120),
        };
        let id = deliveries::plan(&transaction, &delivery, now).await.expect("planned");
        transaction.commit().await.expect("committed");
        id
    }

    pub async fn plan_answer(&self) -> DeliveryId {
        self.plan(Class::Statutory, Occasion::Answer, "anna@mail.example").await
    }

    /// The dispatch of a node; several nodes have several names.
    pub fn dispatch(&self, node: &str, outlet: Outlet) -> Dispatch {
        Dispatch {
            store: self.store.clone(),
            vault: self.vault.clone(),
            digests: Arc::clone(&self.digests),
            outlet,
            renderer: Arc::new(render::Renderer::new(&[]).expect("the own templates compile")),
            identity: identity(),
            bulk: None,
            stream: mailing::Stream::All,
            throttle: None,
            stop_journal: self.stop_journal.clone(),
            signer: None,
            journal_directory: self.root.join(format!("journal-{node}")),
            node: node.to_owned(),
            boot: BootId("boot-a".to_owned()),
            version: "test".to_owned(),
            drain: Duration::from_secs(5),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            failpoints: Failpoints::default(),
        }
    }

    /// `accepted`, `deferred` …, with the number of attempts that count.
    pub async fn states(&self) -> Vec<(String, i64)> {
        deliveries::counts(&self.store).await.expect("counted")
    }

    pub async fn state(&self) -> String {
        let states = self.states().await;
        assert_eq!(states.len(), 1, "{states:?}");
        states[0].0.clone()
    }
}

pub fn identity() -> Identity {
    Identity {
        from: Correspondent {
            name: "Клиника".into(),
            address: EmailAddress::parse("hello@clinic.example").expect("valid"),
        },
        reply_to: None,
        envelope_sender: Some(EmailAddress::parse("bounce@clinic.example").expect("valid")),
        loop_mark: "clinic.example".into(),
    }
}

async fn open_stop_journal(path: &Path) -> StopJournal {
    StopJournal::open(&path.join("stops"), "test").await.expect("opened").0
}

async fn open_vault(path: &Path) -> (Vault, Arc<Digests>, Arc<SeededEntropy>) {
    // Nobody may be given the same random bytes twice in one directory.
    let seed = path.to_string_lossy().bytes().fold(std::process::id().into(), |seed: u64, byte| {
        seed.wrapping_mul(31).wrapping_add(byte.into())
    });
    let entropy = Arc::new(SeededEntropy::new(seed));
    let keys = path.join("keys");
    let vault = Vault::open(VaultConfig::local(path.join("objects"), &keys)).await.expect("opened");
    let digests = Digests::open(&keys, entropy.as_ref() as &dyn Entropy).expect("opened");
    (vault, Arc::new(digests), entropy)
}
