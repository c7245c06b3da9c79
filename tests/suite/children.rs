//! All-features requests: parents, children, and what their absence means.

use handshake_archive_simulator::{Operation, Simulator};

use crate::harness::{Sandbox, organization};

fn asked_parents(simulator: &Simulator) -> Vec<String> {
    let requests = simulator.requests();
    requests.into_iter().filter_map(|request| request.parent).collect()
}

#[test]
fn children_that_only_their_parents_list_shows_are_archived_and_linked() {
    let sandbox = Sandbox::new();
    let mut organization = organization();
    let (parent, mut children) =
        organization.enable_all_features(&["333333333333", "444444444444"]);
    organization.hide_children_from_unfiltered(true);
    let simulator = Simulator::start(organization);
    let summary = sandbox.sync(&simulator).expect(0).summary();
    assert_eq!(summary["added"], 3);
    assert_eq!(asked_parents(&simulator), std::slice::from_ref(&parent), "asked once");
    let database = sandbox.database();
    children.sort();
    assert_eq!(
        database.texts(&format!(
            "SELECT id FROM handshakes WHERE parent_handshake_id = '{parent}' ORDER BY id"
        )),
        children
    );
    assert_eq!(
        database.number("SELECT count(*) FROM observations WHERE listed_sync_id IS NULL"),
        2
    );
    // An unchanged sync adds a row in syncs and nothing else.
    let summary = sandbox.sync(&simulator).expect(0).summary();
    assert_eq!(
        (&summary["listed"], &summary["changed"], &summary["gone"]),
        (&3.into(), &0.into(), &0.into())
    );
    assert_eq!(sandbox.database().number("SELECT count(*) FROM observations"), 3);
}

#[test]
fn a_child_is_linked_by_the_list_it_stood_in_even_without_a_parent_resource() {
    let sandbox = Sandbox::new();
    let mut organization = organization();
    let (parent, _) = organization.enable_all_features(&[]);
    organization.serve_raw(r#"{"Id":"h-barechild1","State":"OPEN"}"#);
    organization.serve_raw_under(&parent, r#"{"Id":"h-barechild1","State":"OPEN"}"#);
    let simulator = Simulator::start(organization);
    sandbox.sync(&simulator).expect(0);
    assert_eq!(
        sandbox
            .database()
            .texts("SELECT parent_handshake_id FROM handshakes WHERE id = 'h-barechild1'"),
        [parent]
    );
}

#[test]
fn a_child_of_a_parent_that_aws_deleted_is_gone_when_aws_refuses_the_parent() {
    for refused in [true, false] {
        let sandbox = Sandbox::new();
        let mut organization = organization();
        let (parent, _) = organization.enable_all_features(&[]);
        organization.serve_raw_under(&parent, r#"{"Id":"h-hiddenchild","State":"OPEN"}"#);
        organization.refuse_gone_parents(refused);
        let simulator = Simulator::start(organization);
        assert_eq!(sandbox.sync(&simulator).expect(0).summary()["added"], 2);
        simulator.with(|organization| {
            organization.cancel(&parent);
            organization.advance(chrono::TimeDelta::days(31));
            organization.clear_raw();
        });
        simulator.clear_requests();
        let run = sandbox.sync(&simulator);
        assert_eq!(run.expect(0).summary()["gone"], 2, "refused: {refused}");
        assert_eq!(asked_parents(&simulator), [parent], "its children still stood");
        simulator.clear_requests();
        sandbox.sync(&simulator).expect(0);
        assert_eq!(
            asked_parents(&simulator),
            Vec::<String>::new(),
            "nothing of it stands any more"
        );
    }
}

#[test]
fn a_filtered_sync_concludes_absence_only_where_its_list_answers() {
    let sandbox = Sandbox::new();
    let mut start = organization();
    let (parent, _) = start.enable_all_features(&[]);
    let invite = r#"{"Id":"h-invitation","Action":"INVITE","State":"OPEN"}"#;
    let transfer = r#"{"Id":"h-transfer11","Action":"TRANSFER_RESPONSIBILITY","State":"OPEN"}"#;
    let child = r#"{"Id":"h-thechild11","Action":"APPROVE_ALL_FEATURES","State":"OPEN"}"#;
    start.serve_raw(invite);
    start.serve_raw(transfer);
    start.serve_raw_under(&parent, child);
    let simulator = Simulator::start(start);
    assert_eq!(sandbox.sync(&simulator).expect(0).summary()["added"], 4);
    simulator.with(|organization| organization.clear_raw());

    let gone = |arguments: &[&str]| {
        sandbox.sync_with(&simulator, arguments).expect(0);
        sandbox.database().texts("SELECT id FROM handshakes WHERE gone_at IS NOT NULL ORDER BY id")
    };
    assert_eq!(gone(&["--action-type", "INVITE"]), ["h-invitation"]);
    assert_eq!(
        gone(&["--action-type", "APPROVE_ALL_FEATURES"]),
        ["h-invitation"],
        "the child was never in that list"
    );
    assert_eq!(gone(&["--parent-handshake-id", &parent]), ["h-invitation", "h-thechild11"]);
    assert_eq!(gone(&[]), ["h-invitation", "h-thechild11", "h-transfer11"]);
    let database = sandbox.database();
    assert_eq!(
        database.lines(
            "SELECT id, filter_action_type, filter_parent_handshake_id FROM syncs ORDER BY id"
        ),
        [
            "1|NULL|NULL".to_owned(),
            "2|INVITE|NULL".to_owned(),
            "3|APPROVE_ALL_FEATURES|NULL".to_owned(),
            format!("4|NULL|{parent}"),
            "5|NULL|NULL".to_owned(),
        ]
    );
    assert_eq!(
        database.number("SELECT syncs FROM coverage WHERE period = 'covered'"),
        2,
        "filtered syncs cover nothing"
    );
}

#[test]
fn a_filter_is_sent_to_aws_and_no_children_are_asked_for() {
    let sandbox = Sandbox::new();
    let mut start = organization();
    start.enable_all_features(&["333333333333"]);
    start.populate(30);
    let simulator = Simulator::start(start);
    sandbox.sync_with(&simulator, &["--action-type", "ENABLE_ALL_FEATURES"]).expect(0);
    let lists: Vec<_> = simulator
        .requests()
        .into_iter()
        .filter(|r| r.operation == Operation::ListHandshakesForOrganization)
        .collect();
    assert_eq!(lists.len(), 1);
    assert_eq!(lists[0].input["Filter"]["ActionType"], "ENABLE_ALL_FEATURES");
    assert_eq!(
        sandbox.database().texts("SELECT DISTINCT action FROM handshakes"),
        ["ENABLE_ALL_FEATURES"]
    );
}
