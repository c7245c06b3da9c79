//! Many at the archive at once: readers, other programs that write, a reader that stays for days.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use handshake_archive::handshake::Filter;
use rusqlite::{Connection, OpenFlags};

use crate::harness::{Sandbox, populated, sync_by_clock};
use crate::process::{Started, wait_until};

/// Another program's connection, that writes.
fn other_program(sandbox: &Sandbox) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    Connection::open_with_flags(sandbox.archive(), flags).unwrap()
}

fn wal_size(sandbox: &Sandbox) -> u64 {
    std::fs::metadata(sandbox.path("archive.db-wal")).map_or(0, |metadata| metadata.len())
}

#[test]
fn twenty_readers_with_heavy_queries_neither_stop_a_sync_nor_fail() {
    let simulator = populated(250);
    let sandbox = Sandbox::new();
    sandbox.sync(&simulator).expect(0);
    simulator.with(|organization| {
        organization.advance(TimeDelta::days(10));
        organization.populate(200);
    });
    let expected = {
        let undisturbed = Sandbox::new();
        std::fs::copy(sandbox.archive(), undisturbed.archive()).unwrap();
        undisturbed.sync(&simulator).expect(0);
        undisturbed.database().content()
    };
    // Each reads every row against every other, in one statement and so in one state.
    let sql = "SELECT count(*), count(DISTINCT a.state), (SELECT count(*) FROM handshakes)
               FROM resources AS r, handshakes AS a WHERE r.value < a.id";
    let readers: Vec<Started> = (0..20)
        .map(|_| {
            let mut command = sandbox.bare();
            command.arg("--archive").arg(sandbox.archive()).args(["query", "--sql", sql]);
            Started::of(command.args(["--format", "tsv"]))
        })
        .collect();
    simulator.set_latency(Duration::from_millis(20));
    sandbox.sync(&simulator).expect(0);
    for reader in readers {
        let run = reader.wait();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    }
    let database = sandbox.database();
    database.assert_sound();
    assert_eq!(database.content(), expected);
    sandbox.ask(&["verify"]).expect(0);
}

#[test]
fn a_write_lock_of_another_program_is_waited_for_and_one_that_stays_is_told() {
    let simulator = populated(30);
    let sandbox = Sandbox::new();
    sandbox.sync(&simulator).expect(0);
    simulator.with(|organization| drop(organization.invite_account("777777777777", None)));
    let other = other_program(&sandbox);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = Started::of(&mut sandbox.sync_command(&simulator));
    thread::sleep(Duration::from_secs(1));
    other.execute_batch("ROLLBACK").unwrap();
    let run = waiting.wait();
    assert_eq!(run.expect(0).summary()["added"], 1);

    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let run = sandbox.sync(&simulator);
    run.expect(5).says(&["database is locked", "another program holds a write lock", "end it"]);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    let database = sandbox.database();
    database.assert_sound();
    assert_eq!(database.texts("SELECT outcome FROM syncs"), ["complete", "complete"]);
    sandbox.sync(&simulator).expect(0);
    sandbox.ask(&["verify"]).expect(0);
}

#[test]
fn a_signal_while_another_program_holds_the_write_lock_ends_the_sync_in_order() {
    for (name, code) in [("TERM", 143), ("HUP", 129)] {
        let simulator = populated(60);
        let sandbox = Sandbox::new();
        sandbox.sync(&simulator).expect(0);
        simulator.with(|organization| drop(organization.invite_account("777777777777", None)));
        simulator.clear_requests();
        simulator.set_latency(Duration::from_millis(100));
        let child = Started::of(&mut sandbox.sync_command(&simulator));
        wait_until("the list was asked for", || simulator.requests().len() >= 4);
        let other = other_program(&sandbox);
        other.busy_timeout(Duration::from_secs(5)).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        // The writer waits for its next transaction now; the signal comes while it does.
        thread::sleep(Duration::from_millis(300));
        child.signal(name);
        thread::sleep(Duration::from_millis(500));
        other.execute_batch("ROLLBACK").unwrap();
        let began = Instant::now();
        let run = child.wait();
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(run.expect(code).summary()["outcome"], "interrupted");
        let database = sandbox.database();
        database.assert_sound();
        sandbox.sync(&simulator).expect(0);
        sandbox.ask(&["verify"]).expect(0);
    }
}

#[test]
fn a_reader_that_stays_for_days_holds_up_no_sync_and_the_wal_grows_by_what_is_written() {
    /// A page of the archive in the -wal.
    const FRAME: u64 = 4096 + 24;
    let sandbox = Sandbox::new();
    let simulator = populated(200);
    sandbox.sync(&simulator).expect(0);
    let reader = other_program(&sandbox);
    reader.execute_batch("BEGIN; SELECT count(*) FROM handshakes").unwrap();
    let seen = || -> i64 {
        reader.query_row("SELECT count(*) FROM handshakes", [], |row| row.get(0)).unwrap()
    };
    for day in 0..10 {
        let changes = day % 5 == 0;
        if changes {
            simulator.with(|organization| {
                organization.advance(TimeDelta::days(1));
                organization.invite_account(&format!("{day:012}"), None);
            });
        }
        let before = wal_size(&sandbox);
        sandbox.sync(&simulator).expect(0);
        let grown = wal_size(&sandbox) - before;
        let most = if changes { 100 } else { 6 };
        assert!(grown <= most * FRAME, "day {day}: {} pages", grown / FRAME);
        assert_eq!(seen(), 200, "the reader sees one state");
    }
    sandbox.ask(&["verify"]).expect(0);
    drop(reader);
    sandbox.sync(&simulator).expect(0);
    assert_eq!(wal_size(&sandbox), 0);
    sandbox.ask(&["verify"]).expect(0);
    assert_eq!(sandbox.database().number("SELECT count(*) FROM handshakes"), 202);
}

#[test]
fn syncs_of_two_hosts_whose_clocks_are_an_hour_apart_record_one_history() {
    let sandbox = Sandbox::new();
    let simulator = Arc::new(populated(30));
    let sync = |minutes: i64| {
        let clock = Arc::clone(&simulator);
        let clock = Arc::new(move || clock.now() + TimeDelta::minutes(minutes));
        sync_by_clock(&simulator, clock, &sandbox.archive(), Filter::None).record
    };
    let id = simulator.with(|aws| aws.invite_account("777777777777", None));
    assert_eq!(sync(60).added, 31);
    simulator.with(|aws| {
        aws.advance(TimeDelta::minutes(10));
        aws.accept(&id);
    });
    // By this host's clock it begins before the other has ended.
    assert_eq!(sync(0).changed, 1);
    simulator.with(|aws| aws.advance(TimeDelta::days(31)));
    assert!(sync(60).gone > 0);
    assert_eq!(sync(0).changed, 0);
    let database = sandbox.database();
    database.assert_sound();
    let states = format!(
        "SELECT from_state, to_state, sync_id FROM transitions WHERE id = '{id}' ORDER BY sync_id"
    );
    assert_eq!(database.lines(&states), ["NULL|OPEN|1", "OPEN|ACCEPTED|2"]);
    // Each bound is by the clock of the host that recorded it; a month is a gap by either.
    assert_eq!(
        database.lines("SELECT period, from_at, until_at FROM coverage ORDER BY from_at"),
        [
            "covered|2026-01-30T12:10:00.000Z|2026-03-01T13:00:00.000Z",
            "blind|2026-03-01T12:10:00.000Z|2026-03-02T13:10:00.000Z",
            "covered|2026-03-02T12:10:00.000Z|2026-04-01T13:10:00.000Z",
        ]
    );
    let standing = database.texts("SELECT id FROM handshakes WHERE gone_at IS NULL ORDER BY id");
    let mut shown: Vec<_> =
        simulator.with(|aws| aws.visible()).into_iter().map(|shown| shown.id).collect();
    shown.sort();
    assert_eq!(standing, shown);
    sandbox.ask(&["verify"]).expect(0);
}
