//! `query`: canned and other SQL, its parameters, its rows and its errors.

use std::fs;
use std::io::Read;
use std::process::Command;
use std::time::Duration;

use crate::harness::Sandbox;
use crate::process::{Run, Started, run};
use crate::recorded;

const CANNED: &str = "\
-- title: Handshakes of an account
--
-- One row a handshake.
--
-- :account text required  the account's id
-- :since date = 2026-01-01  requested from then on
-- :version integer = 1  at least this many contents
SELECT h.id, h.state
FROM handshakes AS h JOIN parties AS p USING (handshake_id)
WHERE p.party_id = :account AND h.requested_at >= :since AND h.version >= :version
";

/// A sandbox with an archive and a folder of queries.
fn sandbox() -> Sandbox {
    let sandbox = recorded::sandbox();
    fs::create_dir(sandbox.path("queries")).unwrap();
    fs::write(sandbox.path("queries/zz-of-account.sql"), CANNED).unwrap();
    sandbox
}

/// `query` with tab-separated values.
fn command(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = sandbox.bare();
    command.arg("--archive").arg(sandbox.archive()).args(["query", "--format", "tsv"]);
    command.args(arguments);
    command
}

fn query(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    run(&mut command(sandbox, arguments))
}

/// The rows, without the names of the columns.
#[track_caller]
fn rows(run: &Run) -> Vec<&str> {
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    run.stdout.lines().skip(1).collect()
}

fn with_input(mut command: Command, input: &str) -> Run {
    Started::with_input(&mut command, input).wait()
}

#[test]
fn sql_is_taken_from_the_command_line_a_file_or_standard_input() {
    let sandbox = sandbox();
    let sql = "SELECT id FROM handshakes ORDER BY id; -- done";
    fs::write(sandbox.path("my.sql"), sql).unwrap();
    for answer in [
        query(&sandbox, &["--sql", sql]),
        query(&sandbox, &["--file", "my.sql"]),
        with_input(command(&sandbox, &["-"]), sql),
    ] {
        assert_eq!(rows(&answer), ["h-aaaaaaaa1", "h-bbbbbbbb2"]);
    }
}

#[test]
fn a_canned_query_of_a_folder_runs_with_its_parameters_and_their_defaults() {
    let sandbox = sandbox();
    let canned = |arguments: &[&str]| {
        let mut command = command(&sandbox, &["zz-of-account", "--queries", "queries"]);
        run(command.args(arguments))
    };
    let account = ["-p", "account=012345678901"];
    assert_eq!(rows(&canned(&account)), ["h-aaaaaaaa1\tACCEPTED"]);
    assert_eq!(rows(&canned(&["-p", "account=222222222222"])), ["h-bbbbbbbb2\tOPEN"]);
    assert_eq!(rows(&canned(&["-p", "account=222222222222", "-p", "version=2"])), [""; 0]);
    assert_eq!(rows(&canned(&["-p", "account=012345678901", "-p", "since=2026-03-01"])), [""; 0]);
    assert_eq!(rows(&canned(&["-p", "account=' OR 1 = 1 --"])), [""; 0]);
    let mut by_environment = command(&sandbox, &["zz-of-account", "-p", "account=222222222222"]);
    by_environment.env("HANDSHAKE_ARCHIVE_QUERIES", sandbox.path("queries"));
    assert_eq!(rows(&run(&mut by_environment)), ["h-bbbbbbbb2\tOPEN"]);
    // A file that declares its parameters is held to them, too.
    let file = query(
        &sandbox,
        &["--file", "queries/zz-of-account.sql", "-p", "account=1", "-p", "version=x"],
    );
    file.expect(2).says(&["the parameter :version: \"x\" is no integer"]);
}

#[test]
fn parameters_that_do_not_fit_are_usage_errors_that_say_what_the_query_takes() {
    let sandbox = sandbox();
    for (parameters, words) in [
        (&[][..], "the parameter :account is missing"),
        (&["account=1", "acount=2"], "no parameter :acount; did you mean :account?"),
        (&["account=1", "account=2"], "the parameter :account is given twice"),
        (&["account=1", "since=soon"], "the parameter :since: \"soon\" is no date: "),
        (&["account=1", "version=two"], "the parameter :version: \"two\" is no integer"),
    ] {
        let mut command = command(&sandbox, &["zz-of-account", "--queries", "queries"]);
        for parameter in parameters {
            command.args(["-p", parameter]);
        }
        let run = run(&mut command);
        run.expect(2).says(&[
            words,
            "hint: the query takes :account text required (the account's id); :since date = 2026-01-01 (requested from then on); :version integer = 1",
        ]);
        assert_eq!(run.stdout, "");
    }
    query(&sandbox, &["--sql", "SELECT 1", "-p", "nonsense"]).expect(2).says(&["name=value"]);
    query(&sandbox, &["--sql", "SELECT ?"]).expect(2).says(&["the parameter ?1 has no name"]);
}

#[test]
fn parameters_of_other_sql_are_text_unless_they_say_otherwise() {
    let sandbox = sandbox();
    let sql = "SELECT typeof(:a), typeof(@b), :c, $a FROM handshakes LIMIT :n";
    let given =
        ["-p", "a=012", "-p", "b:integer=7", "-p", "c:date=2026-03-01T01:00:00+01:00", "-p", "n=1"];
    let answer = query(&sandbox, &[&["--sql", sql][..], &given].concat());
    assert_eq!(rows(&answer), ["text\tinteger\t2026-03-01T00:00:00.000Z\t012"]);
    let missing = query(&sandbox, &["--sql", sql, "-p", "a=1"]);
    missing
        .expect(2)
        .says(&["the parameter :b is missing", "hint: the query takes :a; :b; :c; :n"]);
    query(&sandbox, &["--sql", "SELECT 1", "-p", "a=1"])
        .expect(2)
        .says(&["the query has no parameter :a", "hint: the query takes no parameters"]);
}

#[test]
fn the_list_has_name_title_and_parameters() {
    let sandbox = sandbox();
    let list = query(&sandbox, &["--list", "--queries", "queries"]);
    let line = rows(&list).into_iter().find(|line| line.starts_with("zz-")).unwrap();
    assert_eq!(
        line,
        "zz-of-account\tHandshakes of an account\t:account text required, :since date = 2026-01-01, :version integer = 1"
    );
    assert!(list.stdout.starts_with("name\ttitle\tparameters\n"));
    // No archive is needed.
    run(Sandbox::new().bare().args(["query", "--list"])).expect(0);
}

#[test]
fn the_sql_of_a_query_is_shown_to_the_letter() {
    let sandbox = sandbox();
    for arguments in [&["zz-of-account", "--show"][..], &["--show", "zz-of-account"]] {
        let shown = query(&sandbox, &[arguments, &["--queries", "queries"]].concat());
        assert_eq!(shown.expect(0).stdout, CANNED);
    }
}

#[test]
fn a_name_that_is_not_there_brings_the_nearest() {
    let sandbox = sandbox();
    query(&sandbox, &["zz-of-acount", "--queries", "queries"])
        .expect(2)
        .says(&["error: there is no query \"zz-of-acount\"", "hint: did you mean zz-of-account?"]);
    query(&sandbox, &["???"]).expect(2).says(&["query --list"]);
    query(&sandbox, &[]).expect(2).says(&["hint: give the name of a canned query"]);
    query(&sandbox, &["--list", "--queries", "nowhere"]).expect(1).says(&[
        "error: nowhere could not be read",
        "No such file",
        "hint: check --queries",
    ]);
}

#[test]
fn a_query_that_contradicts_itself_is_told_with_file_and_line() {
    let sandbox = sandbox();
    let broken = CANNED.replace("integer = 1", "integer = one");
    fs::write(sandbox.path("queries/zz-broken.sql"), broken).unwrap();
    query(&sandbox, &["zz-broken", "--queries", "queries", "-p", "account=1"])
        .expect(1)
        .says(&["queries/zz-broken.sql: line 7: the default of :version: \"one\" is no integer"]);
    let undeclared = CANNED.replace("-- :version integer = 1  at least this many contents\n", "");
    fs::write(sandbox.path("queries/zz-broken.sql"), undeclared).unwrap();
    query(&sandbox, &["zz-broken", "--queries", "queries", "-p", "account=1"]).expect(1).says(&[
        "the query declares :account, :since, and its statement has :account, :since, :version",
    ]);
    fs::remove_file(sandbox.path("queries/zz-broken.sql")).unwrap();
    fs::write(sandbox.path("queries/Wrong_Name.sql"), CANNED).unwrap();
    query(&sandbox, &["zz-of-account", "--queries", "queries", "-p", "account=1"])
        .expect(1)
        .says(&["queries/Wrong_Name.sql cannot be a query: its name must be"]);
}

#[test]
fn an_error_in_the_sql_is_told_with_its_place_and_what_may_have_been_meant() {
    let sandbox = sandbox();
    for (sql, words) in [
        ("SELECT 1\nFROM handshake", &["no such table: handshake", "did you mean handshakes"][..]),
        (
            "SELECT id,\n  stat FROM handshakes",
            &[
                "no such column: stat",
                "at line 2, column 3: stat FROM handshakes",
                "did you mean state",
            ],
        ),
        ("SELECT h.paylod FROM handshake_versions AS h", &["h.paylod", "did you mean payload"]),
        (
            "SELECT id FROM handshakes WHERE state = \"OPEN\"",
            &["should this be a string literal in single-quotes?", "hint: "],
        ),
        ("SELEC 1", &["near \"SELEC\": syntax error", "at line 1, column 1: SELEC 1", "hint: "]),
        ("SELECT (1", &["incomplete input", "hint: "]),
        ("SELECT nofunction(1)", &["no such function: nofunction", "hint: "]),
        ("SELECT json('{')", &["malformed JSON", "hint: "]),
        ("SELECT abs(-9223372036854775808)", &["integer overflow", "hint: "]),
    ] {
        let run = query(&sandbox, &["--sql", sql]);
        run.expect(1).says(words).says(&["error: SQLite says: "]);
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_query_quietly() {
    let sandbox = sandbox();
    let mut child = spawn(&sandbox, ENDLESS_ROWS);
    let mut first = [0; 1];
    child.stdout().read_exact(&mut first).unwrap();
    let run = child.wait();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

const ENDLESS_ROWS: &str =
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
const ENDLESS_WORK: &str =
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
const ONE_LONG_INSTRUCTION: &str =
    "SELECT instr(hex(zeroblob(20000000)), hex(zeroblob(10000000)) || '1')";

fn spawn(sandbox: &Sandbox, sql: &str) -> Started {
    Started::of(&mut command(sandbox, &["--sql", sql]))
}

#[test]
fn a_signal_stops_a_query_at_once_whatever_it_is_doing() {
    let sandbox = sandbox();
    for (name, code) in [("HUP", 129), ("INT", 130), ("TERM", 143)] {
        for sql in [ENDLESS_WORK, ENDLESS_ROWS, ONE_LONG_INSTRUCTION] {
            let mut child = spawn(&sandbox, sql);
            // Nobody takes the rows, but they are a sign that the query runs; work shows nothing.
            std::thread::sleep(Duration::from_millis(300));
            assert!(child.is_running(), "{sql}");
            child.signal(name);
            // The pipe is not read before the process has ended.
            let stdout = child.stdout();
            let run = child.wait_at_most(Duration::from_secs(5));
            drop(stdout);
            assert_eq!(run.code, code, "{name} {sql}: {run:?}");
            assert_eq!(run.stderr, "error: the query was stopped by a signal\n");
        }
    }
}

#[test]
fn time_in_which_nobody_takes_the_rows_does_not_count_against_the_limit() {
    let sandbox = sandbox();
    let sql = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 20000)
               SELECT i, 'ten bytes!' FROM n";
    let mut command = command(&sandbox, &["--timeout", "1s", "--sql", sql]);
    let mut child = Started::of(&mut command);
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(child.is_running(), "the rows did not fill the pipe");
    let run = child.wait();
    assert_eq!(rows(&run).len(), 20_000);
}

#[test]
fn the_help_says_how_long_a_query_may_work() {
    let help = run(Sandbox::new().bare().args(["query", "--help"]));
    let text = help.expect(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("[default: 60s for SQL that is not canned, none for a canned query]"),
        "{text}"
    );
}

#[test]
fn sql_that_cannot_be_read_is_an_error() {
    let sandbox = sandbox();
    query(&sandbox, &["--file", "none.sql"]).expect(1).says(&["none.sql could not be read"]);
    fs::write(sandbox.path("latin1.sql"), b"SELECT '\xe9'").unwrap();
    query(&sandbox, &["--file", "latin1.sql"]).expect(1).says(&["UTF-8"]);
    for two in [
        &["--sql", "SELECT 1", "--file", "x"][..],
        &["name", "--sql", "SELECT 1"],
        &["--list", "name"],
    ] {
        query(&sandbox, two).expect(2);
    }
}

#[test]
fn every_value_arrives_as_sqlite_has_it() {
    let sandbox = sandbox();
    let answer = query(
        &sandbox,
        &["--sql", "SELECT 9007199254740993 AS a, 'é' AS b, 1.5 AS c UNION ALL SELECT -1, '', 2.5"],
    );
    assert_eq!(answer.expect(0).stdout, "a\tb\tc\n9007199254740993\té\t1.5\n-1\t\t2.5\n");
    let none = query(&sandbox, &["--sql", "SELECT id FROM handshakes WHERE false"]);
    assert_eq!(none.expect(0).stdout, "id\n");
}
