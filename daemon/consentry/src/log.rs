//! Logs: to the journal, as JSON, or as text; never with anybody's words in them.
//!
//! Called once by each command. Standard output belongs to what a command prints; logs go to
//! standard error or straight to the journal. Libraries that would print passwords or rows are
//! held down here whatever the configured filter says.

use std::env;
use std::io::IsTerminal as _;
use std::path::Path;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::process::{LogConfig, LogFormat};

/// Libraries whose lower levels hold what no log may hold (`async_imap` prints passwords, `sqlx`
/// statements with values), or nobody reads.
const HELD_DOWN: [&str; 8] =
    ["async_imap", "imap_proto", "sqlx", "sea_orm", "hyper", "hickory", "rustls", "object_store"];
const JOURNAL_SOCKET: &str = "/run/systemd/journal/socket";

/// Starts the logs of this process and takes over what a panic says.
pub fn start(config: &LogConfig) {
    let filter = EnvFilter::try_new(&config.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let quiet = filter_fn(|metadata| {
        let held = HELD_DOWN.iter().any(|name| metadata.target().starts_with(name));
        !held || *metadata.level() <= Level::WARN
    });
    // A second start (tests in one process) keeps the first.
    let _ = Registry::default()
        .with(output(config.format).with_filter(quiet).with_filter(filter))
        .try_init();
    std::panic::set_hook(Box::new(tell_panic));
}

/// Logs of a short command: warnings on standard error, unless `CONSENTRY_LOG` wants more.
pub fn start_for_command() {
    let filter = env::var("CONSENTRY_LOG").unwrap_or_else(|_| "warn".to_owned());
    start(&LogConfig { format: LogFormat::Text, filter });
}

fn output(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let wants_journal = match format {
        LogFormat::Journal => true,
        LogFormat::Auto => env::var_os("JOURNAL_STREAM").is_some(),
        LogFormat::Json | LogFormat::Text => false,
    };
    if wants_journal
        && Path::new(JOURNAL_SOCKET).exists()
        && let Ok(journal) = tracing_journald::layer()
    {
        return Box::new(journal.with_syslog_identifier("consentry".to_owned()));
    }
    let stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Json => Box::new(stderr.json().flatten_event(true)),
        LogFormat::Auto | LogFormat::Journal | LogFormat::Text => {
            Box::new(stderr.with_ansi(std::io::stderr().is_terminal()))
        }
    }
}

/// Says where a panic happened and never what it said: its message may quote a mail.
fn tell_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(String::new, ToString::to_string);
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    if LevelFilter::current() == LevelFilter::OFF {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "a part of the program failed at {place}");
        return;
    }
    tracing::error!(panic.place = place, panic.thread = thread, "a part of the program failed");
}
