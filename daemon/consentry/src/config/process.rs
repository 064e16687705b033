//! `[log]` and `[node]`: the process itself.

use tracing_subscriber::EnvFilter;

use super::check_name;
use super::section::Section;

/// Where the logs go, and how much of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// The form.
    pub format: LogFormat,
    /// Levels, as `info,intake=debug`.
    pub filter: String,
}

/// The form of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// The journal when started by systemd, else text.
    Auto,
    /// journald's own protocol, with fields.
    Journal,
    /// One JSON object a line, to standard error.
    Json,
    /// For people, to standard error.
    Text,
}

const FORMATS: [(&str, LogFormat); 4] = [
    ("auto", LogFormat::Auto),
    ("journal", LogFormat::Journal),
    ("json", LogFormat::Json),
    ("text", LogFormat::Text),
];

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Auto, filter: "info".to_owned() }
    }
}

impl LogConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let format = section.word("format", &FORMATS);
        let filter = section
            .optional_read("filter", |text| EnvFilter::try_new(text).map(|_| text.to_owned()));
        section.finish();
        Self { format, filter: filter.unwrap_or_else(|| "info".to_owned()) }
    }
}

/// The name of this daemon among those that share the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeName(String);

impl NodeName {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let named = section.has("name");
        let name = section.optional_read("name", check_name);
        section.finish();
        match (name, named) {
            (Some(name), _) => Some(Self(name)),
            (None, true) => None,
            (None, false) => Some(Self(check_name(&host_name()).unwrap_or("node".to_owned()))),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The machine's own name; `localhost` when it has none that can stand in a mail.
pub(super) fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let fits = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    if fits { name } else { "localhost".to_owned() }
}
