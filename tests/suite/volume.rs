//! A thousand handshakes, and once more.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use handshake_archive::archive::{Attempt, Identity, Outcome, Scope};
use handshake_archive::handshake::{Filter, Page};
use handshake_archive::organizations::LIST_HANDSHAKES_FOR_ORGANIZATION;
use handshake_archive_simulator::Simulator;
use serde_json::{Value, json};

use crate::harness::{Sandbox, noon, open, organization};
use crate::process::run;

/// Parties and resources of a served handshake, counted without the code under test.
fn count(json: &str) -> (i64, i64) {
    fn resources(value: &Value) -> i64 {
        let list = value["Resources"].as_array().map_or(&[][..], |list| list);
        list.iter().map(|resource| 1 + resources(resource)).sum()
    }
    let value: Value = serde_json::from_str(json).unwrap();
    (value["Parties"].as_array().unwrap().len() as i64, resources(&value))
}

#[test]
fn a_thousand_handshakes_are_archived_whole_and_a_second_sync_adds_one_row() {
    let sandbox = Sandbox::new();
    let mut organization = organization();
    organization.populate(1000);
    let simulator = Simulator::start(organization);
    let served = simulator.with(|organization| organization.visible());
    assert_eq!(served.len(), 1000);

    let summary = sandbox.sync(&simulator).expect(0).summary();
    assert_eq!(
        (&summary["listed"], &summary["added"], &summary["pages"]),
        (&1000.into(), &1000.into(), &50.into())
    );

    let database = sandbox.database();
    database.assert_sound();
    let archived: BTreeMap<String, String> = database
        .rows("SELECT i.id, v.payload FROM handshakes AS i JOIN handshake_versions AS v USING (handshake_id)")
        .into_iter()
        .map(|row| match <[_; 2]>::try_from(row).unwrap() {
            [rusqlite::types::Value::Text(id), rusqlite::types::Value::Text(payload)] => (id, payload),
            other => panic!("{other:?}"),
        })
        .collect();
    let truth: BTreeMap<String, String> =
        served.iter().map(|visible| (visible.id.clone(), visible.json.clone())).collect();
    assert_eq!(archived, truth);
    let (parties, resources) = served
        .iter()
        .map(|visible| count(&visible.json))
        .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    assert_eq!(database.number("SELECT count(*) FROM parties"), parties);
    assert_eq!(database.number("SELECT count(*) FROM resources"), resources);
    let states: Vec<String> = database.texts("SELECT state FROM handshakes ORDER BY id");
    let mut expected: Vec<_> =
        served.iter().map(|visible| (visible.id.clone(), visible.state.clone())).collect();
    expected.sort();
    assert_eq!(states, expected.into_iter().map(|(_, state)| state).collect::<Vec<_>>());

    let rows = |table: &str| database.number(&format!("SELECT count(*) FROM {table}"));
    let tables = [
        "archive",
        "sources",
        "handshake_versions",
        "observations",
        "child_listings",
        "quarantine",
        "organizations",
        "handshakes",
        "parties",
        "resources",
        "syncs",
    ];
    let before = tables.map(rows);
    let summary = sandbox.sync(&simulator).expect(0).summary();
    assert_eq!(
        (&summary["listed"], &summary["added"], &summary["changed"], &summary["gone"]),
        (&1000.into(), &0.into(), &0.into(), &0.into())
    );
    let mut expected = before;
    expected[tables.len() - 1] += 1;
    assert_eq!(tables.map(rows), expected, "an unchanged sync writes one row, in syncs");
}

#[test]
fn the_page_size_is_what_was_asked_for() {
    let sandbox = Sandbox::new();
    let mut organization = organization();
    organization.populate(10);
    let simulator = Simulator::start(organization);
    let summary = sandbox.sync_with(&simulator, &["--max-results", "3"]).expect(0).summary();
    assert_eq!((&summary["pages"], &summary["listed"]), (&4.into(), &10.into()));
}

#[test]
fn schema_reads_as_documentation_in_the_sqlite3_program() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    sandbox.sync(&simulator).expect(0);
    let mut program = std::process::Command::new("sqlite3");
    let schema = run(program.arg(sandbox.archive()).arg(".schema")).expect(0).stdout.clone();
    for comment in [
        "-- Each handshake that AWS ever showed, with its newest content.",
        "-- Runs: from one sync on, AWS showed this content of this handshake",
        "-- AWS gives one ARN to more than one handshake: no key",
        "-- One row an invitation (action INVITE)",
    ] {
        assert!(schema.contains(comment), "{comment}");
    }
}

#[test]
fn what_a_long_sync_records_is_moved_into_the_archive_while_it_goes_on() {
    const PAGES: usize = 6;
    let sandbox = Sandbox::new();
    let mut archive = open(&sandbox.archive());
    let length = || fs::metadata(sandbox.archive()).unwrap().len();
    let empty = length();
    let attempt = Attempt {
        operation: LIST_HANDSHAKES_FOR_ORGANIZATION,
        filter: Filter::None,
        started_at: noon(),
    };
    let mut recorder = archive.begin(&attempt).unwrap();
    recorder.identify(Identity {
        organization_id: Some("o-exampleorgid".to_owned()),
        ..Identity::default()
    });
    let notes = "n".repeat(50 * 1024);
    for page in 0..PAGES {
        let of = |at| json!({"Id": format!("h-{page:04}{at:04}"), "Resources": [{"Type": "NOTES", "Value": notes}]});
        let body = json!({"Handshakes": (0..20).map(of).collect::<Vec<_>>()}).to_string();
        let page = Page::read(body.into_bytes()).unwrap();
        recorder.record([(Scope::Unrestricted, page)], noon()).unwrap();
    }
    // SQLite itself would not: the -wal is too short. Two megabytes are less than was recorded when it was
    // first worth while.
    let began = Instant::now();
    while length() < empty + 2 * 1024 * 1024 {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing is moved");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(recorder.finish(&Outcome::Complete, noon()).unwrap().added, PAGES as i64 * 20);
    drop(archive);
    assert!(!sandbox.path("archive.db-wal").exists());
    sandbox.database().assert_sound();
}
