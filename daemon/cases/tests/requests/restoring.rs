//! A backup put in place again with today's keys and journals: who was destroyed since stays
//! destroyed, every stop holds, and nothing leaves.

use std::path::{Path, PathBuf};

use cases::{
    Cases, CasesError, CasesParts,
    acts::ActListing,
    blocks::LiftGround,
    restoring::{Restored, hold},
};
use domain::{
    address::EmailAddress,
    classification::Label,
    digest::AddressDigests,
    gate::SuppressionReason,
    ids::{ContactId, JournalEntryId, StopNumber},
    journal::{ScopeWords, StopAct, StopIntent},
    mail::{HeaderAddress, ReadMail},
};
use store::{Store, StoreConfig};

use crate::room::{ANNA, BORIS, Room};

const VERA: &str = "vera@mail.example";
const PHONE: &str = "+7 912 345-67-89";

/// A copy of the database as it is now.
pub async fn back_up(room: &Room) -> PathBuf {
    let path = room.desk.dir.path().join("backup.sqlite");
    room.store().snapshot(&path).await.expect("copied");
    path
}

pub struct Again {
    pub store: Store,
    pub cases: Cases,
    directory: PathBuf,
}

/// The copy in another place, with the same vault, keys and journal.
pub async fn put_back(room: &Room, backup: &Path) -> Again {
    let directory = room.desk.dir.path().join("again");
    std::fs::create_dir_all(&directory).expect("made");
    let path = directory.join("consentry.sqlite");
    std::fs::copy(backup, &path).expect("copied");
    let store = Store::open(&StoreConfig::Sqlite { path }).await.expect("opens");
    let parts = CasesParts { store: store.clone(), ..room.desk.parts.clone() };
    Again { store, cases: Cases::new(parts).expect("cases"), directory }
}

impl Again {
    pub async fn restore(&self, room: &Room) -> Restored {
        self.tried(room).await.expect("restored")
    }

    /// As `restore` of the command line: everything after the copy is in its place.
    pub async fn tried(&self, room: &Room) -> Result<Restored, CasesError> {
        let mut restored = hold(&self.store, "one", "admin", room.now()).await?;
        let journal = room.desk.dir.path().join("journal");
        let (entries, _) = vault::replay(&journal).expect("read");
        self.cases.replay(&entries, "admin", &mut restored).await?;
        self.cases.take_up_unknown("admin", &mut restored).await?;
        self.cases.finish_restored(&mut restored).await?;
        Ok(restored)
    }

    pub async fn number(&self, sql: &str) -> i64 {
        store::probe::number(&self.store, sql).await.expect("a number")
    }

    /// Whether the bytes stand anywhere in the files of the database.
    pub fn holds(&self, words: &str) -> bool {
        std::fs::read_dir(&self.directory).expect("listed").any(|file| {
            let bytes = std::fs::read(file.expect("a file").path()).expect("read");
            bytes.windows(words.len()).any(|window| window == words.as_bytes())
        })
    }
}

fn digests(room: &Room, address: &str) -> Vec<AddressDigests> {
    let address = EmailAddress::parse(address).expect("valid");
    room.cases().digests().address_all(&address)
}

/// What a destruction leaves outside the database: its entry in the journal, and keys that are gone.
async fn destroyed_since(room: &Room, contact: ContactId, address: &str, number: i64) {
    let scope = format!("suppression:erased contact:{contact}");
    told_by_the_journal(room, &scope, address, number).await;
}

/// The same of any scope.
pub async fn told_by_the_journal(room: &Room, scope: &str, address: &str, number: i64) {
    let id = JournalEntryId::new(room.now(), [9; 10]);
    let intent = StopIntent {
        id,
        at: room.now(),
        act: StopAct::Erasure,
        digests: if address.is_empty() { Vec::new() } else { digests(room, address) },
        scope: ScopeWords::parse(scope).expect("words"),
    };
    let journal = &room.desk.parts.journal;
    journal.append(&[intent]).await.expect("appended");
    journal.committed(&[(id, StopNumber(number))]).await.expect("noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_destroyed_after_the_backup_is_destroyed_again() {
    let room = Room::on_sqlite().await;
    let anna = room.contact("Анна Резервная", PHONE, &[ANNA]).await;
    let boris = room.contact("Борис Остающийся", "", &[BORIS]).await;
    let matter = room.asks(ANNA, &[Label::Erasure]).await;
    room.asks(BORIS, &[Label::Access]).await;
    let backup = back_up(&room).await;
    let again = put_back(&room, &backup).await;
    assert!(again.holds(ANNA) && again.holds("Анна Резервная") && again.holds(PHONE));
    let last = store::stops::last_number(room.store()).await.expect("a number");
    destroyed_since(&room, anna, ANNA, last.0 + 1).await;
    let restored = again.restore(&room).await;
    assert_eq!((restored.erased, restored.unsure), (1, 0), "{restored:?}");
    for words in [ANNA, "Анна Резервная", PHONE] {
        assert!(!again.holds(words), "nothing in clear is left of the person");
    }
    assert!(again.holds(BORIS), "and nobody else is touched");
    assert_eq!(again.number(&format!("SELECT COUNT(*) FROM contact WHERE id = {boris}")).await, 1);
    let held = digests(&room, ANNA);
    let erased = SuppressionReason::Erased;
    assert!(
        store::suppressions::holds(&again.store, &held, erased, room.now()).await.expect("asked")
    );
    // What was under the keys of the person is gone for good.
    let key = "SELECT COUNT(*) FROM submission WHERE ticket_id = ";
    let sealed = format!("{key}{} AND vault_key_id IS NOT NULL", matter.ticket);
    assert_eq!(again.number(&sealed).await, 0);
    assert_eq!(
        again.number("SELECT COUNT(*) FROM message WHERE erase_asked_at IS NOT NULL").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_had_no_address_is_destroyed_again_by_the_id() {
    let room = Room::on_sqlite().await;
    let anna = room.contact("Анна Безадресная", PHONE, &[]).await;
    // This one had an address when the backup was made, and none of their own any more when they
    // were destroyed.
    let vera = room.contact("Вера Переехавшая", "", &[VERA]).await;
    let boris = room.contact("Борис Остающийся", "", &[BORIS]).await;
    let backup = back_up(&room).await;
    let again = put_back(&room, &backup).await;
    let last = store::stops::last_number(room.store()).await.expect("a number");
    destroyed_since(&room, anna, "", last.0 + 1).await;
    let restored = again.restore(&room).await;
    assert_eq!((restored.erased, restored.unsure), (1, 0), "{restored:?}");
    for words in ["Анна Безадресная", PHONE] {
        assert!(!again.holds(words), "{words}");
    }
    assert!(again.holds("Вера Переехавшая") && again.holds("Борис Остающийся"));
    room.set_time("2026-12-20T09:00:00Z");
    destroyed_since(&room, vera, "", last.0 + 2).await;
    assert_eq!(again.restore(&room).await.erased, 2);
    assert!(!again.holds("Вера Переехавшая"));
    assert_eq!(again.number(&format!("SELECT COUNT(*) FROM contact WHERE id = {boris}")).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_is_run_again_changes_nothing() {
    let room = Room::on_sqlite().await;
    let anna = room.contact("Анна", PHONE, &[ANNA]).await;
    room.contact("Борис", "", &[BORIS]).await;
    let backup = back_up(&room).await;
    room.asks(BORIS, &[Label::StopMarketing]).await;
    let last = store::stops::last_number(room.store()).await.expect("a number");
    destroyed_since(&room, anna, ANNA, last.0 + 1).await;
    let again = put_back(&room, &backup).await;
    let first = again.restore(&room).await;
    assert!(first.blocks == 1 && first.erased == 1, "{first:?}");
    let counted = "SELECT (SELECT COUNT(*) FROM block) * 1000000 + (SELECT COUNT(*) FROM suppression) \
                   * 1000 + (SELECT COUNT(*) FROM stop) + (SELECT value FROM stop_sequence)";
    let before = again.number(counted).await;
    let second = again.restore(&room).await;
    assert_eq!(second.known, second.entries);
    assert_eq!(again.number(counted).await, before);
    assert_eq!(again.number("SELECT COUNT(*) FROM restoration").await, 1);
    assert_eq!(again.number("SELECT COUNT(*) FROM stop WHERE number IS NULL").await, 0);
    let highest = again.number("SELECT value FROM stop_sequence").await;
    assert_eq!(highest, last.0 + 1, "numbers go on above the highest");
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_and_their_ends_come_back_in_their_order() {
    let room = Room::on_sqlite().await;
    room.contact("Борис", "", &[BORIS]).await;
    room.contact("Вера", "", &[VERA]).await;
    let backup = back_up(&room).await;
    room.asks(BORIS, &[Label::StopMarketing]).await;
    room.asks(VERA, &[Label::Erasure]).await;
    let blocks = room.cases().blocks(None, 10).await.expect("blocks");
    let of_boris = blocks.iter().min_by_key(|block| block.id).expect("a block");
    room.cases()
        .lift_block(of_boris.id, "operator", "поговорили", LiftGround::Handled)
        .await
        .expect("lifted");
    let address = EmailAddress::parse(ANNA).expect("valid");
    assert!(room.cases().suppress_by_hand(&address, "operator", "bounces").await.expect("set"));
    let again = put_back(&room, &backup).await;
    let restored = again.restore(&room).await;
    assert_eq!(
        (restored.blocks, restored.lifted, restored.suppressions),
        (2, 1, 1),
        "{restored:?}"
    );
    let now = room.now();
    let active = |address| {
        let keys: Vec<_> = digests(&room, address).iter().map(|pair| pair.stop).collect();
        let store = again.store.clone();
        async move { store::blocks::active_for(&store, &keys, &[]).await.expect("asked").len() }
    };
    assert_eq!((active(BORIS).await, active(VERA).await), (0, 1));
    let manual = SuppressionReason::Manual;
    let held = digests(&room, ANNA);
    assert!(store::suppressions::holds(&again.store, &held, manual, now).await.expect("asked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_without_a_commit_is_a_block_to_be_looked_at() {
    let room = Room::on_sqlite().await;
    room.contact("Анна", PHONE, &[ANNA]).await;
    let backup = back_up(&room).await;
    let intent = StopIntent {
        id: JournalEntryId::new(room.now(), [3; 10]),
        at: room.now(),
        act: StopAct::Erasure,
        digests: digests(&room, ANNA),
        scope: ScopeWords::parse("suppression:erased contact:1").expect("words"),
    };
    room.desk.parts.journal.append(&[intent]).await.expect("appended");
    let again = put_back(&room, &backup).await;
    let restored = again.restore(&room).await;
    assert_eq!((restored.erased, restored.blocks, restored.unsure), (0, 1, 1), "{restored:?}");
    assert!(again.holds(ANNA), "nobody is destroyed by what may never have been decided");
    let task = "SELECT COUNT(*) FROM task WHERE name = 'look_at_restoration' AND done_at IS NULL";
    assert_eq!(again.number(task).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_before_a_person_says_so() {
    let room = Room::on_sqlite().await;
    room.asks(ANNA, &[Label::Access]).await;
    let backup = back_up(&room).await;
    let again = put_back(&room, &backup).await;
    let waiting = "SELECT COUNT(*) FROM delivery WHERE state IN ('planned', 'claimed', 'deferred')";
    assert!(again.number(waiting).await > 0, "an answer was on its way");
    let restored = again.restore(&room).await;
    assert_eq!(again.number(waiting).await, 0);
    assert!(restored.uncertain > 0);
    assert!(store::restorations::is_sending_held(&again.store).await.expect("asked"));
    // What is planned meanwhile waits too.
    let again_planned = "UPDATE delivery SET state = 'planned', settled_at = NULL, next_try_at = 0";
    store::probe::write(&again.store, again_planned).await.expect("written");
    let due = || {
        store::deliveries::is_any_due(&again.store, store::deliveries::Stream::Hello, room.now())
    };
    assert!(!due().await.expect("asked"));
    let refused = room.cases().release("admin").await.expect_err("nothing is held there");
    assert!(refused.to_string().contains("nothing_is_held"), "{refused}");
    again.cases.release("admin").await.expect("released");
    assert!(due().await.expect("asked"));
    let audited = "SELECT COUNT(*) FROM audit_event WHERE act = 'released' AND actor = 'admin'";
    assert_eq!(again.number(audited).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_person_ends_what_is_their_own_word() {
    let room = Room::on_sqlite().await;
    let address = EmailAddress::parse(ANNA).expect("valid");
    let cases = room.cases();
    assert!(cases.suppress_by_hand(&address, "operator", "a reason").await.expect("set"));
    assert!(!cases.suppress_by_hand(&address, "operator", "again").await.expect("stands"));
    let transaction = room.store().begin().await.expect("begun");
    let (held, erased) = (digests(&room, ANNA), SuppressionReason::Erased);
    store::suppressions::record(&transaction, &held, erased, "plan:1", room.now())
        .await
        .expect("set");
    transaction.commit().await.expect("committed");
    let rows = cases.suppressions_of(&address, "operator").await.expect("found");
    assert_eq!(rows.len(), 2);
    for row in rows {
        let lifted = cases.lift_suppression(row.id, "operator", "a mistake").await;
        match row.reason {
            SuppressionReason::Manual => lifted.expect("lifted"),
            _ => {
                let error = lifted.expect_err("refused").to_string();
                assert!(error.contains("only_double_opt_in"), "{error}");
            }
        }
    }
    for reason in ["", "anna@mail.example asked"] {
        let error = cases.suppress_by_hand(&address, "operator", reason).await;
        assert!(error.is_err(), "{reason}");
    }
    assert_eq!(cases.suppressions_of(&address, "operator").await.expect("found").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_proven_and_kept_after_the_backup_outlives_a_restore() {
    let mut room = Room::on_sqlite().await;
    let proofs = room.desk.dir.path().join("proofs");
    room.with_settings(|settings| settings.requests.proofs = Some(proofs));
    let anna = room.contact("Анна Хранимая", PHONE, &[ANNA]).await;
    let backup = back_up(&room).await;
    let erasure = room.cases().erase_contact(anna, room.now(), "clerk").await.expect("opened");
    room.cases().attest_identity(&erasure.number, "seen", "anna").await.expect("attested");
    room.cases().review_request(erasure.request, "anna").await.expect("under review");
    let keeps =
        vec![domain::plan::Keep::parse("contact=402-FZ art. 29(1),2031-12-31").expect("ok")];
    let order = cases::destruction::PlanOrder { keeps, ..Default::default() };
    room.cases().plan_destruction(erasure.request, &order, "anna").await.expect("a plan");
    room.cases().propose(erasure.request, None, "anna").await.expect("proposed");
    room.cases().decide(erasure.request, "boris").await.expect("approved");
    for _ in 0..2 {
        room.cases().execute_destruction(erasure.request, "one").await.expect("carried out");
        room.relay_takes_all(erasure.ticket).await;
        room.cases().settle_requests().await.expect("settled");
    }
    let acts = room.cases().acts(None, 10).await.expect("acts");
    assert!(!acts.is_empty());
    let again = put_back(&room, &backup).await;
    let restored = again.restore(&room).await;
    let proofs = u64::try_from(acts.len()).expect("a few") + 1;
    assert_eq!((restored.erased, restored.proofs), (1, proofs), "{restored:?}");
    let back = again.cases.acts(None, 10).await.expect("acts");
    let numbers = |acts: &[ActListing]| acts.iter().map(|act| act.number).collect::<Vec<_>>();
    assert_eq!(numbers(&back), numbers(&acts));
    for act in &acts {
        again.cases.act(&act.number.to_string(), "read", "anna").await.expect("it opens");
    }
    let kept = format!("SELECT COUNT(*) FROM contact WHERE id = {anna} AND name <> ''");
    assert_eq!(again.number(&kept).await, 1);
    let blocked = format!(
        "SELECT COUNT(*) FROM block WHERE contact_id = {anna} AND state = 'active' AND scope = 'full'"
    );
    assert_eq!(again.number(&blocked).await, 1);
    // Run again it changes nothing; and the day of what is kept comes here, too.
    assert_eq!(again.restore(&room).await.proofs, 0);
    room.set_time("2032-01-02T09:00:00Z");
    assert!(again.cases.destroy_due_records().await.expect("destroyed") >= 1);
    assert_eq!(again.number(&kept).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_mail_of_before_was_destroyed_with_its_sender() {
    let room = Room::on_sqlite().await;
    let transaction = room.store().begin().await.expect("begun");
    let (held, erased) = (digests(&room, ANNA), SuppressionReason::Erased);
    store::suppressions::record(&transaction, &held, erased, "plan:1", room.now())
        .await
        .expect("set");
    transaction.commit().await.expect("committed");
    let from = |address: &str| ReadMail {
        from_headers: 1,
        from: vec![HeaderAddress { address: address.into(), ..HeaderAddress::default() }],
        ..ReadMail::default()
    };
    let hour = jiff::SignedDuration::from_hours(1);
    let (before, after) = (room.now() - hour, room.now() + hour);
    for (address, received_at, expected) in [
        (ANNA, before, true),
        ("Anna+list@Mail.Example", before, true),
        (ANNA, after, false),
        (BORIS, before, false),
        ("nobody", before, false),
    ] {
        let mail = from(address);
        let asked = room.cases().was_destroyed_with_its_sender(&mail, received_at);
        assert_eq!(asked.await.expect("asked"), expected, "{address} {received_at}");
    }
}
