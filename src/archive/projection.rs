//! The tables for SQL: the newest content of every handshake, derived from evidence alone.
//!
//! One function projects one observation. Recording calls it for each that arrives; a rebuild
//! empties the tables and calls it for each that is in evidence, in the order of arrival. "Newest"
//! is therefore the order of arrival, which no clock can turn round.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::timestamp::timestamp;
use crate::handshake::{self, Arn, Handshake, Instant, Resource, organization_id};

/// An observation on its way into the tables.
#[derive(Debug)]
pub struct Observed<'a> {
    /// The archive's number of the handshake.
    pub handshake_id: i64,
    /// Which of its contents this is.
    pub version: i64,
    /// `observed_at` of the sync that saw it.
    pub observed_at: &'a str,
    /// The content.
    pub handshake: &'a Handshake<'a>,
}

/// Makes this content the one that the tables show.
///
/// # Errors
/// Those of SQLite.
pub fn project(connection: &Connection, observed: &Observed<'_>) -> rusqlite::Result<()> {
    let handshake = observed.handshake;
    let organization = project_organization(connection, observed)?;
    let known = connection
        .prepare_cached("SELECT 1 FROM handshakes WHERE handshake_id = ?1")?
        .exists([observed.handshake_id])?;
    if known {
        for table in [
            "DELETE FROM parties WHERE handshake_id = ?1",
            "DELETE FROM resources WHERE handshake_id = ?1",
        ] {
            connection.prepare_cached(table)?.execute([observed.handshake_id])?;
        }
    }
    connection
        .prepare_cached(
            "INSERT INTO handshakes (handshake_id, id, arn, organization_id, action, state, account,
                 email, requested_at, expires_at, version, first_seen_at, changed_at)
             VALUES (:handshake_id, :id, :arn, :organization_id, :action, :state, :account,
                 :email, :requested_at, :expires_at, :version, :observed_at, :observed_at)
             ON CONFLICT (handshake_id) DO UPDATE SET arn = excluded.arn,
                 organization_id = excluded.organization_id, action = excluded.action,
                 state = excluded.state, account = excluded.account, email = excluded.email,
                 requested_at = excluded.requested_at,
                 expires_at = excluded.expires_at, version = excluded.version,
                 changed_at = excluded.changed_at, parent_handshake_id = NULL, gone_at = NULL",
        )?
        .execute(named_params! {
            ":handshake_id": observed.handshake_id,
            ":id": handshake.id(),
            ":arn": handshake.arn(),
            ":organization_id": organization,
            ":action": handshake.action(),
            ":state": handshake.state(),
            ":account": handshake.counterpart("ACCOUNT"),
            ":email": handshake.counterpart("EMAIL"),
            ":requested_at": text(handshake.requested()),
            ":expires_at": text(handshake.expires()),
            ":version": observed.version,
            ":observed_at": observed.observed_at,
        })?;
    let mut parties = connection.prepare_cached(
        "INSERT INTO parties (handshake_id, position, type, party_id) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (position, party) in handshake.parties().iter().enumerate() {
        parties.execute((observed.handshake_id, position as i64, party.kind(), party.id()))?;
    }
    project_resources(connection, observed)?;
    if known || handshake::parent_handshake_id(handshake).is_some() {
        link_parent(connection, observed.handshake_id)?;
    }
    Ok(())
}

fn text(instant: Option<&Instant>) -> Option<String> {
    instant.and_then(Instant::to_datetime).map(timestamp)
}

/// The organization that the handshake belongs to: by its ARN, else by its party or resource.
fn project_organization(
    connection: &Connection,
    observed: &Observed<'_>,
) -> rusqlite::Result<Option<String>> {
    let handshake = observed.handshake;
    let arn = handshake.arn().and_then(Arn::parse);
    let named = || {
        let parties = handshake.parties().iter().map(|party| (party.kind(), party.id()));
        let resources =
            handshake.resources().iter().map(|resource| (resource.kind(), resource.value()));
        parties.chain(resources).find_map(|named| match named {
            (Some("ORGANIZATION"), Some(id)) if !id.is_empty() => Some(organization_id(id)),
            _ => None,
        })
    };
    let Some(organization) = arn.as_ref().map(|arn| arn.organization_id.clone()).or_else(named)
    else {
        return Ok(None);
    };
    let partition = arn.as_ref().map(|arn| arn.partition);
    let management_account_id = arn.as_ref().map(|arn| arn.management_account_id);
    let same = connection
        .prepare_cached(
            "SELECT 1 FROM organizations WHERE organization_id = ?1
             AND (?2 IS NULL OR (partition IS ?2 AND management_account_id IS ?3))",
        )?
        .exists((&organization, partition, management_account_id))?;
    if !same {
        connection
            .prepare_cached(
                "INSERT INTO organizations (organization_id, partition, management_account_id, first_seen_at)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (organization_id) DO UPDATE SET partition = excluded.partition,
                     management_account_id = excluded.management_account_id",
            )?
            .execute((&organization, partition, management_account_id, observed.observed_at))?;
    }
    Ok(Some(organization))
}

/// A resource that waits for its number.
struct Pending<'a> {
    resource: &'a Resource<'a>,
    parent_ordinal: Option<i64>,
    depth: i64,
}

impl<'a> Pending<'a> {
    /// Siblings, the last first, as a stack wants them.
    fn siblings(
        resources: &'a [Resource<'a>],
        parent_ordinal: Option<i64>,
        depth: i64,
    ) -> Vec<Self> {
        let last_first = resources.iter().rev();
        last_first.map(|resource| Self { resource, parent_ordinal, depth }).collect()
    }
}

/// The tree as rows, numbered in pre-order.
fn project_resources(connection: &Connection, observed: &Observed<'_>) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO resources (handshake_id, ordinal, parent_ordinal, depth, type, value)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut rest = Pending::siblings(observed.handshake.resources(), None, 0);
    let mut ordinal = 0;
    while let Some(Pending { resource, parent_ordinal, depth }) = rest.pop() {
        insert.execute((
            observed.handshake_id,
            ordinal,
            parent_ordinal,
            depth,
            resource.kind(),
            resource.value(),
        ))?;
        rest.extend(Pending::siblings(resource.resources(), Some(ordinal), depth + 1));
        ordinal += 1;
    }
    Ok(())
}

/// Writes the parent of a handshake anew: its `PARENT_HANDSHAKE` resource, else the parent under
/// which AWS first listed it.
///
/// # Errors
/// Those of SQLite.
pub fn link_parent(connection: &Connection, handshake_id: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE handshakes SET parent_handshake_id = coalesce(
                 (SELECT CASE WHEN substr(r.value, 1, 2) = 'h-' THEN r.value ELSE 'h-' || r.value END
                  FROM resources AS r
                  WHERE r.handshake_id = ?1 AND r.type = 'PARENT_HANDSHAKE' AND r.value <> ''
                  ORDER BY r.ordinal LIMIT 1),
                 (SELECT c.parent_handshake_id FROM child_listings AS c
                  WHERE c.handshake_id = ?1
                  ORDER BY c.seen_sync_id, c.parent_handshake_id LIMIT 1))
             WHERE handshake_id = ?1",
        )?
        .execute([handshake_id])?;
    Ok(())
}

/// Writes anew whether AWS still shows a handshake: gone when no run of it stands, since the last
/// sync that ended one.
///
/// # Errors
/// Those of SQLite.
pub fn mark_gone(connection: &Connection, handshake_id: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE handshakes SET gone_at = (
                 SELECT s.observed_at FROM observations AS o JOIN syncs AS s ON s.id = o.gone_sync_id
                 WHERE o.handshake_id = ?1 ORDER BY o.gone_sync_id DESC LIMIT 1)
             WHERE handshake_id = ?1 AND NOT EXISTS (
                 SELECT 1 FROM observations AS o WHERE o.handshake_id = ?1 AND o.gone_sync_id IS NULL)",
        )?
        .execute([handshake_id])?;
    Ok(())
}

/// Why the tables cannot be rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// SQLite could not read or write.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A stored payload is no handshake: it was altered after it was recorded.
    #[error(
        "the payload of version {version} of handshake {handshake_id} is not readable: {reason}"
    )]
    Payload {
        /// The archive's number of the handshake.
        handshake_id: i64,
        /// Which of its contents.
        version: i64,
        /// What is wrong with it.
        reason: String,
    },
}

/// Empties the tables and fills them from evidence. The caller holds the transaction.
///
/// # Errors
/// [`RebuildError`]; the caller then rolls back.
pub fn rebuild(connection: &Connection) -> Result<(), RebuildError> {
    connection.execute_batch(
        "DELETE FROM resources; DELETE FROM parties; DELETE FROM handshakes; DELETE FROM organizations;",
    )?;
    let mut observations = connection.prepare(
        "SELECT o.handshake_id, v.version, s.observed_at, v.payload
         FROM observations AS o JOIN handshake_versions AS v USING (version_id)
         JOIN syncs AS s ON s.id = o.seen_sync_id
         ORDER BY o.observation_id",
    )?;
    let mut rows = observations.query([])?;
    while let Some(row) = rows.next()? {
        let (handshake_id, version): (i64, i64) = (row.get(0)?, row.get(1)?);
        let payload = row.get_ref(3)?.as_bytes().map_err(rusqlite::Error::from)?;
        let handshake = handshake::parse(payload).map_err(|unreadable| RebuildError::Payload {
            handshake_id,
            version,
            reason: unreadable.reason,
        })?;
        let observed_at: String = row.get(2)?;
        let observed =
            Observed { handshake_id, version, observed_at: &observed_at, handshake: &handshake };
        project(connection, &observed)?;
    }
    let mut next = connection.prepare(
        "SELECT handshake_id FROM handshakes WHERE handshake_id > ?1 ORDER BY handshake_id LIMIT 1",
    )?;
    let mut handshake_id = 0;
    while let Some(id) = next.query_row([handshake_id], |row| row.get(0)).optional()? {
        handshake_id = id;
        link_parent(connection, handshake_id)?;
        mark_gone(connection, handshake_id)?;
    }
    Ok(())
}
