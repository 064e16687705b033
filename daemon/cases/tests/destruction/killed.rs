//! A process that dies anywhere in a destruction is followed by one that ends and proves it.
//!
//! The parent makes the room; a child of the same test binary carries the plan on and is killed,
//! at every named point and at any moment.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use cases::{Cases, CasesParts, destruction::PlanOrder};
use domain::{classification::Label, plan::PlanState};
use tests::ambient::StandingClock;

use crate::{
    desk::house,
    room::{ANNA, Room},
    whole::{a_full_person, approved, copies_gone, finish, planned, reread},
};

const DIRECTORY: &str = "CONSENTRY_TEST_DESTRUCTION";

/// The child: nothing unless a parent names a directory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carries_on_what_a_parent_began() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let (cases, clock) = opened_again(Path::new(&directory)).await;
    for _ in 0..3 {
        cases.carry_out_due("child", 10).await.expect("carried out");
        let gone =
            "UPDATE message SET copy_gone_at = erase_asked_at WHERE erase_asked_at IS NOT NULL";
        store::probe::write(cases.store(), gone).await.expect("written");
        // A dead process holds its leases for a while, and what waits is looked at later.
        clock.advance(Duration::from_secs(86_400));
    }
}

/// The room of the parent, as a daemon that was started again opens it.
pub async fn opened_again(directory: &Path) -> (Cases, Arc<StandingClock>) {
    let clock = Arc::new(StandingClock::at("2026-12-05T09:00:00Z".parse().expect("an instant")));
    let seed = u64::from(std::process::id()) << 8;
    let parts = house::parts(&house::sqlite(directory), directory, clock.clone(), seed).await;
    let settings = Arc::new(crate::desk::settings());
    let cases = Cases::new(CasesParts { settings, ..parts });
    (cases.expect("cases"), clock)
}

fn child(directory: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args(["--exact", "killed::carries_on_what_a_parent_began", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_ends_finished_and_proven() {
    for round in 0..12_u64 {
        let room = Room::on_sqlite().await;
        a_full_person(&room).await;
        let matter = room.asks(ANNA, &[Label::Erasure]).await;
        room.relay_takes_all(matter.ticket).await;
        let plan = planned(&room, matter.request(), &PlanOrder::default()).await;
        approved(&room, &matter).await;
        let directory = room.desk.dir.path().to_owned();
        for kill in 0..4_u64 {
            let mut running = child(&directory).spawn().expect("a child");
            std::thread::sleep(Duration::from_millis(20 + (round * 37 + kill * 61) % 240));
            running.kill().expect("killed");
            running.wait().expect("ended");
        }
        room.pass_days(30);
        for _ in 0..4 {
            room.cases().carry_out_due("parent", 10).await.expect("carried out");
            copies_gone(&room).await;
            room.pass_days(1);
        }
        finish(&room, &matter, &plan).await;
        let plan = reread(&room, &plan).await;
        assert_eq!(plan.state, PlanState::Closed);
        let left = room.cases().verify_destruction(&plan).await.expect("asked");
        assert!(left.is_empty(), "{left:?}");
        let acts = "kept_record WHERE kind = 'act' AND number IS NOT NULL AND follows_id IS";
        assert_eq!(room.count(&format!("{acts} NULL")).await, 1);
        assert_eq!(room.count(&format!("{acts} NOT NULL")).await, 1, "its supplement");
        assert_eq!(room.count("kept_record WHERE kind = 'consent_proof'").await, 1);
        assert_eq!(room.count("delivery WHERE topic = 'answer_destroyed'").await, 1);
        assert_eq!(room.count("suppression WHERE reason = 'erased'").await, 1);
    }
}
