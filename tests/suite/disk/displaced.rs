//! The archive is deleted, moved or replaced while a sync writes it: SQLite goes on without a word,
//! into a file that nobody would find.

use std::fs;
use std::path::Path;
use std::time::Duration;

use handshake_archive_simulator::Simulator;

use super::small_disk::SmallDisk;
use crate::harness::{Database, Sandbox, populated};
use crate::process::{Run, Started, run, wait_until};
use crate::read_only::{set_mode, unprivileged};

/// Starts a sync of ten pages and stops the world when it has asked for the fourth.
fn half_way(command: &mut std::process::Command, simulator: &Simulator) -> Started {
    simulator.clear_requests();
    simulator.set_latency(Duration::from_millis(40));
    let child = Started::of(command);
    wait_until("four pages were asked for", || {
        simulator.requests().iter().filter(|request| request.token.is_some()).count() >= 3
    });
    child
}

fn end(child: Started, simulator: &Simulator) -> Run {
    simulator.set_latency(Duration::ZERO);
    child.wait()
}

fn delete(folder: &Path, names: &[&str]) {
    for name in names {
        fs::remove_file(folder.join(name)).unwrap();
    }
}

type Deed = fn(&Sandbox, &Path);

#[test]
fn a_sync_whose_archive_goes_away_fails_and_touches_nothing_that_took_its_place() {
    let simulator = populated(200);
    let undisturbed = Sandbox::new();
    undisturbed.sync(&simulator).expect(0);
    let expected = undisturbed.database().content();
    let deeds: [(&str, Deed); 6] = [
        ("deleted", |_, folder| delete(folder, &["archive.db"])),
        ("deleted with all beside it", |_, folder| {
            delete(folder, &["archive.db", "archive.db-wal", "archive.db-shm", "archive.db.lock"]);
        }),
        ("moved", |_, folder| {
            fs::rename(folder.join("archive.db"), folder.join("moved.db")).unwrap();
        }),
        ("replaced by a backup", |sandbox, folder| {
            fs::rename(sandbox.path("backup.db"), folder.join("archive.db")).unwrap();
        }),
        ("replaced by an empty file", |sandbox, folder| {
            fs::write(sandbox.path("empty"), "").unwrap();
            fs::rename(sandbox.path("empty"), folder.join("archive.db")).unwrap();
        }),
        ("moved with its folder", |sandbox, folder| {
            fs::rename(folder, sandbox.path("elsewhere")).unwrap();
            fs::create_dir(folder).unwrap();
        }),
    ];
    for (name, deed) in deeds {
        let sandbox = Sandbox::new();
        let folder = sandbox.path("folder");
        fs::create_dir(&folder).unwrap();
        let archive = folder.join("archive.db");
        let mut sync = sandbox.sync_command_of(&archive, &simulator);
        // What the archive held before, and a copy of that.
        run(sandbox
            .sync_command_of(&archive, &simulator)
            .args(["--action-type", "ENABLE_ALL_FEATURES"]))
        .expect(0);
        fs::copy(&archive, sandbox.path("backup.db")).unwrap();
        let backup = fs::read(&archive).unwrap();

        let child = half_way(&mut sync, &simulator);
        deed(&sandbox, &folder);
        let run = end(child, &simulator);
        run.expect(1).says(&["was deleted, moved or replaced while it was written", "hint: "]);
        assert_eq!(run.stdout, "", "{name}: no summary of what nobody would find");
        match name {
            "replaced by a backup" => assert!(fs::read(&archive).unwrap() == backup, "touched"),
            "replaced by an empty file" => assert_eq!(fs::read(&archive).unwrap(), b""),
            "moved" => assert_whole_and_half_way(&folder.join("moved.db")),
            "moved with its folder" => {
                assert_whole_and_half_way(&sandbox.path("elsewhere/archive.db"));
            }
            _ => {}
        }
        crate::process::run(&mut sync).expect(0);
        let database = Database::open(&archive);
        database.assert_sound();
        assert_eq!(database.content(), expected, "{name}");
        crate::process::run(sandbox.bare().arg("--archive").arg(&archive).arg("verify")).expect(0);
    }
}

/// The file that was moved away holds all that was recorded before that was seen.
fn assert_whole_and_half_way(archive: &Path) {
    // A copy, since what the -wal holds must be in the file itself.
    let copy = Sandbox::new();
    fs::copy(archive, copy.archive()).unwrap();
    let database = copy.database();
    database.assert_sound();
    assert_eq!(
        database.lines("SELECT outcome, pages > 1 FROM syncs ORDER BY id"),
        ["complete|0", "running|1"]
    );
    copy.ask(&["verify"]).expect(0);
}

#[test]
fn permission_that_is_lost_under_a_sync_is_told_by_the_next_and_loses_nothing() {
    let simulator = populated(200);
    let sandbox = Sandbox::new();
    set_mode(&sandbox.path("."), 0o777);
    let mut sync = unprivileged(&sandbox, &sandbox.sync_command(&simulator));
    run(&mut sync).expect(0);
    simulator.with(|organization| drop(organization.invite_account("777777777777", None)));
    let child = half_way(&mut sync, &simulator);
    set_mode(&sandbox.archive(), 0o444);
    set_mode(&sandbox.path("."), 0o555);
    // What is open stays open.
    assert_eq!(end(child, &simulator).expect(0).summary()["added"], 1);
    run(&mut sync).expect(1).says(&["is read-only", "chmod u+w"]);
    let mut verify = sandbox.bare();
    verify.arg("--archive").arg(sandbox.archive()).arg("verify");
    run(&mut unprivileged(&sandbox, &verify)).expect(0);
    set_mode(&sandbox.archive(), 0o644);
    // The files beside it could not be removed, and serve again.
    assert_eq!(run(&mut sync).expect(0).summary()["sequence"], 3);
    set_mode(&sandbox.path("."), 0o777);
    assert_eq!(run(&mut sync).expect(0).summary()["sequence"], 4);
    run(&mut unprivileged(&sandbox, &verify)).expect(0);
}

#[test]
fn a_disk_that_is_unmounted_under_a_sync_is_told() {
    let simulator = populated(200);
    let disk = SmallDisk::new(8192);
    let sync = disk.sandbox().sync_command_of(&disk.archive(), &simulator);
    let child = half_way(&mut disk.on_disk(&sync), &simulator);
    disk.system("umount", &["-l", disk.archive().parent().unwrap().to_str().unwrap()]);
    end(child, &simulator).expect(1).says(&["was deleted, moved or replaced"]);
}

#[test]
fn a_file_system_that_became_read_only_is_told_and_what_is_there_can_be_read() {
    let simulator = populated(40);
    let disk = SmallDisk::new(8192);
    let sync = disk.sandbox().sync_command_of(&disk.archive(), &simulator);
    run(&mut disk.on_disk(&sync)).expect(0);
    let folder = disk.archive().with_file_name("");
    disk.system("mount", &["-o", "remount,bind,ro", folder.to_str().unwrap()]);
    run(&mut disk.on_disk(&sync)).expect(1).says(&["error: ", "Read-only file system", "hint: "]);
    for arguments in [&["verify"][..], &["query", "counts"], &["status"], &["checkpoint"]] {
        disk.ask(arguments).expect(0);
    }
    disk.system("mount", &["-o", "remount,bind,rw", folder.to_str().unwrap()]);
    run(&mut disk.on_disk(&sync)).expect(0);
    disk.ask(&["verify"]).expect(0);
}
