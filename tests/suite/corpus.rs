//! What the fuzzers found worth keeping, held against what they hold against every input.

use std::fs;
use std::panic;
use std::path::Path;

use crate::oracles;

/// Runs every input of a target, and names the one that breaks a promise.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let input = fs::read(&path).unwrap();
        count += 1;
        if panic::catch_unwind(|| check(&input)).is_err() {
            panic!("{}: {:?}", path.display(), String::from_utf8_lossy(&input));
        }
    }
    assert!(count >= 20, "{} has only {count} inputs", folder.display());
}

#[test]
fn of_every_body_in_the_corpus_nothing_is_lost_or_made_up() {
    replay("page", oracles::page::check);
}

#[test]
fn every_element_in_the_corpus_has_the_one_canonical_form_of_its_content() {
    replay("canonical", oracles::canonical::check);
}

#[test]
fn every_header_in_the_corpus_says_what_stands_in_it() {
    replay("query_header", oracles::query_header::check);
}

#[test]
fn every_checkpoint_in_the_corpus_is_printed_as_it_was_read() {
    replay("checkpoint", oracles::checkpoint::check);
}
