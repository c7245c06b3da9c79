//! Whether the archive is what the program wrote: each row against its hashes, the hashes against the
//! chain, the tables for SQL against evidence, and the chain against checkpoints kept elsewhere.
//!
//! Nothing is written into the archive, and memory does not grow with it: rows are read one by one. What
//! SQLite has to sort in a large one goes into its temporary files.

mod evidence;
mod file;
mod links;
mod projection;
mod runs;

use rusqlite::{Connection, ErrorCode};

use super::chain::Link;
use super::checkpoint::Checkpoint;
use super::error::Error;
use super::reader::ArchiveReader;

/// Something that is not as the program wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which check found it: the name of a [`Check`].
    pub check: &'static str,
    /// Where: a table and a row.
    pub place: String,
    /// What was found there, and what belongs there.
    pub what: String,
}

/// What one check did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What it holds against what.
    pub asked: &'static str,
    /// How many of it were checked.
    pub checked: u64,
    /// How many of them are not as they should be.
    pub bad: u64,
}

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The checks, in the order in which they ran.
    pub checks: Vec<Check>,
    /// The newest closed sync's sequence number and the digest that its rows give, if every link
    /// before it agrees.
    pub head: Option<(i64, Link)>,
}

impl Verification {
    /// True if every check found everything as it should be.
    pub fn is_sound(&self) -> bool {
        self.checks.iter().all(|check| check.bad == 0)
    }

    /// True if everything but the tables for SQL is as it should be: a rebuild then heals those.
    pub fn is_evidence_sound(&self) -> bool {
        self.checks.iter().all(|check| check.bad == 0 || check.name == projection::NAME)
    }

    /// True if there is neither evidence nor a closed sync that could be verified.
    pub fn is_empty(&self) -> bool {
        !self.has_links() && self.checked(evidence::PAYLOADS) == 0
    }

    /// True if a sync has ended, and so sealed what was recorded into the chain.
    pub fn has_links(&self) -> bool {
        self.checked(links::NAME) > 0
    }

    fn checked(&self, name: &str) -> u64 {
        self.checks.iter().filter(|check| check.name == name).map(|check| check.checked).sum()
    }
}

/// A check in the making.
struct Checking<'a> {
    connection: &'a Connection,
    check: Check,
    tell: &'a mut dyn FnMut(Finding),
}

impl Checking<'_> {
    fn checked(&mut self, number: u64) {
        self.check.checked += number;
    }

    fn bad(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.check.bad += 1;
        (self.tell)(Finding { check: self.check.name, place: place.into(), what: what.into() });
    }
}

type Run = fn(&mut Checking<'_>) -> rusqlite::Result<()>;

/// The checks before the chain, in their order: name, what is asked, and the function that asks.
const CHECKS: [(&str, &str, Run); 7] = [
    ("file", "SQLite's integrity_check and foreign_key_check", file::integrity),
    ("schema", "tables, indexes, triggers and views against the migrations", file::schema),
    (evidence::PAYLOADS, "payloads against their SHA-256", evidence::payloads),
    ("versions", "versions against their payloads and content hashes", evidence::versions),
    ("syncs", "syncs against their sequence and the counts of their rows", runs::syncs),
    ("observations", "runs against the syncs that saw them begin and end", runs::observations),
    (projection::NAME, "rows of the tables for SQL against evidence", projection::tables),
];

impl ArchiveReader {
    /// Verifies the archive as it is at this moment, and checkpoints against it. Each finding is told
    /// when it is made.
    ///
    /// # Errors
    /// What keeps SQLite from reading and is no damage: a lock, memory, the disk of temporary files. Damage is a finding.
    pub fn verify(
        &self,
        checkpoints: &[Checkpoint],
        tell: &mut dyn FnMut(Finding),
    ) -> Result<Verification, Error> {
        // One transaction, so that a sync meanwhile changes nothing of what is seen.
        let transaction = self.connection().unchecked_transaction();
        let verified = transaction.and_then(|transaction| verify(&transaction, checkpoints, tell));
        let verified = verified.map_err(Error::sqlite(self.path()))?;
        self.check_unchanged()?;
        Ok(verified)
    }
}

fn verify(
    connection: &Connection,
    checkpoints: &[Checkpoint],
    tell: &mut dyn FnMut(Finding),
) -> rusqlite::Result<Verification> {
    let mut checks = Vec::new();
    let mut head = None;
    let mut run = |name, asked, ask: &mut dyn FnMut(&mut Checking<'_>) -> rusqlite::Result<()>| {
        let check = Check { name, asked, checked: 0, bad: 0 };
        let mut checking = Checking { connection, check, tell: &mut *tell };
        if let Err(error) = ask(&mut checking) {
            if !is_damage(&error) {
                return Err(error);
            }
            checking.bad("the file", error.to_string());
        }
        checks.push(checking.check);
        Ok(())
    };
    for (name, asked, ask) in CHECKS {
        run(name, asked, &mut |checking| ask(checking))?;
    }
    run(links::NAME, "digests against the digest before and the rows", &mut |checking| {
        head = links::chain(checking)?;
        Ok(())
    })?;
    if !checkpoints.is_empty() {
        run("checkpoints", "checkpoints against the chain", &mut |checking| {
            links::checkpoints(checking, checkpoints)
        })?;
    }
    Ok(Verification { checks, head })
}

/// Whether SQLite could not read because of what is in the file.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _)
        | rusqlite::Error::SqlInputError { error: failure, .. } => matches!(
            failure.code,
            ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::Unknown
                | ErrorCode::TypeMismatch
                | ErrorCode::ConstraintViolation
                | ErrorCode::SystemIoFailure
        ),
        // A value of a type that the schema does not allow, a row that must be there and is not.
        _ => true,
    }
}

impl ArchiveReader {
    /// The blind windows of the view `coverage`, oldest first: from and until, UTC.
    ///
    /// # Errors
    /// [`Error::Sqlite`].
    pub fn blind_windows(&self) -> Result<Vec<(String, String)>, Error> {
        let read = || {
            self.connection()
                .prepare(
                    "SELECT from_at, until_at FROM coverage WHERE period = 'blind' ORDER BY 1",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<Vec<_>, _>>()
        };
        read().map_err(Error::sqlite(self.path()))
    }
}
