//! One element of a list: it is read as a handshake exactly when it is one, and then as `serde_json`
//! reads it.

use handshake_archive::handshake::{Handshake, Instant, Resource, parse};
use serde::de::IgnoredAny;

use super::tree::Tree;

/// The longest run of digits with which a number is surely what every reader takes it for.
const SHORT: usize = 15;

/// Reads the element. Where it is a handshake: that, and the tree, unless the tree's reader gives up
/// (a nesting deeper than 128, a number beyond a binary float).
pub fn check(element: &[u8]) -> Option<(Handshake<'_>, Option<Tree>)> {
    let read = parse(element);
    let Ok(text) = str::from_utf8(element) else {
        assert!(read.is_err(), "what is not UTF-8 was read as a handshake");
        return None;
    };
    let Ok(tree) = serde_json::from_str::<Tree>(text) else {
        if serde_json::from_str::<IgnoredAny>(text).is_err() {
            assert!(read.is_err(), "what is no JSON was read as a handshake");
        }
        return read.ok().map(|handshake| (handshake, None));
    };
    match read {
        Err(unreadable) => {
            let is_clear = numbers_are_short(text) && !has_written_time(&tree);
            assert!(!(is_clear && is_handshake(&tree)), "refused: {}", unreadable.reason);
            assert!(!unreadable.reason.is_empty());
            let id = tree.get("Id").and_then(Tree::text).filter(|id| !id.is_empty());
            assert_eq!(unreadable.id.as_deref(), id.filter(|_| !tree.repeats_itself()));
            None
        }
        Ok(handshake) => {
            assert!(is_handshake(&tree), "read as a handshake, and is none");
            compare(&handshake, &tree);
            Some((handshake, Some(tree)))
        }
    }
}

/// Whether every number has so few digits, also in its exponent, that a binary float holds it.
pub fn numbers_are_short(text: &str) -> bool {
    let digits = |run: &str| run.bytes().filter(u8::is_ascii_digit).count();
    let is_digit = |c: char| c.is_ascii_digit();
    text.split(|c: char| !is_digit(c) && c != '.').all(|run| digits(run) <= SHORT)
        && text.split(['e', 'E']).skip(1).all(|rest| {
            let rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
            rest.find(|c| !is_digit(c)).unwrap_or(rest.len()) <= 2
        })
}

/// Whether a time is text, of which this oracle knows nothing.
pub fn has_written_time(tree: &Tree) -> bool {
    ["RequestedTimestamp", "ExpirationTimestamp"]
        .iter()
        .any(|name| tree.get(name).is_some_and(|time| time.text().is_some()))
}

fn is_handshake(tree: &Tree) -> bool {
    let is_time = |name| match tree.get(name) {
        None | Some(Tree::Null | Tree::Number(_) | Tree::Text(_)) => true,
        Some(_) => false,
    };
    tree.members().is_some()
        && !tree.repeats_anywhere()
        && tree.get("Id").and_then(Tree::text).is_some_and(|id| !id.is_empty())
        && ["Arn", "State", "Action"].iter().all(|name| is_text(tree, name))
        && ["RequestedTimestamp", "ExpirationTimestamp"].into_iter().all(is_time)
        && is_list(tree, "Parties", |party| is_text(party, "Id") && is_text(party, "Type"))
        && is_list(tree, "Resources", is_resource)
}

fn is_resource(tree: &Tree) -> bool {
    is_text(tree, "Type") && is_text(tree, "Value") && is_list(tree, "Resources", is_resource)
}

fn is_text(tree: &Tree, name: &str) -> bool {
    matches!(tree.get(name), None | Some(Tree::Null | Tree::Text(_)))
}

fn is_list(tree: &Tree, name: &str, is_item: impl Fn(&Tree) -> bool) -> bool {
    match tree.get(name) {
        None | Some(Tree::Null) => true,
        Some(Tree::Array(items)) => items.iter().all(|i| i.members().is_some() && is_item(i)),
        Some(_) => false,
    }
}

fn compare(handshake: &Handshake<'_>, tree: &Tree) {
    let text = |name| tree.get(name).and_then(Tree::text);
    assert_eq!(Some(handshake.id()), text("Id"));
    assert_eq!(handshake.arn(), text("Arn"));
    assert_eq!(handshake.state(), text("State"));
    assert_eq!(handshake.action(), text("Action"));
    compare_time(handshake.requested(), tree.get("RequestedTimestamp"));
    compare_time(handshake.expires(), tree.get("ExpirationTimestamp"));
    let parties = list(tree, "Parties");
    assert_eq!(handshake.parties().len(), parties.len());
    for (party, tree) in handshake.parties().iter().zip(parties) {
        assert_eq!(party.id(), tree.get("Id").and_then(Tree::text));
        assert_eq!(party.kind(), tree.get("Type").and_then(Tree::text));
    }
    compare_resources(handshake.resources(), list(tree, "Resources"));
}

fn compare_resources(resources: &[Resource<'_>], trees: &[Tree]) {
    assert_eq!(resources.len(), trees.len());
    for (resource, tree) in resources.iter().zip(trees) {
        assert_eq!(resource.kind(), tree.get("Type").and_then(Tree::text));
        assert_eq!(resource.value(), tree.get("Value").and_then(Tree::text));
        compare_resources(resource.resources(), list(tree, "Resources"));
    }
}

fn compare_time(time: Option<&Instant>, tree: Option<&Tree>) {
    let Some(Tree::Number(number)) = tree else {
        let is_there = tree.is_some_and(|tree| tree.text().is_some());
        assert_eq!(time.is_some(), is_there, "a time from nowhere, or lost");
        return;
    };
    let seconds = number.as_f64().unwrap_or(f64::NAN);
    match time.map(Instant::to_datetime) {
        None => panic!("the time {number} was lost"),
        Some(Some(time)) => {
            let off = time.timestamp_millis() as f64 - seconds * 1000.0;
            assert!(off.abs() <= 1.0, "{number} became {time}");
        }
        // The years 0 to 9999, but for their edges.
        Some(None) => assert!(!(-62_167_219_199.0..253_402_300_799.0).contains(&seconds)),
    }
}

fn list<'a>(tree: &'a Tree, name: &str) -> &'a [Tree] {
    tree.get(name).and_then(Tree::items).unwrap_or_default()
}
