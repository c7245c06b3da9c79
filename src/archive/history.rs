//! What the archive knows of one handshake, for whoever reads.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::error::Error;
use super::reader::ArchiveReader;

/// A handshake with its newest content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// AWS's Id, `h-…`.
    pub id: String,
    /// The ARN, if AWS gave one.
    pub arn: Option<String>,
    /// The organization, `o-…`.
    pub organization_id: Option<String>,
    /// `INVITE`, …
    pub action: Option<String>,
    /// `OPEN`, …
    pub state: Option<String>,
    /// UTC, as all times here.
    pub requested_at: Option<String>,
    /// When the request expires, not when it did.
    pub expires_at: Option<String>,
    /// AWS's Id of the parent.
    pub parent_handshake_id: Option<String>,
    /// Which of its contents this is, from 1 on.
    pub version: i64,
    /// When the first sync that saw it asked.
    pub first_seen_at: String,
    /// When the sync that brought this content asked.
    pub changed_at: String,
    /// When the sync that no longer saw it asked; `None` while AWS shows it.
    pub gone_at: Option<String>,
    /// In the order of AWS's answer.
    pub parties: Vec<Party>,
    /// In pre-order.
    pub resources: Vec<Resource>,
    /// The newest content, as it stood in AWS's answer.
    pub payload: String,
    /// Every content that it had, and when; the oldest first.
    pub runs: Vec<Run>,
}

/// A participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// `ACCOUNT`, …
    pub kind: Option<String>,
    /// What it is known by.
    pub id: Option<String>,
}

/// A node of the tree of resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// 0 on the first level.
    pub depth: i64,
    /// `NOTES`, …
    pub kind: Option<String>,
    /// As AWS wrote it.
    pub value: Option<String>,
}

/// A time in which AWS showed one content of the handshake without a break.
///
/// AWS tells no time of change. The run began after `after_at` and by `by_at`, as in the view
/// `transitions`; it ended after `last_seen_at` and by `gone_by_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Which of its contents.
    pub version: i64,
    /// The state in it.
    pub state: Option<String>,
    /// When the run before was last seen, else when the handshake was requested.
    pub after_at: Option<String>,
    /// When the sync that saw it first was finished; `None` while that sync runs.
    pub by_at: Option<String>,
    /// The sync that saw it first.
    pub sync_id: i64,
    /// When the last sync asked that is known to have seen it.
    pub last_seen_at: Option<String>,
    /// That sync.
    pub last_seen_sync_id: i64,
    /// When the sync that saw otherwise was finished; `None` while the run stands.
    pub gone_by_at: Option<String>,
    /// That sync: it saw other content, or no longer saw the handshake.
    pub gone_sync_id: Option<i64>,
    /// The content, as it stood in AWS's answer.
    pub payload: String,
}

/// How many Ids are compared with one that is not there: the newest.
const COMPARED: i64 = 100_000;

impl ArchiveReader {
    /// Everything that is recorded of the handshake with this Id, which may lack its `h-`: one state
    /// of the archive, whatever a sync writes meanwhile.
    ///
    /// # Errors
    /// [`Error::Sqlite`], [`Error::Changed`].
    pub fn handshake(&self, id: &str) -> Result<Option<Recorded>, Error> {
        let read = || {
            // One transaction is one state.
            let transaction = self.connection().unchecked_transaction()?;
            let with_prefix = if id.starts_with("h-") { id.to_owned() } else { format!("h-{id}") };
            for id in [id, &with_prefix] {
                if let Some(handshake) = recorded(&transaction, id)? {
                    return Ok(Some(handshake));
                }
            }
            Ok(None)
        };
        let handshake = read().map_err(Error::sqlite(self.path()))?;
        self.check_unchanged()?;
        Ok(handshake)
    }

    /// The newest Ids, at most a hundred thousand, to find those that are like one that is not there.
    ///
    /// # Errors
    /// [`Error::Sqlite`].
    pub fn ids(&self) -> Result<Vec<String>, Error> {
        let read = || {
            self.connection()
                .prepare("SELECT id FROM handshakes ORDER BY handshake_id DESC LIMIT ?1")?
                .query_map([COMPARED], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()
        };
        read().map_err(Error::sqlite(self.path()))
    }

    /// Why what AWS sent under this Id could not be read as a handshake, if it ever sent something.
    ///
    /// # Errors
    /// [`Error::Sqlite`].
    pub fn quarantined(&self, id: &str) -> Result<Option<String>, Error> {
        self.connection()
            .query_row(
                "SELECT reason FROM quarantine WHERE id = ?1 ORDER BY quarantine_id DESC LIMIT 1",
                [id],
                |row| row.get(0),
            )
            .optional()
            .map_err(Error::sqlite(self.path()))
    }
}

fn recorded(connection: &Connection, id: &str) -> rusqlite::Result<Option<Recorded>> {
    let found = connection
        .query_row(
            "SELECT h.handshake_id, h.id, h.arn, h.organization_id, h.action, h.state, h.requested_at,
                 h.expires_at, h.parent_handshake_id, h.version, h.first_seen_at, h.changed_at, h.gone_at,
                 v.payload
             FROM handshakes AS h JOIN handshake_versions AS v USING (handshake_id, version)
             WHERE h.id = ?1",
            [id],
            |row| {
                let handshake = Recorded {
                    id: row.get(1)?,
                    arn: row.get(2)?,
                    organization_id: row.get(3)?,
                    action: row.get(4)?,
                    state: row.get(5)?,
                    requested_at: row.get(6)?,
                    expires_at: row.get(7)?,
                    parent_handshake_id: row.get(8)?,
                    version: row.get(9)?,
                    first_seen_at: row.get(10)?,
                    changed_at: row.get(11)?,
                    gone_at: row.get(12)?,
                    parties: Vec::new(),
                    resources: Vec::new(),
                    payload: row.get(13)?,
                    runs: Vec::new(),
                };
                Ok((row.get(0)?, handshake))
            },
        )
        .optional()?;
    let Some((handshake_id, mut handshake)) = found else { return Ok(None) };
    handshake.parties = all(
        connection,
        "SELECT type, party_id FROM parties WHERE handshake_id = :handshake_id ORDER BY position",
        handshake_id,
        |row| Ok(Party { kind: row.get(0)?, id: row.get(1)? }),
    )?;
    handshake.resources = all(
        connection,
        "SELECT depth, type, value FROM resources WHERE handshake_id = :handshake_id ORDER BY ordinal",
        handshake_id,
        |row| Ok(Resource { depth: row.get(0)?, kind: row.get(1)?, value: row.get(2)? }),
    )?;
    handshake.runs = all(connection, RUNS, handshake_id, run)?;
    Ok(Some(handshake))
}

/// Every run of a handshake, each with the last sync that is known to have seen it.
const RUNS: &str = "
    SELECT v.version, v.state,
           CASE WHEN lag(o.observation_id) OVER w IS NULL THEN h.requested_at
                ELSE lag(l.last_seen_at) OVER w END,
           seen.finished_at, o.seen_sync_id, l.last_seen_at, l.last_seen_sync_id, gone.finished_at,
           o.gone_sync_id, v.payload
    FROM observations AS o
    JOIN last_sightings AS l USING (observation_id)
    JOIN handshake_versions AS v USING (version_id)
    JOIN handshakes AS h ON h.handshake_id = o.handshake_id
    JOIN syncs AS seen ON seen.id = o.seen_sync_id
    LEFT JOIN syncs AS gone ON gone.id = o.gone_sync_id
    WHERE o.handshake_id = :handshake_id
    WINDOW w AS (PARTITION BY o.source_id ORDER BY o.observation_id)
    ORDER BY o.observation_id";

fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        version: row.get(0)?,
        state: row.get(1)?,
        after_at: row.get(2)?,
        by_at: row.get(3)?,
        sync_id: row.get(4)?,
        last_seen_at: row.get(5)?,
        last_seen_sync_id: row.get(6)?,
        gone_by_at: row.get(7)?,
        gone_sync_id: row.get(8)?,
        payload: row.get(9)?,
    })
}

fn all<T>(
    connection: &Connection,
    sql: &str,
    handshake_id: i64,
    each: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection
        .prepare(sql)?
        .query_map(named_params! { ":handshake_id": handshake_id }, each)?
        .collect()
}
