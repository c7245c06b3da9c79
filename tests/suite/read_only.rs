//! Reading an archive: beside a sync, without permission to write, and never leaving a trace.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::Duration;
use handshake_archive::archive::{ArchiveReader, Error, Outcome, Scope};
use rusqlite::Connection;

use crate::harness::{Sandbox, noon};
use crate::process::{Run, Started, run};
use crate::recorded::{self, attempt, invitation, page};

const COUNT: &str = "SELECT count(*) FROM handshakes";

fn query(sandbox: &Sandbox, sql: &str) -> Command {
    let mut command = sandbox.bare();
    command
        .arg("--archive")
        .arg(sandbox.archive())
        .args(["query", "--format", "tsv", "--sql", sql]);
    command
}

fn count(sandbox: &Sandbox) -> String {
    let run = run(&mut query(sandbox, COUNT));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    run.stdout.lines().last().unwrap().to_owned()
}

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The same program as a user whom permissions bind: root is bound by none.
pub fn unprivileged(sandbox: &Sandbox, command: &Command) -> Command {
    const NOBODY: u32 = 65534;
    let root = fs::metadata(sandbox.path(".")).unwrap().uid() == 0;
    let program = sandbox.path("program");
    if root && !program.exists() {
        // Where the original is, nobody else may be allowed to look.
        fs::copy(command.get_program(), &program).unwrap();
    }
    let mut other = Command::new(if root { program.as_os_str() } else { command.get_program() });
    other.env_clear().args(command.get_args()).stdin(Stdio::null());
    other.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if root {
        other.uid(NOBODY).gid(NOBODY);
    }
    other
}

fn run_unprivileged(sandbox: &Sandbox, command: &Command) -> Run {
    run(&mut unprivileged(sandbox, command))
}

/// A folder and an archive that everybody may read and nobody may write; its program is there, too.
fn nobody_may_write(sandbox: &Sandbox) {
    // So that the program is copied while that is allowed.
    unprivileged(sandbox, &sandbox.bare());
    set_mode(&sandbox.archive(), 0o444);
    for beside in ["archive.db-wal", "archive.db-shm"] {
        if sandbox.path(beside).exists() {
            set_mode(&sandbox.path(beside), 0o444);
        }
    }
    set_mode(&sandbox.path("."), 0o555);
}

#[test]
fn where_no_archive_is_none_is_made() {
    let sandbox = Sandbox::new();
    for arguments in [&["query", "--sql", "SELECT 1"][..], &["show", "h-aaaaaaaa1"]] {
        for command in [
            sandbox.bare().args(arguments),
            sandbox.bare().arg("--archive").arg(sandbox.archive()).args(arguments),
            sandbox
                .bare()
                .arg("--archive")
                .arg(sandbox.path("no/such/folder/a.db"))
                .args(arguments),
        ] {
            run(command).expect(1).says(&[
                "error: there is no archive at ",
                "hint: run handshake-archive sync to make one, or give the path of another with --archive",
            ]);
        }
    }
    assert_eq!(sandbox.contents(), [], "something was made");
}

#[test]
fn what_is_no_archive_is_refused_and_left_alone() {
    let sandbox = Sandbox::new();
    let path = |name: &str| sandbox.path(name);
    let database = |name: &str, sql: &str| {
        let file = path(name);
        fs::write(&file, "").unwrap();
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        Connection::open_with_flags(&file, flags).unwrap().execute_batch(sql).unwrap();
    };
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("empty"), "").unwrap();
    fs::write(path("text"), "This is a text, and long enough to be more than a header.".repeat(9))
        .unwrap();
    database("other.db", "CREATE TABLE t (x); PRAGMA application_id = 7");
    database("other-wal.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
    for (name, sql) in
        [("newer.db", "PRAGMA user_version = 999"), ("older.db", "PRAGMA user_version = 1")]
    {
        drop(crate::harness::open(&path(name)));
        database_pragma(&path(name), sql);
        fs::remove_file(path(&format!("{name}.lock"))).unwrap();
    }
    // Another program's, with rows that are only in its -wal, as a killed program leaves them.
    database("wal.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
    let writer =
        Connection::open_with_flags(path("wal.db"), rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)
            .unwrap();
    writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    fs::copy(path("wal.db"), path("killed.db")).unwrap();
    fs::copy(path("wal.db-wal"), path("killed.db-wal")).unwrap();
    let before = sandbox.contents();
    for (name, words) in [
        ("folder", "is not a regular file"),
        ("empty", "is empty: no sync has written into it"),
        ("text", "is not a SQLite database"),
        ("other.db", "is a SQLite database of another program (application_id 7)"),
        ("other-wal.db", "is a SQLite database of another program (application_id 0)"),
        ("killed.db", "is a SQLite database of another program (application_id 0)"),
        ("wal.db", "is a SQLite database of another program (application_id 0)"),
        ("newer.db", "was written by a newer version: its schema is 999"),
        ("older.db", "was written by an older version: its schema is 1"),
    ] {
        let mut command = sandbox.bare();
        command.arg("--archive").arg(path(name)).args(["query", "--sql", "SELECT 1"]);
        let run = run(&mut command);
        run.expect(1).says(&[words, "hint: "]);
        assert_eq!(run.stdout, "", "{name}");
        assert!(sandbox.contents() == before, "{name}: files changed");
    }
}

fn database_pragma(path: &Path, sql: &str) {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    Connection::open_with_flags(path, flags).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn reading_leaves_no_trace() {
    let sandbox = recorded::sandbox();
    let before = sandbox.contents();
    assert_eq!(count(&sandbox), "2");
    run(sandbox.bare().arg("--archive").arg(sandbox.archive()).args(["show", "h-aaaaaaaa1"]))
        .expect(0);
    run(&mut query(&sandbox, "SELECT nonsense")).expect(1);
    assert!(sandbox.contents() == before, "files changed");
}

#[test]
fn a_query_sees_what_a_running_sync_has_committed_and_does_not_disturb_it() {
    let sandbox = recorded::sandbox();
    let at = noon() + Duration::days(3);
    let mut archive = crate::harness::open(&sandbox.archive());
    assert_eq!(count(&sandbox), "2");
    let mut recorder = archive.begin(&attempt(at)).unwrap();
    for number in 3..6 {
        let handshake = invitation(&format!("h-running{number}"), "OPEN", "333333333333");
        recorder.record([(Scope::Unrestricted, page(&[handshake]))], at).unwrap();
        assert_eq!(count(&sandbox), number.to_string());
    }
    recorder.finish(&Outcome::Complete, at).unwrap();
    drop(archive);
    assert_eq!(count(&sandbox), "5");
    sandbox.database().assert_sound();
}

#[test]
fn a_sync_can_begin_and_end_while_a_query_reads_and_the_query_sees_one_state() {
    let sandbox = recorded::sandbox();
    // Rows that fill the pipe, so that the query stands still in their midst.
    let sql = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 200000)
               SELECT i, (SELECT count(*) FROM handshakes WHERE handshake_id < 1000 + i) AS handshakes FROM n";
    let mut child = Started::of(&mut query(&sandbox, sql));
    let mut stdout = child.stdout();
    let mut first = [0; 1];
    stdout.read_exact(&mut first).unwrap();
    recorded::sync(&sandbox.archive(), 72, &[invitation("h-meanwhile", "OPEN", "333333333333")]);
    assert_eq!(count(&sandbox), "3");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    child.wait().expect(0);
    assert_eq!(rest.lines().count(), 200_001);
    assert!(rest.lines().skip(1).all(|line| line.ends_with("\t2")), "a mixture of states");
    let left: Vec<String> = sandbox.contents().into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, ["archive.db", "archive.db.lock"]);
    sandbox.database().assert_sound();
}

#[test]
fn what_a_killed_sync_left_in_the_wal_is_read() {
    let (sandbox, copy) = (recorded::sandbox(), Sandbox::new());
    let at = noon() + Duration::days(3);
    let mut archive = crate::harness::open(&sandbox.archive());
    let mut recorder = archive.begin(&attempt(at)).unwrap();
    let handshake = invitation("h-killed001", "OPEN", "333333333333");
    recorder.record([(Scope::Unrestricted, page(&[handshake]))], at).unwrap();
    for name in ["archive.db", "archive.db-wal"] {
        fs::copy(sandbox.path(name), copy.path(name)).unwrap();
    }
    assert_eq!(count(&copy), "3");
    assert_eq!(count(&copy), "3");
    copy.database().assert_sound();
}

#[test]
fn an_archive_that_nobody_may_write_is_read() {
    let sandbox = recorded::sandbox();
    nobody_may_write(&sandbox);
    let before = sandbox.contents();
    let run = run_unprivileged(&sandbox, &query(&sandbox, COUNT));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(run.stdout.lines().last(), Some("2"));
    let mut show = sandbox.bare();
    show.arg("--archive").arg(sandbox.archive()).args(["show", "h-aaaaaaaa1"]);
    run_unprivileged(&sandbox, &show).expect(0);
    assert!(sandbox.contents() == before, "files changed");
    set_mode(&sandbox.path("."), 0o755);
}

#[test]
fn a_read_only_file_in_a_folder_where_files_can_be_made_gets_no_files_beside_it() {
    let sandbox = recorded::sandbox();
    nobody_may_write(&sandbox);
    set_mode(&sandbox.path("."), 0o777);
    let before = sandbox.contents();
    let run = run_unprivileged(&sandbox, &query(&sandbox, COUNT));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(run.stdout.lines().last(), Some("2"));
    assert!(sandbox.contents() == before, "files changed");
}

#[test]
fn who_may_not_write_reads_beside_a_sync_all_the_same() {
    let sandbox = recorded::sandbox();
    let at = noon() + Duration::days(3);
    let mut archive = crate::harness::open(&sandbox.archive());
    let mut recorder = archive.begin(&attempt(at)).unwrap();
    let handshake = invitation("h-running03", "OPEN", "333333333333");
    recorder.record([(Scope::Unrestricted, page(&[handshake]))], at).unwrap();
    nobody_may_write(&sandbox);
    let run = run_unprivileged(&sandbox, &query(&sandbox, COUNT));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(run.stdout.lines().last(), Some("3"));
    recorder.finish(&Outcome::Complete, at).unwrap();
    set_mode(&sandbox.path("."), 0o755);
}

#[test]
fn newest_rows_that_are_out_of_reach_are_an_error_and_not_left_out() {
    let (sandbox, copy) = (recorded::sandbox(), Sandbox::new());
    let at = noon() + Duration::days(3);
    let mut archive = crate::harness::open(&sandbox.archive());
    archive.begin(&attempt(at)).unwrap();
    for name in ["archive.db", "archive.db-wal"] {
        fs::copy(sandbox.path(name), copy.path(name)).unwrap();
    }
    nobody_may_write(&copy);
    let before = copy.contents();
    run_unprivileged(&copy, &query(&copy, COUNT)).expect(1).says(&[
        "are in its -wal file, which cannot be read without permission to write",
        "hint: read it as the user who syncs",
    ]);
    assert!(copy.contents() == before, "files changed");
    set_mode(&copy.path("."), 0o755);
}

#[test]
fn a_sync_into_an_archive_that_is_read_as_one_that_stands_still_is_told() {
    let sandbox = recorded::sandbox();
    nobody_may_write(&sandbox);
    let sql = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT i FROM n";
    let mut child = Started::of(&mut unprivileged(&sandbox, &query(&sandbox, sql)));
    let mut stdout = child.stdout();
    let mut first = [0; 1];
    stdout.read_exact(&mut first).unwrap();
    set_mode(&sandbox.path("."), 0o755);
    set_mode(&sandbox.archive(), 0o600);
    recorded::sync(&sandbox.archive(), 72, &[]);
    std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
    child
        .wait()
        .expect(1)
        .says(&["was written to while it was read", "hint: discard what was written"]);
}

#[test]
fn the_reader_of_the_library_cannot_write() {
    let sandbox = recorded::sandbox();
    let reader = ArchiveReader::open(&sandbox.archive()).unwrap();
    let error = reader.connection().execute("DELETE FROM handshakes", []).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::ReadOnly));
    let missing = ArchiveReader::open(&sandbox.path("none.db")).unwrap_err();
    assert!(matches!(missing, Error::Missing(_)), "{missing}");
}

#[test]
fn a_path_with_odd_characters_is_a_path() {
    let sandbox = recorded::sandbox();
    let odd = sandbox.path("a b?mode=rw&x=%41#é.db");
    fs::rename(sandbox.archive(), &odd).unwrap();
    let mut command = sandbox.bare();
    run(command.arg("--archive").arg(&odd).args(["query", "--sql", COUNT])).expect(0);
    assert_eq!(fs::read_dir(sandbox.path(".")).unwrap().count(), 2);
}
