//! The table of faults. A new one is a line here; `UPDATE_FAULTS=1 cargo test --test suite matrix`
//! then writes what comes of it into `tests/FAULTS.md`, for you to read.

use chrono::TimeDelta;
use handshake_archive_simulator::Fault;
use std::time::Duration;

use super::row::{
    Clock, Row, Way, burst, clock, completes, element, exit, first_call, kept_as_payload,
    kept_in_quarantine, never_reached, row, strike,
};

const MB: usize = 1024 * 1024;

/// Retries that carry a sync through a short trouble.
const PATIENT: &[&str] = &["--max-attempts", "4"];
/// One more attempt, which meets what the first one left behind.
const TWICE: &[&str] = &["--max-attempts", "2"];
/// The shortest time that no answer of a busy machine takes.
const IMPATIENT: &[&str] = &["--timeout", "2s"];
const DEADLINE: &[&str] = &["--deadline", "3s"];

#[rustfmt::skip] // A row is a line.
pub fn rows() -> Vec<Row> {
    let year = TimeDelta::days(365);
    let hour = TimeDelta::hours(1);
    vec![
        // AWS
        row("throttled for ever", strike(Fault::throttle()), exit(4, "TooManyRequestsException").says(&["throttled", "--max-attempts"])),
        row("a burst of two throttles, retried", burst(2, Fault::throttle()).with(PATIENT), completes()),
        row("500 for ever, with ServiceException", strike(Fault::service()), exit(4, "ServiceException")),
        row("500 for ever, without a message", strike(Fault::internal()), exit(4, "ServiceException")),
        row("two answers of 500, retried", burst(2, Fault::internal()).with(PATIENT), completes()),
        row("ConcurrentModificationException for ever", strike(Fault::concurrent_modification()), exit(4, "ConcurrentModificationException")),
        row("ConcurrentModificationException once, retried", burst(1, Fault::concurrent_modification()).with(PATIENT), completes()),
        row("credentials expire in mid-run", strike(Fault::expired_token()), exit(3, "ExpiredTokenException").says(&["renew the credentials"])),
        row("access is lost in mid-run", strike(Fault::access_denied()), exit(3, "AccessDeniedException").says(&["organizations:ListHandshakesForOrganization"])),
        row("the account leaves the organization in mid-run", strike(Fault::not_in_use()), exit(3, "AWSOrganizationsNotInUseException")),
        row("the next token is no longer valid", strike(Fault::invalid_input("INVALID_NEXT_TOKEN")), exit(4, "InvalidInputException").says(&["no longer takes the token"])),
        row("a token that repeats itself", strike(Fault::RepeatToken), exit(4, "TokenRepeated").says(&["runs in a circle"])),
        row("tokens in a circle of two", strike(Fault::CycleTokens), exit(4, "TokenRepeated").says(&["runs in a circle"])),
        row("an empty page in between", burst(1, Fault::EmptyPage), completes()),
        row("empty pages for ever", strike(Fault::EmptyPageForever).with(DEADLINE), exit(4, "DeadlineExceeded").says(&["--deadline"])),
        // The network
        row("nobody listens", never_reached(Way::NobodyListens, "connection refused in mid-run"), exit(4, "Unreachable").says(&["Connection refused"])),
        row("connection refused in mid-run", strike(Fault::GoAway).with(TWICE), exit(4, "Unreachable").says(&["Connection refused"])),
        row("reset before the answer", strike(Fault::ResetBeforeAnswer), exit(4, "Unreachable")),
        row("reset before the answer once, retried", burst(1, Fault::ResetBeforeAnswer).with(PATIENT), completes()),
        row("reset inside the body", strike(Fault::ResetInsideBody), exit(4, "UnreadableAnswer")),
        row("a body cut off, its full length announced", strike(Fault::CutBody), exit(4, "UnreadableAnswer")),
        row("a body cut off, the length of the rest announced", strike(Fault::TruncatedBody), exit(4, "UnreadableAnswer")),
        row("a body cut off once, retried", burst(1, Fault::TruncatedBody).with(PATIENT), completes()),
        row("silence before the headers", strike(Fault::Silence).with(IMPATIENT), exit(4, "TimedOut").says(&["--timeout"])),
        row("silence inside the body", strike(Fault::SilenceInsideBody).with(IMPATIENT), exit(4, "TimedOut").says(&["--timeout"])),
        row("a slow drip", strike(Fault::SlowDrip { bytes: 1, every: Duration::from_millis(100) }).with(IMPATIENT), exit(4, "TimedOut").says(&["--timeout"])),
        row("a name that does not resolve", never_reached(Way::UnknownName, "a proxy that can no longer resolve the name"), exit(4, "Unreachable").says(&["dns error"])),
        row("a proxy that can no longer resolve the name", strike(proxy(502, "Bad Gateway")).by(Way::Proxy), exit(4, "UnreadableAnswer").says(&["502"])),
        row("a proxy that answers 407", strike(proxy(407, "Proxy Authentication Required")).by(Way::Proxy), exit(4, "UnreadableAnswer").says(&["407"])),
        row("a proxy that answers 407 to CONNECT", first_call(proxy(407, "Proxy Authentication Required"), "a proxy that answers 407").by(Way::ConnectProxy), exit(4, "Unreachable").says(&["proxy authorization required", "HTTPS_PROXY"])),
        row("a certificate that nobody trusts", never_reached(Way::UntrustedTls, "another certificate in mid-run"), exit(4, "Unreachable").says(&["certificate", "AWS_CA_BUNDLE"])),
        row("another certificate in mid-run", strike(Fault::OtherCertificate).by(Way::Tls).with(TWICE), exit(4, "Unreachable").says(&["certificate", "AWS_CA_BUNDLE"])),
        row("a port that speaks no TLS", never_reached(Way::TlsAtPlainHttp, "another certificate in mid-run"), exit(4, "Unreachable").says(&["TLS handshake failed"])),
        // Strange bodies
        row("HTML with 200", strike(Fault::html()), exit(4, "UnreadableAnswer").says(&["a login page"])),
        row("an empty body", strike(Fault::empty_body()), exit(4, "UnreadableAnswer")),
        row("the wrong content type", strike(Fault::ContentType("text/plain".to_owned())), completes()),
        row("a body of 64 MB, most of it white space", burst(1, Fault::Padded { with: b' ', bytes: 64 * MB }), completes()),
        row("a body of 64 MB that is no JSON", strike(Fault::Padded { with: b'x', bytes: 64 * MB }), exit(4, "UnreadableAnswer")),
        row("a body of more than 64 MB", strike(Fault::Padded { with: b' ', bytes: 64 * MB + 1 }), exit(4, "UnreadableAnswer").says(&["longer than 64 MiB"])),
        // Strange handshakes
        row("a handshake that stands on two pages", element(|first| first.into()), kept_as_payload()),
        row("a handshake whose state flips between pages", element(changed), kept_as_payload()),
        row("resources nested 10 deep", element(|_| nested(10)), kept_as_payload()),
        row("resources nested 60 deep", element(|_| nested(60)), kept_as_payload()),
        row("resources nested 5,000 deep", element(|_| nested(5000)), kept_in_quarantine()),
        row("a value of 5 MB", element(|_| with_value(&"m".repeat(5 * MB))), kept_as_payload()),
        row("invalid UTF-8", element(|_| b"{\"Id\":\"h-oddoddodd1\",\"State\":\"\xff\xfe\"}".to_vec()), kept_in_quarantine()),
        row("a lone surrogate", element(|_| with_value(r"\ud800")), kept_in_quarantine()),
        row("a NUL in a value", element(|_| with_value(r"before\u0000after")), kept_as_payload()),
        row("a number that no computer holds", element(|_| odd(r#""RequestedTimestamp":1e999999999,"New":-1e-999999999"#)), kept_as_payload()),
        row("a negative time", element(|_| odd(r#""RequestedTimestamp":-62135596800.001,"ExpirationTimestamp":-1"#)), kept_as_payload()),
        row("a time beyond the calendar", element(|_| odd(r#""RequestedTimestamp":99999999999999999999,"ExpirationTimestamp":1e15"#)), kept_as_payload()),
        row("a time that is no number", element(|_| odd(r#""RequestedTimestamp":"soon""#)), kept_in_quarantine()),
        row("a handshake without an Id", element(|_| br#"{"State":"OPEN"}"#.to_vec()), kept_in_quarantine()),
        // The clock of this host: what it wrote down stands, so a year's gap reads as a blind window for good
        row("the clock a year ahead", clock(Clock::Wrong(year)), completes().status([(6, 0), (6, 6), (6, 6)])),
        row("the clock a year behind", clock(Clock::Wrong(-year)), completes().status([(6, 6), (6, 6), (0, 0)])),
        row("the clock steps back an hour during a sync", clock(Clock::Steps(-hour)), completes()),
        row("the clock steps back a year during a sync", clock(Clock::Steps(-year)), completes()),
        row("the clock steps back an hour between syncs", clock(Clock::StepsBetween(-hour)), completes().status([(6, 0), (0, 0), (0, 0)])),
    ]
}

fn proxy(status: u16, text: &str) -> Fault {
    let body = format!("<html><body><h1>{text}</h1></body></html>\n").into_bytes();
    Fault::Answer { status, content_type: "text/html".to_owned(), body }
}

/// The same handshake in another state.
fn changed(element: &str) -> Vec<u8> {
    let state = ["REQUESTED", "OPEN", "DECLINED"].into_iter().find(|it| element.contains(it));
    element.replace(state.unwrap(), "CANCELED").into()
}

/// A handshake that is shown in one sync only.
fn odd(members: &str) -> Vec<u8> {
    format!(r#"{{"Id":"h-oddoddodd1",{members}}}"#).into()
}

fn with_value(json: &str) -> Vec<u8> {
    odd(&format!(r#""Resources":[{{"Type":"NOTES","Value":"{json}"}}]"#))
}

fn nested(depth: usize) -> Vec<u8> {
    let open = r#"[{"Type":"T","Value":"v","Resources":"#.repeat(depth);
    odd(&format!(r#""Resources":{open}[]{}"#, "}]".repeat(depth)))
}
