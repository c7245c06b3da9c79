//! A disk that is full, at every point where a sync writes.
//!
//! Free space grows from nothing by steps until the sync completes. In the suite the steps are wide; each
//! single block is met, and told, by
//!
//! ```text
//! DISK_STEP_KIB=4 cargo test --test suite -- disk::full --nocapture
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use handshake_archive_simulator::Simulator;

use super::small_disk::SmallDisk;
use crate::harness::{Sandbox, populated};
use crate::process::{Run, run};

fn sync(disk: &SmallDisk, simulator: &Simulator) -> Run {
    let command = disk.sandbox().sync_command_of(&disk.archive(), simulator);
    run(&mut disk.on_disk(&command))
}

fn step_or(kibibytes: usize) -> usize {
    let step = std::env::var("DISK_STEP_KIB").ok();
    step.map_or(kibibytes, |step| step.parse().expect("DISK_STEP_KIB is a number"))
}

/// How often the walk met what, in words; told at its end.
#[derive(Default)]
struct Met(BTreeMap<String, u32>);

impl Met {
    /// Notes it, and tells whether it is the first of its kind.
    fn at(&mut self, stage: String) -> bool {
        let times = self.0.entry(stage).or_default();
        *times += 1;
        *times == 1
    }

    /// What was met, a line each; these stages must be among it.
    #[track_caller]
    fn told(&self, name: &str, stages: &[&str]) -> String {
        for stage in stages {
            let met = self.0.keys().any(|met| met.starts_with(stage));
            assert!(met, "{name} never met: {stage}; it met {:?}", self.0);
        }
        self.0.iter().map(|(stage, times)| format!("{name}: {times:4} times {stage}\n")).collect()
    }
}

/// What a failed sync says, whatever it was that found no room.
fn assert_told(run: &Run) {
    run.expect(1).says(&["error: ", "disk is full", "hint: ", "free some space"]);
    assert_eq!(run.stdout, "", "no summary of a sync that was not recorded");
}

/// Reading needs no space: not a single block is left for it.
fn assert_readable(disk: &SmallDisk, status: i32) {
    disk.leave_free(0);
    disk.ask(&["verify"]).expect(0);
    disk.ask(&["query", "counts"]).expect(0);
    disk.ask(&["status"]).expect(status);
    disk.ask(&["checkpoint"]).expect(0);
    let elsewhere = disk.sandbox().path("backup.db");
    disk.ask(&["backup", elsewhere.to_str().unwrap()]).expect(0);
    fs::remove_file(elsewhere).unwrap();
    let here = disk.archive().with_file_name("backup.db");
    let run = disk.ask(&["backup", here.to_str().unwrap()]);
    run.expect(1).says(&["disk is full", "free some space where the copy is to be"]);
    assert!(!disk.file("backup.db").exists());
}

fn payloads(archive: &Sandbox) -> BTreeSet<String> {
    let database = archive.database();
    database.texts("SELECT payload FROM handshake_versions").into_iter().collect()
}

#[test]
fn a_first_sync_that_finds_the_disk_full_anywhere_keeps_what_it_recorded_and_the_next_heals() {
    let simulator = populated(60);
    simulator.set_latency(Duration::from_millis(5));
    let undisturbed = Sandbox::new();
    undisturbed.sync(&simulator).expect(0);
    let expected = undisturbed.database().content();
    let disk = SmallDisk::new(4096);
    let mut met = Met::default();
    for kibibytes in (0..).step_by(step_or(44)) {
        disk.leave_free(kibibytes * 1024);
        let run = sync(&disk, &simulator);
        if run.code == 0 {
            met.at("completed".to_owned());
            disk.ask(&["verify"]).expect(0);
            assert_eq!(disk.copy().database().content(), expected);
            break;
        }
        assert_told(&run);
        let mut kept = BTreeSet::new();
        if disk.file("archive.db").exists() {
            let copy = disk.copy();
            copy.database().assert_sound();
            kept = payloads(&copy);
            let database = copy.database();
            assert_eq!(database.number("SELECT count(*) FROM syncs WHERE outcome <> 'running'"), 0);
            assert_eq!(
                database.number("SELECT count(*) FROM handshakes WHERE gone_at IS NOT NULL"),
                0
            );
            if kept.is_empty() {
                met.at("archive made, nothing recorded".to_owned());
                disk.ask(&["verify"]).expect(6).says(&["nothing to verify"]);
            } else {
                let first = met.at(format!("{} of 60 handshakes recorded", kept.len()));
                disk.ask(&["verify"]).expect(0);
                if first {
                    assert_readable(&disk, 6);
                }
            }
        } else {
            let making = if run.stderr.contains("could not be brought up to date") {
                "no archive: migrations failed"
            } else {
                "no archive: its file could not be made"
            };
            met.at(making.to_owned());
            disk.ask(&["verify"]).expect(1).says(&["there is no archive"]);
            let left: BTreeSet<_> = fs::read_dir(disk.file(""))
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(left, ["archive.db.lock", "ballast"].map(Into::into).into());
        }
        disk.free_all();
        sync(&disk, &simulator).expect(0);
        disk.ask(&["verify"]).expect(0);
        let healed = disk.copy();
        assert_eq!(healed.database().content(), expected, "{kibibytes} KiB");
        assert!(payloads(&healed).is_superset(&kept));
        disk.clear();
    }
    let stages = ["no archive: migrations", "no archive: its file", "20 of 60", "completed"];
    println!("{}", met.told("first sync", &stages));
}

#[test]
fn a_later_sync_that_finds_the_disk_full_anywhere_keeps_all_and_the_next_heals() {
    let simulator = populated(60);
    let disk = SmallDisk::new(4096);
    sync(&disk, &simulator).expect(0);
    let before = disk.copy();
    simulator.with(|organization| {
        organization.advance(chrono::TimeDelta::days(10));
        organization.populate(60);
    });
    simulator.set_latency(Duration::from_millis(5));
    let undisturbed = disk.copy();
    let summary = undisturbed.sync(&simulator).expect(0).summary();
    let some = |member: &str| summary[member].as_i64().unwrap() > 0;
    assert!(some("added") && some("changed") && some("gone"), "{summary}");
    let expected = undisturbed.database().content();
    let mut met = Met::default();
    for kibibytes in (0..).step_by(step_or(96)) {
        disk.clear();
        disk.lay_back(&before);
        disk.leave_free(kibibytes * 1024);
        let run = sync(&disk, &simulator);
        let in_wal = disk.file("archive.db-wal").exists();
        disk.ask(&["verify"]).expect(0);
        let copy = disk.copy();
        copy.database().assert_sound();
        let kept = payloads(&copy);
        assert!(kept.is_superset(&payloads(&before)), "{kibibytes} KiB");
        if run.code == 0 {
            assert_eq!(copy.database().content(), expected);
            let words = if in_wal { ", and could not move its -wal into the archive" } else { "" };
            let first = met.at(format!("completed{words}"));
            if !in_wal {
                break;
            }
            if first {
                assert_readable(&disk, 0);
            }
            continue;
        }
        assert_told(&run);
        let database = copy.database();
        let begun = database.number("SELECT count(*) FROM syncs WHERE id = 2") == 1;
        let gone = database.number("SELECT count(*) FROM handshakes WHERE gone_at IS NOT NULL");
        assert_eq!(gone, 0, "{kibibytes} KiB");
        let new = kept.len() - payloads(&before).len();
        let stage =
            if begun { format!("{new} new contents recorded") } else { "not begun".to_owned() };
        if met.at(stage) {
            assert_readable(&disk, 0);
        }
        disk.free_all();
        sync(&disk, &simulator).expect(0);
        disk.ask(&["verify"]).expect(0);
        let healed = disk.copy();
        assert_eq!(healed.database().content(), expected, "{kibibytes} KiB");
        assert!(payloads(&healed).is_superset(&kept));
    }
    println!("{}", met.told("later sync", &["not begun", "completed"]));
}
