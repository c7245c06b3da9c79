//! Whether the archive is as it should be.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::archive::status::{Blind, FailedSync, LastComplete, SourceStatus, Status};
use crate::commands::duration::words;
use crate::commands::error::{CommandError, Exit};
use crate::output::escape_controls;

/// So far may two clocks be apart before the difference is a problem.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// As many problems are told on standard error.
const TOLD: usize = 4;

/// What is asked of the archive beyond what always is.
#[derive(Debug, Default)]
pub struct Demands<'a> {
    /// How old the last complete sync of a source may be.
    pub max_age: Option<TimeDelta>,
    /// A blind window that ended by then is accepted; `None` accepts none.
    pub since: Option<DateTime<Utc>>,
    /// Owners of whom there must be a source.
    pub owners: &'a [String],
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which.
    pub check: Check,
    /// The owner of the source that failed it; `None` if it is the archive, or not known.
    pub owner_id: Option<String>,
    /// What is wrong, for people.
    pub message: String,
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// There is a complete sync.
    CompleteSync,
    /// It does not lie in the future: if it did, its age and its deadline would say nothing.
    Clock,
    /// It is not too old.
    MaxAge,
    /// The deadline for the next one has not passed.
    Deadline,
    /// There is no blind window that has not been accepted.
    BlindWindow,
}

/// Every check that the archive fails: what needs a sync first, then the blind windows, the newest
/// first.
pub fn problems(status: &Status, demands: &Demands<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for owner in demands.owners {
        if !status.sources.iter().any(|source| source.owner_id.as_ref() == Some(owner)) {
            problems.push(never(Some(owner)));
        }
    }
    if status.sources.is_empty() && demands.owners.is_empty() {
        let message = match (&status.head, &status.unfinished_sync) {
            (None, None) => "no sync has been recorded yet",
            _ => "no complete sync has been recorded yet",
        };
        let message = message.to_owned();
        problems.push(Problem { check: Check::CompleteSync, owner_id: None, message });
    }
    for source in &status.sources {
        match &source.last_complete {
            None => problems.push(never(source.owner_id.as_ref())),
            Some(last) => current(&mut problems, source, last, demands),
        }
    }
    for source in &status.sources {
        let counts = |window: &&Blind| {
            !window.growing && demands.since.is_none_or(|since| window.until_at.0 > since)
        };
        problems.extend(source.blind.iter().rev().filter(counts).map(|window| {
            let Blind { from_at, until_at, .. } = window;
            let length = words(until_at.0 - from_at.0);
            let owner = owner(source.owner_id.as_ref());
            let message =
                format!("a blind window of {owner} from {from_at} to {until_at} ({length})");
            Problem { check: Check::BlindWindow, owner_id: source.owner_id.clone(), message }
        }));
    }
    problems
}

fn never(owner_id: Option<&String>) -> Problem {
    let message = format!("no complete sync of {} has been recorded yet", owner(owner_id));
    Problem { check: Check::CompleteSync, owner_id: owner_id.cloned(), message }
}

/// Whether the last complete sync is one that can be relied upon today.
fn current(
    problems: &mut Vec<Problem>,
    source: &SourceStatus,
    last: &LastComplete,
    demands: &Demands<'_>,
) {
    let owner = owner(source.owner_id.as_ref());
    let age = TimeDelta::seconds(last.age_seconds);
    let mut push = |check, message| {
        problems.push(Problem { check, owner_id: source.owner_id.clone(), message });
    };
    if -age > CLOCK_TOLERANCE {
        let (at, ahead) = (last.observed_at, words(-age));
        let message = format!(
            "the last complete sync of {owner}, {at}, lies {ahead} in the future: a clock is wrong"
        );
        push(Check::Clock, message);
    }
    if let Some(max_age) = demands.max_age.filter(|&max_age| age > max_age) {
        let (age, max_age) = (words(age), words(max_age));
        let message =
            format!("the last complete sync of {owner} is {age} old, which is more than {max_age}");
        push(Check::MaxAge, message);
    }
    if let Some(window) = source.blind.iter().find(|window| window.growing) {
        let (deadline, from) = (last.deadline_at, window.from_at);
        let message = format!(
            "the deadline for the next complete sync of {owner}, {deadline}, has passed: a blind window from {from} on grows"
        );
        push(Check::Deadline, message);
    }
}

/// The owner of a source, for people.
pub fn owner(owner_id: Option<&String>) -> String {
    owner_id.map_or_else(|| "an unknown owner".to_owned(), |id| escape_controls(id).into_owned())
}

/// An error if there is a problem.
pub fn outcome(status: &Status, problems: &[Problem]) -> Result<(), CommandError> {
    if problems.is_empty() {
        return Ok(());
    }
    let mut told: Vec<String> =
        problems.iter().take(TOLD).map(|problem| problem.message.clone()).collect();
    if problems.len() > TOLD {
        told.push(format!("and {} more", problems.len() - TOLD));
    }
    let only_blind = problems.iter().all(|problem| problem.check == Check::BlindWindow);
    // A sync that failed after all windows had ended is no reason for them.
    let failed = last_failure(status).filter(|_| !only_blind).map(|sync| {
        let (sequence, outcome) = (sync.sequence, &sync.outcome);
        format!("sync {sequence} {}: {}", verb(outcome), error_text(sync))
    });
    let hint = if problems.iter().any(|problem| problem.check == Check::Clock) {
        "set the clock of this machine, or of the one that syncs".to_owned()
    } else if only_blind {
        let ends = status.sources.iter().flat_map(|source| &source.blind);
        let end = ends.filter(|window| !window.growing).map(|window| window.until_at).max();
        let end = end.map_or_else(String::new, |end| end.to_string());
        format!(
            "what AWS deleted in a blind window cannot be fetched any more; to be told of new ones only, give --since {end}"
        )
    } else if status.sources.len() > 1 {
        "run handshake-archive sync for each of them; --owner leaves out those of which no more syncs will come".to_owned()
    } else {
        "run handshake-archive sync, every day if you can".to_owned()
    };
    Err(CommandError {
        message: told.join("; "),
        causes: failed.into_iter().collect(),
        hint: Some(hint),
        exit: Exit::CheckFailed,
    })
}

/// The newest failed sync since the last complete one.
fn last_failure(status: &Status) -> Option<&FailedSync> {
    let of_sources = status.sources.iter().flat_map(|source| &source.failed_syncs);
    of_sources.chain(&status.without_source.failed_syncs).max_by_key(|sync| sync.sequence)
}

fn verb(outcome: &str) -> &str {
    if outcome == "interrupted" { "was interrupted" } else { outcome }
}

/// Why a sync failed, for people.
pub fn error_text(sync: &FailedSync) -> String {
    let parts = [&sync.error_code, &sync.error_message];
    let parts: Vec<_> = parts.into_iter().flatten().map(|text| escape_controls(text)).collect();
    if parts.is_empty() { "no reason was recorded".to_owned() } else { parts.join(": ") }
}
