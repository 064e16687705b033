//! `consentry run`: the parts under one supervisor, from READY to the last drained mail.
//!
//! Order matters: configuration and secrets are checked, the database is migrated, sockets
//! listen, the parts start, and only then systemd hears READY. On SIGTERM the parts stop taking
//! new work, end what is under way, and the house is closed last.

pub mod blocks;
pub mod destruction;
pub mod heartbeat;
pub mod housekeeping;
pub mod notifier;
pub mod pages;
pub mod reading;
pub mod requests;
pub mod retaining;
pub mod sealing;
pub mod sending;
pub mod sockets;
pub mod supervision;
pub mod systems;

use std::fs::File;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use mailing::MailingError;
use rustix::fs::{FlockOperation, flock};
use store::deliveries::Stream;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use self::reading::Reading;
use self::sending::Sending;
use self::supervision::{SILENCE, Supervisor};
use crate::config::Config;
use crate::failure::WrongUse;
use crate::house::{House, Schema};
use crate::localisation::{self, Placed};
use crate::log;

/// For everything to end after SIGTERM; `TimeoutStopSec` of the unit is 90 s.
const STOP: Duration = Duration::from_secs(80);

/// Runs the daemon until a signal ends it.
///
/// # Errors
/// When it cannot start; [`WrongUse`] when the configuration is to blame.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    log::start(&config.log);
    check_secrets(&config)?;
    let sending = Sending::prepare(&config)?;
    // Before the house is opened: opening it migrates the database.
    let _lock = lock(&config)?;
    if crate::command::restore::clean_up(&config)? {
        tracing::warn!("a restore had died before its copy took its place; the copy was removed");
    }
    let house = House::open(config, Schema::Migrate).await?;
    crate::command::restore::check_replayed(&house).await?;
    // The lock proves that an earlier run of this node is dead: nobody waits for its leases.
    store::leases::end_runs_of(&house.store, house.config.node.as_str()).await?;
    let reading = Reading::prepare(&house)?;
    let listener = sockets::listener(house.config.web.listen)?;
    let mut signals = Signals::listen()?;
    let supervisor = Supervisor::default();
    start(&house, sending, reading, listener, &supervisor)?;
    for warning in localisation::placed(&house.config).iter().filter_map(Placed::warning) {
        tracing::warn!("{warning}");
    }
    notifier::ready();
    tracing::info!(
        node.id = house.config.node.as_str(),
        version = env!("CARGO_PKG_VERSION"),
        "the daemon is ready"
    );
    let name = signals.end().await;
    tracing::info!(signal.name = name, "the daemon ends what is under way");
    notifier::stopping();
    let ended = stop(&supervisor).await;
    house.close().await;
    if !ended {
        tracing::error!("some parts did not end in time; the next start settles what they left");
        return Ok(ExitCode::FAILURE);
    }
    tracing::info!("the daemon has ended");
    Ok(ExitCode::SUCCESS)
}

/// Starts every part under the supervisor.
///
/// # Errors
/// When a part cannot be made at all.
pub fn start(
    house: &House,
    sending: Sending,
    reading: Reading,
    listener: TcpListener,
    supervisor: &Supervisor,
) -> anyhow::Result<()> {
    start_sending(house, sending, supervisor);
    reading.start(supervisor);
    start_pages(house, listener, supervisor)?;
    let own = house.clone();
    supervisor.supervise("sealing", SILENCE, move |pulse| {
        let own = own.clone();
        async move { sealing::run(&own, &pulse).await }
    });
    let own = house.clone();
    supervisor.supervise("stop journal", SILENCE, move |pulse| {
        let own = own.clone();
        async move { housekeeping::catch_up(&own, &pulse).await }
    });
    let own = house.clone();
    supervisor.supervise("subject keys", SILENCE, move |pulse| {
        let own = own.clone();
        async move { housekeeping::rekey(&own, &pulse).await }
    });
    let own = house.clone();
    supervisor.supervise("care", SILENCE, move |pulse| {
        let own = own.clone();
        async move { housekeeping::care(&own, &pulse).await }
    });
    let own = house.clone();
    supervisor.supervise("destruction", SILENCE, move |pulse| {
        let own = own.clone();
        async move { destruction::run(&own, &pulse).await }
    });
    let own = house.clone();
    supervisor.supervise("connected systems", SILENCE, move |pulse| {
        let own = own.clone();
        async move { systems::run(&own, &pulse).await }
    });
    let own = house.clone();
    supervisor.supervise("retention", SILENCE, move |pulse| {
        let own = own.clone();
        async move { retaining::run(&own, &pulse).await }
    });
    let own = house.clone();
    supervisor.supervise("requests", SILENCE, move |pulse| {
        let own = own.clone();
        async move { requests::run(&own, &pulse).await }
    });
    let own = house.clone();
    supervisor.supervise("blocks", SILENCE, move |pulse| {
        let own = own.clone();
        async move { blocks::run(&own, &pulse).await }
    });
    let heartbeat = supervisor.heartbeat.clone();
    supervisor.supervise("watchdog", SILENCE, move |pulse| {
        let heartbeat = heartbeat.clone();
        async move { notifier::feed_watchdog(&heartbeat, &pulse).await }
    });
    Ok(())
}

/// One dispatch for each way out, and the runner of campaigns.
fn start_sending(house: &House, sending: Sending, supervisor: &Supervisor) {
    let sending = Arc::new(sending);
    for (number, way) in sending.ways.iter().enumerate() {
        let name = match way.stream {
            Stream::All | Stream::Hello => "dispatch",
            Stream::Bulk => "dispatch of campaigns",
        };
        let (own, cancel, sending) =
            (house.clone(), supervisor.cancel.clone(), Arc::clone(&sending));
        supervisor.supervise(name, SILENCE, move |pulse| {
            let dispatch = sending.dispatch(&own, &sending.ways[number]);
            let cancel = cancel.clone();
            async move {
                match pulse.follow(mailing::dispatch::run(dispatch?, cancel)).await {
                    // The daemon was told to end while this part still opened: nothing failed.
                    Err(MailingError::Stopped) => Ok(()),
                    ended => Ok(ended.map(drop)?),
                }
            }
        });
    }
    if house.config.campaign.is_none() {
        return;
    }
    let (own, cancel) = (house.clone(), supervisor.cancel.clone());
    supervisor.supervise("campaigns", SILENCE, move |pulse| {
        let campaigns = sending::campaigns(&own);
        let cancel = cancel.clone();
        async move {
            match campaigns {
                Some(campaigns) => {
                    Ok(pulse.follow(mailing::campaigns::run(campaigns, cancel)).await?)
                }
                None => Ok(()),
            }
        }
    });
}

fn start_pages(
    house: &House,
    listener: TcpListener,
    supervisor: &Supervisor,
) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let pages = pages::pages(house)?;
    // The listening socket outlives a failure of the part: a second handle stays here.
    let listener = Arc::new(listener.into_std()?);
    let cancel = supervisor.cancel.clone();
    // Its heartbeat is the probe below: a port without visitors wakes nobody.
    supervisor.supervise("pages", Duration::MAX, move |_| {
        let (pages, cancel) = (Arc::clone(&pages), cancel.clone());
        let listener = listener.try_clone().and_then(TcpListener::from_std);
        async move { Ok(web::serve(listener?, pages, cancel).await?) }
    });
    supervisor.supervise("pages probe", SILENCE, move |pulse| async move {
        pages::probe(address, &pulse).await;
        Ok(())
    });
    Ok(())
}

/// Ends all parts; `false` when some did not end in time.
pub async fn stop(supervisor: &Supervisor) -> bool {
    supervisor.cancel.cancel();
    supervisor.tracker.close();
    tokio::time::timeout(STOP, supervisor.tracker.wait()).await.is_ok()
}

/// One daemon for a data directory: its journals are of one node.
///
/// # Errors
/// When another one has it, or the directory cannot be used.
pub fn lock(config: &Config) -> anyhow::Result<File> {
    crate::house::prepare_data_directory(config)?;
    crate::house::check_owner(config)?;
    let path = config.data_directory.join("daemon.lock");
    let file = File::options().create(true).write(true).truncate(false).open(&path)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).with_context(|| {
        let directory = config.data_directory.display();
        format!("another daemon runs on `{directory}`; stop it, or set `data.directory`")
    })?;
    Ok(file)
}

/// Reads every secret once, so that all that are missing are told at once.
fn check_secrets(config: &Config) -> Result<(), WrongUse> {
    let mut problems = Vec::new();
    for secret in config.secrets() {
        match secret.check() {
            Ok(None) => {}
            Ok(Some(warning)) => tracing::warn!("{warning}"),
            Err(error) => problems.push(error.to_string()),
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(WrongUse(format!(
        "{} secret(s) cannot be used:\n  {}",
        problems.len(),
        problems.join("\n  ")
    )))
}

/// The signals that end the daemon.
#[derive(Debug)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one that ends the daemon. SIGHUP does not: secrets and certificates are read
    /// anew at each connection, all else needs a restart.
    pub async fn end(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hang_up.recv() => {
                    tracing::info!("SIGHUP changes nothing; restart for a new configuration");
                }
            }
        }
    }
}
