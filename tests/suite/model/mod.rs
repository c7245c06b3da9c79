//! Random histories, recorded and beside it kept in a naive reference in memory: after every sync,
//! every table, view and answer that the two can give is the same, and true of the world.
//!
//! `PROPTEST_CASES=2000 cargo test --test suite -- model` takes as long as you like.

mod histories;
mod periods;
mod play;
mod reference;
mod tables;
mod truth;
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use handshake_archive::archive::ArchiveReader;
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::canned_queries::query_file;
use crate::canned_queries::run as canned;
use crate::harness::{Database, Sandbox, open};
use histories::{Step, history};
use play::Play;
use tables::{Tables, text};

/// Each table and view, asked for the columns that the reference has.
fn compare(database: &Database, tables: &Tables<'_>) -> Result<(), TestCaseError> {
    let rows = |sql| database.lines(sql);
    prop_assert_eq!(
        rows(
            "SELECT y.id, s.owner_id, y.started_at, y.observed_at, y.finished_at, y.outcome,
                coalesce(y.filter_action_type, y.filter_parent_handshake_id),
                iif(y.outcome IN ('running', 'interrupted'), NULL, y.listed), y.added,
                y.changed, y.gone, y.quarantined
         FROM syncs AS y LEFT JOIN sources AS s USING (source_id) ORDER BY y.id"
        ),
        tables.syncs()
    );
    prop_assert_eq!(
        rows(
            "SELECT s.owner_id, h.id, v.version, o.seen_sync_id, o.listed_sync_id, o.gone_sync_id
         FROM observations AS o JOIN sources AS s USING (source_id)
         JOIN handshakes AS h USING (handshake_id) JOIN handshake_versions AS v USING (version_id)
         ORDER BY o.observation_id"
        ),
        tables.observations()
    );
    prop_assert_eq!(
        rows(
            "SELECT id, organization_id, action, state, account, requested_at, expires_at,
                parent_handshake_id, version, first_seen_at, changed_at, gone_at
         FROM handshakes ORDER BY id"
        ),
        tables.handshakes()
    );
    let mut details = rows(
        "SELECT id, 'party', position, type, party_id FROM parties JOIN handshakes USING (handshake_id)",
    );
    details.extend(rows(
        "SELECT id, 'resource', ordinal, parent_ordinal, depth, type, value
         FROM resources JOIN handshakes USING (handshake_id)",
    ));
    details.sort();
    prop_assert_eq!(details, tables.details());
    prop_assert_eq!(
        rows("SELECT sync_id, id, CAST(payload AS TEXT) FROM quarantine ORDER BY quarantine_id"),
        tables.quarantine()
    );
    prop_assert_eq!(
        rows(
            "SELECT id, from_state, to_state, after_at, by_at, sync_id FROM transitions ORDER BY observation_id"
        ),
        tables.transitions()
    );
    prop_assert_eq!(
        rows("SELECT id, state, after_at, by_at, sync_id FROM purged ORDER BY id"),
        tables.purged()
    );
    prop_assert_eq!(
        rows("SELECT owner_id, period, from_at, until_at, syncs FROM coverage"),
        tables.coverage()
    );
    Ok(())
}

/// The canned query `as-of` at a moment.
fn as_of(sandbox: &Sandbox, sql: &str, moment: DateTime<Utc>) -> Vec<String> {
    let bound = [canned::text(":moment", &text(moment))];
    let (columns, rows) = canned::by_library(&canned::open(&sandbox.archive()), sql, &bound);
    let wanted = ["id", "state", "version", "seen_at", "synced_at", "blind"]
        .map(|name| columns.iter().position(|column| column == name).unwrap());
    let line = |row: &serde_json::Value| {
        let cell = |column: usize| match &row[column] {
            serde_json::Value::Null => "NULL".to_owned(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        wanted.map(cell).join("|")
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.sort();
    lines
}

fn check(steps: &[Step], thousandths: &[i32]) -> Result<(), TestCaseError> {
    let sandbox = Sandbox::new();
    let mut archive = open(&sandbox.archive());
    let mut play = Play::new();
    let sql = query_file::named("as-of").sql;
    for step in steps {
        play.step(step, &mut archive);
        let tables = Tables { reference: &play.reference, world: &play.world };
        compare(&sandbox.database(), &tables)?;
        // Now, to the millisecond around what just happened, and anywhere before.
        let start = crate::harness::noon() - TimeDelta::days(31);
        let age = play.world.now - start;
        let random = thousandths.iter().map(|&part| start + age / 1000 * part);
        let asked = play.reference.syncs.last().and_then(|sync| sync.observed);
        let around = asked
            .into_iter()
            .flat_map(|asked| [-1, 0, 1].map(|by| asked + TimeDelta::milliseconds(by)));
        for moment in random.chain(around) {
            prop_assert_eq!(
                as_of(&sandbox, &sql, moment),
                tables.as_of(moment),
                "as of {}",
                moment
            );
        }
        truth::covered_means_archived(&tables, &play)?;
        truth::transitions_contain_what_happened(&tables)?;
        truth::the_present_is_as_aws_shows_it(&tables, &play, step)?;
    }
    sandbox.database().assert_sound();
    let mut found = vec![];
    let reader = ArchiveReader::open(&sandbox.archive()).unwrap();
    let checkpoint = reader.checkpoint().unwrap();
    reader.verify(&[checkpoint], &mut |finding| found.push(format!("{finding:?}"))).unwrap();
    prop_assert_eq!(found, Vec::<String>::new());
    Ok(())
}

/// As many cases as the environment says, else so many that the suite stays quick.
fn config() -> Config {
    let cases = match std::env::var("PROPTEST_CASES") {
        Ok(cases) => cases.parse().expect("PROPTEST_CASES is a number"),
        Err(_) => 24,
    };
    Config { cases, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn after_every_sync_of_any_history_the_archive_says_what_a_naive_reference_says(
        steps in history(), moments in prop::collection::vec(0..1000_i32, 3)
    ) {
        check(&steps, &moments)?;
    }
}
