use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use handshake_archive_simulator::{Fault, Simulator, When};
use serde_json::{Value, json};

use crate::client::{Client, LIST};
use crate::paging::organization;

fn simulator() -> (Simulator, Client) {
    let mut organization = organization();
    organization.populate(50);
    let simulator = Simulator::start(organization);
    let client = Client::connect(&simulator.url());
    (simulator, client)
}

fn true_body(simulator: &Simulator) -> String {
    let body = Client::connect(&simulator.url()).list(json!({"MaxResults": 20})).body;
    let (elements, _) = body.split_once(r#","NextToken""#).unwrap();
    elements.to_owned()
}

#[test]
fn errors_of_aws_arrive_in_its_protocol() {
    let (simulator, mut client) = simulator();
    for (fault, status, code, reason) in [
        (Fault::throttle(), 400, "TooManyRequestsException", ""),
        (Fault::service(), 500, "ServiceException", ""),
        (Fault::internal(), 500, "InternalFailure", ""),
        (Fault::access_denied(), 400, "AccessDeniedException", ""),
        (Fault::not_in_use(), 400, "AWSOrganizationsNotInUseException", ""),
        (Fault::concurrent_modification(), 400, "ConcurrentModificationException", ""),
        (Fault::invalid_input("INVALID_ENUM"), 400, "InvalidInputException", "INVALID_ENUM"),
        (Fault::expired_token(), 400, "ExpiredTokenException", ""),
        (Fault::unrecognized_client(), 400, "UnrecognizedClientException", ""),
    ] {
        simulator.inject(When::list().times(1), fault);
        assert_eq!(client.list(json!({})).error(), (status, code.into(), reason.into()));
    }
    assert_eq!(client.list(json!({})).status, 200);
    simulator.inject(When::identity(), Fault::expired_token());
    let answer = client.identity();
    assert_eq!((answer.status, answer.header("content-type")), (403, Some("text/xml")));
    assert!(answer.body.contains("<Code>ExpiredToken</Code>"));
}

#[test]
fn a_fault_strikes_where_and_as_often_as_it_was_told() {
    let (simulator, mut client) = simulator();
    simulator.inject(When::list().after(2).times(1), Fault::throttle());
    let mut statuses =
        |n: usize| -> Vec<u16> { (0..n).map(|_| client.list(json!({})).status).collect() };
    assert_eq!(statuses(5), [200, 200, 400, 200, 200]);
    simulator.inject(When::list().times(2), Fault::service());
    simulator.inject(When::any(), Fault::throttle());
    assert_eq!(statuses(4), [500, 500, 400, 400]);
    simulator.clear_faults();
    assert_eq!(simulator.struck(), 5);
    simulator.inject(When::describe(), Fault::throttle());
    assert_eq!(statuses(1), [200]);
}

#[test]
fn a_fault_tells_lists_under_a_parent_from_others() {
    let (simulator, mut client) = simulator();
    let (parent, _) = simulator.with(|o| o.enable_all_features(&["222222222222"]));
    let under = json!({"Filter": {"ParentHandshakeId": parent}});
    simulator.inject(When::list().under_parent(), Fault::throttle());
    assert_eq!(client.list(json!({})).status, 200);
    assert_eq!(client.list(under.clone()).status, 400);
    simulator.clear_faults();
    simulator.inject(When::list().without_parent(), Fault::throttle());
    assert_eq!(client.list(json!({})).status, 400);
    assert_eq!(client.list(under).status, 200);
}

#[test]
fn any_answer_whatever_can_be_sent() {
    let (simulator, mut client) = simulator();
    simulator.inject(When::list().times(1), Fault::html());
    let page = client.list(json!({}));
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html")));
    assert!(page.body.starts_with("<!DOCTYPE html>"));
    simulator.inject(When::list().times(1), Fault::empty_body());
    let empty = client.list(json!({}));
    assert_eq!((empty.status, empty.body.as_str()), (200, ""));
}

#[test]
fn the_true_body_can_come_under_another_content_type() {
    let (simulator, mut client) = simulator();
    simulator.inject(When::list().times(1), Fault::ContentType("text/plain".to_owned()));
    let answer = client.list(json!({}));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain")));
    assert!(answer.body.starts_with(&true_body(&simulator)));
}

#[test]
fn a_page_can_show_one_more_element_before_its_own() {
    let (simulator, mut client) = simulator();
    let extra = || Fault::ExtraElement(br#"{"Id":"h-extraextra"}"#.to_vec());
    simulator.inject(When::list().times(1), extra());
    let elements = client.list(json!({})).json()["Handshakes"].as_array().unwrap().clone();
    assert_eq!((elements.len(), &elements[0]["Id"]), (21, &json!("h-extraextra")));
    let empty = Simulator::start(organization());
    empty.inject(When::any(), extra());
    let mut client = Client::connect(&empty.url());
    assert_eq!(client.list(json!({})).body, r#"{"Handshakes":[{"Id":"h-extraextra"}]}"#);
    assert!(client.identity().body.starts_with("<GetCallerIdentityResponse"));
}

#[test]
fn a_body_can_be_padded_to_any_length() {
    let (simulator, mut client) = simulator();
    simulator.inject(When::list().times(1), Fault::Padded { with: b' ', bytes: 1_000_000 });
    let page = client.list(json!({}));
    assert_eq!(page.body.len(), 1_000_000);
    assert_eq!(page.json()["Handshakes"].as_array().unwrap().len(), 20);
    simulator.inject(When::list().times(1), Fault::Padded { with: b'x', bytes: 10 });
    assert!(client.list(json!({})).body.starts_with(&true_body(&simulator)), "never shorter");
}

#[test]
fn an_endpoint_that_goes_away_closes_every_connection_and_refuses_others() {
    let (simulator, mut client) = simulator();
    let mut idle = Client::connect(&simulator.url());
    assert_eq!(idle.list(json!({})).status, 200);
    simulator.inject(When::list(), Fault::GoAway);
    client.send_json(LIST, &json!({}));
    assert!(client.receive().is_err());
    idle.send_json(LIST, &json!({}));
    assert!(idle.receive().is_err());
    let address = simulator.url().trim_start_matches("http://").to_owned();
    for _ in 0..3 {
        let refused = TcpStream::connect(&address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let taken = TcpListener::bind(&address).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse, "nobody else gets the port");
    }
}

#[test]
fn with_tls_plain_http_is_not_answered() {
    let simulator = Simulator::start_tls(organization());
    let address = simulator.url().strip_prefix("https://").unwrap().to_owned();
    let mut client = Client::connect(&address);
    client.send_json(LIST, &json!({}));
    assert!(client.head().is_err());
}

#[test]
fn a_reset_before_the_answer_is_a_tcp_reset_without_a_byte() {
    let (simulator, mut client) = simulator();
    simulator.inject(When::list().times(1), Fault::ResetBeforeAnswer);
    client.send_json(LIST, &json!({}));
    let error = client.receive().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let mut again = Client::connect(&simulator.url());
    assert_eq!(again.list(json!({})).status, 200);
}

#[test]
fn a_body_can_end_in_a_reset_or_in_an_orderly_close() {
    let (simulator, _) = simulator();
    let body = true_body(&simulator);
    for (fault, kind) in [
        (Fault::ResetInsideBody, ErrorKind::ConnectionReset),
        (Fault::CutBody, ErrorKind::UnexpectedEof),
    ] {
        simulator.inject(When::list().times(1), fault);
        let mut client = Client::connect(&simulator.url());
        client.send_json(LIST, &json!({}));
        let (answer, end) = client.receive_part();
        assert_eq!(end.unwrap_err().kind(), kind);
        let length: usize = answer.header("content-length").unwrap().parse().unwrap();
        assert_eq!(answer.body.len(), length / 2);
        assert!(body.starts_with(&answer.body));
    }
}

#[test]
fn a_truncated_body_is_a_whole_http_answer_of_broken_json() {
    let (simulator, mut client) = simulator();
    simulator.inject(When::list().times(1), Fault::TruncatedBody);
    let answer = client.list(json!({}));
    assert!(true_body(&simulator).starts_with(&answer.body));
    assert!(serde_json::from_str::<Value>(&answer.body).is_err());
    assert_eq!(client.list(json!({})).status, 200);
}

#[test]
fn silence_lasts_until_the_client_gives_up_and_does_not_hold_up_the_end() {
    for fault in [Fault::Silence, Fault::SilenceInsideBody] {
        let (simulator, mut client) = simulator();
        simulator.inject(When::list(), fault);
        client.give_up_after(Duration::from_millis(200));
        client.send_json(LIST, &json!({}));
        assert_eq!(client.receive().unwrap_err().kind(), ErrorKind::WouldBlock);
        let began = Instant::now();
        drop(simulator);
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn silence_inside_the_body_comes_after_half_of_it() {
    let (simulator, mut client) = simulator();
    simulator.inject(When::list().times(1), Fault::SilenceInsideBody);
    client.give_up_after(Duration::from_millis(200));
    client.send_json(LIST, &json!({}));
    let (answer, end) = client.receive_part();
    assert_eq!(end.unwrap_err().kind(), ErrorKind::WouldBlock);
    let length: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert_eq!(answer.body.len(), length / 2);
    assert!(true_body(&simulator).starts_with(&answer.body));
}

#[test]
fn a_slow_drip_brings_the_whole_body_in_the_end() {
    let (simulator, mut client) = simulator();
    let every = Duration::from_millis(10);
    simulator.inject(When::list().times(1), Fault::SlowDrip { bytes: 1000, every });
    let began = Instant::now();
    let answer = client.list(json!({}));
    let pauses = (answer.body.len() as u32 - 1) / 1000;
    assert!(pauses > 2 && began.elapsed() >= every * pauses);
    assert!(answer.body.starts_with(&true_body(&simulator)));
}

#[test]
fn empty_pages_lose_nothing() {
    let (simulator, mut client) = simulator();
    let truth = client.ids(json!({}));
    simulator.inject(When::list().times(1), Fault::EmptyPage);
    simulator.inject(When::list().after(1).times(2), Fault::EmptyPage);
    let pages = client.pages(json!({}));
    let sizes: Vec<_> = pages.iter().map(|p| p["Handshakes"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [0, 20, 0, 0, 20, 10]);
    assert_eq!(client.ids(json!({})), truth);
}

#[test]
fn empty_pages_for_ever_never_repeat_a_token() {
    let (simulator, mut client) = simulator();
    simulator.inject(When::list().after(1).times(1), Fault::EmptyPageForever);
    let mut tokens = vec![client.list(json!({})).json()["NextToken"].clone()];
    for _ in 0..50 {
        let page = client.list(json!({"NextToken": tokens.last().unwrap()})).json();
        assert_eq!(page["Handshakes"], json!([]));
        assert!(!page["NextToken"].is_null() && !tokens.contains(&page["NextToken"]));
        tokens.push(page["NextToken"].clone());
    }
}

#[test]
fn a_repeated_token_is_the_one_that_the_request_came_with() {
    let (simulator, mut client) = simulator();
    simulator.inject(When::list().after(1).times(1), Fault::RepeatToken);
    let token = client.list(json!({})).json()["NextToken"].clone();
    let second = client.list(json!({"NextToken": token})).json();
    assert_eq!(second["NextToken"], token);
    assert_eq!(second["Handshakes"].as_array().unwrap().len(), 20);

    simulator.clear_faults();
    simulator.inject(When::list().times(1), Fault::RepeatToken);
    let token = client.list(json!({})).json()["NextToken"].clone();
    for _ in 0..3 {
        assert_eq!(client.list(json!({"NextToken": token})).json()["NextToken"], token);
    }
}

#[test]
fn cycling_tokens_never_end() {
    let (simulator, mut client) = simulator();
    simulator.inject(When::list(), Fault::CycleTokens);
    let mut tokens: Vec<Value> = Vec::new();
    let mut ask = json!({});
    for _ in 0..6 {
        ask["NextToken"] = client.list(ask.clone()).json()["NextToken"].clone();
        tokens.push(ask["NextToken"].clone());
    }
    assert_ne!(tokens[0], tokens[1]);
    assert_eq!(tokens[0..2], tokens[2..4]);
    assert_eq!(tokens[0..2], tokens[4..6]);
}

#[test]
fn latency_comes_before_each_answer() {
    let (simulator, mut client) = simulator();
    simulator.set_latency(Duration::from_millis(50));
    let began = Instant::now();
    client.list(json!({}));
    assert!(began.elapsed() >= Duration::from_millis(50));
}
