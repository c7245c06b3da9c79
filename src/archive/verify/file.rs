//! The file as SQLite sees it, and its schema.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::Checking;
use crate::archive::migrations;

/// SQLite's own checks.
pub fn integrity(checking: &mut Checking<'_>) -> rusqlite::Result<()> {
    let mut statement = checking.connection.prepare("PRAGMA integrity_check")?;
    let mut rows = statement.query([])?;
    checking.checked(1);
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            checking.bad("the file", line);
        }
    }
    let mut statement = checking.connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    checking.checked(1);
    while let Some(row) = rows.next()? {
        let (table, rowid, parent): (String, Option<i64>, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let row = rowid.map_or_else(|| "a row".to_owned(), |rowid| format!("row {rowid}"));
        checking.bad(
            format!("{table}, {row}"),
            format!("refers to a row of {parent} that is not there"),
        );
    }
    Ok(())
}

/// The schema against the one that the migrations make.
pub fn schema(checking: &mut Checking<'_>) -> rusqlite::Result<()> {
    let mut fresh = Connection::open_in_memory()?;
    if let Err(error) = migrations::all().to_latest(&mut fresh) {
        return Err(rusqlite::Error::ToSqlConversionFailure(error.into()));
    }
    let expected = entries(&fresh)?;
    let found = entries(checking.connection)?;
    checking.checked(expected.len() as u64);
    for (name, sql) in &expected {
        match found.get(name) {
            None => checking.bad(name, "is not there"),
            Some(other) if other != sql => checking.bad(name, "is not as the migrations make it"),
            Some(_) => {}
        }
    }
    for name in found.keys().filter(|name| !expected.contains_key(*name)) {
        checking.bad(name, "is there, and no migration makes it");
    }
    Ok(())
}

type Entries = BTreeMap<String, Option<String>>;

/// What the schema holds, by kind and name.
fn entries(connection: &Connection) -> rusqlite::Result<Entries> {
    connection
        .prepare("SELECT type || ' ' || name, sql FROM main.sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
