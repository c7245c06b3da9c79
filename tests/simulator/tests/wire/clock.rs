use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use handshake_archive_simulator::{Organization, Simulator};
use serde_json::{Value, json};

use crate::client::Client;
use crate::paging::organization;

fn shown(client: &mut Client, id: &str) -> Option<String> {
    let handshake = client.handshake(id)?;
    Some(handshake["State"].as_str().unwrap().to_owned())
}

#[test]
fn an_invitation_expires_after_15_days_and_vanishes_30_days_later() {
    let simulator = Simulator::start(organization());
    let mut client = Client::connect(&simulator.url());
    let id = simulator.with(|o| o.invite_email("juan@example.com", Some("Hola")));
    let start = simulator.now();
    let millisecond = TimeDelta::milliseconds(1);
    let purge = start + TimeDelta::days(45);
    for (at, state) in [
        (start, Some("OPEN")),
        (start + TimeDelta::days(15) - millisecond, Some("OPEN")),
        (start + TimeDelta::days(15), Some("EXPIRED")),
        (purge - millisecond, Some("EXPIRED")),
        (purge, None),
    ] {
        simulator.with(|o| o.set_now(at));
        assert_eq!(shown(&mut client, &id).as_deref(), state, "{at}");
    }
    let history = simulator.with(|o| o.history().remove(0));
    assert_eq!(history.expires_at, start + TimeDelta::days(15));
    assert_eq!(history.purged_at, Some(purge));
    let states: Vec<_> = history.states.iter().map(|(at, s)| (*at, s.as_str())).collect();
    assert_eq!(states, [(start, "OPEN"), (history.expires_at, "EXPIRED")]);
}

#[test]
fn an_answered_invitation_vanishes_30_days_after_the_answer() {
    type End = fn(&mut Organization, &str);
    let ends: [(End, &str); 3] = [
        (Organization::accept, "ACCEPTED"),
        (Organization::decline, "DECLINED"),
        (Organization::cancel, "CANCELED"),
    ];
    for (end, state) in ends {
        let simulator = Simulator::start(organization());
        let mut client = Client::connect(&simulator.url());
        let id = simulator.with(|o| {
            let id = o.invite_account("222222222222", None);
            o.advance(TimeDelta::days(3));
            end(o, &id);
            id
        });
        assert_eq!(shown(&mut client, &id).as_deref(), Some(state));
        simulator.with(|o| o.advance(TimeDelta::days(30) - TimeDelta::milliseconds(1)));
        assert_eq!(shown(&mut client, &id).as_deref(), Some(state));
        assert_eq!(simulator.with(|o| o.history()[0].purged_at), None);
        simulator.with(|o| o.advance(TimeDelta::milliseconds(1)));
        assert_eq!(shown(&mut client, &id), None);
        assert_eq!(simulator.with(|o| o.history()[0].purged_at), Some(simulator.now()));
    }
}

#[test]
#[should_panic(expected = "cannot become ACCEPTED")]
fn an_expired_invitation_cannot_be_accepted() {
    let mut organization = organization();
    let id = organization.invite_account("222222222222", None);
    organization.advance(TimeDelta::days(15));
    organization.accept(&id);
}

#[test]
fn a_request_for_all_features_opens_when_the_last_member_agrees() {
    let simulator = Simulator::start(organization());
    let mut client = Client::connect(&simulator.url());
    let (parent, children) =
        simulator.with(|o| o.enable_all_features(&["222222222222", "333333333333"]));
    let handshake = client.handshake(&children[0]).unwrap();
    let value = &handshake["Resources"][2];
    assert_eq!(*value, json!({"Type": "PARENT_HANDSHAKE", "Value": parent[2..]}));
    simulator.with(|o| o.accept(&children[0]));
    assert_eq!(shown(&mut client, &parent).as_deref(), Some("REQUESTED"));
    simulator.with(|o| o.accept(&children[1]));
    assert_eq!(shown(&mut client, &parent).as_deref(), Some("OPEN"));
    simulator.with(|o| o.accept(&parent));
    assert_eq!(shown(&mut client, &parent).as_deref(), Some("ACCEPTED"));
    let history = simulator.with(|o| o.history());
    assert_eq!(history[0].expires_at - history[0].requested_at, TimeDelta::days(90));
    assert_eq!(history[1].parent, Some(parent));
}

#[test]
fn a_parent_that_is_gone_is_refused_or_has_no_children() {
    let simulator = Simulator::start(organization());
    let mut client = Client::connect(&simulator.url());
    let (parent, _) = simulator.with(|o| o.enable_all_features(&["222222222222"]));
    simulator.with(|o| o.advance(TimeDelta::days(121)));
    let ask = json!({"Filter": {"ParentHandshakeId": parent}});
    assert_eq!(client.list(ask.clone()).error().1, "InvalidInputException");
    simulator.with(|o| o.refuse_gone_parents(false));
    assert_eq!(client.list(ask).body, r#"{"Handshakes":[]}"#);
}

#[test]
fn an_invitation_names_its_parties_as_untidily_as_aws_does() {
    let simulator = Simulator::start(organization());
    let mut client = Client::connect(&simulator.url());
    let id = simulator.with(|o| o.invite_account("222222222222", Some("Hi \"there\"\n")));
    let handshake = client.handshake(&id).unwrap();
    assert_eq!(
        handshake["Arn"],
        format!("arn:aws:organizations::111111111111:handshake/o-exampleorgid/invite/{id}")
    );
    assert_eq!(
        handshake["Parties"],
        json!([{"Id": "exampleorgid", "Type": "ORGANIZATION"}, {"Id": "222222222222", "Type": "ACCOUNT"}])
    );
    assert_eq!(handshake["Resources"][0]["Value"], "o-exampleorgid");
    let nested = handshake["Resources"][0]["Resources"].as_array().unwrap();
    let types: Vec<_> = nested.iter().map(|it| it["Type"].as_str().unwrap()).collect();
    assert_eq!(types, ["MASTER_EMAIL", "MASTER_NAME", "ORGANIZATION_FEATURE_SET"]);
    assert_eq!(handshake["Resources"][2], json!({"Type": "NOTES", "Value": "Hi \"there\"\n"}));
}

#[test]
fn timestamps_tell_the_time_in_both_notations() {
    let mut organization = organization();
    organization.set_now(DateTime::from_timestamp_millis(1_482_952_459_257).unwrap());
    let ids: Vec<_> = (0..8).map(|_| organization.invite_account("222222222222", None)).collect();
    let expires = "1484248459.257";
    let (mut plain, mut exponent) = (0, 0);
    for element in organization.visible() {
        if element.json.contains(r#""RequestedTimestamp":1482952459.257"#) {
            assert!(element.json.contains(r#""ExpirationTimestamp":1.484248459257E9"#));
            plain += 1;
        } else {
            assert!(element.json.contains(r#""RequestedTimestamp":1.482952459257E9"#));
            assert!(element.json.contains(&format!(r#""ExpirationTimestamp":{expires}"#)));
            exponent += 1;
        }
    }
    assert!(plain > 0 && exponent > 0);
    assert_eq!(plain + exponent, ids.len());
}

#[test]
fn a_populated_organization_is_varied_all_visible_and_the_same_every_time() {
    let populated = || {
        let mut organization = organization();
        organization.populate(500);
        organization
    };
    let (one, other) = (populated(), populated());
    let visible = one.visible();
    assert_eq!(visible, other.visible());
    assert_eq!(visible.len(), 500);
    let states: HashSet<&str> = visible.iter().map(|v| v.state.as_str()).collect();
    let all = ["OPEN", "ACCEPTED", "DECLINED", "CANCELED", "EXPIRED"];
    assert_eq!(states, HashSet::from(all));
    let holds = |kind: &str| visible.iter().filter(|v| v.json.contains(kind)).count();
    assert!(holds(r#""Type":"NOTES""#) > 100);
    assert!(holds(r#""Type":"EMAIL""#) > 100);
    let requested: Vec<DateTime<Utc>> = one.history().iter().map(|h| h.requested_at).collect();
    assert!(requested.is_sorted());
    assert!(one.now() - requested[0] > TimeDelta::days(39));
    for element in &visible {
        let value: Value = serde_json::from_str(&element.json).unwrap();
        assert_eq!(value["Id"], element.id);
        assert!(element.id.len() == 18 && element.id.starts_with("h-"));
    }
    for history in one.history() {
        let last = history.states.last().unwrap().0;
        assert!(history.purged_at.is_none() && last <= one.now() && last <= history.expires_at);
    }
}
