//! The tables, written anew.

use rusqlite::{Connection, named_params};

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
    let mut handshakes = connection.prepare(
        "INSERT INTO handshakes (handshake_id, id, arn, organization_id, action, state, account,
             email, requested_at, expires_at, parent_handshake_id, version, first_seen_at,
             changed_at, gone_at)
         VALUES (:handshake_id, :id, :arn, :organization_id, :action, :state, :account,
             :email, :requested_at, :expires_at, :parent_handshake_id, :version, :first_seen_at,
             :changed_at, :gone_at)",
    )?;
    let organizations = derive(connection, |derived| {
        let content = derived.content;
        handshakes.execute(named_params! {
            ":handshake_id": derived.handshake_id,
            ":id": content.handshake.id(),
            ":arn": content.handshake.arn(),
            ":organization_id": content.organization_id,
            ":action": content.handshake.action(),
            ":state": content.handshake.state(),
            ":account": content.account(),
            ":email": content.email(),
            ":requested_at": content.requested_at,
            ":expires_at": content.expires_at,
            ":parent_handshake_id": derived.parent_handshake_id,
            ":version": derived.version,
            ":first_seen_at": derived.first_seen_at,
            ":changed_at": derived.changed_at,
            ":gone_at": derived.gone_at,
        })?;
        rows::insert(connection, derived.handshake_id, content)
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
