//! The tables for SQL against what evidence gives.

use std::cmp::Ordering;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Row, Rows, Statement};

use super::Checking;
use crate::archive::projection::{self, RebuildError};

/// The name of the check.
pub const NAME: &str = "projection";

/// Walks evidence and the tables side by side, in the order of the tables' keys.
pub fn tables(checking: &mut Checking<'_>) -> rusqlite::Result<()> {
    let connection = checking.connection;
    let prepare = |sql: &str| connection.prepare(sql);
    let mut handshakes = prepare("SELECT * FROM handshakes ORDER BY handshake_id")?;
    let mut parties = prepare("SELECT * FROM parties ORDER BY handshake_id, position")?;
    let mut resources = prepare("SELECT * FROM resources ORDER BY handshake_id, ordinal")?;
    let mut handshakes = Side::new("handshakes", 1, &mut handshakes)?;
    let mut parties = Side::new("parties", 2, &mut parties)?;
    let mut resources = Side::new("resources", 2, &mut resources)?;
    let derived = projection::derive(connection, |handshake_id, derived| {
        let id = ValueRef::Integer(handshake_id);
        let (content, handshake) = (derived.content, derived.content.handshake);
        // In the order of the table's columns.
        let row = [
            id,
            text(handshake.id()),
            optional(handshake.arn()),
            optional(content.organization_id.as_deref()),
            optional(handshake.action()),
            optional(handshake.state()),
            optional(content.account()),
            optional(content.email()),
            optional(content.requested_at.as_deref()),
            optional(content.expires_at.as_deref()),
            optional(derived.parent_handshake_id),
            ValueRef::Integer(derived.version),
            text(derived.first_seen_at),
            text(derived.changed_at),
            optional(derived.gone_at),
        ];
        handshakes.hold(checking, &row)?;
        for (position, party) in (0..).zip(handshake.parties()) {
            let position = ValueRef::Integer(position);
            parties
                .hold(checking, &[id, position, optional(party.kind()), optional(party.id())])?;
        }
        for node in content.nodes() {
            let row = [
                id,
                ValueRef::Integer(node.ordinal),
                node.parent_ordinal.map_or(ValueRef::Null, ValueRef::Integer),
                ValueRef::Integer(node.depth),
                optional(node.resource.kind()),
                optional(node.resource.value()),
                ValueRef::Integer(node.beyond_parties.into()),
            ];
            resources.hold(checking, &row)?;
        }
        Ok(())
    });
    let derived = match derived {
        Ok(derived) => derived,
        Err(RebuildError::Sqlite(error)) => return Err(error),
        Err(error) => {
            checking.bad("handshake_versions", error.to_string());
            return Ok(());
        }
    };
    let mut organizations = prepare("SELECT * FROM organizations ORDER BY organization_id")?;
    let mut organizations = Side::new("organizations", 1, &mut organizations)?;
    for (id, organization) in &derived {
        let row = [
            text(id),
            optional(organization.partition.as_deref()),
            optional(organization.management_account_id.as_deref()),
            text(&organization.first_seen_at),
        ];
        organizations.hold(checking, &row)?;
    }
    for side in [handshakes, parties, resources, organizations] {
        side.end(checking)?;
    }
    Ok(())
}

fn text(text: &str) -> ValueRef<'_> {
    ValueRef::Text(text.as_bytes())
}

fn optional(value: Option<&str>) -> ValueRef<'_> {
    value.map_or(ValueRef::Null, text)
}

/// A table of the archive, at a row.
struct Side<'s> {
    table: &'static str,
    /// The number of its key columns, which come first.
    key: usize,
    names: Vec<String>,
    rows: Rows<'s>,
}

impl<'s> Side<'s> {
    fn new(
        table: &'static str,
        key: usize,
        statement: &'s mut Statement<'_>,
    ) -> rusqlite::Result<Self> {
        let names = statement.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = statement.query([])?;
        rows.advance()?;
        Ok(Self { table, key, names, rows })
    }

    /// Holds the table against the next row that evidence gives.
    fn hold(
        &mut self,
        checking: &mut Checking<'_>,
        expected: &[ValueRef<'_>],
    ) -> rusqlite::Result<()> {
        loop {
            let order = match self.rows.get() {
                Some(found) => compare_keys(found, &expected[..self.key])?,
                None => Ordering::Greater,
            };
            match order {
                Ordering::Less => self.skip(checking)?,
                Ordering::Equal => break,
                Ordering::Greater => {
                    checking.checked(1);
                    let place = self.place(&expected[..self.key]);
                    checking.bad(place, "evidence gives the row, and it is not there");
                    return Ok(());
                }
            }
        }
        checking.checked(1);
        let differing = self.differing(expected)?;
        if !differing.is_empty() {
            let what = format!("not what evidence gives: {}", differing.join(", "));
            checking.bad(self.place(&expected[..self.key]), what);
        }
        self.rows.advance()
    }

    /// The rows that are left.
    fn end(mut self, checking: &mut Checking<'_>) -> rusqlite::Result<()> {
        while self.rows.get().is_some() {
            self.skip(checking)?;
        }
        Ok(())
    }

    fn skip(&mut self, checking: &mut Checking<'_>) -> rusqlite::Result<()> {
        if let Some(found) = self.rows.get() {
            let key = (0..self.key).map(|column| found.get_ref(column));
            let key = key.collect::<rusqlite::Result<Vec<_>>>()?;
            checking.checked(1);
            checking.bad(self.place(&key), "the row is there, and evidence gives none");
        }
        self.rows.advance()
    }

    /// The names of the columns in which the row that is there differs.
    fn differing(&self, expected: &[ValueRef<'_>]) -> rusqlite::Result<Vec<&str>> {
        let mut differing = Vec::new();
        for (column, name) in self.names.iter().enumerate() {
            let found = self.rows.get().map(|found| found.get_ref(column)).transpose()?;
            if found.as_ref() != expected.get(column) {
                differing.push(name.as_str());
            }
        }
        Ok(differing)
    }

    fn place(&self, key: &[ValueRef<'_>]) -> String {
        let text = |value: &ValueRef<'_>| match value {
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        };
        let key: Vec<String> = key.iter().map(text).collect();
        format!("{}, row {}", self.table, key.join(", "))
    }
}

/// As SQLite orders keys: NULL, integers, then text by bytes.
fn compare_keys(found: &Row<'_>, expected: &[ValueRef<'_>]) -> rusqlite::Result<Ordering> {
    for (column, expected) in expected.iter().enumerate() {
        let order = match (found.get_ref(column)?, expected) {
            (ValueRef::Integer(found), ValueRef::Integer(expected)) => found.cmp(expected),
            (ValueRef::Text(found), ValueRef::Text(expected)) => found.cmp(*expected),
            (found, expected) => rank(found).cmp(&rank(*expected)),
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}

fn rank(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) | ValueRef::Real(_) => 1,
        ValueRef::Text(_) => 2,
        ValueRef::Blob(_) => 3,
    }
}
