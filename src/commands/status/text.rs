//! The status for people.

use std::fmt::Write as _;
use std::path::Path;

use chrono::TimeDelta;

use super::check::{error_text, owner};
use crate::archive::Timestamp;
use crate::archive::status::{Blind, Covered, FailedSync, LastComplete, SourceStatus, Status};
use crate::commands::duration::words;
use crate::output::escape_controls;

/// As many periods are shown: what is older rolls off the screen.
const PERIODS: usize = 10;

/// As many failed syncs are shown.
const FAILED: usize = 3;

/// Lines of a label and a value; a label that repeats is left out.
#[derive(Default)]
struct Facts {
    shown: String,
    before: &'static str,
}

impl Facts {
    fn line(&mut self, label: &'static str, value: &str) {
        let said = if label == self.before { "" } else { label };
        // Writing to a String does not fail.
        let _ = writeln!(self.shown, "  {said:<16} {value}");
        self.before = label;
    }

    fn heading(&mut self, text: &str) {
        if !self.shown.is_empty() {
            self.shown.push('\n');
        }
        self.shown.push_str(text);
        self.shown.push('\n');
        self.before = "";
    }
}

/// The status, on one screen.
pub fn text(path: &Path, status: &Status, expiring_within: TimeDelta) -> String {
    let mut facts = Facts::default();
    facts.heading(&escape_controls(&path.display().to_string()));
    facts.line("checked", &status.checked_at.to_string());
    facts.line("size", &size(status.size_bytes));
    facts.line("archive id", &escape_controls(&status.archive_id));
    match &status.head {
        Some(head) => {
            facts.line("chain head", &format!("sync {}", head.sequence));
            facts.line("chain head", &escape_controls(&head.digest));
        }
        None => facts.line("chain head", "none: no sync has ended yet"),
    }
    if let Some(sync) = &status.unfinished_sync {
        let age = words(status.checked_at.0 - sync.started_at.0);
        let value = format!("sync {}, begun {} ({age} ago)", sync.sequence, sync.started_at);
        facts.line("unfinished", &value);
    }
    for source in &status.sources {
        of_source(&mut facts, source, status.checked_at, expiring_within);
    }
    if status.sources.is_empty() {
        facts.heading("No complete sync");
        failed(&mut facts, "failed", &status.without_source.failed_syncs);
        facts.line("quarantined", &status.without_source.quarantined.to_string());
    }
    facts.shown
}

fn of_source(facts: &mut Facts, source: &SourceStatus, now: Timestamp, expiring_within: TimeDelta) {
    let operation = escape_controls(&source.operation);
    facts.heading(&format!("{operation} of {}", owner(source.owner_id.as_ref())));
    match &source.last_complete {
        Some(last) => due(facts, last, now),
        None => facts.line("last complete", "none"),
    }
    failed(facts, "failed since", &source.failed_syncs);
    periods(facts, source);
    let states: Vec<String> = source
        .states
        .iter()
        .map(|count| {
            let state = count.state.as_deref().unwrap_or("without a state");
            format!("{} {}", count.handshakes, escape_controls(state))
        })
        .collect();
    let states = if states.is_empty() { String::new() } else { format!(": {}", states.join(", ")) };
    facts.line("handshakes", &format!("{}{states}", source.handshakes));
    facts.line("versions", &source.versions.to_string());
    let pending = match (source.pending, source.expiring) {
        (0, _) => "0".to_owned(),
        (pending, expiring) => {
            format!("{pending}, {expiring} of them expiring within {}", words(expiring_within))
        }
    };
    facts.line("pending", &pending);
    facts.line("unknown outcome", &source.unknown_outcomes.to_string());
    facts.line("quarantined", &source.quarantined.to_string());
}

fn due(facts: &mut Facts, last: &LastComplete, now: Timestamp) {
    let LastComplete { sequence, observed_at, deadline_at, .. } = last;
    let age = match now.0 - observed_at.0 {
        ahead if ahead < TimeDelta::zero() => format!("{} in the future", words(-ahead)),
        age => format!("{} ago", words(age)),
    };
    facts.line("last complete", &format!("{observed_at}, {age} (sync {sequence})"));
    let left = match deadline_at.0 - now.0 {
        passed if passed < TimeDelta::zero() => format!("passed {} ago", words(-passed)),
        left => format!("in {}", words(left)),
    };
    facts.line("next due by", &format!("{deadline_at}, {left}"));
}

fn failed(facts: &mut Facts, label: &'static str, syncs: &[FailedSync]) {
    if syncs.is_empty() {
        facts.line(label, "none");
    }
    for sync in syncs.iter().rev().take(FAILED) {
        let (began, sequence) = (sync.started_at, sync.sequence);
        facts.line(label, &format!("{began}, sync {sequence}: {}", error_text(sync)));
    }
    if syncs.len() > FAILED {
        facts.line(label, &format!("and {} before", syncs.len() - FAILED));
    }
}

/// What is known and what is not, the oldest first.
fn periods(facts: &mut Facts, source: &SourceStatus) {
    let mut periods: Vec<(Timestamp, &'static str, String)> = Vec::new();
    for Covered { from_at, until_at, syncs } in &source.covered {
        let length = words(until_at.0 - from_at.0);
        let noun = if *syncs == 1 { "sync" } else { "syncs" };
        let value = format!("{from_at} to {until_at}, {length} ({syncs} {noun})");
        periods.push((*from_at, "covered", value));
    }
    for Blind { from_at, until_at, growing } in &source.blind {
        let length = words(until_at.0 - from_at.0);
        let grows = if *growing { ", growing" } else { "" };
        periods.push((*from_at, "blind", format!("{from_at} to {until_at}, {length}{grows}")));
    }
    periods.sort_by_key(|&(from_at, ..)| from_at);
    let hidden = periods.len().saturating_sub(PERIODS);
    if hidden > 0 {
        facts.line("before", &format!("{hidden} periods: --format json shows them"));
    }
    for (_, label, value) in &periods[hidden..] {
        facts.line(label, value);
    }
    let blind = source.blind.iter().map(|window| window.until_at.0 - window.from_at.0);
    let value = match source.blind.len() {
        0 => "none".to_owned(),
        number => format!("{number}, {} in all", words(blind.sum())),
    };
    facts.line("blind windows", &value);
}

/// Bytes in the largest unit of which there is one, with a tenth.
fn size(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|&(_, unit)| bytes >= unit) {
        Some((name, unit)) => {
            format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
        }
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_size_is_said_in_its_largest_unit() {
        for (bytes, said) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1_572_863, "1.4 MiB"),
            (1_572_864, "1.5 MiB"),
            (u64::MAX, "17179869183.9 GiB"),
        ] {
            assert_eq!(size(bytes), said);
        }
    }
}
