//! The row of a sync, from its beginning to its digest.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::chain;
use super::sync_record::{Identity, Outcome, SyncRecord};
use crate::handshake::Filter;

/// Begins a sync and gives its sequence number.
///
/// # Errors
/// Those of SQLite.
pub fn insert(connection: &Connection, started_at: &str, filter: &Filter) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO syncs (id, started_at, outcome, filter_action_type, filter_parent_handshake_id, tool_version)
             VALUES ((SELECT 1 + ifnull(max(id), 0) FROM syncs), ?1, 'running', ?2, ?3, ?4)",
        )?
        .insert((
            started_at,
            filter.action_type(),
            filter.parent_handshake_id(),
            env!("CARGO_PKG_VERSION"),
        ))
}

/// Closes as interrupted what a killed sync left running. `found_at` is then the only known bound
/// of its end.
///
/// # Errors
/// Those of SQLite.
pub fn interrupt_running(connection: &Connection, found_at: &str) -> rusqlite::Result<()> {
    let mut running = connection
        .prepare_cached("SELECT id FROM syncs WHERE outcome = 'running' ORDER BY id LIMIT 1")?;
    while let Some(sync_id) = running.query_row([], |row| row.get(0)).optional()? {
        let message = "the process ended before the sync did; the next sync found it".to_owned();
        close(connection, sync_id, &Outcome::Interrupted { message }, found_at)?;
    }
    Ok(())
}

/// Sets when the first page was asked for, once.
///
/// # Errors
/// Those of SQLite.
pub fn set_observed_at(connection: &Connection, sync_id: i64, time: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE syncs SET observed_at = ?2 WHERE id = ?1")?
        .execute((sync_id, time))?;
    Ok(())
}

/// Sets what the sync lists, once.
///
/// # Errors
/// Those of SQLite.
pub fn set_source(connection: &Connection, sync_id: i64, source_id: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE syncs SET source_id = ?2 WHERE id = ?1")?
        .execute((sync_id, source_id))?;
    Ok(())
}

/// Sets how far the sync has come.
///
/// # Errors
/// Those of SQLite.
pub fn set_progress(
    connection: &Connection,
    sync_id: i64,
    pages: i64,
    listed: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE syncs SET pages = ?2, listed = ?3 WHERE id = ?1")?
        .execute((sync_id, pages, listed))?;
    Ok(())
}

/// Sets who asked and where.
///
/// # Errors
/// Those of SQLite.
pub fn set_identity(
    connection: &Connection,
    sync_id: i64,
    identity: &Identity,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE syncs SET caller_arn = ?2, endpoint = ?3 WHERE id = ?1")?
        .execute((sync_id, &identity.caller_arn, &identity.endpoint))?;
    Ok(())
}

/// Closes a sync: its outcome, the counts that its changes give, and its link of the chain.
///
/// Where the clock was set back meanwhile, `finished_at` is when the first page was asked for: if it
/// lay before that, the coverage would reach back further than AWS shows.
///
/// # Errors
/// Those of SQLite.
pub fn close(
    connection: &Connection,
    sync_id: i64,
    outcome: &Outcome,
    finished_at: &str,
) -> rusqlite::Result<SyncRecord> {
    let (code, message) = match outcome {
        Outcome::Complete => (None, None),
        Outcome::Failed { code, message } => (Some(code.as_str()), Some(message)),
        Outcome::Interrupted { message } => (Some("Interrupted"), Some(message)),
    };
    let (added, changed) = count_new(connection, sync_id)?;
    connection
        .prepare_cached(
            "UPDATE syncs SET finished_at = max(:finished_at, started_at, ifnull(observed_at, started_at)), outcome = :outcome,
                 error_code = :code, error_message = :message,
                 added = :added, changed = :changed,
                 gone = (SELECT count(DISTINCT o.handshake_id) FROM observations AS o
                         WHERE o.gone_sync_id = :id AND NOT EXISTS (
                             SELECT 1 FROM observations AS b
                             WHERE b.handshake_id = o.handshake_id AND b.source_id = o.source_id
                               AND b.gone_sync_id IS NULL)),
                 quarantined = (SELECT count(*) FROM quarantine AS q WHERE q.sync_id = :id)
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": sync_id,
            ":added": added,
            ":changed": changed,
            ":finished_at": finished_at,
            ":outcome": outcome.name(),
            ":code": code,
            ":message": message,
        })?;
    let before = match digest(connection, sync_id - 1)? {
        Some(digest) => digest,
        None => chain::genesis(connection)?,
    };
    let link = chain::link(connection, &before, sync_id)?;
    connection
        .prepare_cached("UPDATE syncs SET digest = ?2 WHERE id = ?1")?
        .execute((sync_id, chain::hex(&link)))?;
    read(connection, sync_id)
}

/// How many handshakes a sync saw that no sync saw before, and how many that one did, with other content or back
/// after having been gone.
fn count_new(connection: &Connection, sync_id: i64) -> rusqlite::Result<(i64, i64)> {
    let (runs, added): (i64, i64) = connection
        .prepare_cached(
            "SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (
                 SELECT 1 FROM observations AS b
                 WHERE b.handshake_id = o.handshake_id AND b.observation_id < o.observation_id))
             FROM observations AS o WHERE o.seen_sync_id = ?1",
        )?
        .query_row([sync_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if runs == added {
        return Ok((added, 0));
    }
    // A handshake may have had several runs in one sync.
    let changed = connection
        .prepare_cached(
            "SELECT count(DISTINCT o.handshake_id) FROM observations AS o
             WHERE o.seen_sync_id = ?1 AND EXISTS (
                 SELECT 1 FROM observations AS b
                 WHERE b.handshake_id = o.handshake_id AND b.observation_id < o.observation_id
                   AND b.seen_sync_id < ?1)",
        )?
        .query_row([sync_id], |row| row.get(0))?;
    Ok((added, changed))
}

fn digest(connection: &Connection, sync_id: i64) -> rusqlite::Result<Option<chain::Link>> {
    let text: Option<String> = connection
        .prepare_cached("SELECT digest FROM syncs WHERE id = ?1")?
        .query_row([sync_id], |row| row.get(0))
        .optional()?;
    text.map(|text| chain::read(&text, sync_id)).transpose()
}

fn read(connection: &Connection, sync_id: i64) -> rusqlite::Result<SyncRecord> {
    connection
        .prepare_cached(
            "SELECT y.outcome, s.owner_id, y.pages, y.listed, y.added, y.changed, y.gone, y.quarantined,
                 y.started_at, y.finished_at, y.error_code, y.error_message, y.digest
             FROM syncs AS y LEFT JOIN sources AS s USING (source_id) WHERE y.id = ?1",
        )?
        .query_row([sync_id], |row| {
            Ok(SyncRecord {
                sequence: sync_id,
                outcome: row.get(0)?,
                organization_id: row.get(1)?,
                pages: row.get(2)?,
                listed: row.get(3)?,
                added: row.get(4)?,
                changed: row.get(5)?,
                gone: row.get(6)?,
                quarantined: row.get(7)?,
                started_at: row.get(8)?,
                finished_at: row.get(9)?,
                error_code: row.get(10)?,
                error_message: row.get(11)?,
                digest: row.get(12)?,
            })
        })
}
