//! Every query on the two handshakes of the API page, against rows written down by hand.

use chrono::DateTime;
use handshake_archive::archive::{Archive, Attempt, Outcome, Scope};
use handshake_archive::handshake::{Filter, Page};
use handshake_archive_simulator::API_PAGE_EXAMPLE;
use serde_json::{Value, json};
use tempfile::tempdir;

use super::query_file;
use super::run::{Bound, by_library, integer, open, rows_by_program, text};

/// The moment of the one sync, a week after the invitations.
const NOW: &str = "2017-01-20T14:35:23.000Z";
const REQUESTED: &str = "2017-01-13T14:35:23.000Z";
const EXPIRES: &str = "2017-01-28T14:35:23.000Z";
const NOTE: &str = "This is an invitation to Anika's account to join Bill's organization.";

fn expected() -> Vec<(&'static str, Vec<Bound>, Value)> {
    let now = || text(":now", NOW);
    let (first, second) = ("h-examplehandshakeid111", "h-examplehandshakeid222");
    let (juan, anika) = ("juan@example.com", "anika@example.com");
    let (org, to) = ("o-exampleorgid", EXPIRES);
    let year = || vec![text(":from", "2017-01-01"), text(":until", "2018-01-01")];
    vec![
        (
            "account-history",
            vec![text(":account", "Juan@Example.com")],
            json!([[first, "INVITE", "party", null, "OPEN", REQUESTED, NOW, to, null]]),
        ),
        ("all-features", vec![text(":id", "h-other")], json!([])),
        (
            "answer-times",
            year(),
            json!([[second, "INVITE", null, anika, "accepted", REQUESTED, REQUESTED, NOW, 0, 168]]),
        ),
        (
            "as-of",
            vec![text(":moment", NOW)],
            json!([
                [first, "INVITE", null, juan, "OPEN", 1, REQUESTED, to, NOW, NOW, 0],
                [second, "INVITE", null, anika, "ACCEPTED", 1, REQUESTED, to, NOW, NOW, 0]
            ]),
        ),
        ("billing-transfers", vec![], json!([])),
        ("blind-windows", vec![now()], json!([])),
        (
            "changes",
            vec![integer(":sync", 0)],
            json!([
                [1, "new", first, "INVITE", null, juan, null, "OPEN"],
                [1, "new", second, "INVITE", null, anika, null, "ACCEPTED"]
            ]),
        ),
        (
            "counts",
            vec![],
            json!([["2017-01", "INVITE", "ACCEPTED", 1], ["2017-01", "INVITE", "OPEN", 1]]),
        ),
        (
            "expiring",
            vec![integer(":days", 8), now()],
            json!([[first, org, "INVITE", null, juan, REQUESTED, to, 192]]),
        ),
        ("invited-again", vec![], json!([])),
        (
            "notes",
            vec![text(":text", "BILL")],
            json!([[second, "INVITE", null, anika, "accepted", REQUESTED, NOTE]]),
        ),
        (
            "outcomes",
            year(),
            json!([
                [first, org, null, juan, REQUESTED, to, "pending", null, null, null],
                [second, org, null, anika, REQUESTED, to, "accepted", REQUESTED, NOW, null]
            ]),
        ),
        (
            "pending",
            vec![now()],
            json!([[first, org, "INVITE", null, juan, "OPEN", REQUESTED, to, 0]]),
        ),
        (
            "purge-due",
            vec![integer(":days", 23), now()],
            json!([[
                second,
                "INVITE",
                null,
                anika,
                "accepted",
                "2017-02-12T14:35:23.000Z",
                "2017-02-19T14:35:23.000Z",
                0
            ]]),
        ),
        ("purged", vec![text(":since", "1970-01-01")], json!([])),
        (
            "resource-tree",
            vec![text(":id", first)],
            json!([
                [0, 0, "ORGANIZATION", "ORGANIZATION", org],
                [1, 1, "ORGANIZATION/MASTER_EMAIL", "MASTER_EMAIL", "bill@amazon.com"],
                [2, 1, "ORGANIZATION/MASTER_NAME", "MASTER_NAME", "Org Master Account"],
                [3, 1, "ORGANIZATION/ORGANIZATION_FEATURE_SET", "ORGANIZATION_FEATURE_SET", "FULL"],
                [4, 0, "EMAIL", "EMAIL", juan]
            ]),
        ),
        (
            "syncs",
            vec![integer(":limit", 9)],
            json!([[
                1,
                "ListHandshakesForOrganization",
                org,
                NOW,
                NOW,
                0,
                "complete",
                null,
                1,
                2,
                2,
                0,
                0,
                0,
                null,
                null
            ]]),
        ),
        (
            "transitions",
            vec![text(":since", NOW)],
            json!([
                [first, "INVITE", null, juan, null, "OPEN", REQUESTED, NOW, 1],
                [second, "INVITE", null, anika, null, "ACCEPTED", REQUESTED, NOW, 1]
            ]),
        ),
        ("unknown-outcomes", vec![], json!([])),
    ]
}

#[test]
fn every_query_reads_the_example_of_the_api_page_as_a_person_would() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("archive.db");
    let mut archive = Archive::open(&path).expect("an archive");
    let now = NOW.parse::<DateTime<chrono::Utc>>().expect("a time");
    let attempt = Attempt {
        operation: "ListHandshakesForOrganization",
        filter: Filter::None,
        started_at: now,
    };
    let mut recorder = archive.begin(&attempt).expect("a sync");
    let body = format!(r#"{{"Handshakes":[{}]}}"#, API_PAGE_EXAMPLE.join(","));
    let page = Page::read(body.into_bytes()).expect("a page");
    recorder.record([(Scope::Unrestricted, page)], now).expect("recorded");
    recorder.finish(&Outcome::Complete, now).expect("finished");
    drop(archive);

    let connection = open(&path);
    let expected = expected();
    for file in query_file::all() {
        let case = expected.iter().find(|(name, _, _)| *name == file.name);
        let (_, bound, rows) = case.unwrap_or_else(|| panic!("no rows for {}", file.name));
        let (columns, found) = by_library(&connection, &file.sql, bound);
        assert_eq!(&json!(found), rows, "{}", file.name);
        let by_program = rows_by_program(&path, &file, bound, &columns);
        assert_eq!(&json!(by_program), rows, "{} by the sqlite3 program", file.name);
    }
}
