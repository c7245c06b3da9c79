//! Every query on the fixture, against rows that were computed without SQL.

use std::collections::BTreeSet;
use std::path::Path;

use handshake_archive::archive::{Attempt, Scope};
use handshake_archive::handshake::{Filter, Page};
use serde_json::{Value, json};
use tempfile::tempdir;

use super::expected;
use super::query_file;
use super::run::{Bound, by_library, integer, open, rows_by_program, text};
use crate::fixture::{Fixture, PARENT};
use crate::harness;

/// A query with values for its parameters, and what it should give.
pub struct Case {
    /// The name of the query.
    pub query: &'static str,
    /// Its parameters.
    pub bound: Vec<Bound>,
    /// Its rows.
    pub rows: Vec<Value>,
}

fn case<const N: usize>(query: &'static str, bound: [Bound; N], rows: Vec<Value>) -> Case {
    Case { query, bound: bound.into(), rows }
}

/// Moments before the history, in it, in the blind window, after it, and to the millisecond: when
/// syncs 1 and 10 asked, when 10 ended, when a handshake expires.
const MOMENTS: [&str; 12] = [
    "2023-06-01T00:00:00.000Z",
    "2024-01-01T00:00:01.000Z",
    "2024-01-08T12:00:00.000Z",
    "2024-01-17T00:00:00.000Z",
    "2024-01-22T03:00:00.000Z",
    "2024-02-05T00:00:00.000Z",
    "2024-03-09T00:00:01.000Z",
    "2024-03-09T00:01:01.000Z",
    "2024-03-10T00:00:00.000Z",
    "2024-03-22T00:00:00.257Z",
    "2024-03-24T00:00:00.000Z",
    "2025-01-01T00:00:00.000Z",
];

fn cases(fixture: &Fixture) -> Vec<Case> {
    let f = fixture;
    let mut cases = vec![
        case("unknown-outcomes", [], expected::unknown_outcomes(f)),
        case("invited-again", [], expected::invited_again(f)),
        case("billing-transfers", [], expected::billing_transfers(f)),
        case("counts", [], expected::counts(f)),
        case("changes", [integer(":sync", 0)], expected::changes(f, f.syncs.len())),
    ];
    for moment in MOMENTS {
        cases.extend([
            case("pending", [text(":now", moment)], expected::pending(f, moment)),
            case("as-of", [text(":moment", moment)], expected::as_of(f, moment)),
            case("transitions", [text(":since", moment)], expected::transitions(f, moment)),
            case("purged", [text(":since", moment)], expected::purged(f, moment)),
            case("blind-windows", [text(":now", moment)], expected::blind_windows(f, moment)),
        ]);
        for days in [0, 7, 30] {
            let bound = || [integer(":days", days), text(":now", moment)];
            cases.push(case("expiring", bound(), expected::expiring(f, days, moment)));
            cases.push(case("purge-due", bound(), expected::purge_due(f, days, moment)));
        }
        for until in MOMENTS {
            let bound = || [text(":from", moment), text(":until", until)];
            cases.push(case("outcomes", bound(), expected::outcomes(f, moment, until)));
            cases.push(case("answer-times", bound(), expected::answer_times(f, moment, until)));
        }
    }
    for story in &f.stories {
        let bound = || [text(":id", story.id)];
        cases.push(case("resource-tree", bound(), expected::resource_tree(f, story.id)));
        cases.push(case("all-features", bound(), expected::all_features(f, story.id)));
    }
    for account in [
        "juan@example.com",
        "JUAN@EXAMPLE.COM",
        "001234567890",
        "1234567890",
        "party@example.com",
        "resource@example.com",
        "only-resource@example.com",
        "payer@example.com",
        "bill@example.com",
        "777777777779",
        "o-firstorgan",
        "firstorgan",
        "",
        "%",
    ] {
        let rows = expected::account_history(f, account);
        cases.push(case("account-history", [text(":account", account)], rows));
    }
    for part in ["", "agreed", "ANIKA", "100%", "_", "two", "<b>; drop", "\u{1f600}", "nowhere"] {
        cases.push(case("notes", [text(":text", part)], expected::notes(f, part)));
    }
    for number in 1..=f.syncs.len() {
        let limit = integer(":limit", number as i64);
        cases.push(case("syncs", [limit], expected::syncs(f, number)));
        let sync = integer(":sync", number as i64);
        cases.push(case("changes", [sync], expected::changes(f, number)));
    }
    cases
}

fn check(case: &Case, archive: &Path) {
    let query = query_file::named(case.query);
    let what = format!("{} {:?}", case.query, case.bound);
    let connection = open(archive);
    let (columns, rows) = by_library(&connection, &query.sql, &case.bound);
    let list = |rows: &[Value]| rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    assert_eq!(list(&rows), list(&case.rows), "{what}");
    let different: BTreeSet<&String> = columns.iter().collect();
    assert_eq!(different.len(), columns.len(), "{what}: each column has a name of its own");
    let by_program = rows_by_program(archive, &query, &case.bound, &columns);
    assert_eq!(list(&by_program), list(&case.rows), "{what} by the sqlite3 program");
}

#[test]
fn every_query_gives_the_rows_that_the_history_demands() {
    let folder = tempdir().expect("a folder");
    let archive = folder.path().join("archive.db");
    let fixture = Fixture::new();
    fixture.record(&archive);
    let cases = cases(&fixture);
    for case in &cases {
        check(case, &archive);
    }
    for file in query_file::all() {
        let of_file = || cases.iter().filter(|case| case.query == file.name);
        assert!(of_file().any(|case| !case.rows.is_empty()), "{}: no case has rows", file.name);
    }
}

#[test]
fn an_account_that_was_bound_as_a_number_is_found_with_its_zeros() {
    let folder = tempdir().expect("a folder");
    let archive = folder.path().join("archive.db");
    let fixture = Fixture::new();
    fixture.record(&archive);
    let rows = expected::account_history(&fixture, "001234567890");
    assert_eq!(rows.len(), 4);
    check(&case("account-history", [integer(":account", 1_234_567_890)], rows), &archive);
}

#[test]
fn what_a_running_sync_has_found_is_known_before_it_ends() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("archive.db");
    let fixture = Fixture::new();
    fixture.record(&path);
    let mut archive = harness::open(&path);
    let started_at = fixture.syncs[14].started + chrono::TimeDelta::days(1);
    let operation = "ListHandshakesForOrganization";
    let attempt = Attempt { operation, filter: Filter::None, started_at };
    let mut recorder = archive.begin(&attempt).expect("a sync begins");
    let body = r#"{"Handshakes":[{"Id":"h-running0001","State":"OPEN"}]}"#;
    let page = Page::read(body.into()).expect("a page");
    recorder.record([(Scope::Unrestricted, page)], started_at).expect("recorded");
    drop(recorder);
    let after_all = text(":since", "2025-01-01T00:00:00.000Z");
    let none: Option<&str> = None;
    let found = json!(["h-running0001", none, none, none, none, "OPEN", none, none, 16]);
    check(&case("transitions", [after_all], vec![found]), &path);
    let last = fixture.syncs.len();
    check(&case("changes", [integer(":sync", 0)], expected::changes(&fixture, last)), &path);
}

#[test]
fn what_the_fixture_says_of_its_syncs_is_possible() {
    let fixture = Fixture::new();
    for story in &fixture.stories {
        for (index, run) in story.runs.iter().enumerate() {
            let saw = |number: usize| fixture.saw(number, story);
            assert!(saw(run.from), "{}: sync {} shows it", story.id, run.from);
            let Some(until) = run.until else { continue };
            let next = story.runs.get(index + 1);
            if next.is_some_and(|next| next.from == until) {
                continue;
            }
            let course = fixture.sync(until).course;
            let answers = match course.filter() {
                Filter::None => course == crate::fixture::Course::Complete,
                Filter::ActionType(action) => story.action == Some(&*action),
                Filter::ParentHandshakeId(parent) => fixture.parent(story) == Some(&*parent),
            };
            assert!(answers && !saw(until), "{}: sync {until} misses it", story.id);
        }
    }
    let parents = fixture.stories.iter().filter(|story| story.id == PARENT);
    assert_eq!(parents.count(), 1);
}
