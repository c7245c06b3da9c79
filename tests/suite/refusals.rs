//! What AWS, the credentials or the network refuse: told apart, with the exit code that a scheduler
//! can act on, and recorded.

use std::time::{Duration, Instant};

use handshake_archive_simulator::{Fault, Operation, Simulator, When};

use crate::harness::{Sandbox, organization};
use crate::process::run;

#[test]
fn each_error_of_the_api_has_its_message_hint_and_exit_code() {
    for (fault, code, words) in [
        (
            Fault::access_denied(),
            3,
            &["AWS denied access", "organizations:ListHandshakesForOrganization"][..],
        ),
        (Fault::not_in_use(), 3, &["not in an organization", "management account"]),
        (Fault::concurrent_modification(), 4, &["being modified", "later"]),
        (
            Fault::invalid_input("INVALID_PATTERN"),
            3,
            &["invalid (INVALID_PATTERN)", "--parent-handshake-id"],
        ),
        (Fault::service(), 4, &["AWS failed to answer (status 500)", "later"]),
        (Fault::throttle(), 4, &["AWS throttled every attempt", "5 requests a second"]),
        (Fault::internal(), 4, &["AWS failed to answer (status 500)"]),
        (
            Fault::expired_token(),
            3,
            &["does not accept the credentials (ExpiredTokenException)", "renew"],
        ),
        (Fault::unrecognized_client(), 3, &["UnrecognizedClientException", "--region"]),
        (Fault::html(), 4, &["the answer could not be read (status 200)", "proxy"]),
        (Fault::empty_body(), 4, &["the answer could not be read"]),
    ] {
        let sandbox = Sandbox::new();
        let simulator = Simulator::start(organization());
        simulator.inject(When::list(), fault.clone());
        let run = sandbox.sync(&simulator);
        run.expect(code).says(words).says(&["error: ListHandshakesForOrganization: ", "hint: "]);
        let summary = run.summary();
        assert_eq!(summary["outcome"], "failed");
        let database = sandbox.database();
        database.assert_sound();
        let recorded = database.lines("SELECT outcome, error_code, error_message FROM syncs");
        assert_eq!(
            recorded,
            [format!(
                "failed|{}|{}",
                summary["error_code"].as_str().unwrap(),
                summary["error_message"].as_str().unwrap()
            )],
            "{fault:?}"
        );
    }
}

#[test]
fn a_service_exception_and_a_throttle_are_what_they_are_called_whatever_their_status() {
    for (code, attempts) in [("ServiceException", 2), ("RequestLimitExceeded", 2)] {
        let sandbox = Sandbox::new();
        let simulator = Simulator::start(organization());
        let fault = Fault::Error {
            status: 400,
            code: code.to_owned(),
            message: "no".to_owned(),
            reason: None,
        };
        simulator.inject(When::list(), fault);
        sandbox.sync_with(&simulator, &["--max-attempts", "2"]).expect(4);
        let calls = simulator
            .requests()
            .iter()
            .filter(|r| r.operation == Operation::ListHandshakesForOrganization)
            .count();
        assert_eq!(calls, attempts, "{code}");
    }
}

#[test]
fn what_ended_a_sync_goes_before_a_summary_that_cannot_be_written() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = sandbox.sync_command(&simulator);
    run(command.stdout(full())).expect(1).says(&["standard output could not be written"]);
    simulator.inject(When::list(), Fault::access_denied());
    let mut command = sandbox.sync_command(&simulator);
    run(command.stdout(full())).expect(3).says(&["warning: standard output", "error: List"]);
}

#[test]
fn what_passes_is_tried_again() {
    for fault in [
        Fault::throttle(),
        Fault::service(),
        Fault::internal(),
        Fault::concurrent_modification(),
        Fault::ResetBeforeAnswer,
        Fault::html(),
    ] {
        let sandbox = Sandbox::new();
        let simulator = Simulator::start(organization());
        simulator.inject(When::list().times(1), fault.clone());
        let run = sandbox.sync_with(&simulator, &["--max-attempts", "2"]);
        assert_eq!(run.expect(0).summary()["outcome"], "complete", "{fault:?}");
    }
}

#[test]
fn what_is_refused_for_good_is_not_tried_again() {
    for fault in [
        Fault::access_denied(),
        Fault::not_in_use(),
        Fault::expired_token(),
        Fault::invalid_input("INVALID_ENUM"),
    ] {
        let sandbox = Sandbox::new();
        let simulator = Simulator::start(organization());
        simulator.inject(When::list(), fault.clone());
        sandbox.sync_with(&simulator, &["--max-attempts", "5"]).expect(3);
        let calls = simulator
            .requests()
            .iter()
            .filter(|r| r.operation == Operation::ListHandshakesForOrganization)
            .count();
        assert_eq!(calls, 1, "{fault:?}");
    }
}

#[test]
fn describe_organization_and_the_callers_identity_are_welcome_but_not_needed() {
    let sandbox = Sandbox::new();
    let mut start = organization();
    start.populate(3);
    let simulator = Simulator::start(start);
    simulator.inject(When::describe(), Fault::access_denied());
    simulator.inject(When::identity(), Fault::access_denied());
    let run = sandbox.sync(&simulator);
    let summary = run.expect(0).summary();
    assert_eq!(summary["organization_id"], "o-exampleorgid", "taken from the ARNs");
    run.says(&["warning: DescribeOrganization: AWS denied access", "warning: GetCallerIdentity: "]);
    assert_eq!(sandbox.database().texts("SELECT caller_arn FROM syncs"), ["NULL"]);

    simulator.clear_faults();
    let run = sandbox.sync(&simulator);
    assert_eq!(run.expect(0).stderr, "");
    let database = sandbox.database();
    assert_eq!(
        database.lines("SELECT operation, owner_id FROM sources"),
        ["ListHandshakesForOrganization|o-exampleorgid"]
    );
    assert_eq!(
        database.lines("SELECT caller_arn, endpoint FROM syncs WHERE id = 2"),
        [format!("arn:aws:iam::111111111111:user/auditor|{}", simulator.url())]
    );
}

#[test]
fn without_any_credentials_it_ends_in_seconds_and_names_what_was_tried() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    let mut command = sandbox.bare();
    command.args(["--archive", "archive.db", "sync", "--endpoint-url", &simulator.url()]);
    let began = Instant::now();
    let run = run(&mut command);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    run.expect(3).says(&[
        "no AWS credentials were found",
        "environment variables",
        "profile",
        "instance role",
        "--profile",
    ]);
    assert!(simulator.requests().is_empty());
    assert_eq!(
        sandbox.database().lines("SELECT outcome, error_code FROM syncs"),
        ["failed|NoCredentials"]
    );
}

#[test]
fn an_instance_metadata_service_that_is_silent_or_refuses_costs_seconds_and_is_named() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let refusing = Simulator::start(organization());
    for endpoint in [silent_url, refusing.url(), "http://127.0.0.1:1".to_owned()] {
        let sandbox = Sandbox::new();
        let simulator = Simulator::start(organization());
        let mut command = sandbox.bare();
        command
            .env_remove("AWS_EC2_METADATA_DISABLED")
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &endpoint)
            .args(["--archive", "archive.db", "sync", "--endpoint-url", &simulator.url()]);
        let began = Instant::now();
        run(&mut command).expect(3).says(&["no AWS credentials were found", "IMDS", "tried: "]);
        assert!(began.elapsed() < Duration::from_secs(30), "{endpoint}: {:?}", began.elapsed());
        println!("{endpoint}: {:?}", began.elapsed());
    }
}

#[test]
fn a_profile_that_does_not_exist_is_named() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    let mut command = sandbox.bare();
    command.args([
        "--archive",
        "archive.db",
        "sync",
        "--profile",
        "nobody",
        "--endpoint-url",
        &simulator.url(),
    ]);
    run(&mut command).expect(3).says(&["nobody"]);
}

#[test]
fn a_profile_gives_credentials_region_and_retries_as_in_the_aws_cli() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    std::fs::create_dir(sandbox.path(".aws")).unwrap();
    std::fs::write(
        sandbox.path(".aws/config"),
        format!(
            "[profile audit]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\nregion = eu-west-1\nmax_attempts = 2\nretry_mode = legacy\nendpoint_url = {}\n",
            simulator.url()
        ),
    )
    .unwrap();
    simulator.inject(When::list(), Fault::throttle());
    // Named, it goes before credentials in the environment.
    let mut command = sandbox.program();
    command.args(["--archive", "archive.db", "sync", "--profile", "audit"]);
    run(&mut command).expect(4).says(&["retry_mode in the profile", "legacy"]);
    let requests = simulator.requests();
    assert!(
        requests.iter().all(|r| r.access_key == "AKIDPROFILE" && r.region == "eu-west-1"),
        "{requests:?}"
    );
    let lists =
        requests.iter().filter(|r| r.operation == Operation::ListHandshakesForOrganization).count();
    assert_eq!(lists, 2, "the profile's max_attempts");
}

#[test]
fn endpoint_variables_work_and_the_flag_goes_before_them() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ORGANIZATIONS"] {
        let mut command = sandbox.program();
        command.env(variable, simulator.url()).env("AWS_ENDPOINT_URL_STS", simulator.url());
        command.args(["--archive", "archive.db", "sync"]);
        run(&mut command).expect(0);
        let mut command = sandbox.program();
        command.env(variable, "http://127.0.0.1:1");
        command.args(["--archive", "archive.db", "sync", "--endpoint-url", &simulator.url()]);
        run(&mut command).expect(0);
    }
}

#[test]
fn no_region_is_no_obstacle() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    for (variable, value, region) in [
        ("X", "", "us-east-1"),
        ("AWS_ROLE_ARN", "arn:aws-us-gov:iam::1:role/x", "us-gov-west-1"),
        ("AWS_REGION", "cn-north-1", "cn-north-1"),
    ] {
        simulator.clear_requests();
        let mut command = sandbox.sync_command(&simulator);
        run(command.env(variable, value)).expect(0);
        assert!(simulator.requests().iter().all(|request| request.region == region), "{variable}");
    }
}

#[test]
fn retry_words_that_make_the_sdk_panic_are_passed_over_with_a_warning() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    for (variable, value) in
        [("AWS_RETRY_MODE", "legacy"), ("AWS_MAX_ATTEMPTS", "0"), ("AWS_MAX_ATTEMPTS", "lots")]
    {
        let mut command = sandbox.sync_command(&simulator);
        let run = run(command.env(variable, value));
        run.expect(0).says(&["warning: ", variable, value]);
        assert_eq!(run.summary()["outcome"], "complete");
    }
}

#[test]
fn a_certificate_bundle_that_cannot_be_used_is_told_before_any_call() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    std::fs::write(sandbox.path("empty.pem"), "").unwrap();
    std::fs::write(
        sandbox.path("bad.pem"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    for (bundle, words) in [
        ("missing.pem", &["missing.pem could not be read"][..]),
        ("empty.pem", &["empty.pem holds no certificate"]),
        ("bad.pem", &["certificate 1 in bad.pem"]),
    ] {
        let mut command = sandbox.sync_command(&simulator);
        run(command.env("AWS_CA_BUNDLE", bundle)).expect(1).says(words).says(&["AWS_CA_BUNDLE"]);
    }
    assert!(simulator.requests().is_empty());
}

#[test]
fn an_endpoint_that_nobody_listens_on_is_unreachable() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.program();
    command.env("AWS_MAX_ATTEMPTS", "1");
    command.args(["--archive", "archive.db", "sync", "--endpoint-url", "http://127.0.0.1:1"]);
    run(&mut command).expect(4).says(&[
        "could not be reached",
        "Connection refused",
        "HTTPS_PROXY",
    ]);
    assert_eq!(
        sandbox.database().lines("SELECT outcome, error_code FROM syncs"),
        ["failed|Unreachable"]
    );
}

#[test]
fn quiet_says_nothing_on_success_and_everything_else_otherwise() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    let run = sandbox.sync_with(&simulator, &["-q"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    simulator.inject(When::list(), Fault::access_denied());
    sandbox.sync_with(&simulator, &["-q"]).expect(3).says(&["error: ", "hint: "]);
}

#[test]
fn errors_are_json_lines_where_that_is_asked_for() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    simulator.inject(When::identity(), Fault::access_denied());
    simulator.inject(When::list(), Fault::access_denied());
    let run = sandbox.sync_with(&simulator, &["--log-format", "json"]);
    let lines: Vec<serde_json::Value> =
        run.expect(3).stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!((&lines[0]["level"], &lines[1]["level"]), (&"WARN".into(), &"ERROR".into()));
    assert_eq!(lines[1]["exit_code"], 3);
    assert!(lines[1]["hint"].is_string() && lines[1]["message"].is_string());
}

#[test]
fn what_a_stranger_wrote_into_an_error_does_not_reach_a_terminal_raw() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(organization());
    let message = "gone\u{1b}[2J\u{202e}\r\n".to_owned();
    simulator.inject(
        When::list(),
        Fault::Error {
            status: 400,
            code: "AccessDeniedException".to_owned(),
            message,
            reason: None,
        },
    );
    let run = sandbox.sync(&simulator);
    run.expect(3).says(&["gone\\u{1b}[2J\\u{202e}"]);
    assert!(!run.stderr.contains('\u{1b}') && !run.stderr.contains('\u{202e}'));
}
