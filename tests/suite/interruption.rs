//! Killed, told to stop, started twice, read while it runs: the archive is whole every time.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use handshake_archive_simulator::{Fault, When};

use crate::harness::{Sandbox, populated};
use crate::process::{Started, run, wait_until};

#[test]
fn kill_9_at_any_moment_leaves_a_whole_archive_and_the_next_sync_completes() {
    let simulator = populated(1000);
    let undisturbed = Sandbox::new();
    undisturbed.sync(&simulator).expect(0);
    let expected = undisturbed.database().content();
    simulator.set_latency(Duration::from_millis(4));
    for moment in 0..20_u32 {
        let sandbox = Sandbox::new();
        let child = Started::of(&mut sandbox.sync_command(&simulator));
        // From before the file exists to beyond the last page: 53 calls of 4 ms and more.
        thread::sleep(Duration::from_millis(u64::from(moment * moment) + 3));
        let killed = child.kill().code == -1;
        let mut kept = Vec::new();
        let mut begun = false;
        if sandbox.archive().exists() && std::fs::metadata(sandbox.archive()).unwrap().len() > 0 {
            let database = sandbox.database();
            if database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'handshakes'") == 1
            {
                database.assert_sound();
                kept = database.texts("SELECT id FROM handshakes ORDER BY handshake_id");
                begun = database.number("SELECT count(*) FROM syncs") == 1;
                if killed && begun {
                    assert_eq!(database.texts("SELECT outcome FROM syncs"), ["running"]);
                }
            }
        }
        let summary = sandbox.sync(&simulator).expect(0).summary();
        let database = sandbox.database();
        database.assert_sound();
        assert_eq!(database.content(), expected, "moment {moment}");
        assert_eq!(
            database.texts("SELECT id FROM handshakes ORDER BY handshake_id")[..kept.len()],
            kept,
            "what was committed is kept"
        );
        if killed && begun {
            assert_eq!(summary["sequence"], 2);
            assert_eq!(
                database.lines("SELECT outcome, error_code, finished_at IS NOT NULL, added FROM syncs ORDER BY id"),
                [format!("interrupted|Interrupted|1|{}", kept.len()), format!("complete|NULL|1|{}", 1000 - kept.len())]
            );
        }
    }
}

#[test]
fn the_kills_of_the_test_before_do_strike_while_pages_are_being_recorded() {
    let simulator = populated(400);
    simulator.set_latency(Duration::from_millis(20));
    let sandbox = Sandbox::new();
    let child = Started::of(&mut sandbox.sync_command(&simulator));
    let recorded = || sandbox.database().number("SELECT count(*) FROM handshakes");
    wait_until("the schema is there", || {
        sandbox.archive().exists()
            && sandbox
                .database()
                .number("SELECT count(*) FROM sqlite_schema WHERE name = 'handshakes'")
                == 1
    });
    wait_until("a page is recorded", || recorded() > 0);
    child.kill();
    assert!((1..400).contains(&recorded()), "{}", recorded());
    sandbox.database().assert_sound();
}

#[test]
fn two_syncs_at_once_are_one_and_the_other_ends_at_once_with_5() {
    let sandbox = Sandbox::new();
    let simulator = populated(5);
    simulator.inject(When::list().times(1), Fault::Silence);
    let first = Started::of(sandbox.sync_command(&simulator).args(["--timeout", "20s"]));
    wait_until("the first sync is asking", || {
        simulator.requests().iter().any(|r| {
            r.token.is_none()
                && r.operation
                    == handshake_archive_simulator::Operation::ListHandshakesForOrganization
        })
    });
    let began = Instant::now();
    sandbox.sync(&simulator).expect(5).says(&["another sync is running on the archive", "hint: "]);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // By another name of the same file, too.
    std::os::unix::fs::symlink(sandbox.archive(), sandbox.path("alias.db")).unwrap();
    let mut alias = sandbox.program();
    alias.args(["--archive", "alias.db", "sync", "--endpoint-url", &simulator.url()]);
    run(&mut alias).expect(5);
    first.kill();
    sandbox.sync(&simulator).expect(0);
    assert_eq!(
        sandbox.database().number("SELECT count(*) FROM syncs"),
        2,
        "a sync that did not run left no row"
    );
}

#[test]
fn a_signal_ends_the_sync_in_order_with_its_exit_code() {
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let sandbox = Sandbox::new();
        let simulator = populated(60);
        simulator.inject(When::list().after(1), Fault::Silence);
        let child = Started::of(&mut sandbox.sync_command(&simulator));
        wait_until("two pages were asked for", || {
            simulator.requests().iter().filter(|r| r.token.is_some()).count() == 1
        });
        child.signal(name);
        let run = child.wait();
        let summary =
            run.expect(code).says(&["stopped by a signal", "what was fetched is kept"]).summary();
        assert_eq!(
            (&summary["outcome"], &summary["added"], &summary["gone"]),
            (&"interrupted".into(), &20.into(), &0.into())
        );
        let database = sandbox.database();
        database.assert_sound();
        assert_eq!(
            database.lines("SELECT outcome, digest IS NOT NULL FROM syncs"),
            ["interrupted|1"]
        );
        simulator.clear_faults();
        assert_eq!(sandbox.sync(&simulator).expect(0).summary()["added"], 40);
    }
}

#[test]
fn the_archive_is_read_by_plain_sqlite_while_a_sync_runs() {
    let sandbox = Sandbox::new();
    let simulator = populated(60);
    simulator.inject(When::list().after(2), Fault::Silence);
    let mut child = Started::of(&mut sandbox.sync_command(&simulator));
    wait_until("two pages are recorded", || {
        sandbox.archive().exists()
            && sandbox.database().number("SELECT count(*) FROM handshakes") == 40
    });
    let sql = "SELECT state, count(*) FROM handshakes GROUP BY state";
    let reading = run(Command::new("sqlite3").arg(sandbox.archive()).arg(sql));
    let counts = &reading.expect(0).stdout;
    let total: i64 =
        counts.lines().map(|line| line.rsplit('|').next().unwrap().parse::<i64>().unwrap()).sum();
    assert_eq!(total, 40, "{counts}");
    assert!(child.is_running(), "the sync still runs");
    child.kill();
}
