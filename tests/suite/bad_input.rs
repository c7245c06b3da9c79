//! Wrong input: a clear error, the right exit code, and nothing changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use handshake_archive_simulator::Simulator;
use rusqlite::{Connection, OpenFlags};

use crate::harness::{Sandbox, organization};
use crate::process::{Run, run};

fn create_database(sandbox: &Sandbox, name: &str, sql: &str) {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags(sandbox.path(name), flags).unwrap();
    connection.execute_batch(sql).unwrap();
}

/// Runs a sync that must fail, and sees that the folder is as before and AWS was not asked.
#[track_caller]
fn refused(sandbox: &Sandbox, simulator: &Simulator, archive: &str, arguments: &[&str]) -> Run {
    let before = sandbox.contents();
    simulator.clear_requests();
    let mut command = sandbox.program();
    command
        .args(["--archive", archive, "sync", "--endpoint-url", &simulator.url()])
        .args(arguments);
    let run = run(&mut command);
    assert_eq!(run.stdout, "");
    assert!(simulator.requests().is_empty(), "AWS was asked");
    let names = |contents: &[(String, Vec<u8>)]| {
        contents.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&sandbox.contents()), names(&before));
    assert!(sandbox.contents() == before, "a file was changed");
    run
}

#[test]
fn wrong_flags_are_usage_errors_that_name_what_is_valid() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    for (arguments, words) in [
        (
            &["--action-type", "INVITE", "--parent-handshake-id", "h-examplehandshakeid111"][..],
            &["--action-type", "--parent-handshake-id", "cannot be used with"][..],
        ),
        (
            &["--action-type", "MERGE"],
            &[
                "MERGE",
                "INVITE",
                "ENABLE_ALL_FEATURES",
                "APPROVE_ALL_FEATURES",
                "ADD_ORGANIZATIONS_SERVICE_LINKED_ROLE",
                "TRANSFER_RESPONSIBILITY",
            ],
        ),
        (
            &["--parent-handshake-id", "h-SHOUTING1"],
            &["h-SHOUTING1", "8 to 32 lower-case letters or digits"],
        ),
        (&["--parent-handshake-id", "examplehandshake"], &["examplehandshake", "h-"]),
        (&["--max-results", "0"], &["0", "1..=20"]),
        (&["--max-results", "21"], &["21", "1..=20"]),
        (&["--max-results", "many"], &["many"]),
        (&["--max-attempts", "0"], &["0", "1..=100"]),
        (&["--timeout", "5"], &["500ms, 30s, 5m, 26h, 30d"]),
        (&["--deadline", "0s"], &["500ms, 30s, 5m, 26h, 30d"]),
        (&["--format", "xml"], &["text", "json"]),
        (&["surprise"], &["surprise"]),
    ] {
        let run = refused(&sandbox, &simulator, "archive.db", arguments);
        run.expect(2).says(words);
    }
    for endpoint in ["localhost:4566", "ftp://localhost", "http://", "https:///"] {
        let run = run(sandbox.program().args(["sync", "--endpoint-url", endpoint]));
        run.expect(2).says(&["an endpoint is http:// or https:// and a host"]);
    }
    assert!(sandbox.contents().is_empty());
}

#[test]
fn an_archive_that_cannot_be_one_is_refused_and_left_as_it_is() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    fs::create_dir(sandbox.path("folder")).unwrap();
    fs::write(sandbox.path("notes.txt"), "Dear diary, this is no database at all.").unwrap();
    fs::write(sandbox.path("short.txt"), "hm").unwrap();
    create_database(&sandbox, "other.db", "CREATE TABLE t (x); PRAGMA user_version = 3;");
    create_database(
        &sandbox,
        "named.db",
        "PRAGMA application_id = 1196444487; CREATE TABLE t (x);",
    );
    create_database(
        &sandbox,
        "newer.db",
        "PRAGMA application_id = 1213415762; PRAGMA user_version = 4711; CREATE TABLE t (x);",
    );
    std::os::unix::fs::symlink("nowhere.db", sandbox.path("dangling.db")).unwrap();
    for (archive, words) in [
        ("dangling.db", &["dangling.db could not be found", "No such file"][..]),
        ("missing/archive.db", &["the folder missing of the archive does not exist", "mkdir"]),
        ("folder", &["folder is not a regular file"]),
        ("notes.txt", &["notes.txt is not a SQLite database", "nothing was changed"]),
        ("short.txt", &["short.txt is not a SQLite database"]),
        ("notes.txt/archive.db", &["notes.txt", "does not exist"]),
        ("other.db", &["other.db is a SQLite database of another program", "nothing was changed"]),
        ("named.db", &["another program", "1196444487"]),
        (
            "newer.db",
            &["newer.db was written by a newer version", "4711", "update handshake-archive"],
        ),
        ("/dev/null", &["/dev/null is not a regular file"]),
    ] {
        refused(&sandbox, &simulator, archive, &[]).expect(1).says(words);
    }
}

#[test]
fn a_read_only_archive_is_refused_and_left_as_it_is() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    sandbox.sync(&simulator).expect(0);
    fs::set_permissions(sandbox.archive(), fs::Permissions::from_mode(0o400)).unwrap();
    refused(&sandbox, &simulator, "archive.db", &[])
        .expect(1)
        .says(&["archive.db is read-only", "chmod u+w"]);
}

#[test]
fn an_archive_and_its_side_files_are_readable_by_nobody_else() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    sandbox.sync(&simulator).expect(0);
    for (name, _) in sandbox.contents() {
        let mode = fs::metadata(sandbox.path(&name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
}

#[test]
fn without_a_path_the_archive_is_in_the_data_directory_for_its_owner_alone() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    let mut command = sandbox.program();
    command.args(["sync", "--endpoint-url", &simulator.url()]);
    run(&mut command).expect(0);
    let folder = sandbox.path(".local/share/handshake-archive");
    assert!(folder.join("archive.db").is_file());
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn the_environment_names_the_archive_and_the_flag_goes_before_it() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    let mut command = sandbox.program();
    command.env("HANDSHAKE_ARCHIVE", "by-environment.db").args([
        "sync",
        "--endpoint-url",
        &simulator.url(),
    ]);
    run(&mut command).expect(0);
    assert!(sandbox.path("by-environment.db").is_file());
    command.args(["--archive", "by-flag.db"]);
    run(&mut command).expect(0);
    assert!(sandbox.path("by-flag.db").is_file());
}

#[test]
fn an_empty_file_becomes_an_archive_since_a_killed_run_may_have_left_it() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    fs::write(sandbox.archive(), "").unwrap();
    sandbox.sync(&simulator).expect(0);
    sandbox.database().assert_sound();
}

#[test]
fn no_arguments_at_all_show_the_help() {
    let sandbox = Sandbox::new();
    run(&mut sandbox.bare()).expect(2).says(&["Usage: handshake-archive", "sync"]);
    assert!(sandbox.contents().is_empty());
    let help = run(sandbox.bare().args(["sync", "--help"]));
    for flag in [
        "--profile",
        "--region",
        "--endpoint-url",
        "--action-type",
        "--parent-handshake-id",
        "--max-results",
        "--timeout",
        "--deadline",
        "--max-attempts",
        "--format",
        "--archive",
        "--quiet",
        "--verbose",
        "--color",
        "--log-format",
    ] {
        assert!(help.expect(0).stdout.contains(flag), "{flag}");
    }
}
