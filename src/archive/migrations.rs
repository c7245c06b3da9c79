//! The schema: numbered steps, forward only, never edited once they have landed.

use rusqlite_migration::{M, Migrations};

/// `PRAGMA application_id` of an archive: the letters `HSAR`.
pub const APPLICATION_ID: i32 = 0x4853_4152;

const STEPS: &[M<'_>] = &[
    M::up(include_str!("../../migrations/0001_evidence.sql")),
    M::up(include_str!("../../migrations/0002_projection.sql")),
    M::up(include_str!("../../migrations/0003_views.sql")),
    M::up(include_str!("../../migrations/0004_indexes.sql")),
];

/// The newest schema that this program knows: `PRAGMA user_version`.
pub fn newest() -> i32 {
    i32::try_from(STEPS.len()).unwrap_or(i32::MAX)
}

/// The steps, each applied in a transaction of its own.
pub fn all() -> Migrations<'static> {
    Migrations::from_slice(STEPS)
}

#[cfg(test)]
mod tests {
    use super::{APPLICATION_ID, all, newest};
    use rusqlite::Connection;

    fn schema(connection: &Connection) -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT type || ' ' || name || ' ' || ifnull(sql, '') FROM sqlite_schema ORDER BY 1")
            .expect("a schema");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("text")
    }

    fn memory() -> Connection {
        Connection::open_in_memory().expect("memory")
    }

    #[test]
    fn fresh_equals_stepwise_and_a_second_run_changes_nothing() {
        let (mut fresh, mut stepwise) = (memory(), memory());
        all().to_latest(&mut fresh).expect("all at once");
        for version in 1..=usize::try_from(newest()).expect("small") {
            all().to_version(&mut stepwise, version).expect("step");
            let clean: String = stepwise
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .expect("integrity_check");
            assert_eq!(clean, "ok");
        }
        assert_eq!(schema(&fresh), schema(&stepwise));
        all().to_latest(&mut fresh).expect("again");
        assert_eq!(schema(&fresh), schema(&stepwise));
    }

    #[test]
    fn the_file_carries_our_application_id_and_version() {
        let mut connection = memory();
        all().to_latest(&mut connection).expect("migrations");
        let pragma = |name| {
            connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).expect("a pragma")
        };
        assert_eq!((pragma("application_id"), pragma("user_version")), (APPLICATION_ID, newest()));
    }

    #[test]
    fn every_table_and_view_is_strict_and_says_what_it_is() {
        let mut connection = memory();
        all().to_latest(&mut connection).expect("migrations");
        for entry in schema(&connection) {
            let table = entry.starts_with("table ");
            if table || entry.starts_with("view ") {
                let body = entry.lines().nth(1).unwrap_or_default().trim_start();
                assert!(body.starts_with("-- "), "no comment in: {entry}");
            }
            assert!(!table || entry.contains(") STRICT"), "not strict: {entry}");
        }
    }

    #[test]
    fn evidence_cannot_be_changed_or_deleted() {
        let mut connection = memory();
        all().to_latest(&mut connection).expect("migrations");
        connection
            .execute_batch(
                "INSERT INTO sources VALUES (1, 'ListHandshakesForOrganization', 'o-1');
                 INSERT INTO syncs (id, source_id, started_at, observed_at, outcome, tool_version, digest)
                     VALUES (1, 1, 'a', 'a', 'complete', '0', 'd'), (2, 1, 'b', 'b', 'running', '0', NULL);
                 INSERT INTO handshakes (handshake_id, id, version, first_seen_at, changed_at) VALUES (1, 'h-1', 1, 'a', 'a');
                 INSERT INTO handshake_versions VALUES (1, 1, 1, 'OPEN', '{}', zeroblob(32), zeroblob(32));
                 INSERT INTO observations VALUES (1, 1, 1, 1, 1, 1, 2), (2, 1, 1, 1, 2, NULL, NULL);
                 INSERT INTO child_listings VALUES (1, 1, 'h-9', 1);
                 INSERT INTO quarantine VALUES (1, 1, NULL, 'r', x'00', zeroblob(32));",
            )
            .expect("evidence can be added");
        for refused in [
            "UPDATE archive SET archive_id = 'x'",
            "DELETE FROM archive",
            "UPDATE sources SET owner_id = 'o-2'",
            "DELETE FROM sources",
            "UPDATE syncs SET outcome = 'failed' WHERE id = 1",
            "UPDATE syncs SET digest = 'e' WHERE id = 1",
            "UPDATE syncs SET started_at = 'z' WHERE id = 2",
            "UPDATE syncs SET observed_at = 'z' WHERE id = 2",
            "UPDATE syncs SET source_id = NULL WHERE id = 2",
            "DELETE FROM syncs WHERE id = 2",
            "UPDATE handshake_versions SET payload = '[]'",
            "DELETE FROM handshake_versions",
            "UPDATE observations SET version_id = 2 WHERE observation_id = 2",
            "UPDATE observations SET gone_sync_id = NULL WHERE observation_id = 1",
            "UPDATE observations SET listed_sync_id = NULL WHERE observation_id = 1",
            "DELETE FROM observations",
            "UPDATE child_listings SET seen_sync_id = 2",
            "DELETE FROM child_listings",
            "UPDATE quarantine SET reason = 'x'",
            "DELETE FROM quarantine",
        ] {
            let error = connection.execute(refused, []).expect_err(refused).to_string();
            assert!(error.contains("append-only"), "{refused}: {error}");
        }
        for refused in [
            "UPDATE handshakes SET id = 'h-2'",
            "UPDATE handshakes SET handshake_id = 2",
            "DELETE FROM handshakes",
        ] {
            let error = connection.execute(refused, []).expect_err(refused).to_string();
            assert!(error.contains("permanent"), "{refused}: {error}");
        }
        for movement in [
            "UPDATE observations SET listed_sync_id = 2 WHERE observation_id = 2",
            "UPDATE observations SET gone_sync_id = 2 WHERE observation_id = 2",
            "UPDATE syncs SET outcome = 'complete', digest = 'e' WHERE id = 2",
            "UPDATE handshakes SET state = 'OPEN' WHERE handshake_id = 1",
        ] {
            assert_eq!(connection.execute(movement, []).expect(movement), 1, "{movement}");
        }
    }
}
