//! A response body: nothing in it is lost, nothing is found that `serde_json` does not find.

use handshake_archive::handshake::{Page, PageError};
use serde::de::IgnoredAny;

use super::element;
use super::tree::Tree;

/// Holds what [`Page::read`] makes of a body against an independent reading of it.
pub fn check(body: &[u8]) {
    let read = Page::read(body.to_vec());
    if let Ok(text) = str::from_utf8(body) {
        match serde_json::from_str::<Tree>(text) {
            Ok(tree) => compare(&read, &tree),
            Err(_) if serde_json::from_str::<IgnoredAny>(text).is_err() => {
                assert!(read.is_err(), "what is no JSON was read as a page");
            }
            Err(_) => {}
        }
    }
    match read {
        Err((_, kept)) => assert_eq!(kept, body, "the body of an error is evidence too"),
        Ok(page) => {
            let mut rest = body;
            for found in page.elements() {
                let place = rest.windows(found.len()).position(|window| window == found);
                rest =
                    &rest[place.expect("an element that the body does not have") + found.len()..];
                element::check(found);
            }
        }
    }
}

fn compare(read: &Result<Page, (PageError, Vec<u8>)>, tree: &Tree) {
    let expected = expect(tree);
    match read {
        Ok(page) => {
            let (elements, token) = expected.expect("read as a page, and is none");
            let found: Vec<Tree> = page
                .elements()
                .map(|element| serde_json::from_slice(element).expect("an element is JSON"))
                .collect();
            assert_eq!(found, elements);
            assert_eq!(page.next_token(), token);
        }
        Err((error, _)) => assert!(expected.is_none(), "a page was refused: {error}"),
    }
}

/// The elements and the token, where the body is an object that has one or the other.
fn expect(tree: &Tree) -> Option<(&[Tree], Option<&str>)> {
    let named = |name: &str| {
        tree.members().unwrap_or_default().iter().filter(|(other, _)| other == name).count()
    };
    if !matches!((named("Handshakes"), named("NextToken")), (0, 1) | (1, 0) | (1, 1)) {
        return None;
    }
    let elements = match tree.get("Handshakes") {
        None | Some(Tree::Null) => &[],
        Some(list) => list.items()?,
    };
    let token = match tree.get("NextToken") {
        None | Some(Tree::Null) => None,
        Some(token) => Some(token.text()?).filter(|token| !token.is_empty()),
    };
    Some((elements, token))
}
