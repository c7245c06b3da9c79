//! The status as metrics, in Prometheus' text exposition format 0.0.4.
//!
//! All are gauges: they tell how the archive stands, and may fall. Units are seconds and bytes.

use std::fmt::{Display, Write as _};

use chrono::TimeDelta;

use super::check::Problem;
use crate::archive::Timestamp;
use crate::archive::status::{SourceStatus, Status};

/// The labels of a series, ready for the line; empty for none.
type Labels = String;

/// The metrics. Where a source has no complete sync, and where there is no source at all, the last
/// one is told as 0: an alert on its age then fires, which one on a missing series would not.
pub fn metrics(status: &Status, problems: &[Problem], expiring_within: TimeDelta) -> String {
    let mut text = String::new();
    of_archive(&mut text, status, problems);
    syncs(&mut text, status);
    coverage(&mut text, &status.sources);
    handshakes(&mut text, &status.sources, expiring_within);
    text
}

fn of_archive(text: &mut String, status: &Status, problems: &[Problem]) {
    let one = |value: String| [(Labels::new(), value)];
    gauge(
        text,
        "problems",
        "Checks that failed: status exits with 6 unless this is 0.",
        one(problems.len().to_string()),
    );
    gauge(
        text,
        "size_bytes",
        "Size of the archive file and its -wal.",
        one(status.size_bytes.to_string()),
    );
    gauge(
        text,
        "chain_head_sequence",
        "Sequence number of the newest sync in the chain of digests, 0 for none.",
        one(status.head.as_ref().map_or(0, |head| head.sequence).to_string()),
    );
}

fn syncs(text: &mut String, status: &Status) {
    let last = |source: &SourceStatus| {
        source.last_complete.as_ref().map_or_else(|| "0".to_owned(), |last| unix(last.observed_at))
    };
    let failed = |source: &SourceStatus| source.failed_syncs.len().to_string();
    let (mut lasts, mut faileds) = (each(&status.sources, last), each(&status.sources, failed));
    if status.sources.is_empty() {
        lasts.push((Labels::new(), "0".to_owned()));
        faileds.push((Labels::new(), status.without_source.failed_syncs.len().to_string()));
    }
    gauge(
        text,
        "last_complete_sync_timestamp_seconds",
        "When the last complete, unrestricted sync asked AWS, 0 if there is none.",
        lasts,
    );
    let deadlines = status.sources.iter().filter_map(|source| {
        Some((labels(source, &[]), unix(source.last_complete.as_ref()?.deadline_at)))
    });
    gauge(
        text,
        "sync_deadline_timestamp_seconds",
        "By when the next complete sync must have ended, for nothing to be missed.",
        deadlines,
    );
    gauge(
        text,
        "failed_syncs_since_complete",
        "Syncs that failed or were interrupted since the last complete one.",
        faileds,
    );
}

fn coverage(text: &mut String, sources: &[SourceStatus]) {
    let covered = sources
        .iter()
        .filter_map(|source| Some((labels(source, &[]), unix(source.covered.last()?.from_at))));
    gauge(
        text,
        "covered_from_timestamp_seconds",
        "Since when, up to the last complete sync, no handshake is missing.",
        covered,
    );
    gauge(
        text,
        "blind_windows",
        "Periods of which handshakes may be missing, with the one that grows.",
        each(sources, |source| source.blind.len().to_string()),
    );
    gauge(
        text,
        "blind_seconds",
        "Length of all blind windows.",
        each(sources, |source| {
            let lengths = source.blind.iter().map(|window| window.until_at.0 - window.from_at.0);
            seconds(lengths.sum::<TimeDelta>().num_milliseconds())
        }),
    );
}

fn handshakes(text: &mut String, sources: &[SourceStatus], expiring_within: TimeDelta) {
    let by_state = sources.iter().flat_map(|source| {
        source.states.iter().map(|count| {
            let state = count.state.as_deref().unwrap_or_default();
            (labels(source, &[("state", state)]), count.handshakes.to_string())
        })
    });
    gauge(text, "handshakes", "Handshakes ever seen, by their newest state.", by_state);
    let expiring =
        format!("Pending handshakes that expire within {} seconds.", expiring_within.num_seconds());
    type Count = fn(&SourceStatus) -> i64;
    let counts: [(&str, &str, Count); 5] = [
        ("versions", "Contents that handshakes ever had.", |s| s.versions),
        (
            "pending_handshakes",
            "Handshakes that are REQUESTED or OPEN and that AWS showed to the last sync.",
            |s| s.pending,
        ),
        ("expiring_handshakes", &expiring, |s| s.expiring),
        (
            "unknown_outcome_handshakes",
            "Handshakes last seen REQUESTED or OPEN that AWS no longer shows.",
            |s| s.unknown_outcomes,
        ),
        (
            "quarantined_elements",
            "Elements and answers of AWS that could not be read, each time that they came.",
            |s| s.quarantined,
        ),
    ];
    for (name, help, count) in counts {
        gauge(text, name, help, each(sources, |source| count(source).to_string()));
    }
}

/// A series for each source.
fn each(
    sources: &[SourceStatus],
    value: impl Fn(&SourceStatus) -> String,
) -> Vec<(Labels, String)> {
    sources.iter().map(|source| (labels(source, &[]), value(source))).collect()
}

/// Writes a metric, unless it has no series.
fn gauge(
    text: &mut String,
    name: &str,
    help: &str,
    series: impl IntoIterator<Item = (Labels, String)>,
) {
    let mut series = series.into_iter().peekable();
    if series.peek().is_none() {
        return;
    }
    // Writing to a String does not fail.
    let _ = writeln!(text, "# HELP handshake_archive_{name} {help}");
    let _ = writeln!(text, "# TYPE handshake_archive_{name} gauge");
    for (labels, value) in series {
        let _ = writeln!(text, "handshake_archive_{name}{labels} {value}");
    }
}

/// The labels that name a source, and more. An owner that is not known is empty, which is to
/// Prometheus as if the label was not there; the archive has only one such source an operation.
fn labels(source: &SourceStatus, more: &[(&str, &str)]) -> Labels {
    let owner = source.owner_id.as_deref().unwrap_or_default();
    let mut labels = String::new();
    for (name, value) in
        [("operation", source.operation.as_str()), ("owner", owner)].iter().chain(more)
    {
        let separator = if labels.is_empty() { '{' } else { ',' };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = write!(labels, "{separator}{name}=\"{value}\"");
    }
    labels + "}"
}

/// Seconds since 1970.
fn unix(time: Timestamp) -> String {
    seconds(time.0.timestamp_millis())
}

/// Seconds with milliseconds, exactly.
fn seconds(milliseconds: i64) -> String {
    let sign: &dyn Display = if milliseconds < 0 { &"-" } else { &"" };
    let (whole, rest) = (milliseconds.unsigned_abs() / 1000, milliseconds.unsigned_abs() % 1000);
    format!("{sign}{whole}.{rest:03}")
}
