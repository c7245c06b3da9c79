//! One response body of a list call, taken apart without losing a byte.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::member::Member;
use super::model::Handshake;
use super::parse::{Unreadable, parse};

/// One page of handshakes: the body as it came, where its elements stand in it, and the token.
#[derive(Debug)]
pub struct Page {
    elements: Elements,
    next_token: Option<String>,
}

#[derive(Debug)]
enum Elements {
    Found(Found),
    Read(Read),
}

/// A body, and where the elements stand in it.
#[derive(Debug)]
struct Found {
    body: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Found {
    fn elements(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.places.iter().map(|place| &self.body[place.clone()])
    }
}

/// An element and what it reads as.
#[derive(Debug, Clone)]
pub struct Reading<'a> {
    /// The element, exactly as it stands in the body.
    pub element: &'a [u8],
    /// The handshake, or why it is none.
    pub handshake: Result<Handshake<'a>, Unreadable>,
    /// What evidence knows it by, if that was made ahead.
    pub hashes: Option<Hashes>,
}

type Readings<'a> = Vec<Reading<'a>>;

self_cell::self_cell!(
    /// A body and what was read from it, which borrows from it.
    struct Read {
        owner: Found,
        #[covariant]
        dependent: Readings,
    }

    impl {Debug}
);

/// What evidence knows an element by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashes {
    /// SHA-256 of its bytes.
    pub payload_sha256: [u8; 32],
    /// SHA-256 of its canonical form; none where it is no handshake.
    pub content_sha256: Option<[u8; 32]>,
}

impl Hashes {
    fn of(element: &[u8], handshake: Option<&Handshake<'_>>) -> Self {
        Self {
            payload_sha256: Sha256::digest(element).into(),
            content_sha256: handshake.and_then(|handshake| handshake.content_sha256().ok()),
        }
    }
}

/// Why a body is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The body is no JSON, or its list or token has the wrong JSON type.
    #[error("the answer is not the JSON of a list of handshakes: {0}")]
    Json(#[from] serde_json::Error),
    /// The body is an object that says nothing about handshakes. To take it for an empty list
    /// would be to believe that AWS deleted everything.
    #[error("the answer has neither a list of handshakes nor a token")]
    NotAPage,
}

/// The most elements that a page can have: far more than AWS's 20. What has more is no page, and would take a
/// multiple of its size in memory and in the archive.
const MOST_ELEMENTS: usize = 10_000;

/// The elements of a list, not looked into.
struct List<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of handshakes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            if elements.len() == MOST_ELEMENTS {
                let most = format!("a list of more than {MOST_ELEMENTS} elements");
                return Err(de::Error::custom(most));
            }
            elements.push(element);
        }
        Ok(List(elements))
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(rename = "Handshakes", borrow, default)]
    handshakes: Member<List<'a>>,
    #[serde(rename = "NextToken", default)]
    next_token: Member<String>,
}

impl Page {
    /// Finds the elements and the token in a response body.
    ///
    /// An element is not looked into: whatever stands in it, the others are found. Bytes that are
    /// not UTF-8 spoil only the element in which they stand.
    ///
    /// # Errors
    /// [`PageError`], when the body is not what `ListHandshakesForOrganization` answers.
    pub fn read(body: Vec<u8>) -> Result<Self, (PageError, Vec<u8>)> {
        match Self::find(&body) {
            Ok((places, next_token)) => {
                Ok(Self { elements: Elements::Found(Found { body, places }), next_token })
            }
            Err(error) => Err((error, body)),
        }
    }

    fn find(body: &[u8]) -> Result<(Vec<Range<usize>>, Option<String>), PageError> {
        let text = same_length_text(body);
        let wire: Wire<'_> = serde_json::from_str(&text)?;
        // The derived reader would take an array for the members in their order.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(PageError::NotAPage);
        }
        if !wire.handshakes.is_named() && !wire.next_token.is_named() {
            return Err(PageError::NotAPage);
        }
        let start = text.as_ptr().addr();
        let elements =
            wire.handshakes.value().map_or(&[][..], |list| &list.0).iter().map(|element| {
                let from = element.get().as_ptr().addr() - start;
                from..from + element.get().len()
            });
        // A null or empty token ends the list.
        let next_token = wire.next_token.value().filter(|token| !token.is_empty()).cloned();
        Ok((elements.collect(), next_token))
    }

    /// The elements of the list, each exactly as it stands in the body.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.found().elements()
    }

    /// The bytes of the body.
    pub fn size(&self) -> usize {
        self.found().body.len()
    }

    /// Reads and hashes every element, for whoever needs that later and has less time.
    #[must_use]
    pub fn read_ahead(self) -> Self {
        let elements = match self.elements {
            Elements::Found(found) => Elements::Read(Read::new(found, |found| {
                let reading = |element| {
                    let handshake = parse(element);
                    let hashes = Some(Hashes::of(element, handshake.as_ref().ok()));
                    Reading { element, handshake, hashes }
                };
                found.elements().map(reading).collect()
            })),
            read @ Elements::Read(_) => read,
        };
        Self { elements, ..self }
    }

    /// What the elements read as, read now unless they were read ahead.
    pub fn readings(&self) -> Cow<'_, [Reading<'_>]> {
        match &self.elements {
            Elements::Found(found) => found
                .elements()
                .map(|element| Reading { element, handshake: parse(element), hashes: None })
                .collect(),
            Elements::Read(read) => Cow::Borrowed(read.borrow_dependent()),
        }
    }

    fn found(&self) -> &Found {
        match &self.elements {
            Elements::Found(found) => found,
            Elements::Read(read) => read.borrow_owner(),
        }
    }

    /// The token that asks for the next page; `None` on the last one.
    pub fn next_token(&self) -> Option<&str> {
        self.next_token.as_deref()
    }
}

/// The bytes as text of the same length: what is not UTF-8 is replaced byte by byte, so that
/// places in the text are places in the bytes.
fn same_length_text(body: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(body) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::{Page, PageError};

    fn page(body: &[u8]) -> Page {
        Page::read(body.to_vec()).map_err(|(error, _)| error).expect("a page")
    }

    #[test]
    fn elements_are_the_very_bytes_of_the_body() {
        let body = br#" { "NextToken" : "t" , "Handshakes" : [ {"Id": "h-1"} , 7 , "x\u00e9" ] } "#;
        let page = page(body);
        let elements: Vec<&[u8]> = page.elements().collect();
        assert_eq!(elements, [br#"{"Id": "h-1"}"#.as_slice(), b"7", br#""x\u00e9""#]);
        assert_eq!(page.next_token(), Some("t"));
    }

    #[test]
    fn a_null_or_empty_or_missing_token_ends_the_list() {
        for body in [
            r#"{"Handshakes":[]}"#,
            r#"{"Handshakes":[],"NextToken":null}"#,
            r#"{"Handshakes":null,"NextToken":""}"#,
        ] {
            assert_eq!(page(body.as_bytes()).next_token(), None, "{body}");
        }
    }

    #[test]
    fn a_page_may_be_empty_and_still_carry_a_token() {
        let page = page(br#"{"NextToken":"more"}"#);
        assert_eq!(page.elements().len(), 0);
        assert_eq!(page.next_token(), Some("more"));
    }

    #[test]
    fn a_list_longer_than_any_page_is_none() {
        let of = |count| format!(r#"{{"Handshakes":[{}]}}"#, vec!["0"; count].join(","));
        assert_eq!(page(of(10_000).as_bytes()).elements().len(), 10_000);
        let (error, body) = Page::read(of(10_001).into_bytes()).expect_err("too long");
        assert!(error.to_string().contains("more than 10000 elements"), "{error}");
        assert_eq!(body, of(10_001).into_bytes());
    }

    #[test]
    fn what_is_no_page_is_never_an_empty_list() {
        let not_a_page = |body: &str| Page::read(body.into()).expect_err(body).0;
        assert!(matches!(not_a_page("{}"), PageError::NotAPage));
        assert!(matches!(not_a_page(r#"{"message":"moved"}"#), PageError::NotAPage));
        for body in ["", "<html>", r#"{"Handshakes":{}}"#, r#"{"Handshakes":[],"NextToken":1}"#] {
            assert!(matches!(not_a_page(body), PageError::Json(_)), "{body}");
        }
        let cut = r#"{"Handshakes":[{"Id":"h-1"},{"Id":"#;
        assert!(matches!(not_a_page(cut), PageError::Json(_)));
    }

    #[test]
    fn bytes_that_are_not_utf8_spoil_only_their_element() {
        let body = b"{\"Handshakes\":[{\"Id\":\"h-\xff\xfe\"},{\"Id\":\"h-2\"}]}";
        let page = page(body);
        let elements: Vec<&[u8]> = page.elements().collect();
        assert_eq!(elements, [b"{\"Id\":\"h-\xff\xfe\"}".as_slice(), b"{\"Id\":\"h-2\"}"]);
    }

    #[test]
    fn an_element_nested_thousands_deep_does_not_hide_its_neighbours() {
        let deep = "[".repeat(5000) + &"]".repeat(5000);
        let body = format!(r#"{{"Handshakes":[{{"Id":"h-1","X":{deep}}},{{"Id":"h-2"}}]}}"#);
        assert_eq!(page(body.as_bytes()).elements().len(), 2);
    }
}
