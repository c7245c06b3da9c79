//! The rows of a handshake. Those below it go several in one statement: SQLite then finds its place in
//! the table once.

use std::sync::LazyLock;

use rusqlite::{CachedStatement, Connection, Statement};

use super::content::{Content, Node};
use super::derived::Derived;
use crate::handshake::Party;

/// The most rows that one statement inserts. Most handshakes have fewer parties and resources.
const MOST: usize = 12;

/// For one row, two, and so on up to [`MOST`]. The handshake is the first parameter of all.
///
/// OR FAIL leaves the rows before one that cannot be inserted, which nobody sees: an error ends the
/// transaction. OR ABORT, the default, would copy every page that the statement changes.
type Texts = LazyLock<Vec<String>>;

static PARTIES: Texts = LazyLock::new(|| {
    statements("INSERT OR FAIL INTO parties (handshake_id, position, type, party_id) VALUES ", 3)
});

static RESOURCES: Texts = LazyLock::new(|| {
    let columns = "handshake_id, ordinal, parent_ordinal, depth, type, value, beyond_parties";
    statements(&format!("INSERT OR FAIL INTO resources ({columns}) VALUES "), 6)
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

/// The statements that write the rows of a new handshake, each prepared once for as long as this lives.
pub(super) struct Inserts<'c> {
    connection: &'c Connection,
    handshake: CachedStatement<'c>,
    parties: [Option<CachedStatement<'c>>; MOST],
    resources: [Option<CachedStatement<'c>>; MOST],
}

impl<'c> Inserts<'c> {
    /// Prepares them, in a transaction of the caller.
    ///
    /// # Errors
    /// Those of SQLite.
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        let handshake = connection.prepare_cached(
            "INSERT INTO handshakes (handshake_id, id, arn, organization_id, action, state, account,
                 email, requested_at, expires_at, parent_handshake_id, version, first_seen_at,
                 changed_at, gone_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?;
        Ok(Self {
            connection,
            handshake,
            parties: [const { None }; MOST],
            resources: [const { None }; MOST],
        })
    }

    /// Writes the rows of a handshake that has none, and gives its number: a new one, unless it has
    /// one.
    ///
    /// # Errors
    /// Those of SQLite.
    pub(super) fn insert(
        &mut self,
        handshake_id: Option<i64>,
        derived: &Derived<'_>,
    ) -> rusqlite::Result<i64> {
        let content = derived.content;
        let handshake_id = self.handshake.insert((
            handshake_id,
            content.handshake.id(),
            content.handshake.arn(),
            &content.organization_id,
            content.handshake.action(),
            content.handshake.state(),
            content.account(),
            content.email(),
            &content.requested_at,
            &content.expires_at,
            derived.parent_handshake_id,
            derived.version,
            derived.first_seen_at,
            derived.changed_at,
            derived.gone_at,
        ))?;
        self.insert_below(handshake_id, content)?;
        Ok(handshake_id)
    }

    /// Writes the parties and resources of a handshake that has no rows there.
    ///
    /// # Errors
    /// Those of SQLite.
    pub(super) fn insert_below(
        &mut self,
        handshake_id: i64,
        content: &Content<'_>,
    ) -> rusqlite::Result<()> {
        let Self { connection, parties, resources, .. } = self;
        let rows: Vec<(i64, &Party<'_>)> = (0..).zip(content.handshake.parties()).collect();
        let bind_party = |statement: &mut Statement<'_>, first, (at, party): &(i64, &Party<'_>)| {
            statement.raw_bind_parameter(first, at)?;
            statement.raw_bind_parameter(first + 1, party.kind())?;
            statement.raw_bind_parameter(first + 2, party.id())?;
            Ok(first + 3)
        };
        insert_many(connection, &PARTIES, parties, handshake_id, &rows, bind_party)?;
        let rows: Vec<Node<'_>> = content.nodes().collect();
        let bind_node = |statement: &mut Statement<'_>, first, node: &Node<'_>| {
            statement.raw_bind_parameter(first, node.ordinal)?;
            statement.raw_bind_parameter(first + 1, node.parent_ordinal)?;
            statement.raw_bind_parameter(first + 2, node.depth)?;
            statement.raw_bind_parameter(first + 3, node.resource.kind())?;
            statement.raw_bind_parameter(first + 4, node.resource.value())?;
            statement.raw_bind_parameter(first + 5, node.beyond_parties)?;
            Ok(first + 6)
        };
        insert_many(connection, &RESOURCES, resources, handshake_id, &rows, bind_node)
    }
}

/// `bind` binds a row from a parameter on, and gives the one after its last.
fn insert_many<'c, T>(
    connection: &'c Connection,
    texts: &Texts,
    statements: &mut [Option<CachedStatement<'c>>; MOST],
    handshake_id: i64,
    rows: &[T],
    bind: impl Fn(&mut Statement<'_>, usize, &T) -> rusqlite::Result<usize>,
) -> rusqlite::Result<()> {
    for rows in rows.chunks(MOST) {
        let at = rows.len() - 1;
        let statement = match &mut statements[at] {
            Some(statement) => statement,
            none => none.insert(connection.prepare_cached(&texts[at])?),
        };
        statement.raw_bind_parameter(1, handshake_id)?;
        let mut next = 2;
        for row in rows {
            next = bind(statement, next, row)?;
        }
        statement.raw_execute()?;
    }
    Ok(())
}

/// Writes the row of a handshake anew; `first_seen_at` stays.
///
/// # Errors
/// Those of SQLite.
pub(super) fn update_handshake(
    connection: &Connection,
    handshake_id: i64,
    derived: &Derived<'_>,
) -> rusqlite::Result<()> {
    let content = derived.content;
    connection
        .prepare_cached(
            "UPDATE handshakes SET arn = ?2, organization_id = ?3, action = ?4, state = ?5, account = ?6,
                 email = ?7, requested_at = ?8, expires_at = ?9, parent_handshake_id = ?10, version = ?11,
                 changed_at = ?12, gone_at = ?13
             WHERE handshake_id = ?1",
        )?
        .execute((
            handshake_id,
            content.handshake.arn(),
            &content.organization_id,
            content.handshake.action(),
            content.handshake.state(),
            content.account(),
            content.email(),
            &content.requested_at,
            &content.expires_at,
            derived.parent_handshake_id,
            derived.version,
            derived.changed_at,
            derived.gone_at,
        ))?;
    Ok(())
}
