//! Archives that earlier versions wrote: tests/archives/ says what they are. They are never made anew.

mod history;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use handshake_archive::handshake::Filter;
use rusqlite::{Connection, OpenFlags};

use crate::canned_queries::query_file;
use crate::harness::{Database, Sandbox, open, sync_by_simulated_clock};
use crate::process::{Run, run};

/// The first released schema: migrations 1 to 4.
const FIRST: &str = "v1";
/// What AWS showed and what was derived from it, by the tables and views of the first schema.
const DERIVED: [&str; 5] = [
    "SELECT h.id, v.version, v.state, payload, hex(content_sha256) FROM handshake_versions AS v JOIN handshakes AS h USING (handshake_id) ORDER BY version_id",
    "SELECT handshake_id, version_id, seen_sync_id, listed_sync_id, gone_sync_id FROM observations ORDER BY observation_id",
    "SELECT sync_id, id, reason, hex(payload) FROM quarantine ORDER BY quarantine_id",
    "SELECT id, from_state, to_state, after_at, by_at, sync_id FROM transitions ORDER BY observation_id",
    "SELECT period, from_at, until_at, syncs FROM coverage",
];

fn stored(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archives").join(name)
}

/// A copy of a stored archive and of its checkpoint, in a folder of its own.
fn copy() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::copy(stored(&format!("{FIRST}.db")), sandbox.archive()).unwrap();
    fs::copy(stored(&format!("{FIRST}.checkpoint")), sandbox.path("checkpoint")).unwrap();
    sandbox
}

/// The stored archive as it is, to be looked into: in a folder of its own too, for SQLite's side files.
fn original(sandbox: &Sandbox) -> Database {
    let path = sandbox.path("original.db");
    fs::copy(stored(&format!("{FIRST}.db")), &path).unwrap();
    Database::open(&path)
}

fn program(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    run(sandbox.bare().args(["--archive", "archive.db"]).args(arguments))
}

/// The tables of the evidence with their columns, as the first schema has them.
fn evidence(first: &Database) -> Vec<(String, Vec<String>)> {
    let tables = first.texts(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
         AND name NOT IN ('organizations', 'handshakes', 'parties', 'resources') ORDER BY name",
    );
    let columns = |table: &String| {
        first.texts(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"))
    };
    tables.iter().map(|table| (table.clone(), columns(table))).collect()
}

#[test]
fn an_archive_of_the_first_schema_is_rich_and_proves_itself_to_this_version() {
    let sandbox = copy();
    let before = sandbox.contents();
    program(&sandbox, &["verify", "--checkpoint", "checkpoint"]).expect(0);
    assert!(sandbox.contents() == before, "to verify changes nothing");
    let database = sandbox.database();
    database.assert_sound();
    for (sql, expected) in [
        (
            "SELECT DISTINCT action FROM handshakes ORDER BY 1",
            "ADD_ORGANIZATIONS_SERVICE_LINKED_ROLE APPROVE_ALL_FEATURES ENABLE_ALL_FEATURES INVITE MERGE TRANSFER_RESPONSIBILITY",
        ),
        (
            "SELECT DISTINCT state FROM handshake_versions ORDER BY 1",
            "ACCEPTED CANCELED DECLINED EXPIRED OPEN PONDERING REQUESTED",
        ),
        ("SELECT DISTINCT outcome FROM syncs ORDER BY 1", "complete failed interrupted"),
        ("SELECT DISTINCT period FROM coverage ORDER BY 1", "blind covered"),
        ("SELECT count(*) > 0 FROM observations WHERE listed_sync_id IS NULL", "1"),
        ("SELECT count(*) > 20 FROM purged", "1"),
        ("SELECT count(DISTINCT id IS NULL) FROM quarantine", "2"),
        ("SELECT count(*) > 0 FROM syncs WHERE filter_action_type IS NOT NULL", "1"),
        ("SELECT count(*) > 0 FROM syncs WHERE filter_parent_handshake_id IS NOT NULL", "1"),
        ("PRAGMA user_version", "4"),
    ] {
        assert_eq!(database.texts(sql).join(" "), expected, "{sql}");
    }
}

#[test]
fn what_only_reads_reads_an_archive_of_the_first_schema_as_it_is() {
    let sandbox = copy();
    fs::set_permissions(sandbox.archive(), fs::Permissions::from_mode(0o400)).unwrap();
    let before = sandbox.contents();
    let checkpoint = fs::read_to_string(sandbox.path("checkpoint")).unwrap();
    assert_eq!(program(&sandbox, &["checkpoint"]).expect(0).stdout, checkpoint);
    let shown = program(&sandbox, &["show", "h-unknown00001", "--history"]);
    assert!(shown.expect(0).stdout.contains("PONDERING"), "{}", shown.stdout);
    // Its last sync is long ago: stale, and so told.
    let status = program(&sandbox, &["status", "--format", "json"]);
    let sequence = &status.expect(6).summary()["head"]["sequence"];
    assert_eq!(Some(sequence.to_string().as_str()), checkpoint.lines().nth(1));
    for file in query_file::all() {
        let mut arguments = vec!["query", &file.name, "--format", "json"];
        let given = match file.name.as_str() {
            "account-history" => Some("account=200000000000"),
            "as-of" => Some("moment=2026-03-10"),
            "all-features" | "resource-tree" => Some("id=h-unknown00001"),
            _ => None,
        };
        arguments.extend(given.into_iter().flat_map(|given| ["-p", given]));
        program(&sandbox, &arguments).expect(0);
    }
    assert!(sandbox.contents() == before, "to read changes nothing");
}

#[test]
fn every_row_of_the_first_schema_survives_the_migrations_and_the_next_sync() {
    let sandbox = copy();
    let simulator = history::play(&sandbox.path("again.db"));
    simulator.with(|aws| {
        aws.advance(TimeDelta::days(1));
        aws.invite_email("new@example.com", None);
    });
    let record = sync_by_simulated_clock(&simulator, &sandbox.archive(), Filter::None).record;
    assert_eq!((record.outcome.as_str(), record.added, record.changed), ("complete", 1, 0));

    let first = original(&sandbox);
    let now = sandbox.database();
    for (table, columns) in evidence(&first) {
        // The movements that evidence allows: a run ends once, and enters the unrestricted list once.
        let (moving, fixed): (Vec<&String>, Vec<&String>) = columns
            .iter()
            .partition(|name| matches!(name.as_str(), "gone_sync_id" | "listed_sync_id"));
        let fixed: Vec<String> = fixed.into_iter().map(|name| format!("quote({name})")).collect();
        let sql = format!("SELECT {} FROM {table} ORDER BY rowid", fixed.join(", "));
        let sql = if table == "child_listings" { sql.replace("rowid", "1, 2, 3") } else { sql };
        let (then, now_rows) = (first.lines(&sql), now.lines(&sql));
        let kept = now_rows.iter().filter(|row| then.contains(row)).count();
        assert_eq!(kept, then.len(), "{table}");
        for name in moving {
            let sql = format!(
                "SELECT observation_id, {name} FROM {table} WHERE {name} IS NOT NULL ORDER BY 1"
            );
            let now_rows = now.lines(&sql);
            assert!(first.lines(&sql).iter().all(|row| now_rows.contains(row)), "{table}.{name}");
        }
    }
    let fresh = Sandbox::new();
    drop(open(&fresh.archive()));
    let version = "PRAGMA user_version";
    assert_eq!(now.number(version), fresh.database().number(version), "the newest schema");
    now.assert_sound();
    program(&sandbox, &["verify", "--checkpoint", "checkpoint"]).expect(0);
}

#[test]
fn the_history_that_made_the_first_archive_gives_the_same_today() {
    let sandbox = Sandbox::new();
    history::play(&sandbox.archive());
    if let Some(path) = std::env::var_os("KEEP_ARCHIVE") {
        fs::copy(sandbox.archive(), path).unwrap();
    }
    let (then, now) = (original(&sandbox), sandbox.database());
    assert_eq!(now.content(), then.content());
    for sql in DERIVED {
        assert_eq!(now.lines(sql), then.lines(sql), "{sql}");
    }
}

#[test]
fn an_archive_of_a_later_schema_is_refused_by_every_command_and_left_as_it_is() {
    let sandbox = copy();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let later = Connection::open_with_flags(sandbox.archive(), flags).unwrap();
    later.execute_batch("PRAGMA user_version = 1000").unwrap();
    later.close().unwrap();
    let before = sandbox.contents();
    for arguments in [
        &["sync", "--endpoint-url", "http://127.0.0.1:9"][..],
        &["query", "pending"],
        &["show", "h-unknown00001"],
        &["status"],
        &["verify", "--checkpoint", "checkpoint"],
        &["checkpoint"],
        &["backup", "copy.db"],
    ] {
        let words =
            ["was written by a newer version: its schema is 1000", "update handshake-archive"];
        program(&sandbox, arguments).expect(1).says(&words);
        let mut after = sandbox.contents();
        // The lock file beside it is the only trace that a sync which came to nothing may leave.
        after.retain(|(name, _)| name != "archive.db.lock");
        assert!(after == before, "{arguments:?} changed something");
    }
}
