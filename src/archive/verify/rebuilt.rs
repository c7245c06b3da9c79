//! The tables for SQL against a rebuild from evidence.

use rusqlite::types::Value;
use rusqlite::{Rows, Statement};

use super::Checking;
use crate::archive::projection::{self, RebuildError};

/// The name of the check.
pub const NAME: &str = "projection";

/// Each table of the projection with the number of its key columns, which come first.
const TABLES: [(&str, usize); 4] =
    [("organizations", 1), ("handshakes", 1), ("parties", 2), ("resources", 2)];

/// Rebuilds into temporary tables, which hide the archive's own of the same names, and compares.
pub fn projection(checking: &mut Checking<'_>) -> rusqlite::Result<()> {
    let ddl = include_str!("../../../migrations/0002_projection.sql");
    checking.connection.execute_batch(&ddl.replace("CREATE TABLE ", "CREATE TEMP TABLE "))?;
    match projection::rebuild(checking.connection) {
        Ok(()) => {}
        Err(RebuildError::Sqlite(error)) => return Err(error),
        Err(error) => {
            checking.bad("handshake_versions", error.to_string());
            return Ok(());
        }
    }
    for (table, key) in TABLES {
        compare(checking, table, key)?;
    }
    Ok(())
}

/// Walks both tables in the order of their keys, side by side.
fn compare(checking: &mut Checking<'_>, table: &str, key: usize) -> rusqlite::Result<()> {
    let order = (1..=key).map(|column| column.to_string()).collect::<Vec<_>>().join(", ");
    let prepare = |schema: &str| {
        checking.connection.prepare(&format!("SELECT * FROM {schema}.{table} ORDER BY {order}"))
    };
    let (mut found, mut expected) = (prepare("main")?, prepare("temp")?);
    let (mut found, mut expected) = (Side::new(&mut found)?, Side::new(&mut expected)?);
    loop {
        let ordering = match (&found.row, &expected.row) {
            (None, None) => return Ok(()),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(found), Some(expected)) => compare_keys(&found[..key], &expected[..key]),
        };
        checking.checked(1);
        match ordering {
            std::cmp::Ordering::Less => {
                checking
                    .bad(place(table, &found, key), "the row is there, and evidence gives none");
                found.advance()?;
            }
            std::cmp::Ordering::Greater => {
                checking.bad(
                    place(table, &expected, key),
                    "evidence gives the row, and it is not there",
                );
                expected.advance()?;
            }
            std::cmp::Ordering::Equal => {
                let columns = found.differences(&expected);
                if !columns.is_empty() {
                    let what = format!("not what evidence gives: {}", columns.join(", "));
                    checking.bad(place(table, &found, key), what);
                }
                found.advance()?;
                expected.advance()?;
            }
        }
    }
}

/// One of the two tables, at a row.
struct Side<'s> {
    names: Vec<String>,
    rows: Rows<'s>,
    row: Option<Vec<Value>>,
}

impl<'s> Side<'s> {
    fn new(statement: &'s mut Statement<'_>) -> rusqlite::Result<Self> {
        let names = statement.column_names().into_iter().map(str::to_owned).collect();
        let mut side = Self { names, rows: statement.query([])?, row: None };
        side.advance()?;
        Ok(side)
    }

    fn advance(&mut self) -> rusqlite::Result<()> {
        let columns = self.names.len();
        self.row = match self.rows.next()? {
            Some(row) => {
                Some((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?)
            }
            None => None,
        };
        Ok(())
    }

    /// The names of the columns in which the two rows differ.
    fn differences(&self, other: &Side<'_>) -> Vec<String> {
        let (Some(a), Some(b)) = (&self.row, &other.row) else {
            return Vec::new();
        };
        let pairs = self.names.iter().zip(a.iter().zip(b));
        pairs.filter(|(_, (a, b))| a != b).map(|(name, _)| name.clone()).collect()
    }
}

fn place(table: &str, side: &Side<'_>, key: usize) -> String {
    let text = |value: &Value| match value {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let key: Vec<String> = side.row.iter().flat_map(|row| row[..key].iter().map(text)).collect();
    format!("{table}, row {}", key.join(", "))
}

/// As SQLite orders keys: integers, then text by bytes.
fn compare_keys(a: &[Value], b: &[Value]) -> std::cmp::Ordering {
    let rank = |value: &Value| match value {
        Value::Integer(number) => (0, *number, String::new()),
        Value::Text(text) => (1, 0, text.clone()),
        _ => (2, 0, String::new()),
    };
    a.iter().map(rank).cmp(b.iter().map(rank))
}
