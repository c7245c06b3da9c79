//! `show`: one handshake, as it is and as it was.

use handshake_archive::archive::{ArchiveReader, Outcome, Scope};
use handshake_archive::handshake::Page;

use crate::harness::{Sandbox, noon};
use crate::process::{Run, run};
use crate::recorded::{self, attempt, invitation, page};

fn show(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let mut command = sandbox.bare();
    run(command.arg("--archive").arg(sandbox.archive()).arg("show").args(arguments))
}

#[test]
fn a_handshake_is_shown_with_all_that_is_known() {
    let sandbox = recorded::sandbox();
    let shown = show(&sandbox, &["h-aaaaaaaa1"]);
    let expected = "\
h-aaaaaaaa1
  state         ACCEPTED
  action        INVITE
  organization  o-exampleorgid
  requested     2026-02-28T12:00:00.500Z
  expires       2026-03-15T12:00:00.500Z
  parent        -
  arn           arn:aws:organizations::111111111111:handshake/o-exampleorgid/invite/h-aaaaaaaa1
  party         ORGANIZATION exampleorgid
                ACCOUNT 012345678901
  resource      ORGANIZATION o-exampleorgid
                  MASTER_NAME Example
                ACCOUNT 012345678901
  first seen    2026-03-01T12:00:00.000Z
  changed       2026-03-02T12:00:00.000Z (version 2)
  gone          after 2026-03-02T12:00:00.000Z, by 2026-03-03T12:01:00.000Z (sync 3)
";
    assert_eq!(shown.expect(0).stdout, expected);
    assert_eq!(shown.stderr, "");
    // Without its h-, too.
    assert_eq!(show(&sandbox, &["aaaaaaaa1"]).expect(0).stdout, shown.stdout);
}

#[test]
fn the_history_says_between_which_syncs_everything_happened() {
    let sandbox = recorded::sandbox();
    let shown = show(&sandbox, &["h-aaaaaaaa1", "--history"]);
    let expected = "\
h-aaaaaaaa1
  version 1  OPEN
    began  after 2026-02-28T12:00:00.500Z, when it was requested, by 2026-03-01T12:01:00.000Z (sync 1)
    ended  after 2026-03-01T12:00:00.000Z, by 2026-03-02T12:01:00.000Z (sync 2)
  version 2  ACCEPTED
    began  after 2026-03-01T12:00:00.000Z, by 2026-03-02T12:01:00.000Z (sync 2)
    ended  after 2026-03-02T12:00:00.000Z, by 2026-03-03T12:01:00.000Z (sync 3)
";
    assert_eq!(shown.expect(0).stdout, expected);
    let shown = show(&sandbox, &["h-bbbbbbbb2", "--history"]);
    let expected = "\
h-bbbbbbbb2
  version 1  OPEN
    began  after 2026-02-28T12:00:00.500Z, when it was requested, by 2026-03-01T12:01:00.000Z (sync 1)
    stands, last seen 2026-03-03T12:00:00.000Z (sync 3)
";
    assert_eq!(shown.expect(0).stdout, expected);
}

#[test]
fn the_history_agrees_with_the_views() {
    let sandbox = recorded::sandbox();
    // It comes back, and goes again.
    let path = sandbox.archive();
    recorded::sync(&path, 72, &[invitation("h-aaaaaaaa1", "OPEN", "012345678901")]);
    recorded::sync(&path, 96, &[]);
    recorded::sync(&path, 120, &[]);
    let shown = show(&sandbox, &["h-aaaaaaaa1", "--history", "--format", "json"]);
    let runs: serde_json::Value = serde_json::from_str(&shown.expect(0).stdout).unwrap();
    let runs = runs.as_array().unwrap();
    let lines = |members: [&str; 4], runs: &[serde_json::Value]| -> Vec<String> {
        let text =
            |value: &serde_json::Value| value.as_str().map_or(value.to_string(), str::to_owned);
        runs.iter().map(|run| members.map(|member| text(&run[member])).join("|")).collect()
    };
    let database = sandbox.database();
    assert_eq!(
        lines(["state", "after_at", "by_at", "sync_id"], runs),
        database.lines(
            "SELECT to_state, after_at, by_at, sync_id FROM transitions WHERE id = 'h-aaaaaaaa1' ORDER BY sync_id"
        )
    );
    assert_eq!(
        lines(["state", "last_seen_at", "gone_by_at", "gone_sync_id"], &runs[2..]),
        database
            .lines("SELECT state, after_at, by_at, sync_id FROM purged WHERE id = 'h-aaaaaaaa1'")
    );
    assert_eq!(
        runs.iter().map(|run| run["version"].as_i64().unwrap()).collect::<Vec<_>>(),
        [1, 2, 1]
    );
}

#[test]
fn json_is_the_newest_content_to_the_letter() {
    let sandbox = Sandbox::new();
    let odd = r#"{ "Id" : "h-odd00001","X":[1.50, 1e2],"State":"OPEN","Action":null,
        "Resources":[{"Type":"NOTES","Value":"\u00e9\u001b[2J \ud83e\udd1d"}] }"#;
    recorded::sync(&sandbox.archive(), 0, &[odd.replace("OPEN", "REQUESTED")]);
    recorded::sync(&sandbox.archive(), 1, &[odd.to_owned()]);
    let shown = show(&sandbox, &["h-odd00001", "--format", "json"]);
    assert_eq!(shown.expect(0).stdout, format!("{odd}\n"));
    let shown = show(&sandbox, &["h-odd00001", "--format", "json", "--history"]);
    assert!(shown.expect(0).stdout.contains(odd), "{}", shown.stdout);
}

#[test]
fn the_tree_has_parties_and_resources() {
    let shown = show(&recorded::sandbox(), &["h-bbbbbbbb2", "--tree"]);
    let expected = "\
h-bbbbbbbb2
├── parties
│   ├── ORGANIZATION exampleorgid
│   └── ACCOUNT 222222222222
└── resources
    ├── ORGANIZATION o-exampleorgid
    │   └── MASTER_NAME Example
    └── ACCOUNT 222222222222
";
    assert_eq!(shown.expect(0).stdout, expected);
}

#[test]
fn what_a_terminal_would_obey_is_shown_instead() {
    let sandbox = Sandbox::new();
    let evil = r#"{"Id":"h-evil0001","State":"O\u001b[2JPEN","Action":"\u202eX","Arn":"a\rb",
        "Parties":[{"Type":"\u0007","Id":"\u009b31m"}],"Resources":[{"Type":"NOTES","Value":"\u001b]0;x\u0007"}]}"#;
    recorded::sync(&sandbox.archive(), 0, &[evil.to_owned()]);
    for arguments in [&["h-evil0001"][..], &["h-evil0001", "--history"], &["h-evil0001", "--tree"]]
    {
        let shown = show(&sandbox, arguments);
        let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!shown.expect(0).stdout.contains(obeyed), "{arguments:?}: {}", shown.stdout);
        assert!(shown.stdout.contains("\\u{1b}"), "{arguments:?}: {}", shown.stdout);
    }
}

#[test]
fn a_handshake_of_which_little_is_known_is_shown_too() {
    let sandbox = Sandbox::new();
    recorded::sync(&sandbox.archive(), 0, &[r#"{"Id":"h-bare00001"}"#.to_owned()]);
    let shown = show(&sandbox, &["h-bare00001"]);
    let expected = "\
h-bare00001
  state         -
  action        -
  organization  -
  requested     -
  expires       -
  parent        -
  arn           -
  first seen    2026-03-01T12:00:00.000Z
  changed       2026-03-01T12:00:00.000Z (version 1)
  gone          no: AWS shows it
";
    assert_eq!(shown.expect(0).stdout, expected);
    show(&sandbox, &["h-bare00001", "--history"]).expect(0);
    assert_eq!(
        show(&sandbox, &["h-bare00001", "--tree"]).expect(0).stdout,
        "h-bare00001\n├── parties\n└── resources\n"
    );
}

#[test]
fn an_id_that_is_not_there_brings_those_that_are_like_it() {
    let sandbox = recorded::sandbox();
    for id in ["h-aaaaaaab1", "aaaaaaa1", "h-aaaaaaaa"] {
        let shown = show(&sandbox, &[id]);
        shown.expect(1).says(&["error: the archive has no handshake", "did you mean h-aaaaaaaa1?"]);
        assert_eq!(shown.stdout, "");
    }
    show(&sandbox, &["h-zzzzzzzz9"]).expect(1).says(&["hint: query --sql"]);
    let empty = Sandbox::new();
    drop(crate::harness::open(&empty.archive()));
    show(&empty, &["h-aaaaaaaa1"]).expect(1).says(&["hint: no sync has recorded a handshake yet"]);
}

#[test]
fn an_id_under_which_something_unreadable_came_says_so() {
    let sandbox = Sandbox::new();
    recorded::sync(&sandbox.archive(), 0, &[r#"{"Id":"h-bad000001","Parties":7}"#.to_owned()]);
    show(&sandbox, &["h-bad000001"]).expect(1).says(&["could not be read: ", "verbatim"]);
}

#[test]
fn a_tree_is_no_json_and_no_history() {
    let sandbox = recorded::sandbox();
    show(&sandbox, &["h-aaaaaaaa1", "--tree", "--format", "json"]).expect(2).says(&["hint: "]);
    show(&sandbox, &["h-aaaaaaaa1", "--tree", "--history"]).expect(2);
    show(&sandbox, &[]).expect(2);
}

#[test]
fn while_the_sync_runs_that_saw_it_the_end_of_the_interval_is_open() {
    let sandbox = recorded::sandbox();
    let mut archive = crate::harness::open(&sandbox.archive());
    let later = noon() + chrono::Duration::days(3);
    let mut recorder = archive.begin(&attempt(later)).unwrap();
    let changed = page(&[invitation("h-bbbbbbbb2", "DECLINED", "222222222222")]);
    recorder.record([(Scope::Unrestricted, changed)], later).unwrap();
    let shown = show(&sandbox, &["h-bbbbbbbb2", "--history"]);
    let words = "seen by sync 4, which has not ended";
    assert_eq!(shown.expect(0).stdout.matches(words).count(), 2, "{}", shown.stdout);
    recorder.finish(&Outcome::Complete, later).unwrap();
}

#[test]
fn every_run_of_a_child_says_which_filtered_sync_saw_it_last() {
    let sandbox = Sandbox::new();
    let path = sandbox.archive();
    let child = r#"{"Id":"h-child0001","State":"OPEN","Action":"APPROVE_ALL_FEATURES"}"#;
    for hours in 0..3 {
        let at = noon() + chrono::Duration::hours(hours);
        let mut archive = crate::harness::open(&path);
        let mut recorder = archive.begin(&attempt(at)).unwrap();
        let body = format!(r#"{{"Handshakes":[{child}]}}"#).into_bytes();
        let page = Page::read(body).map_err(|(error, _)| error).unwrap();
        recorder.record([(Scope::ChildrenOf("h-parent001".to_owned()), page)], at).unwrap();
        recorder.finish(&Outcome::Complete, at).unwrap();
    }
    let reader = ArchiveReader::open(&path).unwrap();
    let handshake = reader.handshake("h-child0001").unwrap().unwrap();
    assert_eq!(handshake.parent_handshake_id.as_deref(), Some("h-parent001"));
    assert_eq!(handshake.runs.len(), 1);
    assert_eq!(handshake.runs[0].last_seen_sync_id, 3);
}
