//! No panic anywhere: whatever a test runs, its standard error is looked at.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::harness::Sandbox;
use crate::process::{Started, run};

fn shell(script: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]);
    shell
}

const PANICS: &str = "echo \"thread 'main' panicked at src/main.rs:1:1:\" >&2";

#[test]
fn a_program_that_panics_fails_the_test_however_it_was_run() {
    let sandbox = Sandbox::new();
    let marker = sandbox.path("panicked");
    let lives_on = format!("{PANICS}; : > '{}'; exec sleep 60", marker.display());
    let started = || {
        let _ = fs::remove_file(&marker);
        let started = Started::of(&mut shell(&lives_on));
        while !marker.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        started
    };
    let limit = Duration::from_secs(60);
    let ways: [(&str, &dyn Fn()); 5] = [
        ("run", &|| drop(run(&mut shell(PANICS)))),
        ("waited for", &|| drop(Started::of(&mut shell(PANICS)).wait())),
        ("waited for with a limit", &|| drop(Started::of(&mut shell(PANICS)).wait_at_most(limit))),
        ("killed", &|| drop(started().kill())),
        ("forgotten", &|| drop(started())),
    ];
    for (name, way) in ways {
        let panic = catch_unwind(AssertUnwindSafe(way)).expect_err(name);
        let text = panic.downcast_ref::<String>().map(String::as_str).unwrap_or_default();
        assert!(text.contains("the program panicked: thread 'main'"), "{name}: {text}");
    }
    run(&mut shell("echo 'error: nothing of the kind' >&2")).expect(0);
}

#[test]
fn every_program_that_the_suite_runs_is_run_by_the_harness() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let (mut folders, mut files) = (vec![suite], 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|it| it != "rs") || path.ends_with("suite/process.rs") {
                continue;
            }
            files += 1;
            let text = fs::read_to_string(&path).unwrap();
            // Put together here, so that this file is no finding.
            for method in ["spawn", "output", "status"].map(|name| format!(".{name}()")) {
                let line = text.lines().position(|line| line.contains(&method));
                let place = path.display();
                assert!(line.is_none(), "{place}:{}: use run or Started", line.unwrap_or(0) + 1);
            }
        }
    }
    assert!(files > 40, "{files}");
}
