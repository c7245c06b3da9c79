//! What `status` tells of an archive, and when it fails.

use std::fs;
use std::path::Path;

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use handshake_archive::archive::{Archive, Attempt, Identity, Outcome, Scope};
use handshake_archive::clock;
use handshake_archive::handshake::{Filter, Page};
use handshake_archive_simulator::{Fault, Simulator, When};
use serde_json::{Value, json};

use crate::exposition;
use crate::harness::{Sandbox, open, organization};
use crate::process::{Run, run};

const OWNER: &str = "o-exampleorgid";

fn ago(distance: TimeDelta) -> DateTime<Utc> {
    // The archive's times have milliseconds.
    (clock::system())().trunc_subsecs(3) - distance
}

fn days(days: i64) -> TimeDelta {
    TimeDelta::days(days)
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A sync that took no time: of this owner (of none, if it failed before it knew), with these
/// elements, and this end.
fn sync_of(
    archive: &mut Archive,
    owner: Option<&str>,
    at: DateTime<Utc>,
    elements: &str,
    outcome: &Outcome,
) {
    let operation = "ListHandshakesForOrganization";
    let attempt = Attempt { operation, filter: Filter::None, started_at: at };
    let mut recorder = archive.begin(&attempt).unwrap();
    if let Some(owner) = owner {
        let organization_id = Some(owner.to_owned());
        recorder.identify(Identity { organization_id, ..Identity::default() });
        let page = Page::read(format!(r#"{{"Handshakes":[{elements}]}}"#).into_bytes()).unwrap();
        recorder.record([(Scope::Unrestricted, page)], at).unwrap();
    }
    recorder.finish(outcome, at).unwrap();
}

/// Complete syncs at these times, of nothing.
fn history(path: &Path, times: impl IntoIterator<Item = DateTime<Utc>>) {
    let mut archive = open(path);
    for at in times {
        sync_of(&mut archive, Some(OWNER), at, "", &Outcome::Complete);
    }
}

fn failed(message: &str) -> Outcome {
    Outcome::Failed { code: "AccessDeniedException".to_owned(), message: message.to_owned() }
}

fn status(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    run(sandbox.bare().arg("--archive").arg(sandbox.archive()).arg("status").args(arguments))
}

fn json_status(sandbox: &Sandbox, arguments: &[&str], code: i32) -> Value {
    status(sandbox, &[&["--format", "json"], arguments].concat()).expect(code).summary()
}

#[test]
fn a_gap_of_forty_days_is_named_to_the_second_and_fails() {
    let sandbox = Sandbox::new();
    let (before, after, last) = (ago(days(50)), ago(days(10)), ago(TimeDelta::hours(1)));
    history(&sandbox.archive(), [before, after, last]);
    let (from, until) = (text(before), text(after - days(30)));

    let shown = status(&sandbox, &[]);
    shown.expect(6).says(&[
        "error: ",
        &format!("from {from} to {until} (10d)"),
        "hint: ",
        "--since",
    ]);
    assert!(shown.stdout.contains(&format!("blind            {from} to {until}, 10d\n")));
    assert_eq!(
        sandbox.database().lines("SELECT from_at, until_at FROM coverage WHERE period = 'blind'"),
        [format!("{from}|{until}")]
    );
    let mut canned = sandbox.bare();
    canned.arg("--archive").arg(sandbox.archive()).args([
        "query",
        "blind-windows",
        "--format",
        "tsv",
    ]);
    let windows = run(&mut canned).expect(0).stdout.clone();
    let windows: Vec<&str> = windows.lines().skip(1).collect();
    assert_eq!(windows.len(), 1);
    assert!(windows[0].contains(&format!("{from}\t{until}")), "{windows:?}");
    let told = json_status(&sandbox, &[], 6);
    assert_eq!(
        told["sources"][0]["blind"],
        json!([{ "from_at": from, "until_at": until, "growing": false }])
    );
    assert_eq!(told["problems"][0]["check"], "blind-window");

    // What the hint says is what accepts it.
    let accepted = shown.stderr.split("--since ").nth(1).unwrap().trim();
    for (since, code) in [
        (accepted, 0),
        ("-30d", 0),
        ("-45d", 6),
        ("2020-01-31", 6),
        (from.as_str(), 6),
        ("2020-01-31T10:00:00+01:00", 6),
    ] {
        let told = json_status(&sandbox, &["--since", since], code);
        assert_eq!(told["sources"][0]["blind"].as_array().unwrap().len(), 1, "{since}");
        assert_eq!(told["ok"], code == 0);
    }
    status(&sandbox, &["--since", "lately"]).expect(2).says(&["--since lately", "2024-01-31"]);
}

#[test]
fn daily_syncs_for_two_years_are_covered_from_thirty_days_before_the_first_to_the_last() {
    let sandbox = Sandbox::new();
    let last = ago(TimeDelta::hours(1));
    history(&sandbox.archive(), (0..730).rev().map(|passed| last - days(passed)));
    let (from, until) = (text(last - days(729 + 30)), text(last));
    let shown = status(&sandbox, &["--max-age", "26h"]);
    assert_eq!(shown.expect(0).stderr, "");
    for line in [
        format!("covered          {from} to {until}, 759d (730 syncs)\n"),
        "blind windows    none\n".to_owned(),
    ] {
        assert!(shown.stdout.contains(&line), "{}", shown.stdout);
    }
    assert!(shown.stdout.lines().count() < 24, "one screen");
}

#[test]
fn the_age_that_is_asked_for_is_that_of_the_last_complete_sync() {
    let sandbox = Sandbox::new();
    history(&sandbox.archive(), [ago(TimeDelta::hours(27))]);
    let mut archive = open(&sandbox.archive());
    sync_of(&mut archive, None, ago(TimeDelta::hours(3)), "", &failed("no\u{1b}[2J"));
    drop(archive);
    status(&sandbox, &[]).expect(0);
    status(&sandbox, &["--max-age", "28h"]).expect(0);
    status(&sandbox, &["--max-age", "26h"]).expect(6).says(&[
        "error: the last complete sync of o-exampleorgid is 1d 3h old, which is more than 1d 2h",
        "because: sync 2 failed: AccessDeniedException: no\\u{1b}[2J",
        "hint: run handshake-archive sync",
    ]);
    assert_eq!(json_status(&sandbox, &["--max-age", "26h"], 6)["problems"][0]["check"], "max-age");

    // Every source counts, unless it is left out.
    let mut archive = open(&sandbox.archive());
    sync_of(&mut archive, Some("o-other"), ago(TimeDelta::hours(1)), "", &Outcome::Complete);
    drop(archive);
    status(&sandbox, &["--max-age", "26h"]).expect(6).says(&["o-exampleorgid is 1d 3h old"]);
    let shown = status(&sandbox, &["--max-age", "26h", "--owner", "o-other"]);
    assert!(!shown.expect(0).stdout.contains(OWNER));
    status(&sandbox, &["--owner", "o-nobody"]).expect(6).says(&["no complete sync of o-nobody"]);
}

#[test]
fn a_deadline_that_has_passed_fails_whatever_windows_are_accepted() {
    let sandbox = Sandbox::new();
    let last = ago(days(31));
    history(&sandbox.archive(), [last]);
    let shown = status(&sandbox, &["--since", "now"]);
    shown.expect(6).says(&[
        &format!("{}, has passed", text(last + days(30))),
        &format!("a blind window from {} on grows", text(last)),
    ]);
    assert!(shown.stdout.contains(", 1d, growing\n"), "{}", shown.stdout);
    assert!(shown.stdout.contains(", passed 1d ago\n"), "{}", shown.stdout);
    let window = &json_status(&sandbox, &[], 6)["sources"][0]["blind"][0];
    assert_eq!((&window["from_at"], &window["growing"]), (&json!(text(last)), &json!(true)));
}

#[test]
fn a_sync_in_the_future_fails_since_its_age_says_nothing() {
    let sandbox = Sandbox::new();
    history(&sandbox.archive(), [ago(-TimeDelta::minutes(3))]);
    status(&sandbox, &["--max-age", "1h"]).expect(0);
    history(&sandbox.archive(), [ago(-TimeDelta::hours(3))]);
    status(&sandbox, &["--max-age", "1h"]).expect(6).says(&["in the future", "clock"]);
}

#[test]
fn an_archive_without_a_complete_sync_says_so() {
    let sandbox = Sandbox::new();
    status(&sandbox, &[]).expect(1).says(&["there is no archive", "hint: run"]);
    fs::write(sandbox.archive(), "").unwrap();
    status(&sandbox, &[]).expect(6).says(&["no sync has written into it", "hint: run"]);
    drop(open(&sandbox.archive()));
    for format in ["text", "json", "prometheus"] {
        status(&sandbox, &["--format", format])
            .expect(6)
            .says(&["error: no sync has been recorded yet", "hint: run handshake-archive sync"]);
    }

    let simulator = Simulator::start(organization());
    simulator.inject(When::any(), Fault::access_denied());
    sandbox.sync(&simulator).expect(3);
    let shown = status(&sandbox, &[]);
    shown.expect(6).says(&["no complete sync has been recorded yet", "because: sync 1 failed"]);
    assert!(shown.stdout.contains("sync 1: AccessDenied"), "{}", shown.stdout);
    let metrics = exposition::read(&status(&sandbox, &["--format", "prometheus"]).stdout);
    let of = |name: &str| metrics[&(format!("handshake_archive_{name}"), [].into())];
    assert_eq!(of("last_complete_sync_timestamp_seconds"), 0.0);
    assert_eq!(of("failed_syncs_since_complete"), 1.0);
    assert_eq!(of("problems"), 1.0);

    // One of an action alone tells whose list it is, and does not count.
    simulator.clear_faults();
    sandbox.sync_with(&simulator, &["--action-type", "INVITE"]).expect(0);
    let shown = status(&sandbox, &[]);
    shown.expect(6).says(&["no complete sync of o-exampleorgid has been recorded yet"]);
    assert!(shown.stdout.contains("last complete    none\n"), "{}", shown.stdout);
    sandbox.sync(&simulator).expect(0);
    status(&sandbox, &["--max-age", "1h"]).expect(0);
}

/// An archive with something of everything.
fn eventful(sandbox: &Sandbox, owner: &str) -> [DateTime<Utc>; 3] {
    let [first, second, third] = [ago(days(60)), ago(days(20)), ago(TimeDelta::seconds(3630))];
    let element = |id: &str, state: &str, expires: DateTime<Utc>| {
        let expires = text(expires);
        format!(r#"{{"Id":"h-{id}","State":"{state}","ExpirationTimestamp":"{expires}"}}"#)
    };
    let mut archive = open(&sandbox.archive());
    let mut sync = |at, elements: &[String], outcome| {
        sync_of(&mut archive, Some(owner), at, &elements.join(","), &outcome);
    };
    sync(first, &[element("lost", "OPEN", first), "7".to_owned()], Outcome::Complete);
    sync(
        second,
        &[element("asked", "OPEN", third), r#"{"Id":"h-x"}"#.to_owned()],
        Outcome::Complete,
    );
    let now = [
        element("asked", "ACCEPTED", third),
        element("soon", "REQUESTED", third + days(3)),
        element("later", "OPEN", third + days(13)),
        r#"{"Id":"h-x","State":"back\\slash \"quoted\"\nnext"}"#.to_owned(),
    ];
    sync(third, &now, Outcome::Complete);
    sync(third + TimeDelta::minutes(1), &[], failed("first"));
    sync(third + TimeDelta::minutes(2), &[], failed("second"));
    sync_of(&mut archive, None, third + TimeDelta::minutes(3), "", &failed("third"));
    sync_of(&mut archive, None, third + TimeDelta::minutes(4), "", &failed("fourth"));
    [first, second, third]
}

#[test]
fn the_text_says_everything_on_one_screen() {
    let sandbox = Sandbox::new();
    let [first, second, third] = eventful(&sandbox, OWNER);
    let shown = status(&sandbox, &[]).expect(6).stdout.clone();
    let digest = sandbox.database().texts("SELECT digest FROM syncs WHERE id = 7").remove(0);
    let minutes = |minutes| text(third + TimeDelta::minutes(minutes));
    let expected = format!(
        "\
  chain head       sync 7
                   {digest}

ListHandshakesForOrganization of o-exampleorgid
  last complete    {}, 1h ago (sync 3)
  next due by      {}, in 29d 22h
  failed since     {}, sync 7: AccessDeniedException: fourth
                   {}, sync 6: AccessDeniedException: third
                   {}, sync 5: AccessDeniedException: second
                   and 1 before
  covered          {} to {}, 30d (1 sync)
  blind            {} to {}, 10d
  covered          {} to {}, 49d 22h (2 syncs)
  blind windows    1, 10d in all
  handshakes       5: 1 ACCEPTED, 2 OPEN, 1 REQUESTED, 1 back\\slash \"quoted\"\\nnext
  versions         7
  pending          2, 1 of them expiring within 7d
  unknown outcome  1
  quarantined      1
",
        text(third),
        text(third + days(30)),
        minutes(4),
        minutes(3),
        minutes(2),
        text(first - days(30)),
        text(first),
        text(first),
        text(second - days(30)),
        text(second - days(30)),
        text(third),
    );
    let head: Vec<&str> = shown.lines().take(4).collect();
    assert_eq!(head[0], sandbox.archive().canonicalize().unwrap().display().to_string());
    let labels = ["  checked          ", "  size             ", "  archive id       "];
    assert!(head[1..].iter().zip(labels).all(|(line, label)| line.starts_with(label)), "{shown}");
    // The lines above hold what differs from run to run.
    let after_head = |text: &str| text.split_once("chain head ").unwrap().1.to_owned();
    assert_eq!(after_head(&shown), after_head(&expected));
}

#[test]
fn many_windows_leave_the_text_on_one_screen_and_are_all_in_the_json() {
    let sandbox = Sandbox::new();
    history(&sandbox.archive(), (0..30).rev().map(|n| ago(days(40 * n) + TimeDelta::hours(1))));
    let shown = status(&sandbox, &[]);
    assert!(shown.expect(6).stdout.contains("  before           49 periods: --format json"));
    assert!(shown.stdout.contains("  blind windows    29, 290d in all\n"), "{}", shown.stdout);
    assert!(shown.stdout.lines().count() < 35, "{}", shown.stdout);
    shown.says(&["; and 25 more"]);
    let told = json_status(&sandbox, &[], 6);
    assert_eq!(told["sources"][0]["blind"].as_array().unwrap().len(), 29);
    assert_eq!(told["problems"].as_array().unwrap().len(), 29);
}

#[test]
fn the_metrics_are_prometheus_text_and_say_what_the_json_says() {
    // AWS's ids are plain; whatever stands in the archive must not break the collector.
    for owner in [OWNER, "o-\"\\\n,x=\"y\"}"] {
        let sandbox = Sandbox::new();
        let times = eventful(&sandbox, owner);
        let metrics = status(&sandbox, &["--format", "prometheus"]).expect(6).stdout.clone();
        let metrics = exposition::read(&metrics);
        let told = json_status(&sandbox, &[], 6);
        let source = &told["sources"][0];
        assert_eq!(source["owner_id"], owner);

        let of_archive = |name: &str| metrics[&(format!("handshake_archive_{name}"), [].into())];
        assert_eq!(json!(of_archive("size_bytes") as u64), told["size_bytes"]);
        assert_eq!(json!(of_archive("chain_head_sequence") as u64), told["head"]["sequence"]);
        assert_eq!(of_archive("problems"), 1.0);

        let labels = [("operation", "ListHandshakesForOrganization"), ("owner", owner)];
        let of = |name: &str, more: &[(&str, &str)]| {
            let pairs = labels.iter().chain(more);
            let labels = pairs.map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
            metrics[&(format!("handshake_archive_{name}"), labels)]
        };
        let unix = |time: DateTime<Utc>| time.timestamp_millis() as f64 / 1000.0;
        // Ten days, and what passed between two looks at the clock.
        let blind = (times[1] - days(30)).timestamp_millis() - times[0].timestamp_millis();
        for (name, value) in [
            ("last_complete_sync_timestamp_seconds", unix(times[2])),
            ("sync_deadline_timestamp_seconds", unix(times[2] + days(30))),
            ("covered_from_timestamp_seconds", unix(times[1] - days(30))),
            ("failed_syncs_since_complete", 4.0),
            ("blind_windows", 1.0),
            ("blind_seconds", blind as f64 / 1000.0),
        ] {
            assert_eq!(of(name, &[]), value, "{name}");
        }
        for (metric, member) in [
            ("versions", "versions"),
            ("pending_handshakes", "pending"),
            ("expiring_handshakes", "expiring"),
            ("unknown_outcome_handshakes", "unknown_outcomes"),
            ("quarantined_elements", "quarantined"),
        ] {
            assert_eq!(json!(of(metric, &[]) as u64), source[member], "{metric}");
        }
        let states = source["states"].as_array().unwrap();
        for count in states {
            let state = count["state"].as_str().unwrap();
            assert_eq!(json!(of("handshakes", &[("state", state)]) as u64), count["handshakes"]);
        }
        assert_eq!(metrics.len(), 3 + 6 + 5 + states.len(), "every series is one of these");
    }
}

#[test]
fn the_help_names_every_member_of_the_json() {
    fn members(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                into.extend(object.keys().cloned());
                object.values().for_each(|value| members(value, into));
            }
            Value::Array(array) => array.iter().for_each(|value| members(value, into)),
            _ => {}
        }
    }
    let sandbox = Sandbox::new();
    eventful(&sandbox, OWNER);
    let mut archive = open(&sandbox.archive());
    let operation = "ListHandshakesForOrganization";
    let attempt = Attempt { operation, filter: Filter::None, started_at: ago(days(0)) };
    // Not finished: it is running as far as the archive knows.
    drop(archive.begin(&attempt).unwrap());
    let mut named = Vec::new();
    members(&json_status(&sandbox, &[], 6), &mut named);
    assert!(named.iter().any(|name| name == "unfinished_sync"));
    let help = run(sandbox.bare().args(["status", "--help"])).expect(0).stdout.clone();
    // On a terminal of 80 columns nothing is wrapped.
    let members = help.split_once("Members of the JSON").unwrap().1;
    assert!(members.lines().all(|line| line.len() <= 80), "{members}");
    let words: Vec<&str> =
        members.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    for name in named {
        assert!(words.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn a_sync_that_has_not_ended_is_told_beside_what_is_known() {
    let sandbox = Sandbox::new();
    let last = ago(TimeDelta::hours(1));
    history(&sandbox.archive(), [last]);
    let operation = "ListHandshakesForOrganization";
    let attempt = Attempt { operation, filter: Filter::None, started_at: last + days(-1) };
    let mut archive = open(&sandbox.archive());
    let running = archive.begin(&attempt).unwrap();
    let shown = status(&sandbox, &["--max-age", "2h"]);
    let begun = text(last + days(-1));
    let line = format!("unfinished       sync 2, begun {begun} (1d 1h ago)\n");
    assert!(shown.expect(0).stdout.contains(&line), "{}", shown.stdout);
    drop(running);
}

#[test]
fn status_changes_nothing() {
    let sandbox = Sandbox::new();
    eventful(&sandbox, OWNER);
    let before = sandbox.contents();
    for format in ["text", "json", "prometheus"] {
        status(&sandbox, &["--format", format]).expect(6);
    }
    assert!(sandbox.contents() == before);
}

#[test]
fn quiet_says_nothing_when_all_is_well_but_to_programs_and_everything_otherwise() {
    let sandbox = Sandbox::new();
    history(&sandbox.archive(), [ago(days(1))]);
    let well = status(&sandbox, &["--quiet"]);
    assert_eq!((well.code, well.stdout.as_str(), well.stderr.as_str()), (0, "", ""));
    for format in ["json", "prometheus"] {
        assert!(!status(&sandbox, &["--quiet", "--format", format]).expect(0).stdout.is_empty());
    }
    let stale = status(&sandbox, &["--quiet", "--max-age", "1h"]);
    stale.expect(6).says(&["error: ", "hint: "]);
    assert!(stale.stdout.contains("last complete"));
}
