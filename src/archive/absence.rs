//! When not being shown is a fact.
//!
//! A handshake that a complete sync did not show is gone, if that sync asked the question that used
//! to show it. A list restricted to an action answers for handshakes of that action; a list of one
//! parent's children answers for the children that it used to show; and a child that was never in
//! the unrestricted list is not missed there, only in the list of its parent, or when AWS no longer
//! knows that parent.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::evidence;
use super::projection;
use super::sync_record::ChildrenAnswer;
use crate::handshake::{self, Filter};

/// The lists that a complete sync read up to their end.
#[derive(Debug)]
pub struct Lists<'a> {
    /// What the list without a parent, or the only list, was restricted to.
    pub filter: &'a Filter,
    /// What AWS said to each question for children that followed an unrestricted list.
    pub children: &'a BTreeMap<String, ChildrenAnswer>,
}

/// A run that stands and was not shown.
struct Missing {
    observation_id: i64,
    handshake_id: i64,
}

/// Ends the run of every handshake that the lists would have shown and did not.
///
/// # Errors
/// Those of SQLite.
pub fn record(
    connection: &Connection,
    sync_id: i64,
    source_id: i64,
    lists: &Lists<'_>,
    present: impl Fn(i64) -> bool,
) -> rusqlite::Result<()> {
    let missing: Vec<Missing> = connection
        .prepare_cached(
            "SELECT observation_id, handshake_id FROM observations
             WHERE source_id = ?1 AND gone_sync_id IS NULL",
        )?
        .query_map([source_id], |row| {
            Ok(Missing { observation_id: row.get(0)?, handshake_id: row.get(1)? })
        })?
        .filter(|row| row.as_ref().map_or(true, |run| !present(run.handshake_id)))
        .collect::<rusqlite::Result<_>>()?;
    for run in missing {
        if answers_for(connection, source_id, lists, &present, &run)? {
            evidence::end_run(connection, sync_id, run.observation_id)?;
            projection::mark_gone(connection, run.handshake_id)?;
        }
    }
    Ok(())
}

fn answers_for(
    connection: &Connection,
    source_id: i64,
    lists: &Lists<'_>,
    present: &impl Fn(i64) -> bool,
    run: &Missing,
) -> rusqlite::Result<bool> {
    match lists.filter {
        Filter::None if was_listed(connection, source_id, run)? => Ok(true),
        Filter::None => parents_answer_for(connection, source_id, lists, present, run),
        Filter::ActionType(action) => Ok(was_listed(connection, source_id, run)?
            && action_of(connection, run)?.as_deref() == Some(action)),
        Filter::ParentHandshakeId(parent) => {
            Ok(parents(connection, source_id, run)?.contains(parent))
        }
    }
}

/// Whether the handshake was ever in the list without a parent.
fn was_listed(connection: &Connection, source_id: i64, run: &Missing) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM observations
             WHERE handshake_id = ?1 AND source_id = ?2 AND listed_sync_id IS NOT NULL",
        )?
        .exists((run.handshake_id, source_id))
}

/// Whether every parent that used to show the child has been asked and no longer does.
fn parents_answer_for(
    connection: &Connection,
    source_id: i64,
    lists: &Lists<'_>,
    present: &impl Fn(i64) -> bool,
    run: &Missing,
) -> rusqlite::Result<bool> {
    for parent in parents(connection, source_id, run)? {
        let answered = match lists.children.get(&parent) {
            Some(ChildrenAnswer::Listed) => true,
            // Refused while AWS still shows the parent, the refusal says nothing about the child.
            Some(ChildrenAnswer::Refused) => {
                !evidence::known_handshake(connection, &parent)?.is_some_and(present)
            }
            None => false,
        };
        if !answered {
            return Ok(false);
        }
    }
    Ok(true)
}

fn parents(
    connection: &Connection,
    source_id: i64,
    run: &Missing,
) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT parent_handshake_id FROM child_listings WHERE source_id = ?1 AND handshake_id = ?2",
        )?
        .query_map((source_id, run.handshake_id), |row| row.get(0))?
        .collect()
}

fn action_of(connection: &Connection, run: &Missing) -> rusqlite::Result<Option<String>> {
    let payload: String = connection
        .prepare_cached(
            "SELECT v.payload FROM observations AS o JOIN handshake_versions AS v USING (version_id)
             WHERE o.observation_id = ?1",
        )?
        .query_row([run.observation_id], |row| row.get(0))?;
    Ok(handshake::parse(payload.as_bytes()).ok().and_then(|h| h.action().map(str::to_owned)))
}
