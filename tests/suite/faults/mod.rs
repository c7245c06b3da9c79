//! What goes wrong on the way from AWS: every fault at every moment in the matrix, and beside it what
//! only some of them show.

mod cell;
mod disturbance;
mod matrix;
mod row;
mod rows;
mod world;

use std::time::{Duration, Instant};

use handshake_archive_simulator::{Fault, Operation, Simulator, When};

use crate::harness::{Sandbox, organization};
use crate::process::run;

fn list_calls(simulator: &Simulator) -> usize {
    let is_list = |request: &&handshake_archive_simulator::Request| {
        request.operation == Operation::ListHandshakesForOrganization
    };
    simulator.requests().iter().filter(is_list).count()
}

#[test]
fn a_refusal_inside_a_childrens_list_is_no_refusal_of_the_parent() {
    let sandbox = Sandbox::new();
    let mut start = organization();
    let (parent, _) = start.enable_all_features(&[]);
    for number in 10..40 {
        start.serve_raw_under(
            &parent,
            &format!(r#"{{"Id":"h-hiddenchild{number}","State":"OPEN"}}"#),
        );
    }
    start.refuse_gone_parents(false);
    let simulator = Simulator::start(start);
    assert_eq!(sandbox.sync(&simulator).expect(0).summary()["added"], 31);
    simulator.with(|organization| {
        organization.cancel(&parent);
        organization.advance(chrono::TimeDelta::days(31));
    });
    simulator
        .inject(When::list().under_parent().after(1), Fault::invalid_input("INVALID_NEXT_TOKEN"));
    let summary = sandbox.sync(&simulator).expect(4).summary();
    assert_eq!((&summary["outcome"], &summary["gone"]), (&"failed".into(), &0.into()));
}

#[test]
fn an_answer_that_nobody_can_read_is_kept_verbatim() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    let body = b"<html>please log in</html>".to_vec();
    simulator.inject(
        When::list(),
        Fault::Answer { status: 200, content_type: "text/html".to_owned(), body },
    );
    sandbox.sync(&simulator).expect(4);
    assert_eq!(
        sandbox.database().texts("SELECT CAST(payload AS TEXT) FROM quarantine"),
        ["<html>please log in</html>"]
    );
}

#[test]
fn an_object_that_is_no_list_is_not_taken_for_an_empty_organization() {
    let sandbox = Sandbox::new();
    let mut start = organization();
    start.populate(3);
    let simulator = Simulator::start(start);
    sandbox.sync(&simulator).expect(0);
    for body in ["{}", r#"{"message":"moved"}"#, "[]", "null"] {
        let fault = Fault::Answer {
            status: 200,
            content_type: "application/x-amz-json-1.1".to_owned(),
            body: body.into(),
        };
        simulator.inject(When::list(), fault);
        assert_eq!(sandbox.sync(&simulator).expect(4).summary()["gone"], 0, "{body}");
        simulator.clear_faults();
    }
    assert_eq!(
        sandbox.database().number("SELECT count(*) FROM handshakes WHERE gone_at IS NULL"),
        3
    );
}

#[test]
fn a_token_that_repeats_fails_the_sync_without_a_further_call() {
    for after in [0, 1] {
        let sandbox = Sandbox::new();
        let mut start = organization();
        start.populate(100);
        let simulator = Simulator::start(start);
        simulator.inject(When::list().after(after), Fault::RepeatToken);
        let run = sandbox.sync_with(&simulator, &["--max-attempts", "5"]);
        let summary = run.expect(4).says(&["runs in a circle", "nothing counts as gone"]).summary();
        assert_eq!(
            (&summary["outcome"], &summary["error_code"]),
            (&"failed".into(), &"TokenRepeated".into())
        );
        // Page 1 gives token T (or page 2 does); the page that T asks for gives T again, and that
        // is the last call.
        assert_eq!(list_calls(&simulator), 2, "after {after}");
        assert_eq!(summary["pages"], 2, "the page that came with the repeated token is kept");
        sandbox.database().assert_sound();
    }
}

#[test]
fn a_circle_of_two_tokens_fails_the_sync_without_a_further_call() {
    let sandbox = Sandbox::new();
    let mut start = organization();
    start.populate(100);
    let simulator = Simulator::start(start);
    simulator.inject(When::list(), Fault::CycleTokens);
    let summary = sandbox.sync(&simulator).expect(4).says(&["runs in a circle"]).summary();
    assert_eq!(summary["outcome"], "failed");
    // A, B, A: the third answer repeats the first token.
    assert_eq!(list_calls(&simulator), 3);
}

#[test]
fn silence_from_the_first_call_on_ends_at_the_timeout() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    simulator.inject(When::any(), Fault::Silence);
    let began = Instant::now();
    let run = sandbox.sync_with(&simulator, &["--timeout", "1s"]);
    run.expect(4).says(&["no answer in time", "--timeout"]);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert_eq!(sandbox.database().texts("SELECT error_code FROM syncs"), ["TimedOut"]);
}

#[test]
fn silence_ends_at_the_deadline_however_many_attempts_are_left() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    simulator.inject(When::list(), Fault::Silence);
    let mut command = sandbox.sync_command(&simulator);
    let run = run(command.args(["--timeout", "30s", "--deadline", "1s", "--max-attempts", "50"]));
    run.expect(4).says(&["deadline of 1s passed"]);
}

#[test]
fn a_handshake_that_stands_on_two_pages_is_one_and_a_flip_between_them_is_kept() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    let page = |elements: &str, token: &str| Fault::Answer {
        status: 200,
        content_type: "application/x-amz-json-1.1".to_owned(),
        body: format!(r#"{{"Handshakes":[{elements}]{token}}}"#).into_bytes(),
    };
    let open = r#"{"Id":"h-flipflop11","State":"OPEN"}"#;
    let accepted = r#"{"Id":"h-flipflop11","State":"ACCEPTED"}"#;
    simulator.inject(When::list().times(1), page(&format!("{open},{open}"), r#","NextToken":"n""#));
    simulator.inject(When::list(), page(accepted, ""));
    let summary = sandbox.sync(&simulator).expect(0).summary();
    assert_eq!(
        (&summary["listed"], &summary["added"], &summary["changed"]),
        (&1.into(), &1.into(), &0.into())
    );
    let database = sandbox.database();
    assert_eq!(
        database.texts("SELECT state FROM handshakes"),
        ["ACCEPTED"],
        "the later page is the newer content"
    );
    assert_eq!(
        database.lines("SELECT v.state, o.seen_sync_id, o.gone_sync_id FROM observations AS o JOIN handshake_versions AS v USING (version_id) ORDER BY observation_id"),
        ["OPEN|1|1", "ACCEPTED|1|NULL"]
    );
    assert_eq!(
        database.lines("SELECT from_state, to_state FROM transitions ORDER BY from_state"),
        ["NULL|OPEN", "OPEN|ACCEPTED"]
    );
}
