//! The tables for SQL hold nothing that evidence does not.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use handshake_archive::archive::{
    Archive, ArchiveReader, Attempt, ChildrenAnswer, Identity, Outcome, Scope,
};
use handshake_archive::handshake::{Filter, Page};
use handshake_archive::organizations::LIST_HANDSHAKES_FOR_ORGANIZATION;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{Sandbox, noon, open};

/// One sync of a random history.
#[derive(Debug, Clone)]
struct Step {
    filter: Filter,
    outcome: u8,
    told_organization: bool,
    pages: Vec<(Option<u8>, Vec<Value>)>,
    refused: bool,
}

fn name(number: u8) -> String {
    format!("h-handshake{number}")
}

fn element() -> impl Strategy<Value = Value> {
    let state = prop::sample::select(vec!["OPEN", "ACCEPTED", "PONDERING"]);
    let action =
        prop::sample::select(vec!["INVITE", "ENABLE_ALL_FEATURES", "APPROVE_ALL_FEATURES"]);
    let organization = prop::sample::select(vec!["o-firstorgid", "o-secondorg1", ""]);
    let account = prop::sample::select(vec!["111111111111", "222222222222"]);
    let parent = prop::option::of(0..3_u8);
    let good = (0..6_u8, state, action, organization, account, parent, 0..=2_usize, any::<bool>()).prop_map(
        |(number, state, action, organization, account, parent, extra, reversed)| {
            // The second says what no party does.
            let values = [account, "444444444444"];
            let mut resources: Vec<Value> =
                values[..extra].iter().map(|value| json!({"Type": "ACCOUNT", "Value": value})).collect();
            let mut parties = vec![json!({"Id": account, "Type": "ACCOUNT"}), json!({"Id": "333333333333", "Type": "ACCOUNT"})];
            if let Some(parent) = parent {
                let value = name(parent).split_off(usize::from(parent % 2) * 2);
                let nested = json!({"Type": "PARENT_HANDSHAKE", "Value": value});
                resources.push(json!({"Type": "ORGANIZATION", "Value": "firstorgid", "Resources": [nested]}));
            }
            if reversed {
                resources.reverse();
                parties.reverse();
            }
            let mut value = json!({"Id": name(number), "State": state, "Action": action, "Resources": resources,
                "Parties": parties, "RequestedTimestamp": 1_482_952_459.257});
            if !organization.is_empty() {
                value["Arn"] = format!("arn:aws:organizations::{account}:handshake/{organization}/invite/x").into();
            }
            value
        },
    );
    prop_oneof![
        12 => good,
        1 => Just(json!({"State": "OPEN"})),
        1 => (0..6_u8).prop_map(|number| json!({"Id": name(number), "State": 1})),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let filter = prop_oneof![
        6 => Just(Filter::None),
        1 => Just(Filter::ActionType("INVITE".to_owned())),
        1 => (0..3_u8).prop_map(|number| Filter::ParentHandshakeId(name(number))),
    ];
    let page = (prop::option::weighted(0.3, 0..3_u8), prop::collection::vec(element(), 0..5));
    (filter, 0..6_u8, any::<bool>(), prop::collection::vec(page, 0..4), any::<bool>()).prop_map(
        |(filter, outcome, told_organization, pages, refused)| Step {
            filter,
            outcome,
            told_organization,
            pages,
            refused,
        },
    )
}

const TABLES: [(&str, &str); 4] =
    [("organizations", "1"), ("handshakes", "1"), ("parties", "1, 2"), ("resources", "1, 2")];

fn tables(sandbox: &Sandbox) -> Vec<String> {
    let database = sandbox.database();
    let dump = |(table, order): (&str, &str)| {
        database.lines(&format!("SELECT * FROM {table} ORDER BY {order}"))
    };
    TABLES.into_iter().flat_map(dump).collect()
}

/// Plays a history into an archive and gives the state that each handshake was last shown in.
fn play(archive: &mut Archive, steps: &[Step]) -> BTreeMap<String, String> {
    let mut last_shown = BTreeMap::new();
    for (hours, step) in steps.iter().enumerate() {
        let time = noon() + TimeDelta::hours(hours as i64);
        let attempt = Attempt {
            operation: LIST_HANDSHAKES_FOR_ORGANIZATION,
            filter: step.filter.clone(),
            started_at: time,
        };
        let mut recorder = archive.begin(&attempt).unwrap();
        recorder.identify(Identity {
            organization_id: step.told_organization.then(|| "o-firstorgid".to_owned()),
            ..Identity::default()
        });
        for (parent, elements) in &step.pages {
            let scope = match (parent, &step.filter) {
                (_, Filter::ParentHandshakeId(parent)) => Scope::ChildrenOf(parent.clone()),
                (Some(parent), Filter::None) => Scope::ChildrenOf(name(*parent)),
                _ => Scope::Unrestricted,
            };
            let body = json!({"Handshakes": elements, "NextToken": null}).to_string().into_bytes();
            recorder.record([(scope, Page::read(body).unwrap())], time).unwrap();
            for element in elements {
                if let (Some(id), Some(state)) = (element["Id"].as_str(), element["State"].as_str())
                {
                    last_shown.insert(id.to_owned(), state.to_owned());
                }
            }
        }
        for number in 0..3 {
            let answer =
                if step.refused { ChildrenAnswer::Refused } else { ChildrenAnswer::Listed };
            recorder.children_answered(name(number), answer);
        }
        let outcome = match step.outcome {
            0 => Outcome::Failed { code: "ServiceException".to_owned(), message: "no".to_owned() },
            1 => Outcome::Interrupted { message: "stopped".to_owned() },
            // Not finished at all: the process was killed.
            2 => continue,
            _ => Outcome::Complete,
        };
        recorder.finish(&outcome, time).unwrap();
    }
    last_shown
}

/// The resources whose beyond_parties is not what their row and those of the parties say.
const MISTOLD_BEYOND_PARTIES: &str = "
    SELECT count(*) FROM resources AS r
    WHERE r.beyond_parties IS NOT (
        ifnull(r.type, '') IN ('ACCOUNT', 'EMAIL', 'MANAGEMENT_ACCOUNT', 'MANAGEMENT_EMAIL')
        AND r.value IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM parties AS p
            WHERE p.handshake_id = r.handshake_id AND p.type IS NOT 'ORGANIZATION'
              AND p.party_id = r.value COLLATE NOCASE))";

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_rebuild_gives_the_very_rows_that_recording_gave(steps in prop::collection::vec(step(), 1..8)) {
        let sandbox = Sandbox::new();
        let mut archive = open(&sandbox.archive());
        let last_shown = play(&mut archive, &steps);
        let recorded = tables(&sandbox);
        let mut findings = Vec::new();
        let reader = ArchiveReader::open(&sandbox.archive()).unwrap();
        reader.verify(&[], &mut |finding| findings.push(finding)).unwrap();
        drop(reader);
        prop_assert_eq!(findings, []);
        archive.rebuild_projection().unwrap();
        prop_assert_eq!(&tables(&sandbox), &recorded);
        let states = sandbox.database().lines("SELECT id, state FROM handshakes ORDER BY id");
        let expected: Vec<String> = last_shown.iter().map(|(id, state)| format!("{id}|{state}")).collect();
        prop_assert_eq!(states, expected);
        prop_assert_eq!(sandbox.database().texts("PRAGMA foreign_key_check"), Vec::<String>::new());
        prop_assert_eq!(sandbox.database().number(MISTOLD_BEYOND_PARTIES), 0);
    }
}

#[test]
fn a_rebuild_that_meets_an_altered_payload_names_it_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let mut archive = open(&sandbox.archive());
    let element =
        json!({"Id": name(1), "State": "OPEN", "Parties": [{"Id": "a", "Type": "ACCOUNT"}]});
    let step = Step {
        filter: Filter::None,
        outcome: 5,
        told_organization: true,
        pages: vec![(None, vec![element])],
        refused: false,
    };
    play(&mut archive, &[step]);
    let recorded = tables(&sandbox);
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let other = rusqlite::Connection::open_with_flags(sandbox.archive(), flags).unwrap();
    other.execute_batch("DROP TRIGGER handshake_versions_are_permanent; UPDATE handshake_versions SET payload = '{}'").unwrap();
    let error = archive.rebuild_projection().unwrap_err().to_string();
    assert!(error.contains("damaged") && error.contains("version 1 of handshake 1"), "{error}");
    assert_eq!(tables(&sandbox), recorded);
}
