//! One archive, from its first sync on.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use handshake_archive_simulator::{Organization, Simulator};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::Random;
use crate::program::Program;

/// Kills between two syncs that complete.
const KILLS_A_SYNC: u64 = 5;

/// What came of it all.
#[derive(Default)]
pub struct Count {
    /// Syncs that were killed.
    pub kills: u64,
    recording: u64,
    unborn: u64,
    completed: u64,
    /// What was not there any more, or not as AWS showed it.
    pub losses: u64,
    /// Archives that `verify` or SQLite found anything in.
    pub repairs: u64,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, recording, unborn, completed, losses, repairs } = self;
        write!(
            f,
            "{kills} kills ({recording} while recording, {unborn} before there was an archive), \
             {completed} syncs completed, {losses} losses, {repairs} repairs"
        )
    }
}

/// An archive, the organization that it is of, and what must be in it.
pub struct Life<'a> {
    program: &'a Program,
    simulator: Simulator,
    random: Random,
    folder: TempDir,
    /// What AWS showed to any sync.
    served: BTreeSet<String>,
    /// What was seen recorded.
    recorded: BTreeSet<String>,
    checkpoints: Vec<PathBuf>,
    /// How long a sync takes.
    span: Duration,
    kills: u64,
    /// The newest sync that was seen in the archive.
    newest: i64,
    /// Handshakes that may still be answered.
    pending: Vec<String>,
}

type Done = Result<(), Box<dyn Error>>;

impl<'a> Life<'a> {
    /// A new archive of a new organization.
    pub fn begin(program: &'a Program, seed: u64) -> Result<Self, Box<dyn Error>> {
        let start: DateTime<Utc> = "2026-03-01T12:00:00Z".parse()?;
        let mut organization = Organization::new("o-exampleorgid", "111111111111", start);
        organization.populate(200);
        let simulator = Simulator::start(organization);
        simulator.set_latency(Duration::from_millis(3));
        Ok(Self {
            program,
            simulator,
            random: Random(seed),
            folder: tempfile::tempdir()?,
            served: BTreeSet::new(),
            recorded: BTreeSet::new(),
            checkpoints: Vec::new(),
            span: Duration::from_millis(400),
            kills: 0,
            newest: 0,
            pending: Vec::new(),
        })
    }

    /// Starts a sync and kills it; each fifth time, one completes after that.
    pub fn kill_a_sync(&mut self, count: &mut Count) -> Done {
        self.live();
        let share = self.random.below(1000) as u32;
        // The first few strike early, where the archive is made.
        let span = if self.kills < 5 { self.span / 4 } else { self.span * 11 / 10 };
        let mut child = self.sync_command().spawn()?;
        std::thread::sleep(span * share / 1000);
        child.kill()?;
        let status = child.wait()?;
        if status.success() {
            // The moment was later than the end.
            count.completed += 1;
            self.span = self.span * 9 / 10;
            return self.look(count, false);
        }
        if status.signal() != Some(9) {
            return Err(format!("a sync that nobody killed ended with {status}").into());
        }
        count.kills += 1;
        self.kills += 1;
        self.look(count, true)?;
        if self.kills.is_multiple_of(KILLS_A_SYNC) {
            self.complete(count)?;
        }
        Ok(())
    }

    /// One more sync that completes; then every checkpoint must hold.
    pub fn end(&mut self, count: &mut Count) -> Done {
        self.complete(count)?;
        let mut verify = self.program.on(&self.archive());
        verify.arg("verify");
        for checkpoint in &self.checkpoints {
            verify.arg("--checkpoint").arg(checkpoint);
        }
        ended(&verify.output()?, 0)
    }

    /// Leaves the archive where it is, for whoever looks why it is not as it should be.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("archive.db")
    }

    fn sync_command(&self) -> Command {
        let mut command = self.program.on(&self.archive());
        command.args(["--quiet", "sync", "--endpoint-url", &self.simulator.url()]);
        command
    }

    /// A day or two of the organization.
    fn live(&mut self) {
        let random = &mut self.random;
        let pending = &mut self.pending;
        self.simulator.with(|aws| {
            aws.advance(TimeDelta::minutes(random.below(2 * 24 * 60) as i64));
            for _ in 0..random.below(16) {
                let number = random.below(1_000_000);
                pending.push(match random.below(3) {
                    0 => aws.invite_email(&format!("owner{number}@example.com"), Some("Welcome")),
                    _ => aws.invite_account(&format!("{number:012}"), None),
                });
            }
            if random.below(12) == 0 {
                let members = ["222222222222", "333333333333"];
                pending.extend(aws.enable_all_features(&members).1);
            }
            let open: BTreeSet<String> = aws
                .visible()
                .into_iter()
                .filter(|shown| matches!(shown.state.as_str(), "OPEN" | "REQUESTED"))
                .map(|shown| shown.id)
                .collect();
            pending.retain(|id| open.contains(id));
            for _ in 0..random.below(12).min(pending.len() as u64) {
                let id = pending.swap_remove(random.below(pending.len() as u64) as usize);
                match random.below(3) {
                    0 => aws.decline(&id),
                    1 => aws.cancel(&id),
                    _ => aws.accept(&id),
                }
            }
        });
        let shown = self.simulator.with(|aws| aws.visible());
        self.served.extend(shown.into_iter().map(|shown| shown.json));
    }

    /// A sync that completes, after which the archive shows what AWS shows.
    fn complete(&mut self, count: &mut Count) -> Done {
        let began = Instant::now();
        ended(&self.sync_command().output()?, 0)?;
        self.span = (self.span + began.elapsed()) / 2;
        count.completed += 1;
        self.look(count, false)?;
        let shown: BTreeSet<String> =
            self.simulator.with(|aws| aws.visible()).into_iter().map(|shown| shown.json).collect();
        let standing = texts(
            &self.database()?,
            "SELECT v.payload FROM observations AS o JOIN handshake_versions AS v USING (version_id)
             WHERE o.gone_sync_id IS NULL",
        )?;
        Self::none(count, "shown by AWS, and not so by the archive", shown.difference(&standing))?;
        Self::none(count, "shown by the archive, and not so by AWS", standing.difference(&shown))?;
        let print = self.program.on(&self.archive()).arg("checkpoint").output()?;
        ended(&print, 0)?;
        let path = self.folder.path().join(format!("checkpoint-{}", self.checkpoints.len()));
        fs::write(&path, print.stdout)?;
        self.checkpoints.push(path);
        Ok(())
    }

    /// Looks at what a sync left.
    fn look(&mut self, count: &mut Count, killed: bool) -> Done {
        if !self.archive().exists() {
            count.unborn += u64::from(killed);
            Self::none(count, "recorded, and the archive is gone", self.recorded.iter())?;
            return Ok(());
        }
        let database = self.database()?;
        for (sql, good) in
            [("PRAGMA integrity_check", &["ok"][..]), ("PRAGMA foreign_key_check", &[])]
        {
            let found = texts(&database, sql)?;
            if found.iter().ne(good) {
                return Err(format!("{sql}: {found:?}").into());
            }
        }
        // The row of the sync before this one stays as it is when this one was killed before its own.
        let (newest, recording): (i64, bool) = database.query_row(
            "SELECT ifnull(max(id), 0), ifnull(outcome = 'running' AND pages > 0, 0) FROM syncs",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        count.recording += u64::from(killed && recording && newest > self.newest);
        self.newest = newest;
        let found = texts(&database, "SELECT payload FROM handshake_versions")?;
        drop(database);
        Self::none(count, "recorded, and no longer there", self.recorded.difference(&found))?;
        Self::none(count, "never shown by AWS", found.difference(&self.served))?;
        self.recorded = found;
        let mut verify = self.program.on(&self.archive());
        verify.arg("verify");
        let output = verify.output()?;
        // Where nothing is recorded yet there is nothing to verify, or a sync that was shown nothing.
        if self.recorded.is_empty() && output.status.code() == Some(6) {
            return Ok(());
        }
        ended(&output, 0)
    }

    /// Nothing of this may be: each is a loss, and ends the life.
    fn none<'b>(count: &mut Count, what: &str, payloads: impl Iterator<Item = &'b String>) -> Done {
        let mut lost = 0;
        for payload in payloads {
            println!("{what}: {payload}");
            lost += 1;
        }
        count.losses += lost;
        if lost == 0 { Ok(()) } else { Err(format!("{lost} handshakes: {what}").into()) }
    }

    fn database(&self) -> rusqlite::Result<Connection> {
        Connection::open_with_flags(self.archive(), OpenFlags::SQLITE_OPEN_READ_ONLY)
    }
}

fn texts(database: &Connection, sql: &str) -> rusqlite::Result<BTreeSet<String>> {
    database.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

fn ended(output: &Output, code: i32) -> Done {
    if output.status.code() == Some(code) {
        return Ok(());
    }
    let (report, error) = (&output.stdout, &output.stderr);
    let (report, error) = (String::from_utf8_lossy(report), String::from_utf8_lossy(error));
    Err(format!("a command ended with {} instead of {code}: {report}{error}", output.status).into())
}
