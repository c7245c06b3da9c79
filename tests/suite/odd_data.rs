//! What AWS has never sent yet: new values, new members, missing ones, and elements that are no
//! handshake.

use handshake_archive_simulator::{Fault, Simulator, When};

use crate::harness::{Sandbox, organization};

#[test]
fn what_is_new_or_missing_is_archived_to_the_letter() {
    let elements = [
        // New state, action, party type, resource type; new members at every level.
        r#"{"Id":"h-newvalues1","State":"PONDERING","Action":"MERGE_ORGANIZATIONS","Arn":"arn:aws-moon:organizations::999999999999:handshake/o-moon/merge/h-newvalues1","RequestedTimestamp":1.482952459257E9,"ExpirationTimestamp":1482952459.2575,"Priority":{"Level":12345678901234567890123,"Tags":[1.50,null,true]},"Parties":[{"Id":"x","Type":"PLANET","Moons":2}],"Resources":[{"Type":"ORBIT","Value":"v","Unit":"km","Resources":[{"Type":"MASS","Value":"\u00e9\ud83e\udd1d\u0000","Resources":[],"Error":0.1}]}]}"#,
        // Nothing but the Id.
        r#"{"Id":"h-onlyanid11"}"#,
        // Null everywhere.
        r#"{ "Id" : "h-nullnull11", "Arn":null,"Parties":null,"State":null,"RequestedTimestamp":null,"ExpirationTimestamp":null,"Action":null,"Resources":null }"#,
        // Parties and resources with nothing in them, or null in them.
        r#"{"Id":"h-emptyempty","Parties":[{},{"Id":null,"Type":null}],"Resources":[{},{"Type":null,"Value":null,"Resources":null}]}"#,
        // Times that the calendar does not hold.
        r#"{"Id":"h-absurdtime","RequestedTimestamp":-1e300,"ExpirationTimestamp":99999999999999999999}"#,
    ];
    let sandbox = Sandbox::new();
    let mut organization = organization();
    for element in elements {
        organization.serve_raw(element);
    }
    let simulator = Simulator::start(organization);
    // One attempt a call: an element that the SDK cannot read costs no second one.
    simulator.clear_requests();
    let summary = sandbox.sync(&simulator).expect(0).summary();
    assert_eq!((&summary["added"], &summary["quarantined"]), (&5.into(), &0.into()));

    let database = sandbox.database();
    database.assert_sound();
    assert_eq!(
        database.texts("SELECT payload FROM handshake_versions ORDER BY version_id"),
        elements
    );
    assert_eq!(
        database.lines("SELECT id, organization_id, action, state, requested_at, expires_at FROM handshakes ORDER BY handshake_id"),
        [
            "h-newvalues1|o-moon|MERGE_ORGANIZATIONS|PONDERING|2016-12-28T19:14:19.257Z|2016-12-28T19:14:19.258Z",
            "h-onlyanid11|NULL|NULL|NULL|NULL|NULL",
            "h-nullnull11|NULL|NULL|NULL|NULL|NULL",
            "h-emptyempty|NULL|NULL|NULL|NULL|NULL",
            "h-absurdtime|NULL|NULL|NULL|NULL|NULL",
        ]
    );
    assert_eq!(
        database.lines("SELECT id, position, type, party_id FROM handshakes JOIN parties USING (handshake_id) ORDER BY handshake_id, position"),
        ["h-newvalues1|0|PLANET|x", "h-emptyempty|0|NULL|NULL", "h-emptyempty|1|NULL|NULL"]
    );
    assert_eq!(
        database.lines("SELECT id, ordinal, parent_ordinal, depth, type, value FROM handshakes JOIN resources USING (handshake_id) ORDER BY handshake_id, ordinal"),
        [
            "h-newvalues1|0|NULL|0|ORBIT|v",
            "h-newvalues1|1|0|1|MASS|\u{e9}\u{1f91d}\0",
            "h-emptyempty|0|NULL|0|NULL|NULL",
            "h-emptyempty|1|NULL|0|NULL|NULL",
        ]
    );
    let summary = sandbox.sync(&simulator).expect(0).summary();
    assert_eq!((&summary["added"], &summary["changed"]), (&0.into(), &0.into()));
}

#[test]
fn an_element_without_an_id_goes_to_quarantine_and_the_sync_goes_on() {
    let sandbox = Sandbox::new();
    let mut organization = organization();
    organization.serve_raw(r#"{"Id":"h-goodfirst1","State":"OPEN"}"#);
    organization.serve_raw(r#"{"State":"OPEN","Parties":[{"Id":"x","Type":"EMAIL"}]}"#);
    organization.serve_raw(r#"{"Id":"h-goodthird1","State":"OPEN"}"#);
    let simulator = Simulator::start(organization);

    let run = sandbox.sync(&simulator);

    let summary = run.expect(0).summary();
    assert_eq!((&summary["added"], &summary["quarantined"]), (&2.into(), &1.into()));
    assert_eq!(summary["outcome"], "complete");
    run.says(&["warning: 1 of the elements", "quarantine"]);
    let database = sandbox.database();
    assert_eq!(
        database.texts("SELECT id FROM handshakes ORDER BY id"),
        ["h-goodfirst1", "h-goodthird1"]
    );
    assert_eq!(
        database.lines("SELECT sync_id, id, reason, CAST(payload AS TEXT) FROM quarantine"),
        [
            r#"1|NULL|the handshake has no Id|{"State":"OPEN","Parties":[{"Id":"x","Type":"EMAIL"}]}"#
        ]
    );
}

#[test]
fn elements_of_the_wrong_shape_go_to_quarantine_verbatim_without_a_second_attempt() {
    let odd = [
        "null",
        "17",
        r#""text""#,
        "[]",
        r#"{"Id":5}"#,
        r#"{"Id":"h-wrongtype1","State":["OPEN"]}"#,
        r#"{"Id":"h-wrongparty","Parties":[7]}"#,
        r#"{"Id":"h-twicetwice","State":"OPEN","State":"DECLINED"}"#,
        r#"{"Id":"h-surrogate1","State":"\ud800"}"#,
    ];
    let sandbox = Sandbox::new();
    let mut organization = organization();
    organization.serve_raw(r#"{"Id":"h-goodfirst1","State":"OPEN"}"#);
    for element in odd {
        organization.serve_raw(element);
    }
    let simulator = Simulator::start(organization);
    let summary = sandbox.sync_with(&simulator, &["--max-attempts", "5"]).expect(0).summary();
    assert_eq!((&summary["added"], &summary["quarantined"]), (&1.into(), &odd.len().into()));
    assert_eq!(
        sandbox
            .database()
            .texts("SELECT CAST(payload AS TEXT) FROM quarantine ORDER BY quarantine_id"),
        odd
    );
    let calls = simulator
        .requests()
        .iter()
        .filter(|r| {
            r.operation == handshake_archive_simulator::Operation::ListHandshakesForOrganization
        })
        .count();
    assert_eq!(calls, 1, "the SDK cannot read the page; we can, and it would be the same again");
}

#[test]
fn a_handshake_that_is_shown_but_unreadable_is_not_gone() {
    let sandbox = Sandbox::new();
    let mut start = organization();
    start.serve_raw(r#"{"Id":"h-readable11","State":"OPEN"}"#);
    start.serve_raw(r#"{"Id":"h-bystander1","State":"OPEN"}"#);
    let simulator = Simulator::start(start);
    sandbox.sync(&simulator).expect(0);
    let serve = |elements: &[&str]| {
        simulator.with(|organization| {
            organization.clear_raw();
            elements.iter().for_each(|element| organization.serve_raw(element));
        });
        sandbox.sync(&simulator).expect(0).summary()["gone"].as_i64().unwrap()
    };
    // Its Id can be read: it was shown. The other one was not.
    assert_eq!(serve(&[r#"{"Id":"h-readable11","State":5}"#]), 1);
    assert_eq!(
        sandbox.database().texts("SELECT id FROM handshakes WHERE gone_at IS NULL"),
        ["h-readable11"]
    );
    // No Id can be read: it may be any handshake, so none is known to be absent.
    assert_eq!(serve(&[r#"{"State":"OPEN"}"#]), 0);
    assert_eq!(serve(&[]), 1);
}

#[test]
fn a_deep_nesting_spoils_only_its_own_element() {
    let nested = |id: &str, depth: usize| {
        let open = r#"[{"Type":"T","Value":"v","Resources":"#.repeat(depth);
        format!(r#"{{"Id":"{id}","Resources":{open}[]{}}}"#, "}]".repeat(depth))
    };
    let sandbox = Sandbox::new();
    let mut organization = organization();
    organization.serve_raw(&nested("h-tenlevels1", 10));
    organization.serve_raw(&nested("h-sixtylevel", 60));
    organization.serve_raw(&nested("h-toomany111", 2000));
    organization.serve_raw(r#"{"Id":"h-goodlast11","State":"OPEN"}"#);
    let simulator = Simulator::start(organization);
    let summary = sandbox.sync(&simulator).expect(0).summary();
    assert_eq!((&summary["added"], &summary["quarantined"]), (&3.into(), &1.into()));
    let database = sandbox.database();
    assert_eq!(
        database.lines("SELECT id, max(depth) FROM handshakes JOIN resources USING (handshake_id) GROUP BY id ORDER BY id"),
        ["h-sixtylevel|59", "h-tenlevels1|9"]
    );
    assert!(database.texts("SELECT reason FROM quarantine")[0].contains("nested more deeply"));
}

#[test]
fn bytes_that_are_no_text_are_kept_as_they_came() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    let body = b"{\"Handshakes\":[{\"Id\":\"h-goodfirst1\"},{\"Id\":\"h-\xff\xfe\"}]}".to_vec();
    let answer =
        Fault::Answer { status: 200, content_type: "application/x-amz-json-1.1".to_owned(), body };
    simulator.inject(When::list().times(1), answer);
    let summary = sandbox.sync(&simulator).expect(0).summary();
    assert_eq!((&summary["added"], &summary["quarantined"]), (&1.into(), &1.into()));
    assert_eq!(
        sandbox.database().texts("SELECT hex(payload) FROM quarantine"),
        ["7B224964223A22682DFFFE227D"]
    );
}

#[test]
fn a_reordered_answer_is_no_new_version_and_a_changed_one_is() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    let sync = |element: &str| {
        simulator.with(|organization| {
            organization.clear_raw();
            organization.serve_raw(element);
        });
        sandbox.sync(&simulator).expect(0).summary()["changed"].as_i64().unwrap()
    };
    let first = r#"{"Id":"h-reordered1","State":"OPEN","RequestedTimestamp":1482952459.257,"Parties":[{"Id":"a","Type":"ACCOUNT"},{"Id":"b","Type":"EMAIL"}]}"#;
    let reordered = r#"{"Parties":[{"Type":"EMAIL","Id":"b"},{"Id":"a","Type":"ACCOUNT"}],"RequestedTimestamp":1.482952459257E9,"State":"OPEN","Id":"h-reordered1"}"#;
    let changed = r#"{"Id":"h-reordered1","State":"OPEN","RequestedTimestamp":1482952459.258,"Parties":[{"Id":"a","Type":"ACCOUNT"},{"Id":"b","Type":"EMAIL"}]}"#;
    assert_eq!(sync(first), 0);
    assert_eq!(sync(reordered), 0);
    assert_eq!(sync(changed), 1);
    assert_eq!(sync(reordered), 1, "back to the first content is a change too");
    let database = sandbox.database();
    assert_eq!(
        database.texts("SELECT payload FROM handshake_versions ORDER BY version"),
        [first, changed]
    );
    assert_eq!(
        database.lines("SELECT version, seen_sync_id, gone_sync_id FROM observations JOIN handshake_versions USING (version_id) ORDER BY observation_id"),
        ["1|1|3", "2|3|4", "1|4|NULL"]
    );
    // The tables show the content as evidence has it, not in the order in which it came last.
    let mut verify = sandbox.bare();
    crate::process::run(verify.arg("--archive").arg(sandbox.archive()).arg("verify")).expect(0);
}

#[test]
fn a_list_that_names_two_organizations_says_of_nothing_that_it_is_gone() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    simulator.inject(When::describe(), Fault::access_denied());
    let of = |id: &str, organization: &str| {
        format!(
            r#"{{"Id":"{id}","Arn":"arn:aws:organizations::111111111111:handshake/{organization}/invite/{id}"}}"#
        )
    };
    let gone = |elements: &[String]| {
        simulator.with(|organization| {
            organization.clear_raw();
            elements.iter().for_each(|element| organization.serve_raw(element));
        });
        sandbox.sync(&simulator).expect(0).summary()["gone"].as_i64().unwrap()
    };
    assert_eq!(gone(&[of("h-firstfirst", "o-firstorgid"), of("h-stayshere1", "o-firstorgid")]), 0);
    assert_eq!(gone(&[of("h-stayshere1", "o-firstorgid"), of("h-stranger11", "o-strangers1")]), 0);
    assert_eq!(gone(&[of("h-stayshere1", "o-firstorgid")]), 2);
}
