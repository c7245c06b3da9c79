use handshake_archive_simulator::{Operation, Simulator};
use serde_json::json;

use crate::client::{Client, DESCRIBE, LIST, authorization};
use crate::paging::organization;

#[test]
fn invalid_input_is_refused_with_the_reason_that_the_model_names() {
    let mut organization = organization();
    organization.populate(30);
    let simulator = Simulator::start(organization);
    let mut client = Client::connect(&simulator.url());
    let token = client.list(json!({})).json()["NextToken"].clone();
    let both = json!({"ActionType": "INVITE", "ParentHandshakeId": "h-0123456789"});
    for (input, reason) in [
        (json!({"MaxResults": 0}), "MIN_VALUE_EXCEEDED"),
        (json!({"MaxResults": -1}), "MIN_VALUE_EXCEEDED"),
        (json!({"MaxResults": 21}), "MAX_VALUE_EXCEEDED"),
        (json!({"Filter": both}), "MAX_LIMIT_EXCEEDED_FILTER"),
        (json!({"Filter": {"ActionType": "invite"}}), "INVALID_ENUM"),
        (json!({"Filter": {"ParentHandshakeId": "h-short"}}), "INVALID_PATTERN"),
        (json!({"Filter": {"ParentHandshakeId": "h-UPPERCASE1"}}), "INVALID_PATTERN"),
        (json!({"Filter": {"ParentHandshakeId": "x0123456789"}}), "INVALID_PATTERN"),
        (json!({"NextToken": "nobody-issued-this"}), "INVALID_NEXT_TOKEN"),
        (json!({"NextToken": ""}), "INVALID_NEXT_TOKEN"),
        (json!({"NextToken": token, "Filter": {"ActionType": "INVITE"}}), "INVALID_NEXT_TOKEN"),
    ] {
        let refused = (400, "InvalidInputException".to_owned(), reason.to_owned());
        assert_eq!(client.list(input.clone()).error(), refused, "{input}");
    }
    assert_eq!(client.list(json!({"NextToken": token, "MaxResults": null})).status, 200);
}

#[test]
fn members_of_another_json_type_do_not_deserialize() {
    let simulator = Simulator::start(organization());
    let mut client = Client::connect(&simulator.url());
    for input in [
        json!({"MaxResults": "20"}),
        json!({"MaxResults": 2.5}),
        json!({"NextToken": 5}),
        json!({"Filter": "INVITE"}),
        json!({"Filter": {"ActionType": 1}}),
        json!([]),
    ] {
        assert_eq!(client.list(input.clone()).error().1, "SerializationException", "{input}");
    }
}

#[test]
fn a_request_without_a_proper_signature_is_refused() {
    let simulator = Simulator::start(organization());
    let mut client = Client::connect(&simulator.url());
    let mut refusal = |authorization: Option<&str>| {
        let mut headers =
            vec![("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", LIST)];
        headers.extend(authorization.map(|it| ("Authorization", it)));
        client.send(&headers, "{}");
        client.receive().unwrap().error()
    };
    assert_eq!(refusal(None).1, "MissingAuthenticationTokenException");
    for malformed in [
        "Bearer abc",
        "AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/organizations/aws4_request",
        &authorization("organizations").replace("aws4_request", "request"),
        &authorization("organizations").replace("20260101", "today"),
        &authorization("organizations").replace("AKIDEXAMPLE", ""),
        &authorization("organizations").replace("000", "g"),
    ] {
        let refused = refusal(Some(malformed));
        assert_eq!(
            (refused.0, refused.1.as_str()),
            (400, "IncompleteSignatureException"),
            "{malformed}"
        );
    }
    let other_service = refusal(Some(&authorization("sts")));
    assert_eq!(other_service.1, "InvalidSignatureException");
}

#[test]
fn an_unknown_operation_is_refused() {
    let simulator = Simulator::start(organization());
    let mut client = Client::connect(&simulator.url());
    let answer = client.call("AWSOrganizationsV20161128.DescribeHandshake", &json!({}));
    assert_eq!(answer.error(), (400, "UnknownOperationException".into(), String::new()));
    assert_eq!(simulator.requests()[0].operation, Operation::Other);
}

#[test]
fn describe_organization_has_the_documented_shape() {
    let simulator = Simulator::start(organization());
    let answer = Client::connect(&simulator.url()).call(DESCRIBE, &json!({}));
    assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(
        answer.json(),
        json!({"Organization": {
            "Id": "o-exampleorgid",
            "Arn": "arn:aws:organizations::111111111111:organization/o-exampleorgid",
            "FeatureSet": "ALL",
            "MasterAccountArn": "arn:aws:organizations::111111111111:account/o-exampleorgid/111111111111",
            "MasterAccountId": "111111111111",
            "MasterAccountEmail": "management@example.com",
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }})
    );
}

#[test]
fn the_caller_identity_is_answered_in_the_query_protocol() {
    let simulator = Simulator::start(organization());
    let mut client = Client::connect(&simulator.url());
    let answer = client.identity();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/xml")));
    assert!(answer.body.contains("<Arn>arn:aws:iam::111111111111:user/auditor</Arn>"));
    assert!(answer.body.contains("<Account>111111111111</Account>"));
    assert!(answer.body.contains("<UserId>"));

    client.send(
        &[("Content-Type", "application/x-www-form-urlencoded")],
        "Action=GetCallerIdentity&Version=2011-06-15",
    );
    let refused = client.receive().unwrap();
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("<Code>MissingAuthenticationToken</Code>"));
}

#[test]
fn the_log_holds_what_was_asked_on_one_kept_connection() {
    let mut organization = organization();
    organization.populate(21);
    let simulator = Simulator::start(organization);
    let mut client = Client::connect(&simulator.url());
    let token = client.list(json!({"MaxResults": 20})).json()["NextToken"].clone();
    client.list(json!({"NextToken": token}));
    client.list(json!({"Filter": {"ParentHandshakeId": "h-0123456789"}}));
    client.identity();
    let log = simulator.requests();
    let operations: Vec<_> = log.iter().map(|request| request.operation).collect();
    let list = Operation::ListHandshakesForOrganization;
    assert_eq!(operations, [list, list, list, Operation::GetCallerIdentity]);
    assert_eq!(log[0].input, json!({"MaxResults": 20}));
    assert_eq!((log[0].access_key.as_str(), log[0].region.as_str()), ("AKIDEXAMPLE", "eu-west-1"));
    assert_eq!((&log[0].token, log[1].token.as_deref()), (&None, token.as_str()));
    assert_eq!(log[2].parent.as_deref(), Some("h-0123456789"));
    assert_eq!(log[3].input, json!({}));
    simulator.clear_requests();
    assert!(simulator.requests().is_empty());
}

#[test]
fn every_answer_has_a_request_id_of_its_own() {
    let simulator = Simulator::start(organization());
    let mut client = Client::connect(&simulator.url());
    let mut id = || {
        let answer = client.list(json!({}));
        answer.header("x-amzn-requestid").unwrap().to_owned()
    };
    let (first, second) = (id(), id());
    assert_eq!(first.len(), 36);
    assert_ne!(first, second);
}
