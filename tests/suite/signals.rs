//! Signals that come at a bad moment, readers that go away, and a process that stands still.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use handshake_archive_simulator::{Operation, Simulator};

use crate::harness::{Sandbox, populated};
use crate::process::{Started, run, wait_until};

fn pages_asked_for(simulator: &Simulator) -> usize {
    let list = Operation::ListHandshakesForOrganization;
    simulator.requests().iter().filter(|request| request.operation == list).count()
}

fn assert_complete(sandbox: &Sandbox, syncs: i64) {
    let database = sandbox.database();
    database.assert_sound();
    assert_eq!(database.number("SELECT count(*) FROM syncs"), syncs);
    let newest = "SELECT outcome FROM syncs ORDER BY id DESC LIMIT 1";
    assert_eq!(database.texts(newest), ["complete"]);
    sandbox.ask(&["verify"]).expect(0);
}

#[test]
fn a_sync_records_everything_when_nobody_reads_what_it_says() {
    let simulator = populated(60);
    for arguments in [&[][..], &["-vvv"], &["-vvv", "--log-format", "json"]] {
        let sandbox = Sandbox::new();
        simulator.set_latency(Duration::from_millis(50));
        let mut command = sandbox.sync_command(&simulator);
        Started::of(command.args(arguments)).wait_unread().expect(0);
        assert_complete(&sandbox, 1);
    }
    // Closed from the beginning, as some schedulers start their jobs.
    let sandbox = Sandbox::new();
    let sync = sandbox.sync_command(&simulator);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "exec \"$@\" <&- >&- 2>&-", "sh"]).arg(sync.get_program());
    shell.args(sync.get_args()).arg("-vvv").env_clear().current_dir(sandbox.path("."));
    shell.envs(sync.get_envs().filter_map(|(name, value)| Some((name, value?))));
    run(shell.stdin(Stdio::null())).expect(0);
    assert_complete(&sandbox, 1);
}

#[test]
fn a_sync_that_was_stopped_for_longer_than_its_timeouts_goes_on_or_says_so_and_the_next_heals() {
    let simulator = populated(100);
    let undisturbed = Sandbox::new();
    undisturbed.sync(&simulator).expect(0);
    for timeouts in [&["--timeout", "1s"][..], &["--deadline", "1900ms"]] {
        let sandbox = Sandbox::new();
        simulator.clear_requests();
        simulator.set_latency(Duration::from_millis(200));
        let child = Started::of(sandbox.sync_command(&simulator).args(timeouts));
        wait_until("three pages were asked for", || pages_asked_for(&simulator) >= 3);
        child.signal("STOP");
        thread::sleep(Duration::from_secs(2));
        simulator.set_latency(Duration::ZERO);
        let began = Instant::now();
        child.signal("CONT");
        let run = child.wait();
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        let summary = run.summary();
        match run.code {
            0 => assert_eq!(summary["listed"], 100),
            _ => {
                run.expect(4).says(&["hint: "]);
                let code = &summary["error_code"];
                assert!(
                    ["TimedOut", "DeadlineExceeded"].contains(&code.as_str().unwrap()),
                    "{code}"
                );
                assert!(summary["added"].as_i64().unwrap() >= 40, "{summary}");
            }
        }
        sandbox.database().assert_sound();
        sandbox.ask(&["verify"]).expect(0);
        sandbox.sync(&simulator).expect(0);
        assert_complete(&sandbox, 2);
        assert_eq!(sandbox.database().content(), undisturbed.database().content());
    }
}

#[test]
fn signals_that_come_one_upon_the_other_end_a_sync_once_and_in_order() {
    let simulator = populated(100);
    let sandbox = Sandbox::new();
    simulator.set_latency(Duration::from_millis(100));
    let child = Started::of(&mut sandbox.sync_command(&simulator));
    wait_until("three pages were asked for", || pages_asked_for(&simulator) >= 3);
    for name in ["PIPE", "TERM", "TERM", "INT", "HUP", "PIPE"] {
        child.signal(name);
    }
    let run = child.wait();
    assert!([129, 130, 143].contains(&run.code), "{run:?}");
    assert_eq!(run.summary()["outcome"], "interrupted");
    sandbox.database().assert_sound();
    sandbox.ask(&["verify"]).expect(0);
}
