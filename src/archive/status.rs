//! How the archive stands: what it covers, where it is blind, and what is due.
//!
//! AWS shows a handshake until 30 days after it ended ([`SHOWN_FOR`]). So two complete, unrestricted
//! syncs of a source less than that apart miss nothing between them, and each sets a deadline for the
//! next. The periods are those of the view `coverage`; what it cannot know, since it has no clock, is
//! the window that opens when a deadline has passed.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;

use super::error::Error;
use super::reader::ArchiveReader;
use super::timestamp::{Timestamp, timestamp};

/// How long AWS shows a handshake after it ended.
pub const SHOWN_FOR: TimeDelta = TimeDelta::days(30);

/// How the archive stands at a moment. As JSON, members are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The moment, by the clock of whoever asked. UTC, as all times here.
    pub checked_at: Timestamp,
    /// The archive's random identity, 32 hexadecimal digits.
    pub archive_id: String,
    /// Bytes of the file and of the `-wal` beside it.
    pub size_bytes: u64,
    /// The newest link of the chain; null before the first sync has ended.
    pub head: Option<Head>,
    /// A sync that has begun and not ended: it runs, or was killed and the next one will find it.
    pub unfinished_sync: Option<Unfinished>,
    /// What was listed, in the order in which it first was.
    pub sources: Vec<SourceStatus>,
    /// Syncs that ended before AWS had told whose list it was.
    pub without_source: WithoutSource,
}

/// A link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The sequence number of its sync.
    pub sequence: i64,
    /// 64 hexadecimal digits.
    pub digest: String,
}

/// A sync that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// Its sequence number.
    pub sequence: i64,
    /// When it began.
    pub started_at: Timestamp,
}

/// How one source stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceStatus {
    /// What was listed: the name of the API operation.
    pub operation: String,
    /// Whose list it was, `o-…`; null where nothing told it.
    pub owner_id: Option<String>,
    /// The last complete sync that was not restricted to an action or a parent; null if none was.
    pub last_complete: Option<LastComplete>,
    /// The periods of which no handshake is missing; the oldest first.
    pub covered: Vec<Covered>,
    /// The periods of which handshakes may be missing; the oldest first.
    pub blind: Vec<Blind>,
    /// The syncs since the last complete one that failed or were interrupted; the oldest first. One
    /// that ended before AWS had told whose list it was counts for every source.
    pub failed_syncs: Vec<FailedSync>,
    /// Handshakes that were ever seen.
    pub handshakes: i64,
    /// The same by their newest state, in the order of its name.
    pub states: Vec<StateCount>,
    /// Contents that they ever had.
    pub versions: i64,
    /// Handshakes that are `REQUESTED` or `OPEN` and that AWS shows, as of the last sync.
    pub pending: i64,
    /// Pending handshakes whose expiry lies from now on within the time that was asked for.
    pub expiring: i64,
    /// Handshakes that AWS no longer shows and that were last seen `REQUESTED` or `OPEN`: what became
    /// of them is not known.
    pub unknown_outcomes: i64,
    /// What this source's syncs could not read as a handshake, each time that it came.
    pub quarantined: i64,
}

/// The last complete sync of a source, and until when there must be another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastComplete {
    /// Its sequence number.
    pub sequence: i64,
    /// When it asked for its first page: the archive knows what AWS showed then.
    pub observed_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// Whole seconds since `observed_at`; negative when that lies in the future.
    pub age_seconds: i64,
    /// By when the next complete sync must have ended: 30 days after `observed_at`.
    pub deadline_at: Timestamp,
}

/// A period of which every handshake that was pending at any moment of it is in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// Its beginning: 30 days before the end of its first sync.
    pub from_at: Timestamp,
    /// Its end: when its last sync asked.
    pub until_at: Timestamp,
    /// The complete syncs in it.
    pub syncs: i64,
}

/// A blind window: a handshake that was requested after its beginning and had ended before its end
/// may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blind {
    /// When the last complete sync before it asked.
    pub from_at: Timestamp,
    /// 30 days before the end of the next complete sync, or before now while there is none.
    pub until_at: Timestamp,
    /// Whether it grows: the deadline has passed, and no complete sync has ended since.
    pub growing: bool,
}

/// A sync that did not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedSync {
    /// Its sequence number.
    pub sequence: i64,
    /// `failed` or `interrupted`.
    pub outcome: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; of a killed one, when the next one found it.
    pub finished_at: Timestamp,
    /// Why: AWS's error code, or one of this program's.
    pub error_code: Option<String>,
    /// The same for people.
    pub error_message: Option<String>,
}

/// How many handshakes have a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateCount {
    /// `OPEN`, …; null where AWS gave none.
    pub state: Option<String>,
    /// The handshakes.
    pub handshakes: i64,
}

/// What belongs to no source: AWS had not yet told whose list it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WithoutSource {
    /// The syncs that failed or were interrupted, since the last complete one of any source; the
    /// oldest first.
    pub failed_syncs: Vec<FailedSync>,
    /// What they and others before them could not read.
    pub quarantined: i64,
}

impl ArchiveReader {
    /// How the archive stands `now`: one state of it, whatever a sync writes meanwhile. A pending
    /// handshake counts as expiring when its expiry is no farther ahead than `expiring_within`.
    ///
    /// # Errors
    /// [`Error::Sqlite`], also for a time that is none; [`Error::Io`], [`Error::Changed`].
    pub fn status(&self, now: DateTime<Utc>, expiring_within: TimeDelta) -> Result<Status, Error> {
        let size_bytes = self.size()?;
        let read = || {
            // One transaction is one state.
            let transaction = self.connection().unchecked_transaction()?;
            read(&transaction, size_bytes, now, expiring_within)
        };
        let status = read().map_err(Error::sqlite(self.path()))?;
        self.check_unchanged()?;
        Ok(status)
    }
}

fn read(
    connection: &Connection,
    size_bytes: u64,
    now: DateTime<Utc>,
    expiring_within: TimeDelta,
) -> rusqlite::Result<Status> {
    let mut sources = sources(connection, now)?;
    let failed = failed_syncs(connection, &sources)?;
    read_periods(connection, &mut sources, now)?;
    read_handshakes(connection, &mut sources, now, expiring_within)?;
    read_counts(connection, &mut sources)?;
    let last = |status: &SourceStatus| status.last_complete.as_ref().map_or(0, |l| l.sequence);
    for (&source_id, status) in &mut sources {
        let after = last(status);
        let of_source = |source: &Option<i64>| source.is_none_or(|id| id == source_id);
        status.failed_syncs = select(&failed, |source, sync| of_source(source) && sync > after);
    }
    let after = sources.values().map(last).max().unwrap_or(0);
    Ok(Status {
        checked_at: Timestamp(now),
        archive_id: connection
            .query_row("SELECT archive_id FROM archive", [], |row| row.get(0))?,
        size_bytes,
        head: connection
            .query_row(
                "SELECT id, digest FROM syncs WHERE digest IS NOT NULL ORDER BY id DESC LIMIT 1",
                [],
                |row| Ok(Head { sequence: row.get(0)?, digest: row.get(1)? }),
            )
            .optional()?,
        unfinished_sync: connection
            .query_row(
                "SELECT id, started_at FROM syncs WHERE outcome = 'running' ORDER BY id DESC LIMIT 1",
                [],
                |row| Ok(Unfinished { sequence: row.get(0)?, started_at: row.get(1)? }),
            )
            .optional()?,
        without_source: WithoutSource {
            failed_syncs: select(&failed, |source, sync| source.is_none() && sync > after),
            quarantined: connection.query_row(
                "SELECT count(*) FROM quarantine JOIN syncs ON syncs.id = sync_id WHERE source_id IS NULL",
                [],
                |row| row.get(0),
            )?,
        },
        sources: sources.into_values().collect(),
    })
}

/// The sources by their number, with their last complete sync and nothing else.
fn sources(
    connection: &Connection,
    now: DateTime<Utc>,
) -> rusqlite::Result<BTreeMap<i64, SourceStatus>> {
    let last_complete = |row: &Row<'_>| {
        let Some(sequence) = row.get(3)? else { return Ok(None) };
        let observed_at: Timestamp = row.get(4)?;
        Ok::<_, rusqlite::Error>(Some(LastComplete {
            sequence,
            observed_at,
            finished_at: row.get(5)?,
            age_seconds: (now - observed_at.0).num_milliseconds().div_euclid(1000),
            deadline_at: Timestamp(observed_at.0 + SHOWN_FOR),
        }))
    };
    connection
        .prepare(
            "SELECT s.source_id, s.operation, s.owner_id, y.id, y.observed_at, y.finished_at
             FROM sources AS s LEFT JOIN syncs AS y ON y.id = (
                 SELECT max(c.id) FROM syncs AS c
                 WHERE c.source_id = s.source_id AND c.outcome = 'complete' AND c.observed_at IS NOT NULL
                   AND c.filter_action_type IS NULL AND c.filter_parent_handshake_id IS NULL)",
        )?
        .query_map([], |row| {
            let status = SourceStatus {
                operation: row.get(1)?,
                owner_id: row.get(2)?,
                last_complete: last_complete(row)?,
                covered: Vec::new(),
                blind: Vec::new(),
                failed_syncs: Vec::new(),
                handshakes: 0,
                states: Vec::new(),
                versions: 0,
                pending: 0,
                expiring: 0,
                unknown_outcomes: 0,
                quarantined: 0,
            };
            Ok((row.get(0)?, status))
        })?
        .collect()
}

/// A failed sync and its source, if that is known.
type Failed = (Option<i64>, FailedSync);

/// The failed syncs since the last complete one of the source of which that is the longest ago.
fn failed_syncs(
    connection: &Connection,
    sources: &BTreeMap<i64, SourceStatus>,
) -> rusqlite::Result<Vec<Failed>> {
    let last = sources.values().map(|s| s.last_complete.as_ref().map_or(0, |l| l.sequence));
    connection
        .prepare(
            "SELECT source_id, id, outcome, started_at, finished_at, error_code, error_message FROM syncs
             WHERE outcome IN ('failed', 'interrupted') AND id > ?1 ORDER BY id",
        )?
        .query_map([last.min().unwrap_or(0)], |row| {
            let sync = FailedSync {
                sequence: row.get(1)?,
                outcome: row.get(2)?,
                started_at: row.get(3)?,
                finished_at: row.get(4)?,
                error_code: row.get(5)?,
                error_message: row.get(6)?,
            };
            Ok((row.get(0)?, sync))
        })?
        .collect()
}

fn select(failed: &[Failed], which: impl Fn(&Option<i64>, i64) -> bool) -> Vec<FailedSync> {
    let selected = failed.iter().filter(|(source, sync)| which(source, sync.sequence));
    selected.map(|(_, sync)| sync.clone()).collect()
}

/// The periods of the view, and the window that has been growing since a deadline passed.
fn read_periods(
    connection: &Connection,
    sources: &mut BTreeMap<i64, SourceStatus>,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "SELECT source_id, period, from_at, until_at, syncs FROM coverage
         WHERE from_at IS NOT NULL AND until_at IS NOT NULL ORDER BY source_id, from_at, until_at",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Some(status) = sources.get_mut(&row.get(0)?) else { continue };
        let (from_at, until_at) = (row.get(2)?, row.get(3)?);
        match row.get_ref(1)?.as_str()? {
            "blind" => status.blind.push(Blind { from_at, until_at, growing: false }),
            _ => status.covered.push(Covered { from_at, until_at, syncs: row.get(4)? }),
        }
    }
    for status in sources.values_mut() {
        if let Some(last) = status.last_complete.as_ref().filter(|last| last.deadline_at.0 < now) {
            let (from_at, until_at) = (last.observed_at, Timestamp(now - SHOWN_FOR));
            status.blind.push(Blind { from_at, until_at, growing: true });
        }
    }
    Ok(())
}

fn read_handshakes(
    connection: &Connection,
    sources: &mut BTreeMap<i64, SourceStatus>,
    now: DateTime<Utc>,
    expiring_within: TimeDelta,
) -> rusqlite::Result<()> {
    // The archive's text form ends with the year 9999, and so do its expiries.
    let soon = now
        .checked_add_signed(expiring_within)
        .filter(|soon| soon.year() <= 9999)
        .map_or_else(|| "9999-12-31T23:59:59.999Z".to_owned(), timestamp);
    let mut statement = connection.prepare(
        // By the first run of a handshake in a source: in time with the runs, however many the sources.
        "SELECT o.source_id, h.state, count(*), count(*) FILTER (WHERE h.gone_at IS NULL),
             count(*) FILTER (WHERE h.gone_at IS NULL AND h.expires_at BETWEEN :now AND :soon)
         FROM observations AS o JOIN handshakes AS h USING (handshake_id)
         WHERE NOT EXISTS (SELECT 1 FROM observations AS b
                           WHERE b.handshake_id = o.handshake_id AND b.source_id = o.source_id
                             AND b.observation_id < o.observation_id)
         GROUP BY o.source_id, h.state ORDER BY o.source_id, h.state",
    )?;
    let mut rows = statement.query(named_params! { ":now": timestamp(now), ":soon": soon })?;
    while let Some(row) = rows.next()? {
        let Some(status) = sources.get_mut(&row.get(0)?) else { continue };
        let state: Option<String> = row.get(1)?;
        let (handshakes, shown): (i64, i64) = (row.get(2)?, row.get(3)?);
        status.handshakes += handshakes;
        if let Some("REQUESTED" | "OPEN") = state.as_deref() {
            status.pending += shown;
            status.unknown_outcomes += handshakes - shown;
            status.expiring += row.get::<_, i64>(4)?;
        }
        status.states.push(StateCount { state, handshakes });
    }
    Ok(())
}

fn read_counts(
    connection: &Connection,
    sources: &mut BTreeMap<i64, SourceStatus>,
) -> rusqlite::Result<()> {
    let count = |sql| {
        connection
            .prepare(sql)?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<BTreeMap<i64, i64>>>()
    };
    let versions =
        count("SELECT source_id, count(DISTINCT version_id) FROM observations GROUP BY source_id")?;
    let quarantined = count(
        "SELECT source_id, count(*) FROM quarantine JOIN syncs ON syncs.id = sync_id
         WHERE source_id IS NOT NULL GROUP BY source_id",
    )?;
    for (source_id, status) in sources {
        status.versions = versions.get(source_id).copied().unwrap_or(0);
        status.quarantined = quarantined.get(source_id).copied().unwrap_or(0);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
