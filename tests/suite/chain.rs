//! The chain of digests, recomputed by a program that shares nothing with this one.

use std::path::Path;
use std::process::Command;

use crate::fixture::Fixture;
use crate::harness::{Database, Sandbox};
use crate::process::run;
use crate::readme::run_demo;
use crate::verify::eventful;

/// Runs tests/recompute_chain.py: SQLite and SHA-256 from Python's standard library, written after
/// the description in ARCHITECTURE.md.
fn recompute(archive: &Path) -> (bool, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recompute_chain.py");
    let run = run(Command::new("python3").arg(script).arg(archive));
    (run.code == 0, run.stdout + &run.stderr)
}

#[test]
fn an_independent_program_recomputes_the_same_chain() {
    let sandbox = eventful();
    let database = sandbox.database();
    for kind in [
        "SELECT count(*) FROM observations WHERE listed_sync_id > seen_sync_id",
        "SELECT count(*) FROM observations WHERE listed_sync_id IS NULL",
        "SELECT count(*) FROM observations WHERE gone_sync_id IS NOT NULL",
        "SELECT count(*) FROM child_listings",
        "SELECT count(*) FROM quarantine",
    ] {
        assert!(database.number(kind) > 0, "{kind}");
    }
    let (sound, text) = recompute(&sandbox.archive());
    assert!(sound, "{text}");
    let head = database.texts("SELECT digest FROM syncs ORDER BY id DESC LIMIT 1");
    assert!(text.contains(&head[0]), "{text}");
}

#[test]
fn the_demos_archive_and_the_rich_history_have_the_chain_that_the_independent_program_gives() {
    let sandbox = Sandbox::new();
    run_demo(&sandbox);
    let demo = sandbox.path("target/demo/archive.db");
    Fixture::new().record(&sandbox.archive());
    for archive in [&demo, &sandbox.archive()] {
        let head = Database::open(archive).texts(
            "SELECT id || ' ' || digest FROM syncs WHERE digest IS NOT NULL ORDER BY id DESC LIMIT 1",
        );
        let (sound, text) = recompute(archive);
        assert!(sound && text.trim() == head[0], "{}: {text}", archive.display());
        let mut verify = sandbox.bare();
        run(verify.arg("--archive").arg(archive).arg("verify")).expect(0);
    }
}

#[test]
fn any_altered_evidence_breaks_the_chain() {
    let original = eventful();
    let triggers =
        original.database().texts("SELECT name FROM sqlite_schema WHERE type = 'trigger'");
    let altered = original.path("altered.db");
    for alteration in [
        "UPDATE archive SET archive_id = 'ffffffffffffffffffffffffffffffff'",
        "UPDATE sources SET owner_id = 'o-otherorgid1'",
        "UPDATE syncs SET listed = listed + 1 WHERE id = 1",
        "UPDATE syncs SET outcome = 'complete', error_code = NULL WHERE id = 3",
        "UPDATE syncs SET finished_at = '2027' WHERE id = 2",
        "UPDATE syncs SET caller_arn = NULL WHERE id = 2",
        "UPDATE handshakes SET id = 'h-somebodyelse' WHERE handshake_id = 7",
        "UPDATE handshake_versions SET payload_sha256 = zeroblob(32) WHERE version_id = 5",
        "UPDATE handshake_versions SET content_sha256 = zeroblob(32) WHERE version_id = 5",
        "UPDATE handshake_versions SET state = 'DECLINED' WHERE version_id = (SELECT min(version_id) FROM handshake_versions WHERE state = 'OPEN')",
        "UPDATE handshake_versions SET payload = replace(payload, 'Id', 'id') WHERE version_id = 5",
        "UPDATE observations SET gone_sync_id = 1 WHERE gone_sync_id = 2",
        "UPDATE observations SET listed_sync_id = seen_sync_id WHERE listed_sync_id > seen_sync_id",
        "UPDATE observations SET seen_sync_id = 2 WHERE observation_id = 1",
        "DELETE FROM observations WHERE observation_id = 3",
        "UPDATE child_listings SET parent_handshake_id = 'h-otherparent'",
        "DELETE FROM child_listings",
        "UPDATE quarantine SET payload = x'00'",
        "UPDATE quarantine SET reason = 'nothing'",
        "DELETE FROM quarantine",
        "DELETE FROM syncs WHERE id = 2",
    ] {
        std::fs::copy(original.archive(), &altered).unwrap();
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = rusqlite::Connection::open_with_flags(&altered, flags).unwrap();
        for trigger in &triggers {
            connection.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        }
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        assert!(connection.execute(alteration, []).unwrap() > 0, "{alteration}");
        connection.close().unwrap();
        let (sound, text) = recompute(&altered);
        assert!(!sound, "{alteration}: {text}");
    }
}
