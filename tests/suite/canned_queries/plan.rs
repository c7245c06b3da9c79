//! Which queries read what they need and no more.

use handshake_archive::archive::Archive;
use tempfile::tempdir;

use super::query_file::{self, QueryFile};
use super::run::{by_library, by_program, open};

/// The queries that promise to read no table of handshakes from end to end, each with what it may
/// scan: the syncs, and the few rows that it has already found.
const PROMISES: [(&str, &[&str]); 9] = [
    ("account-history", &["a", "named", "f", "found"]),
    ("all-features", &["f", "c"]),
    ("changes", &["a", "c", "s"]),
    ("expiring", &[]),
    ("pending", &[]),
    ("purge-due", &[]),
    ("resource-tree", &["u", "upwards"]),
    ("syncs", &["y"]),
    ("transitions", &["s"]),
];

/// The details of a plan that name what is read from end to end.
fn scans(plan: &str) -> impl Iterator<Item = &str> {
    let details = plan.lines().map(|line| line.trim_start_matches(['|', '-', '`', ' ']));
    details.filter_map(|detail| detail.strip_prefix("SCAN ")).filter(|what| *what != "CONSTANT ROW")
}

fn check(query: &QueryFile, allowed: &[&str], plan: &str) {
    for what in scans(plan) {
        let table = what.split(' ').next().unwrap_or_default();
        assert!(allowed.contains(&table), "{} scans {table}:\n{plan}", query.name);
    }
}

#[test]
fn questions_about_one_thing_read_no_table_from_end_to_end() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("archive.db");
    drop(Archive::open(&path).expect("an empty archive"));
    let connection = open(&path);
    for (name, allowed) in PROMISES {
        let query = query_file::named(name);
        let sql = format!("EXPLAIN QUERY PLAN {}", query.sql);
        let (_, rows) = by_library(&connection, &sql, &[]);
        let details = rows.iter().map(|row| format!("{}\n", row[3].as_str().unwrap_or_default()));
        let plan: String = details.collect();
        assert!(plan.contains("SEARCH") || name == "syncs", "{name}:\n{plan}");
        check(&query, allowed, &plan);
        check(&query, allowed, &by_program(&path, "list", &sql, &[]));
    }
}

#[test]
fn counts_are_read_from_an_index_in_its_order_and_never_sorted() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("archive.db");
    drop(Archive::open(&path).expect("an empty archive"));
    let sql = format!("EXPLAIN QUERY PLAN {}", query_file::named("counts").sql);
    let (_, rows) = by_library(&open(&path), &sql, &[]);
    let by_library = rows[0][3].as_str().unwrap_or_default().to_owned();
    for plan in [by_library, by_program(&path, "list", &sql, &[])] {
        assert!(plan.contains("USING INDEX handshakes_by_month"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
    assert_eq!(rows.len(), 1, "{rows:?}");
}
