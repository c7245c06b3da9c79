//! What a handshake costs before it reaches the archive: `cargo bench --bench content`.

use std::hint::black_box;

use chrono::DateTime;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use handshake_archive::handshake::{Page, parse};
use handshake_archive_simulator::Organization;

fn main() {
    divan::main();
}

/// A page of 20, as AWS sends it.
fn page() -> Vec<u8> {
    let now = DateTime::from_timestamp(1_772_366_400, 0).unwrap_or_default();
    let mut organization = Organization::new("o-benchmark1", "111111111111", now);
    organization.populate(20);
    let elements: Vec<String> =
        organization.visible().into_iter().map(|handshake| handshake.json).collect();
    format!(r#"{{"Handshakes":[{}],"NextToken":"next"}}"#, elements.join(",")).into_bytes()
}

fn read(body: Vec<u8>) -> Option<Page> {
    Page::read(body).ok()
}

/// Finding the elements of a page.
#[divan::bench]
fn find(bencher: Bencher<'_, '_>) {
    let body = page();
    bencher
        .counter(BytesCount::new(body.len()))
        .counter(ItemsCount::new(20_usize))
        .with_inputs(|| body.clone())
        .bench_values(read);
}

/// Reading each element.
#[divan::bench]
fn parse_elements(bencher: Bencher<'_, '_>) {
    let page = read(page());
    bencher.counter(ItemsCount::new(20_usize)).bench(|| {
        for element in page.iter().flat_map(Page::elements) {
            let _ = black_box(parse(black_box(element)));
        }
    });
}

/// The canonical form of each element and its SHA-256.
#[divan::bench]
fn canonical_hash(bencher: Bencher<'_, '_>) {
    let page = read(page());
    let handshakes: Vec<_> =
        page.iter().flat_map(Page::elements).filter_map(|element| parse(element).ok()).collect();
    bencher.counter(ItemsCount::new(20_usize)).bench(|| {
        for handshake in &handshakes {
            let _ = black_box(handshake.content_sha256());
        }
    });
}
