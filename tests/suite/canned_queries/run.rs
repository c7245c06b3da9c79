//! Two ways to run a query: through rusqlite, and by the `sqlite3` program.

use std::path::Path;
use std::process::Command;

use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value, json};

use super::query_file::QueryFile;
use crate::process::Started;

/// A value for a parameter of that name.
pub type Bound = (&'static str, Cell);

/// A text for a parameter.
pub fn text(name: &'static str, value: &str) -> Bound {
    (name, Cell::Text(value.to_owned()))
}

/// A number for a parameter.
pub fn integer(name: &'static str, value: i64) -> Bound {
    (name, Cell::Integer(value))
}

/// The archive, to be read only.
pub fn open(archive: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(archive, flags).expect("the archive opens")
}

/// The names of the columns, and the rows.
pub fn by_library(
    connection: &Connection,
    sql: &str,
    bound: &[Bound],
) -> (Vec<String>, Vec<Value>) {
    let mut statement = connection.prepare(sql).expect("the query compiles");
    for (name, value) in bound {
        statement.raw_bind_parameter(*name, value).expect("the parameter is bound");
    }
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut rows = vec![];
    let mut found = statement.raw_query();
    while let Some(row) = found.next().expect("a row") {
        let cells = (0..columns.len()).map(|column| match row.get_ref(column).expect("a cell") {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => json!(number),
            ValueRef::Text(text) => json!(std::str::from_utf8(text).expect("UTF-8")),
            other => panic!("a query gives text, integers and NULL: {other:?}"),
        });
        rows.push(cells.collect());
    }
    (columns, rows)
}

/// What the program writes when it runs this text with these parameters.
pub fn by_program(archive: &Path, mode: &str, sql: &str, bound: &[Bound]) -> String {
    let mut script = format!(".bail on\n.mode {mode}\n");
    for (name, value) in bound {
        let literal = match value {
            Cell::Integer(number) => number.to_string(),
            Cell::Text(text) => format!("\"'{text}'\""),
            other => panic!("not a parameter: {other:?}"),
        };
        script += &format!(".param set {name} {literal}\n");
    }
    script += sql;
    let mut program = Command::new("sqlite3");
    program.args(["-readonly", "-batch", "-init", "/dev/null"]).arg(archive);
    let run = Started::with_input(&mut program, &script).wait();
    assert!(run.code == 0 && run.stderr.is_empty(), "sqlite3: {}", run.stderr);
    run.stdout
}

/// The rows that the program gives, with the cells in the order of the columns.
pub fn rows_by_program(
    archive: &Path,
    query: &QueryFile,
    bound: &[Bound],
    columns: &[String],
) -> Vec<Value> {
    let output = by_program(archive, "json", &query.sql, bound);
    if output.trim().is_empty() {
        return vec![]; // The program writes nothing for no rows.
    }
    let rows: Vec<Map<String, Value>> = serde_json::from_str(&output).expect("JSON");
    let row = |row: Map<String, Value>| columns.iter().map(|column| row[column].clone()).collect();
    rows.into_iter().map(row).collect()
}
