//! What happened.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{account, email, hours_between, ordered};
use crate::fixture::Fixture;

pub fn outcomes(fixture: &Fixture, from: &str, until: &str) -> Vec<Value> {
    let mut rows = vec![];
    for s in &fixture.stories {
        let began = fixture.began(s);
        if s.action != Some("INVITE") || began.as_str() < from || began.as_str() >= until {
            continue;
        }
        let ended = match s.outcome() {
            "pending" | "unrecognized" => (None, None),
            "unknown" => {
                let gone = s.last().until.expect("unknown is gone");
                (Some(fixture.last_seen(s, s.last())), Some(fixture.finished_at(gone)))
            }
            _ => {
                let last = fixture.last_transition(s);
                (last.after, Some(last.by))
            }
        };
        let row = json!([
            s.id,
            s.organization(),
            account(s),
            email(s),
            s.requested_at(),
            s.expires_at(),
            s.outcome(),
            ended.0,
            ended.1,
            fixture.gone_at(s)
        ]);
        rows.push(((began, s.id), row));
    }
    ordered(rows)
}

pub fn transitions(fixture: &Fixture, since: &str) -> Vec<Value> {
    let mut rows = vec![];
    for s in &fixture.stories {
        for t in fixture.transitions(s) {
            if t.by.as_str() >= since {
                let who = (account(s), email(s));
                let row = json!([
                    s.id,
                    s.action,
                    who.0,
                    who.1,
                    t.from_state,
                    t.to_state,
                    t.after,
                    t.by,
                    t.sync
                ]);
                rows.push(((t.sync, s.id, t.run), row));
            }
        }
    }
    ordered(rows)
}

pub fn purged(fixture: &Fixture, since: &str) -> Vec<Value> {
    let mut rows = vec![];
    for s in &fixture.stories {
        let Some(gone) = s.last().until else { continue };
        let by = fixture.finished_at(gone);
        if by.as_str() >= since {
            let row = json!([
                s.id,
                s.organization(),
                s.action,
                account(s),
                email(s),
                s.outcome(),
                s.requested_at(),
                fixture.last_seen(s, s.last()),
                by
            ]);
            rows.push(((std::cmp::Reverse(gone), s.id), row));
        }
    }
    ordered(rows)
}

pub fn unknown_outcomes(fixture: &Fixture) -> Vec<Value> {
    let mut rows = vec![];
    for s in &fixture.stories {
        if let (true, Some(gone)) = (s.is_pending(), s.last().until) {
            let row = json!([
                s.id,
                s.organization(),
                s.action,
                account(s),
                email(s),
                s.state(),
                s.requested_at(),
                s.expires_at(),
                fixture.last_seen(s, s.last()),
                fixture.finished_at(gone)
            ]);
            rows.push(((std::cmp::Reverse(gone), s.id), row));
        }
    }
    ordered(rows)
}

pub fn answer_times(fixture: &Fixture, from: &str, until: &str) -> Vec<Value> {
    let mut rows = vec![];
    for s in &fixture.stories {
        let Some(requested) = s.requested_at() else { continue };
        let in_period = requested.as_str() >= from && requested.as_str() < until;
        if in_period && matches!(s.outcome(), "accepted" | "declined") {
            let t = fixture.last_transition(s);
            let at_least = t.after.as_ref().map(|after| hours_between(&requested, after));
            let at_most = hours_between(&requested, &t.by);
            let who = (account(s), email(s));
            let row = json!([
                s.id,
                s.action,
                who.0,
                who.1,
                s.outcome(),
                requested,
                t.after,
                t.by,
                at_least,
                at_most
            ]);
            rows.push(((requested.clone(), s.id), row));
        }
    }
    ordered(rows)
}

pub fn counts(fixture: &Fixture) -> Vec<Value> {
    let mut counts: BTreeMap<_, i64> = BTreeMap::new();
    for s in &fixture.stories {
        let month = s.requested_at().map(|at| at[..7].to_owned());
        *counts.entry((month, s.action, s.state())).or_default() += 1;
    }
    let row = |((month, action, state), count)| json!([month, action, state, count]);
    counts.into_iter().map(row).collect()
}
