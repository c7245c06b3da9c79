//! A clean place to run the real program in, and a way to look into the archive that goes round it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use chrono::{DateTime, TimeZone, Utc};
use handshake_archive::archive::{Archive, Error};
use handshake_archive::clock::Clock;
use handshake_archive::handshake::Filter;
use handshake_archive::organizations::Settings;
use handshake_archive::sync::{self, Plan, Report};
use handshake_archive_simulator::{Organization, Simulator};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::process::{Run, run};

/// A fixed moment, so that every run of a test is the same run.
pub fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
}

/// A new organization at noon.
pub fn organization() -> Organization {
    Organization::new("o-exampleorgid", "111111111111", noon())
}

/// The endpoint of a new organization with so many invitations.
pub fn populated(count: usize) -> Simulator {
    let mut organization = organization();
    organization.populate(count);
    Simulator::start(organization)
}

/// A folder of its own, and the program in an environment of its own.
pub struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn archive(&self) -> PathBuf {
        self.path("archive.db")
    }

    /// The program, without any of this process's environment, and without credentials.
    pub fn bare(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handshake-archive"));
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// The program with credentials.
    pub fn program(&self) -> Command {
        let mut command = self.bare();
        command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command
    }

    /// `sync` of this folder's archive from a simulator, one attempt a call.
    pub fn sync_command(&self, simulator: &Simulator) -> Command {
        self.sync_command_of(&self.archive(), simulator)
    }

    /// The same of another archive.
    pub fn sync_command_of(&self, archive: &Path, simulator: &Simulator) -> Command {
        let mut command = self.program();
        command.arg("--archive").arg(archive).args(["sync", "--endpoint-url"]);
        command.arg(simulator.url()).args(["--format", "json"]).env("AWS_MAX_ATTEMPTS", "1");
        command
    }

    pub fn sync(&self, simulator: &Simulator) -> Run {
        run(&mut self.sync_command(simulator))
    }

    pub fn sync_with(&self, simulator: &Simulator, arguments: &[&str]) -> Run {
        run(self.sync_command(simulator).args(arguments))
    }

    /// Another command on this folder's archive.
    pub fn ask(&self, arguments: &[&str]) -> Run {
        run(self.bare().arg("--archive").arg(self.archive()).args(arguments))
    }

    pub fn database(&self) -> Database {
        Database::open(&self.archive())
    }

    /// Every name in the folder with its content, to see that nothing was changed.
    pub fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let mut contents: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let content =
                    if entry.path().is_file() { fs::read(entry.path()).unwrap() } else { vec![] };
                (entry.file_name().into_string().unwrap(), content)
            })
            .collect();
        contents.sort();
        contents
    }
}

/// The archive through plain SQLite, read-only.
pub struct Database(Connection);

impl Database {
    pub fn open(path: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        Self(connection)
    }

    #[track_caller]
    pub fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let mut statement = self.0.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement
            .query_map([], |row| (0..columns).map(|column| row.get(column)).collect())
            .unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// The first column as text, `NULL` for null.
    #[track_caller]
    pub fn texts(&self, sql: &str) -> Vec<String> {
        self.rows(sql).into_iter().map(|row| text(&row[0])).collect()
    }

    /// Each row as text, its columns joined by `|`.
    #[track_caller]
    pub fn lines(&self, sql: &str) -> Vec<String> {
        let line = |row: Vec<Value>| row.iter().map(text).collect::<Vec<_>>().join("|");
        self.rows(sql).into_iter().map(line).collect()
    }

    #[track_caller]
    pub fn number(&self, sql: &str) -> i64 {
        self.0.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// SQLite's own checks, and that no sync but the newest may be running.
    #[track_caller]
    pub fn assert_sound(&self) {
        assert_eq!(self.texts("PRAGMA integrity_check"), ["ok"]);
        assert_eq!(self.rows("PRAGMA foreign_key_check"), Vec::<Vec<Value>>::new());
        assert_eq!(
            self.number(
                "SELECT count(*) FROM syncs WHERE (outcome = 'running') <> (digest IS NULL)"
            ),
            0
        );
    }

    /// Everything that does not depend on when and in how many attempts it was recorded: the newest
    /// content of every handshake, and every payload.
    #[track_caller]
    pub fn content(&self) -> Vec<String> {
        let mut content = self.lines(
            "SELECT id, arn, organization_id, action, state, requested_at, expires_at, parent_handshake_id,
                    gone_at IS NULL FROM handshakes ORDER BY id",
        );
        content.extend(self.lines("SELECT h.id, p.position, p.type, p.party_id FROM handshakes AS h JOIN parties AS p USING (handshake_id) ORDER BY 1, 2"));
        content.extend(self.lines("SELECT h.id, r.ordinal, r.parent_ordinal, r.depth, r.type, r.value FROM handshakes AS h JOIN resources AS r USING (handshake_id) ORDER BY 1, 2"));
        content.extend(self.lines("SELECT i.id, v.payload FROM handshakes AS i JOIN handshake_versions AS v USING (handshake_id) ORDER BY 1, v.version"));
        content
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// One sync inside this process, by the simulator's clock: the real SDK over real HTTP.
pub fn sync_by_simulated_clock(
    simulator: &Arc<Simulator>,
    archive: &Path,
    filter: Filter,
) -> Report {
    sync_until(simulator, archive, filter, std::future::pending())
}

/// As [`sync_by_simulated_clock`], but told to stop when `stop` is ready.
pub fn sync_until(
    simulator: &Arc<Simulator>,
    archive: &Path,
    filter: Filter,
    stop: impl Future<Output = ()>,
) -> Report {
    let clock = Arc::clone(simulator);
    let clock: Clock = Arc::new(move || clock.now());
    let plan = Plan { filter, page_size: 20, deadline: IN_PROCESS, clock };
    sync_here(simulator, archive, &plan, stop)
}

/// As [`sync_by_simulated_clock`], by any clock: that of a host that is wrong.
pub fn sync_by_clock(
    simulator: &Simulator,
    clock: Clock,
    archive: &Path,
    filter: Filter,
) -> Report {
    let plan = Plan { filter, page_size: 20, deadline: IN_PROCESS, clock };
    sync_here(simulator, archive, &plan, std::future::pending())
}

/// The longest that a sync inside this process may take.
pub const IN_PROCESS: Duration = Duration::from_secs(60);

/// One sync inside this process, by any plan.
pub fn sync_here(
    simulator: &Simulator,
    archive: &Path,
    plan: &Plan,
    stop: impl Future<Output = ()>,
) -> Report {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let settings = Settings {
        region: Some("us-east-1".to_owned()),
        endpoint_url: Some(simulator.url()),
        max_attempts: Some(1),
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        ..Settings::default()
    };
    let archive = open(archive);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(sync::run(&settings, move || Ok(archive), plan, stop, &mut |_| {})).unwrap()
}

/// Opens an archive to record on it.
///
/// A process that another test starts at the same time has a copy of every open file until it runs its
/// own program, and with it the lock of an archive that was closed a moment ago: that passes.
pub fn open(path: &Path) -> Archive {
    for _ in 0..500 {
        match Archive::open(path) {
            Err(Error::Locked(_)) => std::thread::sleep(Duration::from_millis(10)),
            other => return other.unwrap(),
        }
    }
    panic!("{} stays locked", path.display());
}
