//! Completions and manual pages come from the program itself, and lack nothing.

use std::fs;
use std::process::Command;

use crate::harness::Sandbox;
use crate::process::run;

/// The subcommands and the flags of each, as its help names them.
fn commands() -> Vec<(String, Vec<String>)> {
    let help =
        |arguments: &[&str]| run(Sandbox::new().bare().args(arguments)).expect(0).stdout.clone();
    let text = help(&["--help"]);
    let list = text.split("Commands:\n").nth(1).unwrap();
    let names = list.lines().take_while(|line| !line.is_empty());
    let names =
        names.filter_map(|line| line.split_whitespace().next()).filter(|&name| name != "help");
    names
        .map(|name| {
            let text = help(&[name, "-h"]);
            let words = text.lines().filter_map(|line| {
                let flag = line.split_whitespace().find(|word| word.starts_with("--"))?;
                Some(flag.trim_end_matches('.').to_owned())
            });
            (name.to_owned(), words.collect())
        })
        .collect()
}

#[test]
fn there_is_a_manual_page_for_every_subcommand_with_every_flag() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("man")).unwrap();
    run(sandbox.bare().args(["man", "man"])).expect(0);
    for (command, flags) in commands() {
        let page = fs::read_to_string(sandbox.path(&format!("man/handshake-archive-{command}.1")))
            .unwrap();
        let page = page.replace("\\-", "-");
        assert!(page.starts_with(".ie") || page.contains(".TH handshake-archive-"), "{command}");
        for flag in flags {
            assert!(page.contains(&flag), "{command} {flag}");
        }
    }
    assert!(sandbox.path("man/handshake-archive.1").is_file());
}

#[test]
fn a_folder_that_does_not_exist_is_told() {
    run(Sandbox::new().bare().args(["man", "missing"])).expect(1).says(&["missing", "must exist"]);
}

#[test]
fn each_shell_gets_a_script_and_bash_completes_subcommands_and_flags_with_it() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(sandbox.bare().args(["completions", shell])).expect(0).stdout.clone();
        for (command, flags) in commands() {
            assert!(script.contains(&command), "{shell} {command}");
            for flag in flags {
                assert!(script.contains(flag.trim_start_matches('-')), "{shell} {command} {flag}");
            }
        }
        fs::write(sandbox.path(shell), script).unwrap();
    }
    let script = "source ./bash; COMP_WORDS=(handshake-archive ver); COMP_CWORD=1; \
        _handshake__archive handshake-archive ver handshake-archive; echo \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    let run = run(bash.args(["-c", script]).current_dir(sandbox.path(".")));
    assert_eq!(run.stdout, "verify\n");
}
