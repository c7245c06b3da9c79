//! What the archive claims, against what really happened in the world.

use proptest::prelude::*;

use super::histories::{End, Odd, Step};
use super::play::Play;
use super::reference::Filter;
use super::tables::{Tables, text};

/// `coverage` says of a period that every handshake that was pending in it is in the archive.
///
/// Not claimed of one that AWS showed against its own rules or that could never be read.
pub fn covered_means_archived(tables: &Tables<'_>, play: &Play) -> Result<(), TestCaseError> {
    for period in tables.reference.periods().iter().filter(|period| period.is_covered) {
        for (number, one) in play.world.handshakes.iter().enumerate() {
            let is_odd = |number: usize| {
                play.world.handshakes[number].is_strange || play.garbled.contains(&number)
            };
            if one.owner != period.owner || is_odd(number) || one.parent.is_some_and(is_odd) {
                continue;
            }
            let was_pending = one.requested <= period.until
                && one.ended().is_none_or(|ended| ended > period.from);
            prop_assert!(
                !was_pending || tables.reference.versions.contains_key(&number),
                "{} was pending in {:?} and is missing",
                one.id,
                period
            );
        }
    }
    Ok(())
}

/// The interval of each transition holds the moment at which the handshake came into that state.
pub fn transitions_contain_what_happened(tables: &Tables<'_>) -> Result<(), TestCaseError> {
    for line in tables.transitions() {
        let [id, _, to, after, by, _] = line.split('|').collect::<Vec<_>>()[..] else {
            return Err(TestCaseError::fail(line));
        };
        let one = tables.world.handshakes.iter().find(|one| one.id == id).unwrap();
        let (since, _) = one.states.iter().find(|(_, state)| *state == to).unwrap();
        let since = text(*since);
        let begins = since == text(one.requested);
        prop_assert!(after < &*since || begins, "{id} was {to} at {since}, before {after}");
        prop_assert!(by == "NULL" || &*since <= by, "{id} was {to} at {since}, after {by}");
    }
    Ok(())
}

/// Right after a full sync that met nothing odd, what stands is what AWS shows, in its state.
pub fn the_present_is_as_aws_shows_it(
    tables: &Tables<'_>,
    play: &Play,
    step: &Step,
) -> Result<(), TestCaseError> {
    let sync = tables.reference.syncs.last().unwrap();
    let is_plain = matches!((step.plan.end, step.plan.odd), (End::Complete, Odd::No));
    if !is_plain || sync.filter != Filter::None {
        return Ok(());
    }
    let owner = step.plan.owner;
    // A child that AWS shows under its parent only is out of sight with it.
    let in_sight = |number: &usize| {
        let one = &play.world.handshakes[*number];
        !one.is_hidden_child || one.parent.is_none_or(|parent| play.world.shows(parent))
    };
    let mut shown: Vec<String> = play
        .world
        .visible(owner)
        .filter(in_sight)
        .map(|number| &play.world.handshakes[number])
        .map(|one| format!("{}|{}", one.id, one.state()))
        .collect();
    shown.sort();
    let stands =
        tables.reference.runs.iter().filter(|run| run.gone.is_none() && run.owner == owner);
    let mut standing: Vec<String> = stands
        .filter(|run| in_sight(&run.number))
        .map(|run| {
            let content = tables.reference.versions[&run.number][run.version].content;
            format!("{}|{}", play.world.handshakes[run.number].id, content.state)
        })
        .collect();
    standing.sort();
    prop_assert_eq!(standing, shown);
    Ok(())
}
