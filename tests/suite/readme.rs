//! What the README shows is what happens.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use handshake_archive_simulator::{Organization, Simulator};

use crate::harness::Sandbox;
use crate::process::run;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The fenced blocks of a kind.
fn blocks(kind: &str) -> Vec<String> {
    let (text, fence) = (readme(), format!("```{kind}\n"));
    let parts = text.split(&fence).skip(1);
    parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

/// The demo, which Cargo builds beside the tests.
fn demo() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_handshake-archive"));
    let demo = program.parent().unwrap().join("examples").join("demo");
    assert!(demo.is_file(), "{} is built by cargo test", demo.display());
    demo
}

/// Runs the demo, which leaves its archive in target/demo, and gives what it printed.
pub fn run_demo(sandbox: &Sandbox) -> String {
    let run = run(Command::new(demo()).env_clear().current_dir(sandbox.path(".")));
    run.expect(0).stdout.clone()
}

#[test]
fn the_demo_prints_what_the_readme_shows() {
    assert_eq!(blocks("text")[0], run_demo(&Sandbox::new()));
}

#[test]
fn the_sync_summary_is_the_one_that_the_readme_shows() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(Organization::api_page_example());
    let mut command = sandbox.program();
    command.args(["sync", "--endpoint-url", &simulator.url()]);
    let stdout = run(&mut command).expect(0).stdout.clone();
    // The digest depends on the archive's random id and the time.
    let without_digest = |text: &str| text.rsplit_once("digest ").unwrap().0.to_owned();
    let shown = blocks("console")[0].strip_prefix("$ handshake-archive sync\n").unwrap().to_owned();
    assert_eq!(without_digest(&shown), without_digest(&stdout));
    assert_eq!(shown.len(), stdout.len());
}

#[test]
fn the_sql_of_the_readme_runs_in_sqlite3_and_finds_something() {
    let sandbox = Sandbox::new();
    run_demo(&sandbox);
    fs::copy(sandbox.path("target/demo/archive.db"), sandbox.path("archive.db")).unwrap();
    let mut commands = 0;
    for line in blocks("sh")
        .iter()
        .flat_map(|block| block.lines())
        .filter(|line| line.starts_with("sqlite3 "))
    {
        let mut shell = Command::new("sh");
        let run = run(shell.args(["-c", line]).current_dir(sandbox.path(".")));
        assert!(run.code == 0 && !run.stdout.is_empty(), "{line}: {run:?}");
        commands += 1;
    }
    assert!(commands > 0);
}

#[test]
fn the_readme_names_every_member_of_the_json_summary() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(Organization::api_page_example());
    let summary = sandbox.sync(&simulator).expect(0).summary();
    for member in summary.as_object().unwrap().keys() {
        assert!(readme().contains(&format!("`{member}`")), "{member}");
    }
}

#[test]
fn the_questions_of_the_readme_have_the_answers_that_it_shows() {
    let sandbox = Sandbox::new();
    run_demo(&sandbox);
    let block = &blocks("console")[1];
    let mut answered = 0;
    // A question is a comment, a command after `$ `, and the answer up to an empty line.
    for question in block.split("\n# ").skip(1) {
        let (_, rest) = question.split_once("\n$ ").unwrap();
        let (command, answer) = rest.split_once('\n').unwrap();
        let arguments = command.strip_prefix("handshake-archive ").unwrap();
        let line = format!("'{}' {arguments}", env!("CARGO_BIN_EXE_handshake-archive"));
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).env_clear().env("HANDSHAKE_ARCHIVE", "target/demo/archive.db");
        let stdout = run(shell.current_dir(sandbox.path("."))).expect(0).stdout.clone();
        assert_eq!(stdout.replace("\r\n", "\n").trim_end(), answer.trim_end(), "{command}");
        answered += 1;
    }
    assert_eq!(answered, 6);
}

#[test]
fn the_readme_names_every_subcommand_and_every_flag() {
    let help =
        |arguments: &[&str]| run(Sandbox::new().bare().args(arguments)).expect(0).stdout.clone();
    let commands = help(&["--help"]);
    let commands =
        commands.split("Commands:\n").nth(1).unwrap().lines().take_while(|line| !line.is_empty());
    for command in
        commands.filter_map(|line| line.split_whitespace().next()).filter(|&name| name != "help")
    {
        assert!(
            readme().contains(&format!("handshake-archive {command}"))
                || readme().contains(&format!("`{command} ")),
            "{command}"
        );
        let text = help(&[command, "--help"]);
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        for flag in words.filter(|word| word.starts_with("--") && word.len() > 2) {
            assert!(
                ["--help", "--verbose", "--quiet", "--parameter"].contains(&flag)
                    || readme().contains(flag),
                "{command} {flag}"
            );
        }
    }
}

#[test]
fn every_file_that_the_documents_link_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(root.join(document)).unwrap();
        for link in text.split("](").skip(1).filter_map(|part| part.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if !file.is_empty() && !file.contains("://") {
                assert!(root.join(file).exists(), "{document} links to {file}");
            }
        }
    }
}
