//! The rows of handshakes. Those below them go many in one statement: SQLite then finds its place in the
//! table once.

use std::sync::LazyLock;

use rusqlite::{CachedStatement, Connection, Statement};

use super::content::{Content, Node};
use super::derived::Derived;
use crate::handshake::Party;

/// How many rows one statement inserts: as many as there are, in as few statements as these give. More at once
/// is slower again: SQLite goes through all parameters and registers of a statement each time.
const AT_ONCE: [usize; 4] = [8, 4, 2, 1];

/// OR FAIL leaves the rows before one that cannot be inserted, which nobody sees: an error ends the
/// transaction. OR ABORT, the default, would copy every page that the statement changes.
type Texts = LazyLock<[String; AT_ONCE.len()]>;

static PARTIES: Texts = LazyLock::new(|| {
    AT_ONCE.map(|rows| insert("parties (handshake_id, position, type, party_id)", 4, rows))
});

static RESOURCES: Texts = LazyLock::new(|| {
    let into =
        "resources (handshake_id, ordinal, parent_ordinal, depth, type, value, beyond_parties)";
    AT_ONCE.map(|rows| insert(into, 7, rows))
});

fn insert(into: &str, columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    format!("INSERT OR FAIL INTO {into} VALUES {}", vec![row; rows].join(", "))
}

/// Parties and resources on their way into the tables, in the order of the keys.
#[derive(Debug, Default)]
pub struct Below<'p> {
    parties: Vec<(i64, i64, &'p Party<'p>)>,
    resources: Vec<(i64, Node<'p>)>,
}

impl<'p> Below<'p> {
    /// Adds those of a handshake that has no rows there.
    pub fn of(&mut self, handshake_id: i64, content: &Content<'p>) {
        let parties = (0..).zip(content.handshake.parties());
        self.parties.extend(parties.map(|(position, party)| (handshake_id, position, party)));
        self.resources.extend(content.nodes().map(|node| (handshake_id, node)));
    }
}

type Statements<'c> = [Option<CachedStatement<'c>>; AT_ONCE.len()];

/// The statements that write the rows of new handshakes, each prepared once for as long as this lives.
pub(super) struct Inserts<'c> {
    connection: &'c Connection,
    handshake: CachedStatement<'c>,
    parties: Statements<'c>,
    resources: Statements<'c>,
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
        let [parties, resources] = [const { [const { None }; AT_ONCE.len()] }; 2];
        Ok(Self { connection, handshake, parties, resources })
    }

    /// Writes the row of a handshake that has none, and gives its number: a new one, unless it has
    /// one.
    ///
    /// # Errors
    /// Those of SQLite.
    pub(super) fn handshake(
        &mut self,
        handshake_id: Option<i64>,
        derived: &Derived<'_>,
    ) -> rusqlite::Result<i64> {
        let content = derived.content;
        self.handshake.insert((
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
        ))
    }

    /// Writes these parties and resources, and leaves none.
    ///
    /// # Errors
    /// Those of SQLite.
    pub(super) fn below(&mut self, below: &mut Below<'_>) -> rusqlite::Result<()> {
        let Self { connection, parties, resources, .. } = self;
        insert_many(
            connection,
            &PARTIES,
            parties,
            &below.parties,
            |statement, first, (handshake_id, position, party)| {
                statement.raw_bind_parameter(first, handshake_id)?;
                statement.raw_bind_parameter(first + 1, position)?;
                statement.raw_bind_parameter(first + 2, party.kind())?;
                statement.raw_bind_parameter(first + 3, party.id())?;
                Ok(first + 4)
            },
        )?;
        below.parties.clear();
        insert_many(
            connection,
            &RESOURCES,
            resources,
            &below.resources,
            |statement, first, (handshake_id, node)| {
                statement.raw_bind_parameter(first, handshake_id)?;
                statement.raw_bind_parameter(first + 1, node.ordinal)?;
                statement.raw_bind_parameter(first + 2, node.parent_ordinal)?;
                statement.raw_bind_parameter(first + 3, node.depth)?;
                statement.raw_bind_parameter(first + 4, node.resource.kind())?;
                statement.raw_bind_parameter(first + 5, node.resource.value())?;
                statement.raw_bind_parameter(first + 6, node.beyond_parties)?;
                Ok(first + 7)
            },
        )?;
        below.resources.clear();
        Ok(())
    }
}

/// `bind` binds a row from a parameter on, and gives the one after its last.
fn insert_many<'c, T>(
    connection: &'c Connection,
    texts: &Texts,
    statements: &mut Statements<'c>,
    mut rows: &[T],
    bind: impl Fn(&mut Statement<'_>, usize, &T) -> rusqlite::Result<usize>,
) -> rusqlite::Result<()> {
    for ((at_once, text), statement) in AT_ONCE.into_iter().zip(texts.iter()).zip(statements) {
        while let Some((now, later)) = rows.split_at_checked(at_once) {
            rows = later;
            let statement = match statement.as_mut() {
                Some(statement) => statement,
                None => statement.insert(connection.prepare_cached(text)?),
            };
            let mut next = 1;
            for row in now {
                next = bind(statement, next, row)?;
            }
            statement.raw_execute()?;
        }
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
