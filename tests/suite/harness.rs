//! A clean place to run the real program in, and a way to look into the archive that goes round it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

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

/// A fixed moment, so that every run of a test is the same run.
pub fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
}

/// A new organization at noon.
pub fn organization() -> Organization {
    Organization::new("o-exampleorgid", "111111111111", noon())
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
        let mut command = self.program();
        command.arg("--archive").arg(self.archive()).args(["sync", "--endpoint-url"]);
        command.arg(simulator.url()).args(["--format", "json"]).env("AWS_MAX_ATTEMPTS", "1");
        command
    }

    pub fn sync(&self, simulator: &Simulator) -> Run {
        run(&mut self.sync_command(simulator))
    }

    pub fn sync_with(&self, simulator: &Simulator, arguments: &[&str]) -> Run {
        run(self.sync_command(simulator).args(arguments))
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

/// A run of the program that has ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The one way in which a program's end comes to a test: whatever else it is to show, it must not panic.
    #[track_caller]
    pub fn of(output: Output) -> Self {
        let run = Self {
            // A signal that nobody handled has no code.
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!run.stderr.contains("panicked"), "the program panicked: {}", run.stderr);
        run
    }

    /// The JSON summary.
    #[track_caller]
    pub fn summary(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Standard error says all of this.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in: {}", self.stderr);
        }
        self
    }
}

/// Runs this program, or another that a test needs.
#[track_caller]
pub fn run(command: &mut Command) -> Run {
    let output = command.output();
    let name = command.get_program();
    Run::of(output.unwrap_or_else(|error| panic!("{} is needed: {error}", name.display())))
}

/// A run of the program that goes on. However it ends, what it wrote is looked at.
#[derive(Debug)]
pub struct Started(Option<Child>);

impl Started {
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        Self(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    /// One that reads this on its standard input.
    #[track_caller]
    pub fn with_input(command: &mut Command, input: &str) -> Self {
        let mut started = Self::of(command.stdin(Stdio::piped()));
        started.child().stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        started
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    pub fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    /// What it writes on standard output, from now on the caller's alone.
    pub fn stdout(&mut self) -> ChildStdout {
        self.child().stdout.take().unwrap()
    }

    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        run(Command::new("kill").args(["-s", name, &id])).expect(0);
    }

    pub fn is_running(&mut self) -> bool {
        self.child().try_wait().unwrap().is_none()
    }

    #[track_caller]
    pub fn wait(mut self) -> Run {
        Run::of(self.0.take().unwrap().wait_with_output().unwrap())
    }

    /// Kills it, wherever it is by now; the code of one that did not end before is -1.
    #[track_caller]
    pub fn kill(mut self) -> Run {
        self.child().kill().unwrap();
        self.wait()
    }

    /// Waits for an end that is to come by then. What it writes meanwhile must be little: nobody reads it.
    #[track_caller]
    pub fn wait_at_most(mut self, limit: Duration) -> Run {
        let began = Instant::now();
        while self.is_running() {
            if began.elapsed() > limit {
                panic!("still running after {limit:?}: {:?}", self.kill());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.wait()
    }
}

impl Drop for Started {
    /// One that was forgotten is ended here.
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        let ended = child.kill().and_then(|()| child.wait_with_output());
        if !std::thread::panicking() {
            Run::of(ended.unwrap());
        }
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
        content.extend(self.lines("SELECT i.id, v.payload FROM handshake_ids AS i JOIN handshake_versions AS v USING (handshake_id) ORDER BY 1, v.version"));
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
    runtime.block_on(sync::run(&settings, archive, plan, stop, &mut |_| {})).unwrap()
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
