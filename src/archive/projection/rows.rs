//! The rows of a handshake. Those below it go several in one statement: SQLite then finds its place in
//! the table once.

use std::sync::LazyLock;

use rusqlite::{Connection, Statement, named_params};

use super::content::{Content, Node};
use super::derived::Derived;
use crate::handshake::Party;

/// The most rows that one statement inserts. Most handshakes have fewer parties and resources.
const MOST: usize = 12;

/// For one row, two, and so on up to [`MOST`]. The handshake is the first parameter of all.
type Statements = LazyLock<Vec<String>>;

static PARTIES: Statements = LazyLock::new(|| {
    statements("INSERT INTO parties (handshake_id, position, type, party_id) VALUES ", 3)
});

static RESOURCES: Statements = LazyLock::new(|| {
    let columns = "handshake_id, ordinal, parent_ordinal, depth, type, value";
    statements(&format!("INSERT INTO resources ({columns}) VALUES "), 5)
});

fn statements(insert: &str, columns: usize) -> Vec<String> {
    let row = |number: usize| {
        let first = 2 + number * columns;
        let own: Vec<String> = (first..first + columns).map(|at| format!("?{at}")).collect();
        format!("(?1, {})", own.join(", "))
    };
    let of = |rows: usize| (0..rows).map(row).collect::<Vec<_>>().join(", ");
    (1..=MOST).map(|rows| insert.to_owned() + &of(rows)).collect()
}

/// Writes the row of a handshake, or writes it anew; `first_seen_at` of one that is there stays.
///
/// # Errors
/// Those of SQLite.
pub(super) fn write_handshake(
    connection: &Connection,
    derived: &Derived<'_>,
) -> rusqlite::Result<()> {
    let content = derived.content;
    connection
        .prepare_cached(
            "INSERT INTO handshakes (handshake_id, id, arn, organization_id, action, state, account,
                 email, requested_at, expires_at, parent_handshake_id, version, first_seen_at,
                 changed_at, gone_at)
             VALUES (:handshake_id, :id, :arn, :organization_id, :action, :state, :account,
                 :email, :requested_at, :expires_at, :parent_handshake_id, :version, :first_seen_at,
                 :changed_at, :gone_at)
             ON CONFLICT (handshake_id) DO UPDATE SET arn = excluded.arn,
                 organization_id = excluded.organization_id, action = excluded.action,
                 state = excluded.state, account = excluded.account, email = excluded.email,
                 requested_at = excluded.requested_at, expires_at = excluded.expires_at,
                 parent_handshake_id = excluded.parent_handshake_id, version = excluded.version,
                 changed_at = excluded.changed_at, gone_at = excluded.gone_at",
        )?
        .execute(named_params! {
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
    Ok(())
}

/// Writes the parties and resources of a handshake that has no rows there yet.
///
/// # Errors
/// Those of SQLite.
pub(super) fn insert_below(
    connection: &Connection,
    handshake_id: i64,
    content: &Content<'_>,
) -> rusqlite::Result<()> {
    let parties: Vec<(i64, &Party<'_>)> = (0..).zip(content.handshake.parties()).collect();
    insert_many(connection, &PARTIES, handshake_id, &parties, |statement, first, (at, party)| {
        statement.raw_bind_parameter(first, at)?;
        statement.raw_bind_parameter(first + 1, party.kind())?;
        statement.raw_bind_parameter(first + 2, party.id())?;
        Ok(first + 3)
    })?;
    let nodes: Vec<Node<'_>> = content.nodes().collect();
    insert_many(connection, &RESOURCES, handshake_id, &nodes, |statement, first, node| {
        statement.raw_bind_parameter(first, node.ordinal)?;
        statement.raw_bind_parameter(first + 1, node.parent_ordinal)?;
        statement.raw_bind_parameter(first + 2, node.depth)?;
        statement.raw_bind_parameter(first + 3, node.resource.kind())?;
        statement.raw_bind_parameter(first + 4, node.resource.value())?;
        Ok(first + 5)
    })
}

/// `bind` binds a row from a parameter on, and gives the one after its last.
fn insert_many<T>(
    connection: &Connection,
    statements: &Statements,
    handshake_id: i64,
    rows: &[T],
    bind: impl Fn(&mut Statement<'_>, usize, &T) -> rusqlite::Result<usize>,
) -> rusqlite::Result<()> {
    for rows in rows.chunks(MOST) {
        let mut statement = connection.prepare_cached(&statements[rows.len() - 1])?;
        statement.raw_bind_parameter(1, handshake_id)?;
        let mut next = 2;
        for row in rows {
            next = bind(&mut statement, next, row)?;
        }
        statement.raw_execute()?;
    }
    Ok(())
}
