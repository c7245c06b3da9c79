//! Who and what: accounts, requests, resources and notes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{account, email, ordered};
use crate::fixture::{Fixture, Story};

pub fn account_history(fixture: &Fixture, asked: &str) -> Vec<Value> {
    const KINDS: [&str; 4] = ["ACCOUNT", "EMAIL", "MANAGEMENT_ACCOUNT", "MANAGEMENT_EMAIL"];
    let mut rows = vec![];
    for s in &fixture.stories {
        let same = |text: &str| text.eq_ignore_ascii_case(asked);
        let party = s.parties.iter().any(|(kind, id)| *kind != "ORGANIZATION" && same(id));
        let resource = s
            .tree()
            .iter()
            .any(|(_, _, node)| KINDS.contains(&node.kind) && node.value.is_some_and(same));
        let found_in = match (party, resource) {
            (true, _) => "party",
            (false, true) => "resource",
            (false, false) => continue,
        };
        for t in fixture.transitions(s) {
            let row = json!([
                s.id,
                s.action,
                found_in,
                t.from_state,
                t.to_state,
                t.after,
                t.by,
                s.expires_at(),
                fixture.gone_at(s)
            ]);
            rows.push(((fixture.began(s), s.id, t.run), row));
        }
    }
    ordered(rows)
}

pub fn invited_again(fixture: &Fixture) -> Vec<Value> {
    let mut invited: BTreeMap<String, Vec<&Story>> = BTreeMap::new();
    for s in fixture.stories.iter().filter(|s| s.action == Some("INVITE")) {
        for who in [account(s), email(s)].into_iter().flatten() {
            invited.entry(who.to_ascii_lowercase()).or_default().push(s);
        }
    }
    let mut rows = vec![];
    for (who, stories) in invited.into_iter().filter(|(_, stories)| stories.len() > 1) {
        let of = |outcome| stories.iter().filter(|s| s.outcome() == outcome).count();
        let requests = || stories.iter().filter_map(|s| s.requested_at());
        let row = json!([
            who,
            stories.len(),
            of("accepted"),
            of("declined"),
            of("canceled"),
            of("expired"),
            of("pending"),
            of("unknown"),
            requests().min(),
            requests().max()
        ]);
        rows.push(((std::cmp::Reverse(stories.len()), who), row));
    }
    ordered(rows)
}

pub fn all_features(fixture: &Fixture, id: &str) -> Vec<Value> {
    let children: Vec<&Story> =
        fixture.stories.iter().filter(|s| fixture.parent(s) == Some(id)).collect();
    let accepted = children.iter().filter(|s| s.state() == Some("ACCEPTED")).count();
    let mut rows = vec![];
    for s in &fixture.stories {
        let is_child = fixture.parent(s) == Some(id);
        if !is_child && s.id != id {
            continue;
        }
        let role = if is_child { "child" } else { "request" };
        let t = fixture.last_transition(s);
        let sums = (!is_child).then_some((children.len(), accepted));
        let row = json!([
            role,
            s.id,
            s.action,
            account(s),
            email(s),
            s.outcome(),
            s.state(),
            s.requested_at(),
            s.expires_at(),
            t.after,
            t.by,
            fixture.gone_at(s),
            sums.map(|sums| sums.0),
            sums.map(|sums| sums.1)
        ]);
        rows.push(((is_child, s.id), row));
    }
    ordered(rows)
}

pub fn billing_transfers(fixture: &Fixture) -> Vec<Value> {
    let mut rows = vec![];
    for s in fixture.stories.iter().filter(|s| s.action == Some("TRANSFER_RESPONSIBILITY")) {
        let row = json!([
            s.id,
            s.organization(),
            account(s),
            email(s),
            s.outcome(),
            s.state(),
            s.requested_at(),
            s.expires_at(),
            s.resource(&["RESPONSIBILITY_TRANSFER"]),
            s.resource(&["TRANSFER_TYPE"]),
            s.resource(&["TRANSFER_START_TIMESTAMP"]),
            s.resource(&["MANAGEMENT_ACCOUNT"]),
            s.resource(&["MASTER_NAME", "MANAGEMENT_NAME", "OWNER_NAME"]),
            s.resource(&["MASTER_EMAIL", "MANAGEMENT_EMAIL", "OWNER_EMAIL"]),
            s.resource(&["NOTES"]),
            fixture.gone_at(s)
        ]);
        rows.push(((fixture.began(s), s.id), row));
    }
    ordered(rows)
}

pub fn resource_tree(fixture: &Fixture, id: &str) -> Vec<Value> {
    let mut rows = vec![];
    for s in fixture.stories.iter().filter(|s| s.id == id) {
        for (ordinal, (depth, path, node)) in s.tree().into_iter().enumerate() {
            rows.push(json!([ordinal, depth, path, node.kind, node.value]));
        }
    }
    rows
}

pub fn notes(fixture: &Fixture, text: &str) -> Vec<Value> {
    let mut rows = vec![];
    for s in &fixture.stories {
        for (ordinal, (_, _, node)) in s.tree().into_iter().enumerate() {
            let Some(note) = node.value.filter(|_| node.kind == "NOTES") else { continue };
            if note.to_ascii_lowercase().contains(&text.to_ascii_lowercase()) {
                let who = (account(s), email(s));
                let row =
                    json!([s.id, s.action, who.0, who.1, s.outcome(), s.requested_at(), note]);
                rows.push(((std::cmp::Reverse(fixture.began(s)), s.id, ordinal), row));
            }
        }
    }
    ordered(rows)
}
