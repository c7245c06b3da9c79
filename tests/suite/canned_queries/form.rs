//! What holds for every file.

use std::collections::BTreeSet;

use handshake_archive::archive::Archive;
use rusqlite::Batch;
use rusqlite::fallible_iterator::FallibleIterator as _;
use tempfile::tempdir;

use super::query_file;
use super::run::{Bound, by_library, integer, open, rows_by_program, text};

#[test]
fn every_header_has_a_title_a_paragraph_and_its_parameters() {
    let mut titles = BTreeSet::new();
    for file in query_file::all() {
        let name = &file.name;
        let valid = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(name.chars().all(valid), "{name}: lower case and hyphens");
        assert!(!file.title().is_empty(), "{name}: a title");
        assert!(titles.insert(file.title().to_owned()), "{name}: a title of its own");
        assert!(file.paragraph().starts_with("One row a"), "{name}: what is a row?");
        for parameter in file.parameters() {
            assert!(parameter.name.starts_with(':'), "{name}: {parameter:?}");
            assert!(!parameter.meaning.trim().is_empty(), "{name}: {parameter:?}");
            let default = parameter.default.as_deref();
            match parameter.kind.as_str() {
                "text" => {}
                "integer" => assert!(default.is_none_or(|it| it.parse::<i64>().is_ok()), "{name}"),
                "date" => assert!(
                    default.is_none_or(|it| {
                        let days = it.trim_start_matches(['-', '+']).trim_end_matches('d');
                        it == "now"
                            || (it.ends_with('d') && days.parse::<u32>().is_ok())
                            || chrono::NaiveDate::parse_from_str(it, "%Y-%m-%d").is_ok()
                    }),
                    "{name}: {parameter:?}"
                ),
                other => panic!("{name}: the type {other}"),
            }
        }
        assert!(file.sql.ends_with(";\n"), "{name}: ends with a semicolon and a line break");
    }
}

#[test]
fn the_declared_parameters_are_those_of_the_one_read_only_statement() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("archive.db");
    drop(Archive::open(&path).expect("an empty archive"));
    let connection = open(&path);
    for file in query_file::all() {
        let declared: BTreeSet<String> = file.parameters().into_iter().map(|it| it.name).collect();
        assert_eq!(declared.len(), file.parameters().len(), "{}: declared once", file.name);
        let mut batch = Batch::new(&connection, &file.sql);
        let mut statements = 0;
        while let Some(statement) = batch.next().expect(&file.name) {
            statements += 1;
            assert!(statement.readonly(), "{}: reads only", file.name);
            let found: BTreeSet<String> = (1..=statement.parameter_count())
                .map(|index| statement.parameter_name(index).expect("a name").to_owned())
                .collect();
            assert_eq!(found, declared, "{}", file.name);
        }
        assert_eq!(statements, 1, "{}: one statement", file.name);
        let statement = file.statement();
        assert!(
            statement.starts_with("SELECT ") || statement.starts_with("WITH "),
            "{}: SELECT or WITH",
            file.name
        );
    }
}

#[test]
fn every_query_runs_on_an_empty_archive_and_finds_nothing() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("archive.db");
    drop(Archive::open(&path).expect("an empty archive"));
    let connection = open(&path);
    for file in query_file::all() {
        let mut bound: Vec<Bound> = vec![];
        for parameter in file.parameters() {
            let name: &'static str = parameter.name.leak();
            bound.push(match parameter.kind.as_str() {
                "integer" => integer(name, 5),
                "date" => text(name, "2024-01-31T00:00:00.000Z"),
                _ => text(name, ""),
            });
        }
        let (columns, rows) = by_library(&connection, &file.sql, &bound);
        assert!(rows.is_empty(), "{}: {rows:?}", file.name);
        assert_eq!(rows_by_program(&path, &file, &bound, &columns), rows, "{}", file.name);
    }
}
