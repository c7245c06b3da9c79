use std::collections::HashSet;

use chrono::{TimeDelta, TimeZone, Utc};
use handshake_archive_simulator::{API_PAGE_EXAMPLE, Organization, Simulator};
use serde_json::json;

use crate::client::Client;

pub fn organization() -> Organization {
    let now = Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap();
    Organization::new("o-exampleorgid", "111111111111", now)
}

fn populated(count: usize) -> Simulator {
    let mut organization = organization();
    organization.populate(count);
    Simulator::start(organization)
}

#[test]
fn an_empty_organization_answers_one_empty_page() {
    let simulator = Simulator::start(organization());
    let answer = Client::connect(&simulator.url()).list(json!({}));
    assert_eq!(answer.body, r#"{"Handshakes":[]}"#);
}

#[test]
fn the_example_of_the_api_page_is_served_byte_for_byte() {
    let simulator = Simulator::start(Organization::api_page_example());
    let answer = Client::connect(&simulator.url()).list(json!({}));
    let [first, second] = API_PAGE_EXAMPLE;
    assert_eq!(answer.body, format!(r#"{{"Handshakes":[{first},{second}]}}"#));
    let page = answer.json();
    let resources = |n: usize| {
        let top = page["Handshakes"][n]["Resources"].as_array().unwrap();
        top.len() + top[0]["Resources"].as_array().unwrap().len()
    };
    assert_eq!((resources(0), resources(1)), (5, 5));
    for n in 0..2 {
        let handshake = &page["Handshakes"][n];
        let at =
            |name: &str| Utc.timestamp_opt(handshake[name].as_f64().unwrap() as i64, 0).unwrap();
        let requested = Utc.with_ymd_and_hms(2017, 1, 13, 14, 35, 23).unwrap();
        assert_eq!(at("RequestedTimestamp"), requested);
        assert_eq!(at("ExpirationTimestamp"), requested + TimeDelta::days(15));
    }
}

#[test]
fn pages_show_every_handshake_once_whatever_their_size() {
    let simulator = populated(103);
    let mut client = Client::connect(&simulator.url());
    let truth: Vec<String> = simulator.with(|o| o.visible().into_iter().map(|v| v.id).collect());
    assert_eq!(truth.iter().collect::<HashSet<_>>().len(), 103);
    for (input, pages) in [
        (json!({}), 6),
        (json!({"MaxResults": 20}), 6),
        (json!({"MaxResults": 1}), 103),
        (json!({"MaxResults": 7}), 15),
    ] {
        assert_eq!(client.ids(input.clone()), truth, "{input}");
        assert_eq!(client.pages(input).len(), pages);
    }
}

#[test]
fn the_list_serves_exactly_the_bytes_that_visible_tells() {
    let simulator = populated(20);
    let body = Client::connect(&simulator.url()).list(json!({})).body;
    let truth: Vec<String> = simulator.with(|o| o.visible().into_iter().map(|v| v.json).collect());
    assert_eq!(body, format!(r#"{{"Handshakes":[{}]}}"#, truth.join(",")));
}

#[test]
fn a_listing_keeps_showing_what_stood_when_it_began() {
    let simulator = populated(45);
    let mut client = Client::connect(&simulator.url());
    let truth: Vec<String> = simulator.with(|o| o.visible().into_iter().map(|v| v.id).collect());
    let first = client.list(json!({})).json();
    simulator.with(|o| {
        o.invite_account("222222222222", None);
        o.advance(TimeDelta::days(20));
    });
    let rest = client.ids(json!({"NextToken": first["NextToken"]}));
    assert_eq!(rest, truth[20..]);
}

#[test]
fn a_page_can_be_asked_for_again() {
    let simulator = populated(45);
    let mut client = Client::connect(&simulator.url());
    let first = client.list(json!({})).json();
    let ask = json!({"NextToken": first["NextToken"]});
    let (once, again) = (client.list(ask.clone()).json(), client.list(ask).json());
    assert_eq!(once["Handshakes"], again["Handshakes"]);
}

#[test]
fn filters_show_the_action_or_the_children_asked_for() {
    let simulator = Simulator::start(organization());
    let mut client = Client::connect(&simulator.url());
    let (invite, role, transfer, parent, children) = simulator.with(|o| {
        let (parent, children) = o.enable_all_features(&["222222222222", "333333333333"]);
        let starts = o.now() + TimeDelta::days(31);
        (
            o.invite_account("444444444444", None),
            o.service_linked_role("222222222222"),
            o.transfer_responsibility("555555555555", "billing@example.com", starts),
            parent,
            children,
        )
    });
    let mut by_action = |action: &str| client.ids(json!({"Filter": {"ActionType": action}}));
    assert_eq!(by_action("INVITE"), std::slice::from_ref(&invite));
    assert_eq!(by_action("ENABLE_ALL_FEATURES"), std::slice::from_ref(&parent));
    assert_eq!(by_action("APPROVE_ALL_FEATURES"), children);
    assert_eq!(by_action("ADD_ORGANIZATIONS_SERVICE_LINKED_ROLE"), [role]);
    assert_eq!(by_action("TRANSFER_RESPONSIBILITY"), [transfer]);
    let mut under = |id: &str| client.ids(json!({"Filter": {"ParentHandshakeId": id}}));
    assert_eq!(under(&parent), children);
    assert!(under(&invite).is_empty());
    assert_eq!(client.ids(json!({"Filter": {}})).len(), 6);

    simulator.with(|o| o.hide_children_from_unfiltered(true));
    assert_eq!(client.ids(json!({})).len(), 4);
    assert_eq!(client.ids(json!({"Filter": {"ParentHandshakeId": parent}})), children);
}

#[test]
fn raw_elements_stand_in_the_list_as_they_are() {
    let mut organization = organization();
    organization.serve_raw("{ \"Id\" : 7 }");
    organization.serve_raw("[1,  2]");
    organization.serve_raw_under("h-rawparent1", "{\"Id\":\"h-rawchild01\"}");
    let simulator = Simulator::start(organization);
    let mut client = Client::connect(&simulator.url());
    assert_eq!(client.list(json!({})).body, r#"{"Handshakes":[{ "Id" : 7 },[1,  2]]}"#);
    let under = client.list(json!({"Filter": {"ParentHandshakeId": "h-rawparent1"}}));
    assert_eq!(under.body, r#"{"Handshakes":[{"Id":"h-rawchild01"}]}"#);
    assert_eq!(simulator.with(|o| o.visible().len()), 2);
    simulator.with(|o| o.clear_raw());
    assert_eq!(client.list(json!({})).body, r#"{"Handshakes":[]}"#);
}
