//! Tampering shows.

use std::fs;
use std::path::Path;

use handshake_archive::archive::Scope;
use handshake_archive_simulator::{Fault, Simulator, When};
use rusqlite::{Connection, OpenFlags};

use crate::harness::{Sandbox, noon, open, organization};
use crate::process::{Run, run};
use crate::recorded::{attempt, page};

/// An archive with every kind of row and of change.
pub fn eventful() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut start = organization();
    start.populate(30);
    let (parent, children) = start.enable_all_features(&["333333333333"]);
    start.hide_children_from_unfiltered(true);
    start.serve_raw(r#"{"no":"Id"}"#);
    start.serve_raw_under(&parent, r#"{"Id":"h-latelisted","State":"OPEN"}"#);
    let simulator = Simulator::start(start);
    sandbox.sync(&simulator).expect(0);
    simulator.with(|organization| {
        organization.accept(&children[0]);
        organization.clear_raw();
        organization.serve_raw(r#"{"Id":"h-latelisted","State":"OPEN"}"#);
        organization.advance(chrono::TimeDelta::days(10));
    });
    sandbox.sync(&simulator).expect(0);
    simulator.inject(When::list().after(1), Fault::throttle());
    sandbox.sync(&simulator).expect(4);
    simulator.clear_faults();
    sandbox.sync_with(&simulator, &["--action-type", "INVITE"]).expect(0);
    simulator.with(|organization| organization.advance(chrono::TimeDelta::days(10)));
    sandbox.sync(&simulator).expect(0);
    sandbox
}

fn verify(sandbox: &Sandbox, archive: &Path, arguments: &[&str]) -> Run {
    let mut command = sandbox.bare();
    command.arg("--archive").arg(archive).arg("verify").args(arguments);
    run(&mut command)
}

/// A copy of the archive without its triggers and with foreign keys off, for whoever tampers.
fn defenceless(sandbox: &Sandbox, copy: &Path) -> Connection {
    fs::copy(sandbox.archive(), copy).unwrap();
    let connection = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    for (name, sql) in triggers(sandbox) {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
        assert!(sql.starts_with("CREATE TRIGGER"));
    }
    connection
}

fn triggers(sandbox: &Sandbox) -> Vec<(String, String)> {
    let database = sandbox.database();
    let names =
        database.texts("SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name");
    let sql = database.texts("SELECT sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name");
    names.into_iter().zip(sql).collect()
}

/// Tampers, puts the triggers back as if nothing had been, and verifies.
fn tampered(sandbox: &Sandbox, sql: &str) -> Run {
    let copy = sandbox.path("tampered.db");
    let connection = defenceless(sandbox, &copy);
    let changed = connection.execute(sql, []).unwrap_or_else(|error| panic!("{sql}: {error}"));
    assert!(changed > 0, "{sql} changes nothing");
    for (_, sql) in triggers(sandbox) {
        connection.execute_batch(&sql).unwrap();
    }
    connection.close().unwrap();
    verify(sandbox, &copy, &[])
}

#[test]
fn a_sound_archive_verifies_and_says_what_was_checked() {
    let sandbox = eventful();
    let run = verify(&sandbox, &sandbox.archive(), &[]);
    run.expect(0);
    for check in
        ["file", "schema", "payloads", "versions", "syncs", "observations", "projection", "chain"]
    {
        let line = run.stdout.lines().find(|line| line.starts_with(check)).unwrap();
        assert!(line.contains("  ok  ") && !line.contains(" 0 checked"), "{line}");
    }
    let head = sandbox.database().texts("SELECT digest FROM syncs ORDER BY id DESC LIMIT 1");
    assert!(run.stdout.contains(&format!("head: sync 5, digest {}", head[0])));
    let json: serde_json::Value =
        serde_json::from_str(&verify(&sandbox, &sandbox.archive(), &["--format", "json"]).stdout)
            .unwrap();
    assert_eq!(
        (&json["sound"], &json["sequence"], &json["digest"]),
        (&true.into(), &5.into(), &head[0].clone().into())
    );
}

#[test]
fn every_column_of_every_table_is_watched() {
    let sandbox = eventful();
    let database = sandbox.database();
    let tables = database
        .texts("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    assert_eq!(tables.len(), 11);
    for table in tables {
        for column in
            database.lines(&format!("SELECT name, type FROM pragma_table_info('{table}')"))
        {
            let (column, kind) = column.split_once('|').unwrap();
            if (table.as_str(), column) == ("archive", "only") {
                continue; // A constant, which the schema itself refuses to change.
            }
            let other = match kind {
                "INTEGER" => format!("ifnull({column}, 0) + 1000"),
                "BLOB" => "zeroblob(32)".to_owned(),
                // A word that every CHECK allows, where there is one.
                _ if column == "outcome" => {
                    format!("iif({column} = 'complete', 'failed', 'complete')")
                }
                _ => format!("ifnull({column}, '') || 'x'"),
            };
            let row = if kind == "INTEGER" || kind == "BLOB" { "max" } else { "min" };
            let one = format!("(SELECT {row}({column}) FROM {table})");
            let sql = format!("UPDATE {table} SET {column} = {other} WHERE {column} IS {one}");
            let run = tampered(&sandbox, &sql);
            run.expect(6).says(&["error: "]);
            assert!(run.stdout.contains("BAD"), "{sql}: {}", run.stdout);
        }
    }
}

#[test]
fn deleted_and_added_rows_are_named() {
    let sandbox = eventful();
    for (sql, named) in [
        ("DELETE FROM observations WHERE observation_id = 3", "handshake_versions, row 3"),
        ("DELETE FROM handshake_versions WHERE version_id = 4", "observations"),
        ("DELETE FROM child_listings", "syncs, row 1"),
        ("DELETE FROM quarantine", "syncs, row 1"),
        ("DELETE FROM syncs WHERE id = 2", "syncs, row 3"),
        ("DELETE FROM sources", "sources"),
        ("DELETE FROM handshakes WHERE handshake_id = 7", "handshakes, row 7"),
        ("DELETE FROM parties WHERE handshake_id = 7 AND position = 1", "parties, row 7, 1"),
        ("DELETE FROM resources WHERE handshake_id = 7 AND ordinal = 0", "resources, row 7, 0"),
        (
            "INSERT INTO handshakes (handshake_id, id, version, first_seen_at, changed_at) VALUES (4711, 'h-neverexisted', 1, 'a', 'a')",
            "handshakes, row 4711",
        ),
        ("INSERT INTO parties VALUES (7, 9, 'EMAIL', 'eve@example.com')", "parties, row 7, 9"),
        (
            "INSERT INTO quarantine VALUES (99, 1, NULL, 'no', x'00', x'6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')",
            "syncs, row 1",
        ),
    ] {
        let run = tampered(&sandbox, sql);
        run.expect(6);
        assert!(run.stdout.contains(named), "{sql} is not named {named}: {}", run.stdout);
    }
}

#[test]
fn swapped_payloads_reordered_syncs_and_a_rehashed_link_are_found() {
    let sandbox = eventful();
    for sql in [
        "UPDATE handshake_versions SET payload = (SELECT payload FROM handshake_versions AS o WHERE o.version_id = 3 - handshake_versions.version_id) WHERE version_id IN (1, 2)",
        "UPDATE handshake_versions SET (payload, payload_sha256, content_sha256, state) = (SELECT payload, payload_sha256, content_sha256, state FROM handshake_versions AS o WHERE o.version_id = 3 - handshake_versions.version_id) WHERE version_id IN (1, 2)",
        "UPDATE syncs SET (started_at, observed_at, finished_at, digest) = (SELECT started_at, observed_at, finished_at, digest FROM syncs AS o WHERE o.id = 9 - syncs.id) WHERE id IN (4, 5)",
        "UPDATE syncs SET digest = '5d1ad796f84ea6f0b70d156d87826770f1013429f038f2d491d5eccc25ed9d00' WHERE id = 2",
        "UPDATE syncs SET digest = 'no digest' WHERE id = 2",
    ] {
        tampered(&sandbox, sql).expect(6);
    }
    let run =
        tampered(&sandbox, "UPDATE syncs SET caller_arn = 'arn:aws:iam::1:user/eve' WHERE id = 2");
    assert!(
        run.stdout.contains("syncs, row 2: the first link that does not agree"),
        "{}",
        run.stdout
    );
    assert_eq!(
        run.stdout.matches("syncs, row").count(),
        1,
        "only the altered sync is named: {}",
        run.stdout
    );
}

#[test]
fn a_changed_schema_is_found() {
    let sandbox = eventful();
    for (sql, named) in [
        ("DROP TRIGGER observations_stay", "trigger observations_stay"),
        ("DROP INDEX observations_standing", "index observations_standing"),
        ("DROP VIEW transitions; CREATE VIEW transitions AS SELECT 1 AS id", "view transitions"),
        ("CREATE TABLE mine (x)", "table mine"),
    ] {
        let copy = sandbox.path("schema.db");
        fs::copy(sandbox.archive(), &copy).unwrap();
        let connection =
            Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        connection.execute_batch(sql).unwrap();
        connection.close().unwrap();
        let run = verify(&sandbox, &copy, &[]);
        run.expect(6);
        assert!(run.stdout.contains(named), "{sql}: {}", run.stdout);
    }
}

#[test]
fn syncs_that_were_cut_off_show_only_against_a_checkpoint() {
    let sandbox = eventful();
    let print = run(sandbox.bare().arg("--archive").arg(sandbox.archive()).arg("checkpoint"));
    let lines: Vec<&str> = print.expect(0).stdout.lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[1..],
        ["5", &sandbox.database().texts("SELECT digest FROM syncs WHERE id = 5")[0]]
    );
    fs::write(sandbox.path("checkpoint"), &print.stdout).unwrap();
    verify(&sandbox, &sandbox.archive(), &["--checkpoint", "checkpoint"]).expect(0);

    // The last sync changed handshakes; take it and all that it wrote away, as if it had never been.
    let copy = sandbox.path("cut.db");
    let connection = defenceless(&sandbox, &copy);
    connection
        .execute_batch(
            "DELETE FROM observations WHERE seen_sync_id = 5;
             UPDATE observations SET gone_sync_id = NULL WHERE gone_sync_id = 5;
             UPDATE observations SET listed_sync_id = NULL WHERE listed_sync_id = 5;
             DELETE FROM child_listings WHERE seen_sync_id = 5;
             DELETE FROM quarantine WHERE sync_id = 5;
             DELETE FROM handshake_versions WHERE version_id NOT IN (SELECT version_id FROM observations);
             DELETE FROM handshakes WHERE handshake_id NOT IN (SELECT handshake_id FROM observations);
             DELETE FROM syncs WHERE id = 5;",
        )
        .unwrap();
    for (_, sql) in triggers(&sandbox) {
        connection.execute_batch(&sql).unwrap();
    }
    connection.close().unwrap();
    // What the cut left of the tables for SQL is healed from evidence, as whoever tampers would.
    let rebuilt = verify(&sandbox, &copy, &["--rebuild"]);
    rebuilt.expect(0);
    verify(&sandbox, &copy, &[]).expect(0);
    let run = verify(&sandbox, &copy, &["--checkpoint", "checkpoint"]);
    run.expect(6);
    assert!(
        run.stdout.contains("the checkpoint of sync 5: the archive has no such sync"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_checkpoint_of_another_archive_or_of_nothing_is_told() {
    let (sandbox, other) = (eventful(), eventful());
    let print = run(other.bare().arg("--archive").arg(other.archive()).arg("checkpoint"));
    fs::write(sandbox.path("other"), &print.stdout).unwrap();
    let run = verify(&sandbox, &sandbox.archive(), &["--checkpoint", "other"]);
    run.expect(6);
    assert!(run.stdout.contains("is of the archive"), "{}", run.stdout);
    fs::write(sandbox.path("nonsense"), "hello").unwrap();
    verify(&sandbox, &sandbox.archive(), &["--checkpoint", "nonsense"])
        .expect(1)
        .says(&["not a checkpoint", "first line"]);
    verify(&sandbox, &sandbox.archive(), &["--checkpoint", "missing"])
        .expect(1)
        .says(&["missing could not be read"]);
}

#[test]
fn a_damaged_projection_is_rebuilt_and_damaged_evidence_never_is() {
    let sandbox = eventful();
    let copy = sandbox.path("tampered.db");
    tampered(&sandbox, "UPDATE parties SET party_id = 'eve@example.com' WHERE position = 1")
        .expect(6)
        .says(&["verify --rebuild"]);
    verify(&sandbox, &copy, &["--rebuild"]).expect(0).says(&["rebuilt from evidence"]);
    verify(&sandbox, &copy, &[]).expect(0);
    tampered(
        &sandbox,
        "UPDATE handshake_versions SET payload = replace(payload, 'OPEN', 'ACCEPTED')",
    )
    .expect(6);
    let before = fs::read(&copy).unwrap();
    verify(&sandbox, &copy, &["--rebuild"]).expect(6);
    assert!(fs::read(&copy).unwrap() == before, "nothing was rebuilt from what was altered");
}

#[test]
fn an_archive_with_nothing_to_verify_does_not_verify() {
    let sandbox = Sandbox::new();
    verify(&sandbox, &sandbox.archive(), &[]).expect(1).says(&["there is no archive"]);
    drop(handshake_archive::archive::Archive::open(&sandbox.archive()).unwrap());
    verify(&sandbox, &sandbox.archive(), &[]).expect(6).says(&["nothing to verify"]);
    begin_and_abandon(&sandbox, None);
    verify(&sandbox, &sandbox.archive(), &[]).expect(6).says(&["nothing to verify"]);
}

/// A first sync that records this page, if there is one, and never ends.
fn begin_and_abandon(sandbox: &Sandbox, element: Option<&str>) {
    let mut archive = open(&sandbox.archive());
    let mut recorder = archive.begin(&attempt(noon())).unwrap();
    if let Some(element) = element {
        recorder.record([(Scope::Unrestricted, page(&[element.to_owned()]))], noon()).unwrap();
    }
}

#[test]
fn what_a_killed_first_sync_recorded_verifies_before_a_sync_has_ended() {
    for (element, shown) in [(r#"{"Id":"h-firstpage1","State":"OPEN"}"#, 1), (r#"{"no":"Id"}"#, 0)]
    {
        let sandbox = Sandbox::new();
        begin_and_abandon(&sandbox, Some(element));
        let text = verify(&sandbox, &sandbox.archive(), &[]);
        text.expect(0);
        assert!(text.stdout.contains("head: none; no sync has ended"), "{}", text.stdout);
        assert_eq!(verify(&sandbox, &sandbox.archive(), &["--quiet"]).expect(0).stdout, "");
        let json = verify(&sandbox, &sandbox.archive(), &["--format", "json"]).summary();
        assert_eq!(
            (&json["sound"], &json["sequence"], &json["digest"]),
            (&true.into(), &serde_json::Value::Null, &serde_json::Value::Null)
        );
        assert_eq!(sandbox.database().number("SELECT count(*) FROM handshakes"), shown);
        let changed = tampered(
            &sandbox,
            if shown == 1 {
                "UPDATE handshake_versions SET payload = replace(payload, 'OPEN', 'ACCEPTED')"
            } else {
                "UPDATE quarantine SET payload = x'00'"
            },
        );
        changed.expect(6).says(&["not as it was written"]);
    }
}

/// All rows of all tables, as text; `None` if SQLite cannot read them.
fn rows(archive: &Path) -> Option<Vec<String>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(archive, flags).ok()?;
    let mut all = Vec::new();
    for table in [
        "archive",
        "sources",
        "syncs",
        "handshake_versions",
        "observations",
        "child_listings",
        "quarantine",
        "organizations",
        "handshakes",
        "parties",
        "resources",
    ] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).ok()?;
        let columns = statement.column_count();
        let mut rows = statement.query([]).ok()?;
        while let Some(row) = rows.next().ok()? {
            let values = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column));
            all.push(format!("{table} {:?}", values.collect::<Result<Vec<_>, _>>().ok()?));
        }
    }
    Some(all)
}

#[test]
fn a_flipped_byte_or_a_cut_never_verifies_where_content_changed() {
    let sandbox = eventful();
    let original = fs::read(sandbox.archive()).unwrap();
    let content = rows(&sandbox.archive()).unwrap();
    let copy = sandbox.path("flipped.db");
    let mut place: u64 = 0x9e37_79b9_7f4a_7c15;
    let (mut found, mut harmless) = (0, 0);
    for _ in 0..200 {
        place =
            place.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = (place >> 33) as usize % original.len();
        let mut bytes = original.clone();
        bytes[at] ^= 1 << (place & 7);
        fs::write(&copy, &bytes).unwrap();
        let run = verify(&sandbox, &copy, &[]);
        assert!([0, 1, 6].contains(&run.code), "byte {at}: {run:?}");
        if run.code == 0 {
            assert_eq!(
                rows(&copy).as_ref(),
                Some(&content),
                "byte {at} changed what the archive holds"
            );
            harmless += 1;
        } else {
            found += 1;
        }
    }
    println!("{found} flipped bytes were found, {harmless} changed nothing that the archive holds");
    assert!(found > 20, "{found}");
    for keep in [original.len() - 1, original.len() / 2, 4096, 100, 16, 1] {
        fs::write(&copy, &original[..keep]).unwrap();
        let run = verify(&sandbox, &copy, &[]);
        assert!([1, 6].contains(&run.code), "cut to {keep}: {run:?}");
    }
}
