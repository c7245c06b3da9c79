//! What the archive says of itself.

use handshake_archive::archive::timestamp;
use serde_json::{Value, json};

use super::{hours_between, later, ordered, read};
use crate::fixture::{Course, FIRST, Fixture, SECOND, Story};

/// The periods of an organization that its complete, unrestricted syncs cover.
pub fn covered(fixture: &Fixture, owner: &str) -> Vec<(String, String)> {
    let mut periods: Vec<(String, String)> = vec![];
    for number in 1..=fixture.syncs.len() {
        let sync = fixture.sync(number);
        if sync.owner == owner && sync.course.is_full() {
            let asked = fixture.observed_at(number);
            let reaches_back_to = later(&fixture.finished_at(number), -30);
            match periods.last_mut().filter(|(_, until)| *until >= reaches_back_to) {
                Some((_, until)) => *until = asked,
                None => periods.push((reaches_back_to, asked)),
            }
        }
    }
    periods
}

pub fn syncs(fixture: &Fixture, limit: usize) -> Vec<Value> {
    let mut rows = vec![];
    for number in (1..=fixture.syncs.len()).rev().take(limit) {
        let sync = fixture.sync(number);
        let lists = fixture.lists(number);
        let unidentified = usize::from(sync.course == Course::Unidentified);
        let mut pages = 0;
        let mut listed: Vec<&str> = vec![];
        let mut quarantined = unidentified;
        for (index, (_, stories)) in lists.iter().enumerate() {
            let elements = stories.len() + if index == 0 { unidentified } else { 0 };
            pages += elements.div_ceil(3);
            for story in stories {
                if story.garbled.contains(&number) {
                    quarantined += 1;
                } else if !listed.contains(&story.id) {
                    listed.push(story.id);
                }
            }
        }
        let count =
            |met: &dyn Fn(&Story) -> bool| fixture.stories.iter().filter(|s| met(s)).count();
        let begins = |s: &Story| s.runs.iter().any(|run| run.from == number);
        let (code, message) = match sync.course {
            Course::Failed(_) => (Some("TooManyRequestsException"), Some("AWS asks for patience")),
            Course::Interrupted(_) => (Some("Interrupted"), Some("SIGTERM")),
            Course::Killed(_) => (
                Some("Interrupted"),
                Some("the process ended before the sync did; the next sync found it"),
            ),
            _ => (None, None),
        };
        let outcome = match sync.course {
            Course::Failed(_) => "failed",
            Course::Interrupted(_) | Course::Killed(_) => "interrupted",
            _ => "complete",
        };
        let finished = fixture.finished_at(number);
        let known = sync.course != Course::Failed(0);
        let filter = sync.course.filter();
        rows.push(json!([
            number,
            known.then_some("ListHandshakesForOrganization"),
            known.then_some(sync.owner),
            timestamp(sync.started),
            finished,
            read(&finished).timestamp() - sync.started.timestamp(),
            outcome,
            filter.action_type().or(filter.parent_handshake_id()),
            pages,
            listed.len(),
            count(&|s| s.runs[0].from == number),
            count(&|s| s.runs[0].from < number && begins(s)),
            count(&|s| s.runs.iter().any(|run| run.until == Some(number)) && !begins(s)),
            quarantined,
            code,
            message
        ]));
    }
    rows
}

pub fn blind_windows(fixture: &Fixture, now: &str) -> Vec<Value> {
    let mut rows = vec![];
    for owner in [FIRST, SECOND] {
        let periods = covered(fixture, owner);
        let mut windows = vec![];
        for pair in periods.windows(2) {
            windows.push((pair[0].1.clone(), pair[1].0.clone(), 0));
        }
        windows.push((periods[periods.len() - 1].1.clone(), later(now, -30), 1));
        for (from, until, ongoing) in windows {
            if from < until {
                let hours = hours_between(&from, &until);
                let operation = "ListHandshakesForOrganization";
                let row = json!([operation, owner, from, until, hours, ongoing]);
                rows.push((from.clone(), row));
            }
        }
    }
    ordered(rows)
}
