//! Each content as it arrives.

use rusqlite::{Connection, OptionalExtension};

use super::content::Content;
use super::derived::Derived;
use super::rows;
use crate::handshake::{self, Handshake};

/// An observation on its way into the tables.
#[derive(Debug)]
pub struct Observed<'a> {
    /// The archive's number of the handshake.
    pub handshake_id: i64,
    /// Which of its contents this is.
    pub version: i64,
    /// Whether the archive saw the handshake before, so that the tables show it already.
    pub is_known: bool,
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
    let content = Content::of(observed.handshake);
    project_organization(connection, &content, observed.observed_at)?;
    if observed.is_known {
        for table in [
            "DELETE FROM parties WHERE handshake_id = ?1",
            "DELETE FROM resources WHERE handshake_id = ?1",
        ] {
            connection.prepare_cached(table)?.execute([observed.handshake_id])?;
        }
    }
    let row = Derived {
        handshake_id: observed.handshake_id,
        content: &content,
        version: observed.version,
        parent_handshake_id: None,
        first_seen_at: observed.observed_at,
        changed_at: observed.observed_at,
        gone_at: None,
    };
    rows::write_handshake(connection, &row)?;
    rows::insert_below(connection, observed.handshake_id, &content)?;
    if observed.is_known || handshake::parent_handshake_id(observed.handshake).is_some() {
        link_parent(connection, observed.handshake_id)?;
    }
    Ok(())
}

fn project_organization(
    connection: &Connection,
    content: &Content<'_>,
    observed_at: &str,
) -> rusqlite::Result<()> {
    let Some(organization) = content.organization_id.as_deref() else {
        return Ok(());
    };
    let partition = content.arn.as_ref().map(|arn| arn.partition);
    let management_account_id = content.arn.as_ref().map(|arn| arn.management_account_id);
    let same = connection
        .prepare_cached(
            "SELECT 1 FROM organizations WHERE organization_id = ?1
             AND (?2 IS NULL OR (partition IS ?2 AND management_account_id IS ?3))",
        )?
        .exists((organization, partition, management_account_id))?;
    if !same {
        connection
            .prepare_cached(
                "INSERT INTO organizations (organization_id, partition, management_account_id, first_seen_at)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (organization_id) DO UPDATE SET partition = excluded.partition,
                     management_account_id = excluded.management_account_id",
            )?
            .execute((organization, partition, management_account_id, observed_at))?;
    }
    Ok(())
}

/// The parent under which AWS first listed a handshake.
///
/// # Errors
/// Those of SQLite.
pub(super) fn first_listed_under(
    connection: &Connection,
    handshake_id: i64,
) -> rusqlite::Result<Option<String>> {
    // Source by source, so that the key of child_listings is used.
    connection
        .prepare_cached(
            "SELECT c.parent_handshake_id
             FROM sources AS s CROSS JOIN child_listings AS c
               ON c.source_id = s.source_id AND c.handshake_id = ?1
             ORDER BY c.seen_sync_id, c.parent_handshake_id LIMIT 1",
        )?
        .query_row([handshake_id], |row| row.get(0))
        .optional()
}

/// Writes the parent of a handshake anew: its `PARENT_HANDSHAKE` resource, else the parent under
/// which AWS first listed it.
///
/// # Errors
/// Those of SQLite.
pub fn link_parent(connection: &Connection, handshake_id: i64) -> rusqlite::Result<()> {
    let listed_under = first_listed_under(connection, handshake_id)?;
    connection
        .prepare_cached(
            "UPDATE handshakes SET parent_handshake_id = coalesce(
                 (SELECT CASE WHEN substr(r.value, 1, 2) = 'h-' THEN r.value ELSE 'h-' || r.value END
                  FROM resources AS r
                  WHERE r.handshake_id = ?1 AND r.type = 'PARENT_HANDSHAKE' AND r.value <> ''
                  ORDER BY r.ordinal LIMIT 1), ?2)
             WHERE handshake_id = ?1",
        )?
        .execute((handshake_id, listed_under))?;
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
