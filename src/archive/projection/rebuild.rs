//! The tables, written anew.

use rusqlite::{Connection, OptionalExtension};

use super::derived::{RebuildError, derive};
use super::rows::{Below, Inserts};

/// Empties the tables and fills them from evidence. The caller holds the transaction.
///
/// # Errors
/// [`RebuildError`]; the caller then rolls back.
pub fn rebuild(connection: &Connection) -> Result<(), RebuildError> {
    // Every row comes back under its number: what keeps them is lifted until then.
    let keeper: Option<String> = connection
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'handshakes_stay'", [], |row| {
            row.get(0)
        })
        .optional()?;
    connection.execute_batch(
        "PRAGMA defer_foreign_keys = ON;
         DROP TRIGGER IF EXISTS handshakes_stay;
         DELETE FROM resources; DELETE FROM parties; DELETE FROM handshakes; DELETE FROM organizations;",
    )?;
    let mut inserts = Inserts::prepare(connection)?;
    let organizations = derive(connection, |handshake_id, derived| {
        inserts.handshake(Some(handshake_id), derived)?;
        let mut below = Below::default();
        below.of(handshake_id, derived.content);
        inserts.below(&mut below)
    })?;
    let mut insert = connection.prepare(
        "INSERT INTO organizations (organization_id, partition, management_account_id, first_seen_at)
         VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (id, organization) in &organizations {
        insert.execute((
            id,
            &organization.partition,
            &organization.management_account_id,
            &organization.first_seen_at,
        ))?;
    }
    if let Some(keeper) = keeper {
        connection.execute_batch(&keeper)?;
    }
    Ok(())
}
