//! The directory of the demo: its configuration and where its mail lies.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The file that every other command can be pointed at.
pub const CONFIG: &str = "consentry.toml";

/// The Maildir of hello@.
pub fn inbox(directory: &Path) -> PathBuf {
    directory.join("inbox")
}

/// The Maildir that takes the answers.
pub fn replies(directory: &Path) -> PathBuf {
    directory.join("replies")
}

/// The configuration: a model clinic, Maildirs in and out, pages on loopback.
pub fn configuration(directory: &Path, pages: SocketAddr) -> String {
    let quoted = |path: &Path| toml::Value::String(path.to_string_lossy().into_owned());
    let (data, inbox, replies) =
        (quoted(&directory.join("data")), quoted(&inbox(directory)), quoted(&replies(directory)));
    let account = toml::Value::String(crate::actor::account());
    format!(
        r#"# Made by `consentry demo`.
[organisation]
name = "Клиника «Эстетимед»"
contact = "А. Б. Орлова, +7 495 000-00-00"
domains = ["estetimed.example"]
policy_url = "https://estetimed.example/privacy"
policy_version = "2026-03-01"

# One person plays them all; in a house of several each has their own account.
[people]
shared_account = true

[[people.person]]
actor = {account}
name = "Орлова Анастасия Борисовна"
post = "ответственная за обработку персональных данных"
accounts = [{account}]

[[people.person]]
actor = "Белов"
name = "Белов Пётр Ильич"
post = "администратор информационной системы"
accounts = [{account}]

[acts]
operator_address = "119021, г. Москва, ул. Тимура Фрунзе, д. 11, стр. 2"

[data]
directory = {data}

[[mailbox]]
name = "hello"
kind = "maildir"
path = {inbox}
address = "hello@estetimed.example"
poll_interval = "2s"
authserv_ids = ["mail.estetimed.example"]

[mail]
from = "hello@estetimed.example"

# The relay of a real clinic signs; a Maildir needs no signature.
[campaign]
from = "news@estetimed.example"
relay_signs = true

[[relay]]
name = "replies"
kind = "maildir"
path = {replies}
# Slow enough to see that a word to hello@ stops a campaign that is already running.
max_per_second = 6

[web]
listen = "{pages}"
public_url = "http://{pages}"

[node]
name = "demo"
"#
    )
}

/// Writes the configuration; refuses a directory in which something else lies.
///
/// # Errors
/// When it cannot be written, or the directory holds other things.
pub fn write(directory: &Path, text: &str) -> anyhow::Result<()> {
    let path = directory.join(CONFIG);
    let is_ours = std::fs::read_to_string(&path).is_ok_and(|old| old.starts_with("# Made by"));
    let is_empty = std::fs::read_dir(directory)?.next().is_none();
    anyhow::ensure!(
        is_ours || is_empty,
        "`{}` holds other things; name an empty directory",
        directory.display()
    );
    std::fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))
}
