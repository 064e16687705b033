//! The reader pool with real processes: what it answers, what its children die of, who is blamed.

use std::{path::PathBuf, time::Duration};

use intake::child::{BUILD, Limits, ReaderConfig, ReaderError, ReaderPool, Reading};
use tests::{
    child::OwnedProcess,
    place::Place,
    wait::{LONG, wait_for, wait_until},
};

/// The example program stands beside the test's directory.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("own path");
    let profile = test.parent().and_then(|deps| deps.parent()).expect("target/debug");
    profile.join("examples/reader")
}

/// One child at a time, so that it is known who is next to whom.
fn config() -> ReaderConfig {
    ReaderConfig {
        processes: 1,
        time_limit: Duration::from_secs(30),
        ..ReaderConfig::new(program(), vec![])
    }
}

fn shell(script: &str) -> ReaderPool {
    let arguments = vec!["-c".to_owned(), script.to_owned()];
    ReaderPool::new(ReaderConfig {
        time_limit: Duration::from_secs(3),
        ..ReaderConfig::new("/bin/sh".into(), arguments)
    })
}

fn mail(subject: &str) -> Vec<u8> {
    format!("From: a@mail.example\r\nSubject: {subject}\r\n\r\ntext of {subject}\r\n").into_bytes()
}

async fn read_all(pool: &ReaderPool, subjects: &[&str]) -> Vec<Result<Reading, ReaderError>> {
    let mails: Vec<Vec<u8>> = subjects.iter().map(|subject| mail(subject)).collect();
    let mails: Vec<&[u8]> = mails.iter().map(Vec::as_slice).collect();
    pool.read_all(&mails, &|| {}).await
}

/// What became of each mail, in words.
async fn outcomes(pool: &ReaderPool, subjects: &[&str]) -> Vec<String> {
    let answers = read_all(pool, subjects).await;
    assert_eq!(answers.len(), subjects.len());
    let word = |answer: &Result<Reading, ReaderError>| match answer {
        Ok((mail, _)) => mail.subject.clone(),
        Err(ReaderError::Died { .. }) => "died".to_owned(),
        Err(ReaderError::TimedOut(_)) => "late".to_owned(),
        Err(ReaderError::Garbled) => "garbled".to_owned(),
        Err(ReaderError::Unreadable) => "unreadable".to_owned(),
        Err(ReaderError::Unavailable(_)) => "unavailable".to_owned(),
    };
    answers.iter().map(word).collect()
}

#[tokio::test]
async fn mails_are_answered_in_their_order_by_few_children() {
    for processes in [1, 3] {
        let pool = ReaderPool::new(ReaderConfig { processes, ..config() });
        let numbers: Vec<String> = (0..150).map(|n| n.to_string()).collect();
        let subjects: Vec<&str> = numbers.iter().map(String::as_str).collect();
        assert_eq!(outcomes(&pool, &subjects).await, numbers);
        let standing = pool.standing();
        assert!(standing.started <= processes as u64, "{standing:?}");
        assert_eq!((standing.mails, standing.broken), (150, 0));
        assert!(standing.peak_memory > 0);
    }
}

#[tokio::test]
async fn a_large_mail_an_empty_one_and_none_are_answered() {
    let pool = ReaderPool::new(config());
    assert!(matches!(pool.read(b"").await, Err(ReaderError::Unreadable)));
    let mut big = mail("big");
    big.resize(30 * 1024 * 1024, b'x');
    let small = mail("small");
    let answers = pool.read_all(&[&small, &big, b"", &small], &|| {}).await;
    let read: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(read, [true, true, false, true]);
    assert!(pool.read_all(&[], &|| {}).await.is_empty());
}

#[tokio::test]
async fn the_greeting_reaches_the_judge_and_no_list_of_processes() {
    let pool = ReaderPool::new(ReaderConfig { greeting: b"hello".to_vec(), ..config() });
    let (_, classification) = pool.read(&mail("x")).await.expect("read");
    assert_eq!(classification.kind_reasons, ["hello"]);
    let refusing = ReaderPool::new(ReaderConfig { greeting: b"wrong".to_vec(), ..config() });
    let refused = refusing.read(&mail("x")).await.expect_err("no judge");
    assert!(!refused.counts() && refused.to_string().contains("before it was ready"), "{refused}");
}

#[tokio::test]
async fn a_mail_that_kills_its_child_takes_no_other_with_it() {
    let pool = ReaderPool::new(config());
    for deadly in ["panic", "abort", "memory", "overflow"] {
        let found = outcomes(&pool, &["one", deadly, "two", deadly, "three"]).await;
        assert_eq!(found, ["one", "died", "two", "died", "three"], "{deadly}");
    }
    let error = pool.read(&mail("panic")).await.expect_err("a panic");
    assert!(matches!(error, ReaderError::Died { .. }) && error.counts(), "{error}");
}

#[tokio::test]
async fn a_mail_that_never_ends_is_stopped() {
    let pool = ReaderPool::new(ReaderConfig { time_limit: Duration::from_secs(5), ..config() });
    // One burns its time, the other merely waits.
    for endless in ["spin", "sleep"] {
        let found = outcomes(&pool, &["one", endless, "two"]).await;
        assert_eq!(found, ["one", "late", "two"], "{endless}");
    }
}

#[tokio::test]
async fn processor_time_is_counted_for_each_mail() {
    let limits = Limits { cpu: Duration::from_secs(1), ..Limits::default() };
    let pool = ReaderPool::new(ReaderConfig { limits, ..config() });
    let error = pool.read(&mail("spin")).await.expect_err("never ends");
    assert!(error.to_string().contains("SIGXCPU"), "{error}");
    assert_eq!(outcomes(&pool, &["one"]).await, ["one"]);
}

#[tokio::test]
async fn a_child_opens_no_file_and_whoever_tries_more_is_killed() {
    let pool = ReaderPool::new(config());
    // A library that looks for a file goes without.
    assert_eq!(outcomes(&pool, &["file", "create", "one"]).await, ["file", "create", "one"]);
    for forbidden in ["socket", "connect", "local", "fork", "thread", "kill", "limits", "remove"] {
        let error = pool.read(&mail(forbidden)).await.expect_err(forbidden);
        assert!(matches!(error, ReaderError::Died { .. }), "{forbidden}: {error}");
        assert!(error.to_string().contains("SIGSYS"), "{forbidden}: {error}");
        assert_eq!(outcomes(&pool, &["next"]).await, ["next"], "after {forbidden}");
    }
}

#[tokio::test]
async fn what_is_garbled_or_cannot_be_is_not_taken() {
    let pool = ReaderPool::new(config());
    let found = outcomes(&pool, &["one", "garble", "two", "implausible", "three"]).await;
    assert_eq!(found, ["one", "garbled", "two", "garbled", "three"]);
}

#[tokio::test]
async fn a_child_is_replaced_after_its_share_and_when_it_has_grown() {
    let pool = ReaderPool::new(ReaderConfig { mails_per_process: 10, ..config() });
    for _ in 0..5 {
        outcomes(&pool, &["x"; 5]).await;
    }
    let standing = pool.standing();
    assert_eq!((standing.started, standing.replaced, standing.broken), (3, 2, 0));
    let pool = ReaderPool::new(config());
    assert_eq!(outcomes(&pool, &["one", "grow", "two"]).await, ["one", "grow", "two"]);
    assert_eq!(pool.standing().replaced, 1);
    assert!(pool.standing().peak_memory > 96 * 1024 * 1024);
    assert_eq!(outcomes(&pool, &["three"]).await, ["three"]);
    assert_eq!(pool.standing().started, 2);
}

#[test]
fn a_child_whose_input_ends_ends_without_a_fault() {
    let mut command = std::process::Command::new(program());
    let piped = std::process::Stdio::piped;
    let mut child = command.stdin(piped()).stdout(piped()).spawn().expect("started");
    // The greeting: the build, 512 MiB, 10 s, nothing to know.
    let hello = [&[16, 0, 0, 0], &BUILD[..], &[0x80, 0x80, 0x80, 0x80, 2, 10, 0, 0]].concat();
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), &hello).expect("greeted");
    let ended = child.wait_with_output().expect("ended");
    assert!(ended.status.success(), "{}", ended.status);
    assert_eq!(ended.stdout.get(4), Some(&0), "it was ready");
}

/// Processes whose parent is `parent`, from the kernel's list; the dead are not among them.
fn children_of(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("a list of processes");
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let behind_the_name = stat.rsplit(") ").next().unwrap_or_default().to_owned();
        let mut fields = behind_the_name.split(' ');
        let lives = fields.next().is_some_and(|state| state != "Z");
        lives && fields.next().and_then(|id| id.parse().ok()) == Some(parent)
    };
    ids.filter(is_child).collect()
}

#[tokio::test]
async fn a_child_that_is_killed_idle_is_nobodys_attempt() {
    let pool = ReaderPool::new(config());
    for _ in 0..3 {
        assert_eq!(outcomes(&pool, &["one"]).await, ["one"]);
        for child in children_of(std::process::id()) {
            let id = i32::try_from(child).ok().and_then(rustix::process::Pid::from_raw);
            let kill = rustix::process::Signal::KILL;
            rustix::process::kill_process(id.expect("an id"), kill).expect("killed");
        }
    }
    assert_eq!(outcomes(&pool, &["two"]).await, ["two"]);
    assert_eq!(pool.standing().broken, 0);
}

/// Waits until one of our children burns processor time, and sends it a signal.
async fn send_to_the_busy(signal: rustix::process::Signal) {
    let busy = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let ticks = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(11));
        ticks.and_then(|ticks| ticks.parse::<u64>().ok()).is_some_and(|ticks| ticks > 20)
    };
    let own = std::process::id();
    let child = tokio::task::spawn_blocking(move || {
        wait_for("the child spins", LONG, || Ok(children_of(own).into_iter().find(busy)))
    });
    let child = child.await.expect("waited").expect("a child");
    let id = i32::try_from(child).ok().and_then(rustix::process::Pid::from_raw).expect("an id");
    let dies_first = std::fs::read_to_string(format!("/proc/{child}/oom_score_adj"));
    assert_eq!(dies_first.expect("its score").trim(), "1000");
    rustix::process::kill_process(id, signal).expect("sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_is_killed_at_work_twice_is_its_mails_attempt() {
    let pool = ReaderPool::new(config());
    let reading = tokio::spawn({
        let pool = pool.clone();
        async move { outcomes(&pool, &["one", "spin", "two"]).await }
    });
    // The first time may be the machine, which has no memory.
    send_to_the_busy(rustix::process::Signal::KILL).await;
    wait_until("a second child", LONG, || Ok(pool.standing().started == 2)).expect("started");
    assert_eq!(pool.standing().broken, 0);
    send_to_the_busy(rustix::process::Signal::KILL).await;
    assert_eq!(reading.await.expect("read"), ["one", "died", "two"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_gets_no_processor_is_nobodys_attempt() {
    let limits = Limits { cpu: Duration::from_secs(1), ..Limits::default() };
    let time_limit = Duration::from_secs(4);
    let pool = ReaderPool::new(ReaderConfig { limits, time_limit, ..config() });
    let reading = tokio::spawn({
        let pool = pool.clone();
        async move { outcomes(&pool, &["spin", "two"]).await }
    });
    send_to_the_busy(rustix::process::Signal::STOP).await;
    wait_until("a second child", LONG, || Ok(pool.standing().started == 2)).expect("started");
    assert_eq!(pool.standing().broken, 0);
    reading.abort();
}

#[test]
fn the_children_of_a_daemon_that_is_killed_die_with_it() {
    let place = Place::new().expect("a place");
    let mut command = std::process::Command::new(program());
    command.arg("parent");
    let log = place.path().join("parent.log");
    let mut parent = OwnedProcess::spawn("parent", command, &log).expect("started");
    let id = parent.id();
    let child = wait_for("it has a child", LONG, || Ok(children_of(id).first().copied()));
    let child = child.expect("a child");
    parent.kill().expect("killed");
    // It spins, so that it would never see the end of its input; its own limits end it later.
    let gone = || !std::path::Path::new(&format!("/proc/{child}")).exists();
    wait_until("the child is gone", Duration::from_secs(5), || Ok(gone())).expect("gone");
}

#[tokio::test]
async fn no_mail_is_blamed_for_a_child_that_cannot_run() {
    let missing = ReaderConfig::new("/nonexistent/reader".into(), vec![]);
    for pool in [ReaderPool::new(missing), shell("exit 0"), shell("sleep 9")] {
        let error = pool.read(&mail("x")).await.expect_err("no child");
        assert!(matches!(error, ReaderError::Unavailable(_)) && !error.counts(), "{error}");
    }
    // Ready, then gone before it took the mail.
    let error = shell(&format!("printf '{}'", ready(BUILD))).read(&mail("x")).await;
    assert!(matches!(error, Err(ReaderError::Unavailable(_))), "{error:?}");
    let error = shell("exit 4").read(&mail("x")).await.expect_err("no limits");
    assert!(error.to_string().contains("seccomp"), "{error}");
}

/// The frame of a child that is ready, for `printf`.
fn ready(build: [u8; 8]) -> String {
    let frame = [&[11, 0, 0, 0, 0], &build[..], &[0, 0]].concat();
    frame.iter().map(|byte| format!("\\{byte:03o}")).collect()
}

#[tokio::test]
async fn a_child_of_another_build_is_nobodys_attempt_and_asks_for_a_restart() {
    let other = BUILD.map(|byte| !byte);
    // It lays out its answers in another way: without the build they would be garbled mail.
    let answers = format!("printf '{}\\377\\377\\377\\377'; sleep 9", ready(other));
    for pool in [shell(&answers), shell("exit 5")] {
        let error = pool.read(&mail("x")).await.expect_err("another build");
        assert!(!error.counts() && error.to_string().contains("restart the daemon"), "{error}");
    }
    let mut command = std::process::Command::new(program());
    let piped = std::process::Stdio::piped;
    let mut child = command.stdin(piped()).stdout(piped()).spawn().expect("started");
    let hello = [&[9, 0, 0, 0], &other[..], &[0]].concat();
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), &hello).expect("greeted");
    let ended = child.wait_with_output().expect("ended");
    assert_eq!((ended.status.code(), ended.stdout.len()), (Some(5), 0));
}

#[tokio::test]
async fn an_answer_out_of_order_is_not_taken() {
    // Ready, then a second Ready where an answer is due.
    let ready = ready(BUILD);
    let error = shell(&format!("printf '{ready}{ready}'; sleep 9")).read(&mail("x")).await;
    assert!(matches!(error, Err(ReaderError::Garbled)), "{error:?}");
    let garbling = shell(&format!("printf '{ready}\\377\\377\\377\\377'; sleep 9"));
    let error = garbling.read(&mail("x")).await;
    assert!(matches!(error, Err(ReaderError::Garbled)), "{error:?}");
}
