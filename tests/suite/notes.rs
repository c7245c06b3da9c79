//! Notes that a stranger wrote, seen right in every format.

use std::process::{Command, Stdio};

use handshake_archive_simulator::Simulator;
use serde_json::Value;

use crate::harness::{Sandbox, organization};
use crate::process::{Run, run};

/// Escapes that clear a screen, ends of lines, a tab, a right-to-left override, quotes, a comma, a
/// formula, an emoji, wide and combining characters; then more of it than a terminal has room for.
fn odd() -> String {
    let begin = "=1+1\u{1b}[2J\u{1b}]0;owned\u{7}\r\nnext\tline \u{202e}txt.exe\u{202c} \"quoted\", 'too', `x` | <b> 日本 e\u{301} 🤝 \u{9b}31m\u{7f}";
    format!("{begin}{}", "0123456789abcdef".repeat(4096))
}

fn archive() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut organization = organization();
    let element = serde_json::json!({"Id": "h-strangers1", "State": "OPEN", "Action": "INVITE",
        "Resources": [{"Type": "NOTES", "Value": odd()}]});
    organization.serve_raw(&element.to_string());
    sandbox.sync(&Simulator::start(organization)).expect(0);
    sandbox
}

fn query(sandbox: &Sandbox, format: &str) -> Run {
    let sql = "SELECT value, length(value) AS size FROM resources";
    let mut command = sandbox.bare();
    command.args(["--archive", "archive.db", "query", "--sql", sql, "--format", format]);
    let run = run(&mut command);
    run.expect(0);
    run
}

/// What no format for people may hand to a terminal.
fn assert_harmless(text: &str) {
    let obeyed = |c: &char| c.is_control() && *c != '\n' || matches!(c, '\u{202a}'..='\u{202e}');
    assert_eq!(text.chars().find(obeyed), None);
}

#[test]
fn formats_for_programs_give_the_very_text_back() {
    let sandbox = archive();
    let json: Value = serde_json::from_str(&query(&sandbox, "json").stdout).unwrap();
    assert_eq!(
        (json[0]["value"].as_str().unwrap(), &json[0]["size"]),
        (odd().as_str(), &odd().chars().count().into())
    );
    let ndjson: Value = serde_json::from_str(query(&sandbox, "ndjson").stdout.trim_end()).unwrap();
    assert_eq!(ndjson["value"].as_str(), Some(odd().as_str()));
    let csv_text = query(&sandbox, "csv").stdout;
    let mut csv = csv::Reader::from_reader(csv_text.as_bytes());
    assert_eq!(csv.records().next().unwrap().unwrap()[0], odd());
    let tsv = query(&sandbox, "tsv").stdout;
    let field = tsv.lines().nth(1).unwrap().split('\t').next().unwrap();
    let field =
        field.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\");
    assert_eq!(field, odd());
}

#[test]
fn formats_for_people_show_all_of_it_and_let_none_of_it_act() {
    let sandbox = archive();
    for format in ["table", "list", "markdown"] {
        let text = query(&sandbox, format).stdout;
        assert_harmless(&text);
        let joined: String = text.chars().filter(|c| !c.is_whitespace() && *c != '│').collect();
        for part in ["\\u{1b}", "🤝", "日本", "txt.exe", "\\u{202e}", "quoted", "\\u{7f}"] {
            let markdown = part
                .replace('\\', "\\\\")
                .replace('{', "\\{")
                .replace('}', "\\}")
                .replace('.', "\\.");
            assert!(
                joined.contains(part)
                    || format == "markdown" && text.contains(markdown.as_str())
                    || format == "markdown" && text.contains(&part[1..]),
                "{format}: no {part} in {}",
                &text[..600]
            );
        }
        assert!(
            text.matches("0123456789abcdef").count() >= 3000,
            "{format}: the long text is whole"
        );
    }
    for arguments in [
        &["show", "h-strangers1"][..],
        &["show", "h-strangers1", "--tree"],
        &["query", "notes", "-p", "text=next"],
    ] {
        let mut command = sandbox.bare();
        let run = run(command.args(["--archive", "archive.db"]).args(arguments));
        assert_harmless(&run.expect(0).stdout);
    }
}

#[test]
fn a_spreadsheet_meets_no_formula_where_that_is_asked_for() {
    let sandbox = archive();
    let mut command = sandbox.bare();
    command.args([
        "--archive",
        "archive.db",
        "query",
        "--sql",
        "SELECT value FROM resources",
        "--format",
        "csv",
        "--csv-safe",
    ]);
    let text = run(&mut command).expect(0).stdout.clone();
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(csv.records().next().unwrap().unwrap()[0], format!("'{}", odd()));
}

#[test]
fn a_terminal_gets_no_escape_in_any_format() {
    let sandbox = archive();
    for format in ["table", "csv", "tsv", "json", "ndjson", "markdown", "list"] {
        // script(1) gives the program a terminal of its own.
        let line = format!(
            "'{}' --archive archive.db query --format {format} --sql 'SELECT value FROM resources'",
            env!("CARGO_BIN_EXE_handshake-archive")
        );
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").stdin(Stdio::null());
        let run = run(script.current_dir(sandbox.path(".")));
        // CSV ends its lines with CR LF, and a terminal adds a CR to every LF.
        let text = run.expect(0).stdout.replace("\r\r\n", "\n").replace("\r\n", "\n");
        assert_harmless(&text);
        assert!(text.contains("🤝"), "{format}");
    }
}
