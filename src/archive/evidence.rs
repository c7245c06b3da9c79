//! The rows of evidence: one function a fact.

use rusqlite::{CachedStatement, Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use super::projection::{self, Below, Changed, Projector};
use super::sync_record::Scope;
use crate::handshake::{self, Handshake, Hashes};

/// One handshake as one page (`'p`) of one sync showed it.
#[derive(Debug)]
pub struct Sighting<'a, 'p> {
    /// The sync.
    pub sync_id: i64,
    /// What it lists.
    pub source_id: i64,
    /// Its `observed_at`.
    pub observed_at: &'a str,
    /// In which of its lists the handshake stood.
    pub scope: &'a Scope,
    /// The JSON text, as it stood in the answer.
    pub payload: &'p [u8],
    /// The same, read.
    pub handshake: &'p Handshake<'p>,
    /// Its hashes, if they were made ahead.
    pub hashes: Option<&'p Hashes>,
}

/// The run of a handshake that stands.
struct Standing {
    observation_id: i64,
    listed: bool,
    payload_sha256: [u8; 32],
    content_sha256: [u8; 32],
}

/// The number of a source, which is written down on first use.
///
/// # Errors
/// Those of SQLite.
pub fn source(
    connection: &Connection,
    operation: &str,
    owner: Option<&str>,
) -> rusqlite::Result<i64> {
    let known = connection
        .prepare_cached("SELECT source_id FROM sources WHERE operation = ?1 AND ifnull(owner_id, '') = ifnull(?2, '')")?
        .query_row((operation, owner), |row| row.get(0))
        .optional()?;
    if let Some(source_id) = known {
        return Ok(source_id);
    }
    connection
        .prepare_cached("INSERT INTO sources (operation, owner_id) VALUES (?1, ?2)")?
        .insert((operation, owner))
}

const KNOWN: &str = "SELECT handshake_id FROM handshakes WHERE id = ?1";

/// The archive's number of a handshake, if it ever saw it.
///
/// # Errors
/// Those of SQLite.
pub fn known_handshake(connection: &Connection, id: &str) -> rusqlite::Result<Option<i64>> {
    connection.prepare_cached(KNOWN)?.query_row([id], |row| row.get(0)).optional()
}

/// Records sightings within one transaction, with statements that are prepared once. Lives no longer than that.
pub struct Sightings<'c> {
    connection: &'c Connection,
    projector: Projector<'c>,
    known: CachedStatement<'c>,
    standing: CachedStatement<'c>,
    version: CachedStatement<'c>,
    observation: CachedStatement<'c>,
}

impl<'c> Sightings<'c> {
    /// Prepares the statements.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            projector: Projector::prepare(connection)?,
            known: connection.prepare_cached(KNOWN)?,
            standing: connection.prepare_cached(
                "SELECT o.observation_id, o.listed_sync_id IS NOT NULL, v.payload_sha256, v.content_sha256
                 FROM observations AS o JOIN handshake_versions AS v USING (version_id)
                 WHERE o.source_id = ?1 AND o.handshake_id = ?2 AND o.gone_sync_id IS NULL",
            )?,
            version: connection.prepare_cached(
                "INSERT INTO handshake_versions (handshake_id, version, state, payload, payload_sha256, content_sha256)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            observation: connection.prepare_cached(
                "INSERT INTO observations (source_id, handshake_id, version_id, seen_sync_id, listed_sync_id)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
        })
    }

    /// Writes down that a handshake was seen, as far as it is news, and gives the archive's number.
    ///
    /// Seen before with the same content, it writes nothing; with other content, it ends the run that
    /// stood and begins another; and it notes the list or the parent in which it stood, once.
    ///
    /// Some rows are left in `below` for [`Sightings::insert`], so that those of a page go together.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn record<'p>(
        &mut self,
        sighting: &Sighting<'_, 'p>,
        below: &mut Below<'p>,
    ) -> rusqlite::Result<i64> {
        let payload_sha256 = match sighting.hashes {
            Some(hashes) => hashes.payload_sha256,
            None => Sha256::digest(sighting.payload).into(),
        };
        let known = self.known.query_row([sighting.handshake.id()], |row| row.get(0)).optional()?;
        let handshake_id = match known {
            Some(handshake_id) => {
                self.record_known(sighting, handshake_id, payload_sha256, below)?;
                handshake_id
            }
            None => self.record_new(sighting, payload_sha256, below)?,
        };
        if let Scope::ChildrenOf(parent) = sighting.scope {
            // The parent of a child is looked for in its rows.
            self.insert(below)?;
            record_child(self.connection, sighting, handshake_id, parent)?;
        }
        Ok(handshake_id)
    }

    /// Writes the rows that were left.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn insert(&mut self, below: &mut Below<'_>) -> rusqlite::Result<()> {
        self.projector.insert(below)
    }

    fn record_new<'p>(
        &mut self,
        sighting: &Sighting<'_, 'p>,
        payload_sha256: [u8; 32],
        below: &mut Below<'p>,
    ) -> rusqlite::Result<i64> {
        let content_sha256 = content_sha256(sighting)?;
        let handshake_id = self.projector.enter(sighting.handshake, sighting.observed_at, below)?;
        let version_id =
            self.insert_version(sighting, handshake_id, 1, payload_sha256, content_sha256)?;
        self.begin_run(sighting, handshake_id, version_id)?;
        Ok(handshake_id)
    }

    fn record_known(
        &mut self,
        sighting: &Sighting<'_, '_>,
        handshake_id: i64,
        payload_sha256: [u8; 32],
        below: &mut Below<'_>,
    ) -> rusqlite::Result<()> {
        let standing = self.standing(sighting.source_id, handshake_id)?;
        // The same bytes are the same content; the canonical form is only made where they differ.
        if let Some(run) = standing.as_ref().filter(|run| run.payload_sha256 == payload_sha256) {
            return list_run(self.connection, sighting, run);
        }
        let content_sha256 = content_sha256(sighting)?;
        if let Some(run) = standing {
            if run.content_sha256 == content_sha256 {
                return list_run(self.connection, sighting, &run);
            }
            end_run(self.connection, sighting.sync_id, run.observation_id)?;
        }
        let Version { version_id, version, stored } =
            match same_version(self.connection, handshake_id, content_sha256)? {
                Some(same) => same,
                None => {
                    let version = newest_version(self.connection, handshake_id)? + 1;
                    let version_id = self.insert_version(
                        sighting,
                        handshake_id,
                        version,
                        payload_sha256,
                        content_sha256,
                    )?;
                    Version { version_id, version, stored: None }
                }
            };
        self.begin_run(sighting, handshake_id, version_id)?;
        // Its rows may be among those that were left: AWS may list it twice.
        self.insert(below)?;
        // A version that was seen before may have come in another order now. The tables show what evidence
        // holds, so that a rebuild gives the same rows; one that was altered there is for verify to find.
        let stored =
            stored.as_deref().and_then(|payload| handshake::parse(payload.as_bytes()).ok());
        self.projector.change(&Changed {
            handshake_id,
            version,
            observed_at: sighting.observed_at,
            handshake: stored.as_ref().unwrap_or(sighting.handshake),
        })
    }

    fn standing(
        &mut self,
        source_id: i64,
        handshake_id: i64,
    ) -> rusqlite::Result<Option<Standing>> {
        self.standing
            .query_row((source_id, handshake_id), |row| {
                Ok(Standing {
                    observation_id: row.get(0)?,
                    listed: row.get(1)?,
                    payload_sha256: row.get(2)?,
                    content_sha256: row.get(3)?,
                })
            })
            .optional()
    }

    fn insert_version(
        &mut self,
        sighting: &Sighting<'_, '_>,
        handshake_id: i64,
        version: i64,
        payload_sha256: [u8; 32],
        content_sha256: [u8; 32],
    ) -> rusqlite::Result<i64> {
        let payload = std::str::from_utf8(sighting.payload)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let state = sighting.handshake.state();
        self.version.insert((handshake_id, version, state, payload, payload_sha256, content_sha256))
    }

    fn begin_run(
        &mut self,
        sighting: &Sighting<'_, '_>,
        handshake_id: i64,
        version_id: i64,
    ) -> rusqlite::Result<()> {
        let listed = (*sighting.scope == Scope::Unrestricted).then_some(sighting.sync_id);
        self.observation
            .execute((sighting.source_id, handshake_id, version_id, sighting.sync_id, listed))
            .map(|_| ())
    }
}

fn content_sha256(sighting: &Sighting<'_, '_>) -> rusqlite::Result<[u8; 32]> {
    match sighting.hashes.and_then(|hashes| hashes.content_sha256) {
        Some(content_sha256) => Ok(content_sha256),
        None => sighting
            .handshake
            .content_sha256()
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into())),
    }
}

/// A content of a handshake.
struct Version {
    version_id: i64,
    version: i64,
    /// The payload in which it was seen first, unless that is now.
    stored: Option<String>,
}

/// The version that has this content, if it was seen before.
fn same_version(
    connection: &Connection,
    handshake_id: i64,
    content_sha256: [u8; 32],
) -> rusqlite::Result<Option<Version>> {
    connection
        .prepare_cached(
            "SELECT version_id, version, payload FROM handshake_versions
             WHERE handshake_id = ?1 AND content_sha256 = ?2",
        )?
        .query_row((handshake_id, content_sha256), |row| {
            Ok(Version { version_id: row.get(0)?, version: row.get(1)?, stored: row.get(2)? })
        })
        .optional()
}

fn newest_version(connection: &Connection, handshake_id: i64) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "SELECT ifnull(max(version), 0) FROM handshake_versions WHERE handshake_id = ?1",
        )?
        .query_row([handshake_id], |row| row.get(0))
}

/// Notes the first time that a standing run is seen in the list without a parent.
fn list_run(
    connection: &Connection,
    sighting: &Sighting<'_, '_>,
    run: &Standing,
) -> rusqlite::Result<()> {
    if run.listed || *sighting.scope != Scope::Unrestricted {
        return Ok(());
    }
    connection
        .prepare_cached("UPDATE observations SET listed_sync_id = ?1 WHERE observation_id = ?2")?
        .execute((sighting.sync_id, run.observation_id))?;
    Ok(())
}

/// Ends a run: this sync saw other content, or no longer saw the handshake.
///
/// # Errors
/// Those of SQLite.
pub fn end_run(connection: &Connection, sync_id: i64, observation_id: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE observations SET gone_sync_id = ?1 WHERE observation_id = ?2")?
        .execute((sync_id, observation_id))?;
    Ok(())
}

fn record_child(
    connection: &Connection,
    sighting: &Sighting<'_, '_>,
    handshake_id: i64,
    parent: &str,
) -> rusqlite::Result<()> {
    let news = connection
        .prepare_cached(
            "INSERT INTO child_listings (source_id, handshake_id, parent_handshake_id, seen_sync_id)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (source_id, handshake_id, parent_handshake_id) DO NOTHING",
        )?
        .execute((sighting.source_id, handshake_id, parent, sighting.sync_id))?;
    if news > 0 {
        projection::link_parent(connection, handshake_id)?;
    }
    Ok(())
}

/// The parents of the handshakes that stand, by whatever named them.
///
/// # Errors
/// Those of SQLite.
pub fn standing_parents(connection: &Connection, source_id: i64) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT c.parent_handshake_id
             FROM observations AS o JOIN child_listings AS c USING (source_id, handshake_id)
             WHERE o.source_id = ?1 AND o.gone_sync_id IS NULL
             UNION
             SELECT h.parent_handshake_id
             FROM observations AS o JOIN handshakes AS h USING (handshake_id)
             WHERE o.source_id = ?1 AND o.gone_sync_id IS NULL AND h.parent_handshake_id IS NOT NULL",
        )?
        .query_map([source_id], |row| row.get(0))?
        .collect()
}

/// Keeps what could not be read, verbatim.
///
/// # Errors
/// Those of SQLite.
pub fn quarantine(
    connection: &Connection,
    sync_id: i64,
    id: Option<&str>,
    reason: &str,
    payload: &[u8],
) -> rusqlite::Result<()> {
    let payload_sha256: [u8; 32] = Sha256::digest(payload).into();
    connection
        .prepare_cached(
            "INSERT INTO quarantine (sync_id, id, reason, payload, payload_sha256)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((sync_id, id, reason, payload, payload_sha256))?;
    Ok(())
}
