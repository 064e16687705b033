//! PostgreSQL with a data directory of its own; every test takes a fresh database in it.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result};
use rustix::process::Signal;

use crate::{
    child::{OwnedProcess, run},
    place::{Place, Port, runs_as_root},
    wait::{LONG, wait_for},
};

/// How long it is tried to start it, each time anew.
const STARTS: Duration = Duration::from_secs(15);

/// A running PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    process: Option<OwnedProcess>,
    bin: PathBuf,
    data: PathBuf,
    log: PathBuf,
    port: Port,
    owner: Option<(u32, u32)>,
    next_database: AtomicU32,
    _place: Place,
}

impl Postgres {
    /// Makes a data directory and starts a server in it. As root, both run as user postgres.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not get ready.
    pub fn start() -> Result<Self> {
        let place = Place::new()?;
        let port = Port::reserve()?;
        let dir = place.room("postgres")?;
        let owner = if runs_as_root() {
            let id = |flag| -> Result<u32> {
                Ok(run(Command::new("id").args([flag, "postgres"]))?.trim().parse()?)
            };
            let owner = (id("-u")?, id("-g")?);
            chown(&dir, Some(owner.0), Some(owner.1))?;
            Some(owner)
        } else {
            None
        };
        let mut postgres = Self {
            process: None,
            bin: newest_installation()?,
            data: dir.join("data"),
            log: place.path().join("postgres.log"),
            port,
            owner,
            next_database: AtomicU32::new(0),
            _place: place,
        };
        let mut initdb = postgres.command("initdb");
        initdb.arg("-D").arg(&postgres.data).args([
            "-U",
            "consentry",
            "--auth=trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        run(&mut initdb)?;
        postgres.resume()?;
        Ok(postgres)
    }

    /// Makes an empty database and returns its URL.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn database(&self) -> Result<String> {
        let name = format!("test_{}", self.next_database.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url_of(&name))
    }

    /// The URL of a database that is there.
    #[must_use]
    pub fn url_of(&self, name: &str) -> String {
        format!("postgres://consentry@127.0.0.1:{}/{name}", self.port.number())
    }

    /// Runs SQL in a database and returns the rows, columns parted by `|`.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn execute(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = self.command("psql");
        let port = self.port.number().to_string();
        psql.args(["-h", "127.0.0.1", "-p", &port, "-U", "consentry", "-XqAt"]).args([
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database,
            "-c",
            sql,
        ]);
        run(&mut psql)
    }

    /// Its data directory: tables, the log, samples of the planner.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Copies a database as an administrator does (`pg_dump --format=custom`); returns the file.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn dump(&self, database: &str) -> Result<PathBuf> {
        let file = self.data.with_file_name(format!("{database}.dump"));
        let mut dump = self.command("pg_dump");
        let port = self.port.number().to_string();
        dump.args(["-h", "127.0.0.1", "-p", &port, "-U", "consentry", "--format=custom"]);
        run(dump.arg("--file").arg(&file).arg(database))?;
        Ok(file)
    }

    /// Puts a copy in place of a database: dropped, made anew, `pg_restore`.
    ///
    /// # Errors
    /// When somebody still uses the database, or not all of the copy can be put there.
    pub fn put_back(&self, database: &str, from: &Path) -> Result<()> {
        self.execute("postgres", &format!("DROP DATABASE IF EXISTS {database}"))?;
        self.execute("postgres", &format!("CREATE DATABASE {database}"))?;
        let mut restore = self.command("pg_restore");
        let port = self.port.number().to_string();
        restore.args(["-h", "127.0.0.1", "-p", &port, "-U", "consentry", "--exit-on-error"]);
        run(restore.args(["-d", database]).arg(from))?;
        Ok(())
    }

    /// An administrator's fast stop: open transactions are rolled back.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::INT)?;
            process.wait(LONG)?;
        }
        Ok(())
    }

    /// kill -9 of the postmaster; its children notice and end.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
        }
        Ok(())
    }

    /// Starts it again on the same data and port.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn resume(&mut self) -> Result<()> {
        self.port.wait_free()?;
        // The children of a killed postmaster hold its shared memory for a moment, and as long as
        // they do a new one ends at once.
        let mut refusal = None;
        let started = wait_for("PostgreSQL starts", STARTS, || match self.try_start() {
            Ok(process) => Ok(Some(process)),
            Err(error) => {
                refusal = Some(error);
                Ok(None)
            }
        });
        match (started, refusal) {
            (Ok(process), _) => self.process = Some(process),
            (Err(error), refusal) => return Err(refusal.unwrap_or(error)),
        }
        Ok(())
    }

    fn try_start(&self) -> Result<OwnedProcess> {
        let port = self.port.number().to_string();
        let mut command = self.command("postgres");
        command.arg("-D").arg(&self.data).args(["-p", &port, "-h", "127.0.0.1", "-k", ""]).args([
            "-c",
            "fsync=off",
            "-c",
            "max_connections=100",
            "-c",
            "shared_buffers=64MB",
            "-c",
            "track_commit_timestamp=on",
        ]);
        // SIGINT is PostgreSQL's fast stop; SIGTERM would wait for every client to leave.
        let mut process =
            OwnedProcess::spawn("postgres", command, &self.log)?.ended_by(Signal::INT);
        process
            .wait_ready(Duration::from_secs(30), || self.execute("postgres", "SELECT 1").is_ok())?;
        Ok(process)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir("/").env("LC_ALL", "C");
        if let Some((uid, gid)) = self.owner {
            command.uid(uid).gid(gid);
        }
        command
    }
}

fn newest_installation() -> Result<PathBuf> {
    let root = Path::new("/usr/lib/postgresql");
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(root)
        .context("PostgreSQL is not installed; tests/run installs it")?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            path.join("bin/initdb").is_file().then(|| (version, path.join("bin")))
        })
        .collect();
    versions.sort();
    let (_, bin) = versions.pop().context("PostgreSQL is not installed; tests/run installs it")?;
    Ok(bin)
}
