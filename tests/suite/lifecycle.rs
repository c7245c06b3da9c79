//! Weeks of an organization's life, by the simulated clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Days, SecondsFormat, TimeDelta, Utc};
use handshake_archive::handshake::Filter;
use handshake_archive_simulator::{History, Simulator};

use crate::harness::{Database, Sandbox, noon, organization, sync_by_simulated_clock};

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The state that a handshake had at a time, by the simulator's own history; `None` when AWS would
/// not show it.
fn state_at(history: &History, time: DateTime<Utc>) -> Option<&str> {
    let ended = |state: &str| !matches!(state, "REQUESTED" | "OPEN");
    let (since, state) = history.states.iter().rev().find(|(since, _)| *since <= time)?;
    let visible = !ended(state) || time < *since + Days::new(30);
    visible.then_some(state.as_str())
}

/// The transitions that syncs at these times can tell: `id|from|to|after|by`.
fn expected_transitions(history: &[History], syncs: &[DateTime<Utc>]) -> Vec<String> {
    let mut lines = Vec::new();
    for handshake in history {
        let mut before: Option<(&str, DateTime<Utc>)> = None;
        for &time in syncs {
            let Some(state) = state_at(handshake, time) else { continue };
            match before {
                None => lines.push(format!(
                    "{}|NULL|{state}|{}|{}",
                    handshake.id,
                    text(handshake.requested_at),
                    text(time)
                )),
                Some((from, after)) if from != state => {
                    lines.push(format!(
                        "{}|{from}|{state}|{}|{}",
                        handshake.id,
                        text(after),
                        text(time)
                    ));
                }
                Some(_) => {}
            }
            before = Some((state, time));
        }
    }
    lines.sort();
    lines
}

#[test]
fn sixty_days_with_a_sync_every_seven_lose_nothing_that_aws_deleted() {
    let sandbox = Sandbox::new();
    let simulator = Arc::new(Simulator::start(organization()));
    let mut syncs = Vec::new();
    let mut made = Vec::new();
    let mut parent = None;
    for day in 0..=60_u64 {
        simulator.with(|organization| {
            organization.set_now(noon() + Days::new(day));
            if day % 4 == 0 {
                made.push(
                    organization.invite_account(&format!("{:012}", 200_000_000_000 + day), None),
                );
            }
            if day % 9 == 2 {
                made.push(
                    organization.invite_email(&format!("guest{day}@example.com"), Some("Join us")),
                );
            }
            if day == 5 {
                let (id, children) =
                    organization.enable_all_features(&["333333333333", "444444444444"]);
                organization.set_now(noon() + Days::new(day) + TimeDelta::hours(1));
                organization.accept(&children[0]);
                parent = Some((id, children));
            }
            if day == 12 {
                let (_, children) = parent.as_ref().unwrap();
                organization.accept(&children[1]);
            }
            if day == 20 {
                organization.accept(&parent.as_ref().unwrap().0);
            }
            // Some are answered, one a kind; the rest expires.
            if let Some(id) = (day >= 6).then(|| made.get(day as usize % 7)).flatten().cloned() {
                let pending = organization.history().iter().any(|h| {
                    h.id == id && matches!(h.states.last(), Some((_, state)) if state == "OPEN")
                });
                if pending {
                    match day % 3 {
                        0 => organization.accept(&id),
                        1 => organization.decline(&id),
                        _ => organization.cancel(&id),
                    }
                }
            }
            organization.set_now(noon() + Days::new(day) + TimeDelta::hours(2));
        });
        if day % 7 == 0 {
            syncs.push(simulator.now());
            let report = sync_by_simulated_clock(&simulator, &sandbox.archive(), Filter::None);
            assert_eq!(report.record.outcome, "complete");
        }
    }
    // The last days' handshakes are seen by one more sync on the last day.
    syncs.push(simulator.with(|organization| {
        organization.advance(TimeDelta::hours(1));
        organization.now()
    }));
    sync_by_simulated_clock(&simulator, &sandbox.archive(), Filter::None);

    let history = simulator.with(|organization| organization.history());
    let database = sandbox.database();
    database.assert_sound();
    assert!(history.len() > 20, "a history worth the name");
    assert!(history.iter().filter(|h| h.purged_at.is_some()).count() > 5, "AWS deleted some");

    // Every handshake that ever existed, with its last state.
    let archived: BTreeMap<String, String> = pairs(&database, "SELECT id, state FROM handshakes");
    let truth: BTreeMap<String, String> =
        history.iter().map(|h| (h.id.clone(), h.states.last().unwrap().1.clone())).collect();
    assert_eq!(archived, truth);

    // Those that AWS deleted are gone since the sync that noticed, and only those.
    let gone: BTreeMap<String, String> =
        pairs(&database, "SELECT id, gone_at FROM handshakes WHERE gone_at IS NOT NULL");
    let truth: BTreeMap<String, String> = history
        .iter()
        .filter_map(|h| {
            let purged = h.purged_at?;
            let noticed = syncs.iter().find(|sync| **sync >= purged)?;
            Some((h.id.clone(), text(*noticed)))
        })
        .collect();
    assert_eq!(gone, truth);
    let noticed = pairs(&database, "SELECT id, by_at FROM purged");
    assert_eq!(noticed, truth, "the view purged names the same syncs");

    // Every transition has its interval.
    let mut transitions =
        database.lines("SELECT id, from_state, to_state, after_at, by_at FROM transitions");
    transitions.sort();
    assert_eq!(transitions, expected_transitions(&history, &syncs));

    // Children know their parent, whichever way AWS wrote it.
    let (parent, mut children) = parent.unwrap();
    children.sort();
    let linked = database.texts(&format!(
        "SELECT id FROM handshakes WHERE parent_handshake_id = '{parent}' ORDER BY id"
    ));
    assert_eq!(linked, children);

    // No gap of 30 days: one covered stretch, from 30 days before the first sync to the last.
    assert_eq!(
        database.lines("SELECT period, from_at, until_at, syncs FROM coverage"),
        [format!(
            "covered|{}|{}|{}",
            text(syncs[0] - Days::new(30)),
            text(*syncs.last().unwrap()),
            syncs.len()
        )]
    );
}

fn pairs(database: &Database, sql: &str) -> BTreeMap<String, String> {
    let split = |line: String| {
        let (key, value) = line.split_once('|').unwrap();
        (key.to_owned(), value.to_owned())
    };
    database.lines(sql).into_iter().map(split).collect()
}

#[test]
fn a_gap_of_forty_days_is_a_blind_window_and_other_syncs_do_not_fill_it() {
    let sandbox = Sandbox::new();
    let simulator = Arc::new(Simulator::start(organization()));
    let archive = sandbox.archive();
    let day = |days| noon() + Days::new(days);
    let at = |days, filter| {
        simulator.with(|organization| organization.set_now(day(days)));
        sync_by_simulated_clock(&simulator, &archive, filter)
    };
    at(0, Filter::None);
    at(10, Filter::ActionType("INVITE".to_owned()));
    at(50, Filter::None);
    at(60, Filter::None);
    assert_eq!(
        sandbox.database().lines("SELECT period, from_at, until_at, syncs FROM coverage"),
        [
            format!("covered|{}|{}|1", text(noon() - Days::new(30)), text(day(0))),
            format!("blind|{}|{}|0", text(day(0)), text(day(20))),
            format!("covered|{}|{}|2", text(day(20)), text(day(60))),
        ]
    );
}

#[test]
fn a_handshake_that_vanished_while_pending_and_came_back_is_one_handshake() {
    let sandbox = Sandbox::new();
    let mut start = organization();
    start.serve_raw(r#"{"Id":"h-comesandgoes","State":"OPEN","Action":"INVITE"}"#);
    let simulator = Arc::new(Simulator::start(start));
    let archive = sandbox.archive();
    let sync = |hours| {
        simulator.with(|organization| organization.set_now(noon() + TimeDelta::hours(hours)));
        sync_by_simulated_clock(&simulator, &archive, Filter::None).record
    };
    assert_eq!(sync(0).added, 1);
    simulator.with(|organization| organization.clear_raw());
    assert_eq!(sync(1).gone, 1);
    assert_eq!(
        sandbox.database().lines("SELECT state, gone_at IS NOT NULL FROM handshakes"),
        ["OPEN|1"]
    );
    simulator.with(|o| o.serve_raw(r#"{"Id":"h-comesandgoes","State":"OPEN","Action":"INVITE"}"#));
    let record = sync(2);
    assert_eq!((record.added, record.changed, record.gone), (0, 1, 0));
    let database = sandbox.database();
    assert_eq!(database.lines("SELECT state, version, gone_at FROM handshakes"), ["OPEN|1|NULL"]);
    assert_eq!(
        database.number("SELECT count(*) FROM handshake_versions"),
        1,
        "the content is the same"
    );
    assert_eq!(
        database
            .lines("SELECT seen_sync_id, gone_sync_id FROM observations ORDER BY observation_id"),
        ["1|2", "3|NULL"]
    );
}
