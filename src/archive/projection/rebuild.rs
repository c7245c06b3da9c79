//! The tables, written anew.

use rusqlite::Connection;

use super::derived::{RebuildError, derive};
use super::rows;

/// Empties the tables and fills them from evidence. The caller holds the transaction.
///
/// # Errors
/// [`RebuildError`]; the caller then rolls back.
pub fn rebuild(connection: &Connection) -> Result<(), RebuildError> {
    // The organizations are known last, and referred to before.
    connection.execute_batch(
        "PRAGMA defer_foreign_keys = ON;
         DELETE FROM resources; DELETE FROM parties; DELETE FROM handshakes; DELETE FROM organizations;",
    )?;
    let organizations = derive(connection, |derived| {
        rows::write_handshake(connection, derived)?;
        rows::insert_below(connection, derived.handshake_id, derived.content)
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
    Ok(())
}
