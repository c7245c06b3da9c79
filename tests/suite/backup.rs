//! A copy that can be trusted, or none.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use handshake_archive::archive::{ArchiveReader, Error};
use handshake_archive_simulator::Simulator;

use crate::harness::{Database, Sandbox, organization};
use crate::process::{Run, Started, run};

fn populated(count: usize) -> Simulator {
    let mut organization = organization();
    organization.populate(count);
    Simulator::start(organization)
}

fn command(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    run(sandbox.bare().args(["--archive", "archive.db"]).args(arguments))
}

fn names(sandbox: &Sandbox) -> Vec<String> {
    sandbox.contents().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_copy_verifies_against_the_originals_checkpoint_and_is_for_its_owner_alone() {
    let sandbox = Sandbox::new();
    let simulator = populated(50);
    sandbox.sync(&simulator).expect(0);
    let checkpoint = command(&sandbox, &["checkpoint"]).expect(0).stdout.clone();
    fs::write(sandbox.path("checkpoint"), &checkpoint).unwrap();

    let backup = command(&sandbox, &["backup", "copy.db"]);

    assert_eq!(backup.expect(0).stdout, checkpoint);
    let mode = fs::metadata(sandbox.path("copy.db")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let verify =
        run(sandbox.bare().args(["--archive", "copy.db", "verify", "--checkpoint", "checkpoint"]));
    verify.expect(0);
    let content = Database::open(&sandbox.path("copy.db")).content();
    assert_eq!(content, sandbox.database().content());
    // The copy is an archive like any other: a sync goes on from it.
    let mut sync = sandbox.program();
    sync.args(["--archive", "copy.db", "sync", "-q", "--endpoint-url", &simulator.url()]);
    run(&mut sync).expect(0);
}

#[test]
fn a_copy_made_while_a_sync_runs_verifies_and_matches_a_checkpoint_from_before() {
    let sandbox = Sandbox::new();
    let simulator = populated(10);
    sandbox.sync(&simulator).expect(0);
    let checkpoint = command(&sandbox, &["checkpoint"]).expect(0).stdout.clone();
    fs::write(sandbox.path("checkpoint"), &checkpoint).unwrap();
    simulator.with(|organization| organization.populate(3000));
    let mut sync = Started::of(sandbox.sync_command(&simulator).arg("-q"));
    let mut copies = 0;
    while sync.is_running() {
        let name = format!("copy{copies}.db");
        command(&sandbox, &["backup", &name]).expect(0);
        let verify =
            run(sandbox.bare().args(["--archive", &name, "verify", "--checkpoint", "checkpoint"]));
        verify.expect(0);
        copies += 1;
    }
    sync.wait().expect(0);
    assert!(copies > 0);
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_told() {
    let sandbox = Sandbox::new();
    sandbox.sync(&populated(5)).expect(0);
    fs::write(sandbox.path("copy.db"), "precious").unwrap();
    command(&sandbox, &["backup", "copy.db"])
        .expect(1)
        .says(&["copy.db is there already", "--overwrite"]);
    assert_eq!(fs::read(sandbox.path("copy.db")).unwrap(), b"precious");
    command(&sandbox, &["backup", "copy.db", "--overwrite"]).expect(0);
    assert_eq!(
        Database::open(&sandbox.path("copy.db")).number("SELECT count(*) FROM handshakes"),
        5
    );
}

#[test]
fn a_place_that_cannot_hold_the_copy_is_told_and_nothing_is_left() {
    let sandbox = Sandbox::new();
    sandbox.sync(&populated(5)).expect(0);
    fs::create_dir(sandbox.path("folder")).unwrap();
    let before = sandbox.contents();
    for (destination, words) in [
        ("missing/copy.db", &["the folder missing for the copy does not exist"][..]),
        ("folder", &["folder cannot be the copy"]),
        ("archive.db", &["archive.db cannot be the copy"]),
        ("/dev/null", &["/dev/null cannot be the copy"]),
    ] {
        command(&sandbox, &["backup", destination, "--overwrite"]).expect(1).says(words);
    }
    assert!(sandbox.contents() == before);
}

#[test]
fn a_full_disk_leaves_no_part_of_a_copy() {
    let sandbox = Sandbox::new();
    sandbox.sync(&populated(500)).expect(0);
    let before = sandbox.contents();
    // A limit on the size of files (in blocks of 512 bytes) stands for the disk: nobody needs to be
    // root to set it.
    let script = format!(
        "trap '' XFSZ; ulimit -f 500; exec '{}' --archive archive.db backup copy.db",
        env!("CARGO_BIN_EXE_handshake-archive")
    );
    let mut shell = Command::new("sh");
    run(shell.args(["-c", &script]).current_dir(sandbox.path(".")))
        .expect(1)
        .says(&["error: ", "hint: "]);
    assert!(sandbox.contents() == before, "{:?}", names(&sandbox));
}

#[test]
fn a_backup_that_is_stopped_at_any_step_leaves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.sync(&populated(3000)).expect(0);
    let before = names(&sandbox);
    let mut stopped = 0;
    for after in [0, 1, 2, 4, 8, 32, 128] {
        let reader = ArchiveReader::open(&sandbox.archive()).unwrap();
        let asked = Arc::new(AtomicU32::new(0));
        let stop = move || asked.fetch_add(1, Ordering::Relaxed) >= after;
        match reader.backup(&sandbox.path("copy.db"), false, stop) {
            Err(Error::Stopped) => stopped += 1,
            other => panic!("stopped after {after}: {other:?}"),
        }
        drop(reader);
        assert_eq!(names(&sandbox), before);
    }
    assert_eq!(stopped, 7);
}
