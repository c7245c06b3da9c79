//! What is pending or about to go.

use serde_json::{Value, json};

use super::record::covered;
use super::{account, email, hours_between, later, ordered};
use crate::fixture::Fixture;

pub fn pending(fixture: &Fixture, now: &str) -> Vec<Value> {
    let mut rows = vec![];
    for s in &fixture.stories {
        if s.is_pending() && s.is_shown() {
            let overdue = s.expires_at().map(|at| i64::from(at.as_str() <= now));
            let row = json!([
                s.id,
                s.organization(),
                s.action,
                account(s),
                email(s),
                s.state(),
                s.requested_at(),
                s.expires_at(),
                overdue
            ]);
            rows.push(((s.expires_at(), s.id), row));
        }
    }
    ordered(rows)
}

pub fn expiring(fixture: &Fixture, days: i64, now: &str) -> Vec<Value> {
    let mut rows = vec![];
    for s in &fixture.stories {
        let Some(expires) = s.expires_at() else { continue };
        let soon = expires.as_str() >= now && expires <= later(now, days);
        if s.is_pending() && s.is_shown() && soon {
            let left = hours_between(now, &expires);
            let who = (account(s), email(s));
            let row = json!([
                s.id,
                s.organization(),
                s.action,
                who.0,
                who.1,
                s.requested_at(),
                expires,
                left
            ]);
            rows.push(((expires.clone(), s.id), row));
        }
    }
    ordered(rows)
}

pub fn purge_due(fixture: &Fixture, days: i64, now: &str) -> Vec<Value> {
    let horizon = later(now, days);
    let mut rows = vec![];
    for s in fixture.stories.iter().filter(|s| s.has_ended() && s.is_shown()) {
        let end = fixture.last_transition(s);
        let after = end.after.map(|after| later(&after, 30));
        let by = later(&end.by, 30);
        if after.as_ref().unwrap_or(&by) <= &horizon {
            let certain = i64::from(by <= horizon);
            let row =
                json!([s.id, s.action, account(s), email(s), s.outcome(), after, by, certain]);
            rows.push(((by, s.id), row));
        }
    }
    ordered(rows)
}

pub fn changes(fixture: &Fixture, number: usize) -> Vec<Value> {
    let mut rows = vec![];
    for s in &fixture.stories {
        let begins = s.runs.iter().any(|run| run.from == number);
        for (index, run) in s.runs.iter().enumerate() {
            let mut push = |change, from: Option<&str>, to: Option<&str>| {
                let row = json!([number, change, s.id, s.action, account(s), email(s), from, to]);
                rows.push(((change, s.id), row));
            };
            if run.from == number {
                match index.checked_sub(1).map(|before| &s.runs[before]) {
                    None => push("new", None, run.state),
                    Some(before) if before.until < Some(number) => {
                        push("back", before.state, run.state);
                    }
                    Some(before) => push("changed", before.state, run.state),
                }
            }
            if run.until == Some(number) && !begins {
                push("gone", run.state, None);
            }
        }
    }
    ordered(rows)
}
pub fn as_of(fixture: &Fixture, moment: &str) -> Vec<Value> {
    let full_before = |owner: &str| {
        let numbers = 1..=fixture.syncs.len();
        numbers
            .filter(|n| fixture.sync(*n).owner == owner && fixture.sync(*n).course.is_full())
            .map(|n| fixture.observed_at(n))
            .filter(|asked| asked.as_str() <= moment)
            .max()
    };
    let mut rows = vec![];
    for s in &fixture.stories {
        for (index, run) in s.runs.iter().enumerate() {
            let seen = fixture.observed_at(run.from);
            let ended = run.until.map(|until| fixture.observed_at(until));
            if seen.as_str() > moment || ended.is_some_and(|ended| ended.as_str() <= moment) {
                continue;
            }
            let periods = covered(fixture, s.owner);
            let knows = periods.iter().any(|(a, b)| a.as_str() <= moment && moment <= b.as_str());
            let row = json!([
                s.id,
                s.action,
                account(s),
                email(s),
                run.state,
                s.version(index),
                s.requested_at(),
                s.expires_at(),
                seen,
                full_before(s.owner),
                i64::from(!knows)
            ]);
            rows.push(((fixture.began(s), s.id, index), row));
        }
    }
    ordered(rows)
}
