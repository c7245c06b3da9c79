//! The files beside the archive: missing, left over, torn, or of another archive.

use std::fs;
use std::time::{Duration, Instant};

use handshake_archive::archive::ArchiveReader;
use handshake_archive_simulator::{Fault, Simulator, When};

use crate::harness::{Sandbox, populated};
use crate::process::{Started, wait_until};

/// An archive with one complete sync, onto which another was killed: its rows are in the -wal.
fn killed(simulator: &Simulator) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sync(simulator).expect(0);
    simulator.with(|organization| {
        organization.advance(chrono::TimeDelta::days(10));
        organization.populate(60);
    });
    simulator.set_latency(Duration::from_millis(30));
    let child = Started::of(&mut sandbox.sync_command(simulator));
    wait_until("the second sync has recorded something", || {
        sandbox.database().number("SELECT count(*) FROM observations WHERE seen_sync_id = 2") > 0
    });
    child.kill();
    simulator.set_latency(Duration::ZERO);
    assert!(fs::metadata(sandbox.path("archive.db-wal")).unwrap().len() > 0);
    sandbox
}

/// What must not change where it is not known whether the two belong together.
fn archive_and_wal(sandbox: &Sandbox) -> [Vec<u8>; 2] {
    ["archive.db", "archive.db-wal"].map(|name| fs::read(sandbox.path(name)).unwrap())
}

/// These files of one sandbox in another.
fn copied(from: &Sandbox, names: &[&str]) -> Sandbox {
    let copy = Sandbox::new();
    for name in names {
        fs::copy(from.path(name), copy.path(name)).unwrap();
    }
    copy
}

#[test]
fn without_its_wal_an_archive_is_what_it_was_at_the_last_move_and_the_next_sync_heals() {
    let simulator = populated(60);
    let killed = killed(&simulator);
    let undisturbed = copied(&killed, &["archive.db"]);
    assert_eq!(
        undisturbed.database().lines("SELECT id, outcome FROM syncs"),
        ["1|complete"],
        "what stood in the -wal is gone with it, and nothing else"
    );
    undisturbed.ask(&["verify"]).expect(0);
    undisturbed.database().assert_sound();
    undisturbed.sync(&simulator).expect(0);
    undisturbed.ask(&["verify"]).expect(0);
    killed.sync(&simulator).expect(0);
    assert_eq!(undisturbed.database().content(), killed.database().content());
}

#[test]
fn readers_leave_what_a_killed_sync_left_and_the_next_sync_takes_it_in() {
    let simulator = populated(60);
    for names in
        [&["archive.db", "archive.db-wal"][..], &["archive.db", "archive.db-wal", "archive.db-shm"]]
    {
        let killed = killed(&simulator);
        let copy = copied(&killed, names);
        let before = archive_and_wal(&copy);
        for arguments in
            [&["verify"][..], &["query", "counts"], &["checkpoint"], &["backup", "backup.db"]]
        {
            copy.ask(arguments).expect(0);
            assert!(archive_and_wal(&copy) == before, "{arguments:?} changed something");
        }
        let kept = copy.database().content();
        copy.sync(&simulator).expect(0);
        copy.ask(&["verify"]).expect(0);
        let database = copy.database();
        let content: std::collections::BTreeSet<_> = database.content().into_iter().collect();
        let lost =
            kept.iter().filter(|line| line.contains('{') && !content.contains(*line)).count();
        assert_eq!(lost, 0, "payloads that the -wal held");
        assert_eq!(
            database.texts("SELECT outcome FROM syncs ORDER BY id"),
            ["complete", "interrupted", "complete"]
        );
    }
}

#[test]
fn a_wal_that_a_power_cut_tore_is_read_up_to_its_last_whole_commit() {
    let simulator = populated(60);
    let killed = killed(&simulator);
    let whole = copied(&killed, &["archive.db", "archive.db-wal"]);
    whole.sync(&simulator).expect(0);
    let expected = whole.database().content();
    for share in [1, 5, 9] {
        for torn in [true, false] {
            let copy = copied(&killed, &["archive.db", "archive.db-wal"]);
            let mut wal = fs::read(copy.path("archive.db-wal")).unwrap();
            let at = wal.len() * share / 10 + 100;
            if torn {
                wal.truncate(at);
            } else {
                wal[at..].fill(0x5a);
            }
            fs::write(copy.path("archive.db-wal"), wal).unwrap();
            copy.ask(&["verify"]).expect(0);
            copy.database().assert_sound();
            copy.sync(&simulator).expect(0);
            copy.ask(&["verify"]).expect(0);
            assert_eq!(copy.database().content(), expected, "cut at {at}, {torn}");
        }
    }
}

#[test]
fn a_wal_that_was_killed_before_its_first_page_keeps_no_reader_waiting() {
    let simulator = populated(60);
    let killed = killed(&simulator);
    for length in [0, 1, 31, 32, 33] {
        let copy = copied(&killed, &["archive.db", "archive.db-wal", "archive.db-shm"]);
        let wal = fs::OpenOptions::new().write(true).open(copy.path("archive.db-wal")).unwrap();
        wal.set_len(length).unwrap();
        let began = Instant::now();
        copy.ask(&["verify"]).expect(0);
        assert!(began.elapsed() < Duration::from_secs(8), "{length}: {:?}", began.elapsed());
        copy.sync(&simulator).expect(0);
        copy.ask(&["verify"]).expect(0);
    }
}

#[test]
fn the_wal_of_another_archive_is_refused_and_does_not_get_into_this_one() {
    let simulator = populated(60);
    let killed = killed(&simulator);
    let other = Sandbox::new();
    let others = populated(33);
    other.sync(&others).expect(0);
    let content = other.database().content();
    // As if the other had been laid over the archive of the killed sync.
    let mixed = copied(&killed, &["archive.db-wal"]);
    fs::copy(other.archive(), mixed.archive()).unwrap();
    let before = archive_and_wal(&mixed);
    mixed.ask(&["verify"]).expect(6).says(&["not as it was written"]);
    let words = ["do not fit together", "nothing was changed", "delete ", "archive.db-wal"];
    mixed.sync(&others).expect(1).says(&words);
    assert!(archive_and_wal(&mixed) == before, "something was changed");
    for name in ["archive.db-wal", "archive.db-shm"] {
        fs::remove_file(mixed.path(name)).unwrap();
    }
    mixed.ask(&["verify"]).expect(0);
    mixed.sync(&others).expect(0);
    assert_eq!(mixed.database().content(), content);
}

/// An archive with two syncs, the second of which changed something, beside a backup from between them; a third
/// was killed when it had recorded no more than its own row.
fn restored_below_a_killed_sync(simulator: &Simulator) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sync(simulator).expect(0);
    sandbox.ask(&["backup", "backup.db"]).expect(0);
    simulator.with(|organization| drop(organization.invite_account("777777777777", None)));
    sandbox.sync(simulator).expect(0);
    simulator.inject(When::list(), Fault::Silence);
    let child = Started::of(&mut sandbox.sync_command(simulator));
    wait_until("the third sync has begun", || {
        sandbox.database().number("SELECT count(*) FROM syncs") == 3
    });
    child.kill();
    simulator.clear_faults();
    fs::copy(sandbox.path("backup.db"), sandbox.archive()).unwrap();
    sandbox
}

#[test]
fn the_wal_of_a_later_state_of_the_same_archive_is_refused() {
    let simulator = populated(60);
    let sandbox = restored_below_a_killed_sync(&simulator);
    let before = archive_and_wal(&sandbox);
    sandbox.sync(&simulator).expect(1).says(&[
        "do not fit together: sync 2 does not have the rows that its digest says",
        "nothing was changed",
    ]);
    assert!(archive_and_wal(&sandbox) == before, "something was changed");
    for name in ["archive.db-wal", "archive.db-shm"] {
        fs::remove_file(sandbox.path(name)).unwrap();
    }
    assert_eq!(sandbox.sync(&simulator).expect(0).summary()["added"], 1);
    sandbox.ask(&["verify"]).expect(0);
}

#[test]
fn the_wal_of_an_archive_that_was_moved_away_gets_into_no_new_one() {
    let simulator = populated(60);
    let killed = killed(&simulator);
    let recorded = killed.database().content();
    fs::rename(killed.archive(), killed.path("moved.db")).unwrap();
    let before = killed.contents();
    killed.sync(&simulator).expect(1).says(&[
        "there is no archive",
        "archive.db-wal",
        "put the archive back",
    ]);
    assert!(killed.contents() == before, "something was changed");
    fs::rename(killed.path("moved.db"), killed.archive()).unwrap();
    assert_eq!(killed.database().content(), recorded);
    killed.sync(&simulator).expect(0);
    killed.ask(&["verify"]).expect(0);
}

#[test]
fn a_reader_that_outlives_a_sync_tidies_up_as_the_sync_would_have_done() {
    let simulator = populated(60);
    let sandbox = Sandbox::new();
    sandbox.sync(&simulator).expect(0);
    simulator.with(|organization| organization.populate(40));
    simulator.inject(
        When::list().after(2),
        Fault::SlowDrip { bytes: 4096, every: Duration::from_millis(200) },
    );
    let sync = Started::of(&mut sandbox.sync_command(&simulator));
    wait_until("the second sync has recorded something", || {
        sandbox.database().number("SELECT count(*) FROM observations WHERE seen_sync_id = 2") > 0
    });
    let reader = ArchiveReader::open(&sandbox.archive()).unwrap();
    sync.wait().expect(0);
    assert!(fs::metadata(sandbox.path("archive.db-wal")).unwrap().len() > 0, "the reader holds it");
    drop(reader);
    assert!(!sandbox.path("archive.db-wal").exists(), "nobody is there, and nothing is left");
    sandbox.ask(&["verify"]).expect(0);
}
