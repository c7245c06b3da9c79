//! Whatever SQL a user runs: it reads the archive and changes nothing, and it ends.

use crate::harness::Sandbox;
use crate::process::run;
use crate::recorded;

/// Runs the SQL, and checks that it is refused or stopped with these words and that no file appeared,
/// vanished or changed.
#[track_caller]
fn refused(sandbox: &Sandbox, sql: &str, code: i32, words: &[&str]) {
    stopped(sandbox, sql, "60s", code, words);
}

#[track_caller]
fn stopped(sandbox: &Sandbox, sql: &str, timeout: &str, code: i32, words: &[&str]) {
    let before = sandbox.contents();
    let mut command = sandbox.bare();
    command.args(["query", "--timeout", timeout, "--format", "tsv", "--archive"]);
    // A file, because the operating system limits the length of an argument.
    std::fs::write(sandbox.path("attack.sql"), sql).unwrap();
    let run = run(command.arg(sandbox.archive()).arg("--file").arg(sandbox.path("attack.sql")));
    std::fs::remove_file(sandbox.path("attack.sql")).unwrap();
    let start: String = sql.chars().take(100).collect();
    assert_eq!(run.code, code, "{start}: {}{}", run.stdout, run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "{start}: no {word:?} in {}", run.stderr);
    }
    assert!(sandbox.contents() == before, "{start}: files changed");
}

const ONLY_READS: &[&str] = &["error: a query only reads", "hint: "];

#[test]
fn no_statement_changes_anything() {
    let sandbox = recorded::sandbox();
    let aside = sandbox.path("aside.db").display().to_string();
    let attack = |sql: &str| refused(&sandbox, sql, 1, ONLY_READS);
    for sql in [
        // Rows.
        "INSERT INTO handshakes (handshake_id, id) VALUES (99, 'h-99')",
        "INSERT OR REPLACE INTO archive VALUES (1, 'mine')",
        "REPLACE INTO archive VALUES (1, 'mine')",
        "UPDATE handshakes SET state = 'ACCEPTED'",
        "UPDATE handshakes SET state = 'ACCEPTED' RETURNING id",
        "DELETE FROM handshakes",
        "DELETE FROM handshakes RETURNING *",
        "WITH gone AS (SELECT 1) DELETE FROM handshakes",
        "WITH x(id) AS (VALUES ('h-1')) INSERT INTO sources (operation) SELECT id FROM x",
        "INSERT INTO syncs (started_at, outcome, tool_version) VALUES ('', 'running', '') ON CONFLICT DO NOTHING",
        "EXPLAIN DELETE FROM handshakes",
        "EXPLAIN QUERY PLAN UPDATE handshakes SET state = ''",
        // The schema.
        "CREATE TABLE mine (x)",
        "CREATE TABLE mine AS SELECT * FROM handshakes",
        "CREATE TEMP TABLE mine (x)",
        "CREATE TEMPORARY TABLE mine AS SELECT 1",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE TEMP VIEW mine AS SELECT 1",
        "CREATE INDEX mine ON handshakes (state)",
        "CREATE TRIGGER mine AFTER INSERT ON syncs BEGIN SELECT 1; END",
        "CREATE TEMP TRIGGER mine AFTER INSERT ON syncs BEGIN SELECT 1; END",
        "DROP TABLE handshakes",
        "DROP TABLE IF EXISTS handshakes",
        "DROP VIEW purged",
        "DROP TRIGGER syncs_stay",
        "DROP INDEX quarantine_by_sync",
        "ALTER TABLE handshakes RENAME TO mine",
        "ALTER TABLE handshakes ADD COLUMN mine",
        "ALTER TABLE handshakes DROP COLUMN state",
        // Virtual tables.
        "CREATE VIRTUAL TABLE mine USING fts5(x)",
        "CREATE VIRTUAL TABLE temp.mine USING fts3(x)",
        "CREATE VIRTUAL TABLE mine USING rtree(id, a, b)",
        "CREATE VIRTUAL TABLE temp.mine USING dbstat(main)",
        // Maintenance.
        "VACUUM",
        "REINDEX",
        "REINDEX handshakes",
        "ANALYZE",
        "ANALYZE main",
        // Transactions.
        "BEGIN",
        "BEGIN IMMEDIATE",
        "BEGIN EXCLUSIVE",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT mine",
        "RELEASE mine",
        // Pragmas.
        "PRAGMA journal_mode",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA journal_mode(DELETE)",
        "PRAGMA main.journal_mode = OFF",
        "PRAGMA writable_schema = ON",
        "PRAGMA writable_schema = RESET",
        "PRAGMA query_only = OFF",
        "PRAGMA trusted_schema = ON",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 7",
        "PRAGMA schema_version = 7",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "PRAGMA wal_checkpoint",
        "PRAGMA wal_autocheckpoint = 1",
        "PRAGMA temp_store_directory = '/tmp'",
        "PRAGMA temp_store = FILE",
        "PRAGMA hard_heap_limit = 0",
        "PRAGMA soft_heap_limit = 0",
        "PRAGMA locking_mode = EXCLUSIVE",
        "PRAGMA locking_mode",
        "PRAGMA encoding = 'UTF-16'",
        "PRAGMA page_size = 512",
        "PRAGMA auto_vacuum = FULL",
        "PRAGMA incremental_vacuum",
        "PRAGMA optimize",
        "PRAGMA shrink_memory",
        "PRAGMA busy_timeout = 0",
        "PRAGMA mmap_size = 1000000",
        "PRAGMA data_store_directory = '/tmp'",
        // Functions that reach out.
        "SELECT load_extension('/tmp/x.so')",
        "SELECT LOAD_EXTENSION('/tmp/x.so', 'f')",
        "SELECT fts3_tokenizer('simple', x'00')",
    ] {
        attack(sql);
    }
    for sql in ["UPDATE sqlite_schema SET sql = ''", "DELETE FROM sqlite_master"] {
        refused(&sandbox, sql, 1, &["SQLite says: table sqlite_master may not be modified"]);
    }
    attack(&format!("ATTACH '{aside}' AS aside"));
    attack("ATTACH ':memory:' AS aside");
    attack("DETACH main");
    attack(&format!("VACUUM INTO '{aside}'"));
    attack(&format!("VACUUM main INTO '{aside}'"));
}

#[test]
fn functions_and_tables_that_write_files_are_not_there() {
    let sandbox = recorded::sandbox();
    for sql in [
        "SELECT writefile('x', 'y')",
        "SELECT readfile('archive.db')",
        "SELECT edit('x')",
        "SELECT * FROM fsdir('.')",
        "SELECT * FROM pragma_journal_mode('delete')",
        "SELECT * FROM pragma_wal_checkpoint",
        "SELECT * FROM pragma_writable_schema",
        "SELECT * FROM aside.handshakes",
    ] {
        refused(&sandbox, sql, 1, &["error: ", "hint: "]);
    }
}

#[test]
fn one_statement_is_run_and_no_second() {
    let sandbox = recorded::sandbox();
    let only_one = &["error: there is more than one SQL statement", "hint: "];
    for sql in [
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM handshakes",
        "SELECT 1;; DROP TABLE handshakes",
        "SELECT 1; -- and\n/* then */ DELETE FROM handshakes",
        "SELECT 1; what is this",
        "; SELECT 1; SELECT 2;",
    ] {
        refused(&sandbox, sql, 2, only_one);
    }
    for sql in ["", "  \n", ";", "-- nothing", "/* nothing */ ;;"] {
        refused(&sandbox, sql, 2, &["error: there is no SQL statement", "hint: "]);
    }
    refused(&sandbox, "SELECT 1 \0; DELETE FROM handshakes", 1, &["a null character"]);
    let harmless = format!("-- before\nSELECT 1 /* in */ AS one;{}\n-- after", ";".repeat(100_000));
    std::fs::write(sandbox.path("harmless.sql"), harmless).unwrap();
    let mut command = sandbox.bare();
    command.args(["query", "--format", "tsv", "--archive"]).arg(sandbox.archive());
    let run = run(command.arg("--file").arg(sandbox.path("harmless.sql")));
    assert_eq!(run.expect(0).stdout.split_whitespace().collect::<Vec<_>>(), ["one", "1"]);
}

#[test]
fn what_would_not_end_is_stopped() {
    let sandbox = recorded::sandbox();
    let endless = &["error: the query had not ended after 1s", "hint: raise --timeout"];
    for sql in [
        "WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
        "WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT 1 FROM c) SELECT x FROM c WHERE x > 1",
        "WITH c(x) AS (SELECT handshake_id FROM pragma_function_list, handshakes) SELECT count(*) FROM c a, c b, c d, c e, c f",
    ] {
        stopped(&sandbox, sql, "1s", 1, endless);
    }
    // One instruction of SQLite, in which it asks nobody.
    let one_instruction = "SELECT instr(hex(zeroblob(20000000)), hex(zeroblob(10000000)) || '1')";
    let before = sandbox.contents();
    let query = |sql: &str| {
        let mut command = sandbox.bare();
        command.args(["query", "--timeout", "1s", "--sql", sql, "--archive"]);
        run(command.arg(sandbox.archive()))
    };
    query(one_instruction).expect(1).says(&["error: the query had not ended after 1s"]);
    // The process ended without closing the archive, which is as it was; the next one tidies up.
    query("SELECT 1").expect(0);
    assert!(sandbox.contents() == before, "files changed");
}

#[test]
fn what_would_be_too_large_is_refused() {
    let sandbox = recorded::sandbox();
    let big = &["is longer than the 67108864 bytes that are allowed", "hint: "];
    for sql in [
        "SELECT zeroblob(1000000000)",
        "SELECT randomblob(1000000000)",
        "SELECT hex(zeroblob(50000000))",
        "SELECT printf('%1000000000d', 1)",
        "SELECT replace(hex(zeroblob(100000)), '0', hex(zeroblob(100000)))",
        "WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c LIMIT 100) SELECT group_concat(hex(zeroblob(1000000))) FROM c",
        "SELECT zeroblob(40000000) || zeroblob(40000000)",
    ] {
        refused(&sandbox, sql, 1, big);
    }
    let deep = format!("SELECT {}1{}", "(1+".repeat(5_000), ")".repeat(5_000));
    let long = format!("SELECT '{}'", "x".repeat(2_000_000));
    let many = format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(1_000));
    let wide = format!("SELECT 1{}", ", 1".repeat(5_000));
    let arguments = format!("SELECT max(1{})", ", 1".repeat(500));
    let pattern = format!("SELECT 'x' LIKE '{}'", "%".repeat(5_000));
    for (sql, words) in [
        (&deep, "SQLite says: "),
        (&long, "bytes, and 1000000 are allowed"),
        (&many, "too many terms in compound SELECT"),
        (&wide, "too many columns in result set"),
        (&arguments, "too many arguments on function max"),
        (&pattern, "LIKE or GLOB pattern too complex"),
    ] {
        refused(&sandbox, sql, 1, &[words, "hint: "]);
    }
}

#[test]
fn a_query_that_fills_the_memory_is_stopped() {
    let sandbox = recorded::sandbox();
    let sql = "WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c LIMIT 60)
               SELECT x, zeroblob(50000000 + x) AS b FROM c ORDER BY b";
    refused(&sandbox, sql, 1, &["needs more than 1024 MiB of memory", "hint: "]);
}

#[test]
fn what_only_reads_is_allowed() {
    let sandbox = recorded::sandbox();
    let before = sandbox.contents();
    for sql in [
        "SELECT count(*) FROM handshakes",
        "VALUES (1), (2)",
        "EXPLAIN SELECT * FROM handshakes",
        "EXPLAIN QUERY PLAN SELECT * FROM invitations",
        "PRAGMA table_info(handshakes)",
        "PRAGMA table_xinfo('handshakes')",
        "PRAGMA main.table_info = handshakes",
        "PRAGMA table_list",
        "PRAGMA index_list(observations)",
        "PRAGMA index_info(observations_standing)",
        "PRAGMA foreign_key_list(handshakes)",
        "PRAGMA database_list",
        "PRAGMA user_version",
        "PRAGMA application_id",
        "PRAGMA integrity_check",
        "PRAGMA quick_check(1)",
        "SELECT name FROM pragma_table_info('handshakes')",
        "SELECT name FROM sqlite_schema",
        "SELECT count(*) FROM dbstat",
        "SELECT key, value FROM json_each('[1,2]')",
        "SELECT json_extract(payload, '$.State') FROM handshake_versions",
        "WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c LIMIT 5) SELECT x FROM c",
        "SELECT * FROM transitions",
        "SELECT * FROM invitations",
        "SELECT * FROM resource_tree",
        "SELECT * FROM purged",
        "SELECT * FROM coverage",
        "SELECT strftime('%Y', requested_at), count(*) OVER () FROM handshakes GROUP BY 1 ORDER BY 1",
    ] {
        let mut command = sandbox.bare();
        command.args(["query", "--format", "tsv", "--sql", sql, "--archive"]);
        let run = run(command.arg(sandbox.archive()));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{sql}");
        assert!(!run.stdout.is_empty(), "{sql}");
    }
    assert!(sandbox.contents() == before, "files changed");
}
