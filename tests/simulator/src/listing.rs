//! ListHandshakesForOrganization: a listing is a snapshot taken at its first page; its tokens lead through it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use crate::handshake::Action;
use crate::opaque;
use crate::organization::Organization;
use crate::protocol::ApiError;

/// Bounds of MaxResults; the upper one is the default too.
/// [API page](https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListHandshakesForOrganization.html)
const MAX_RESULTS: std::ops::RangeInclusive<i64> = 1..=20;

/// Unfinished listings that are kept. An older one's tokens are refused, as AWS refuses tokens after a while.
const LISTINGS_KEPT: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    All,
    Action(Action),
    Parent(String),
}

/// The validated input of the operation.
pub(crate) struct ListInput {
    filter: Filter,
    size: usize,
    token: Option<String>,
}

impl ListInput {
    pub(crate) fn read(input: &Value) -> Result<ListInput, ApiError> {
        let size = match &input["MaxResults"] {
            Value::Null => *MAX_RESULTS.end(),
            Value::Number(number) => number.as_i64().ok_or_else(ApiError::serialization)?,
            _ => return Err(ApiError::serialization()),
        };
        if size < *MAX_RESULTS.start() {
            return Err(ApiError::invalid_input("MIN_VALUE_EXCEEDED"));
        }
        if size > *MAX_RESULTS.end() {
            return Err(ApiError::invalid_input("MAX_VALUE_EXCEEDED"));
        }
        Ok(ListInput {
            filter: read_filter(&input["Filter"])?,
            size: size as usize,
            token: text(&input["NextToken"])?,
        })
    }
}

fn read_filter(filter: &Value) -> Result<Filter, ApiError> {
    if !(filter.is_null() || filter.is_object()) {
        return Err(ApiError::serialization());
    }
    match (text(&filter["ActionType"])?, text(&filter["ParentHandshakeId"])?) {
        (None, None) => Ok(Filter::All),
        (Some(action), None) => Action::parse(&action)
            .map(Filter::Action)
            .ok_or_else(|| ApiError::invalid_input("INVALID_ENUM")),
        (None, Some(parent)) if is_handshake_id(&parent) => Ok(Filter::Parent(parent)),
        (None, Some(_)) => Err(ApiError::invalid_input("INVALID_PATTERN")),
        (Some(_), Some(_)) => Err(ApiError::invalid_input("MAX_LIMIT_EXCEEDED_FILTER")),
    }
}

fn text(value: &Value) -> Result<Option<String>, ApiError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(ApiError::serialization()),
    }
}

/// `^h-[0-9a-z]{8,32}$`, the pattern that the API page gives.
fn is_handshake_id(text: &str) -> bool {
    text.strip_prefix("h-").is_some_and(|rest| {
        (8..=32).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
    })
}

/// What a fault does to the paging.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Twist {
    EmptyPage,
    EmptyPageForever,
    RepeatToken,
    CycleTokens,
}

/// Where a token leads.
#[derive(Clone, Debug)]
struct Continuation {
    offset: usize,
    then: Then,
}

/// What the page behind a token answers.
#[derive(Clone, Debug)]
enum Then {
    /// The elements, and the true next token.
    Onward,
    /// The elements, and this token.
    Token(String),
    /// Nothing, and a fresh token that does the same.
    EmptyForever,
}

struct Listing {
    filter: Filter,
    elements: Vec<Arc<str>>,
    tokens: HashMap<String, Continuation>,
}

/// The listings under way.
#[derive(Default)]
pub(crate) struct Listings {
    /// Oldest first; only those that issued a token.
    under_way: VecDeque<Listing>,
    issued: u64,
}

impl Listings {
    /// The body of one page. Takes time in proportion to the page, except for the first of a listing.
    pub(crate) fn page(
        &mut self,
        organization: &Organization,
        input: &ListInput,
        twist: Option<Twist>,
    ) -> Result<String, ApiError> {
        if let Some(token) = &input.token {
            let found = self.under_way.iter_mut().find_map(|listing| {
                let at = listing.tokens.get(token).cloned()?;
                (listing.filter == input.filter).then_some((listing, at))
            });
            let (listing, at) =
                found.ok_or_else(|| ApiError::invalid_input("INVALID_NEXT_TOKEN"))?;
            return Ok(listing.page(at, input, twist, &mut self.issued));
        }
        let elements = organization.select(&input.filter).map_err(|_| ApiError::gone_parent())?;
        let mut listing =
            Listing { filter: input.filter.clone(), elements, tokens: HashMap::new() };
        let start = Continuation { offset: 0, then: Then::Onward };
        let body = listing.page(start, input, twist, &mut self.issued);
        if !listing.tokens.is_empty() {
            self.under_way.push_back(listing);
            if self.under_way.len() > LISTINGS_KEPT {
                self.under_way.pop_front();
            }
        }
        Ok(body)
    }
}

impl Listing {
    fn page(
        &mut self,
        at: Continuation,
        input: &ListInput,
        twist: Option<Twist>,
        issued: &mut u64,
    ) -> String {
        let end = self.after(at.offset, input.size);
        let (empty, next) = match (at.then, twist) {
            (Then::EmptyForever, _) | (Then::Onward, Some(Twist::EmptyPageForever)) => {
                let next = self.issue(at.offset, Then::EmptyForever, issued);
                (true, Some(next))
            }
            (Then::Token(next), _) => (false, Some(next)),
            (Then::Onward, Some(Twist::EmptyPage)) => {
                (true, Some(self.issue(at.offset, Then::Onward, issued)))
            }
            (Then::Onward, Some(Twist::RepeatToken)) => {
                let token = match &input.token {
                    Some(token) => token.clone(),
                    None => self.issue(end, Then::Onward, issued),
                };
                self.lead(&token, Then::Token(token.clone()));
                (false, Some(token))
            }
            (Then::Onward, Some(Twist::CycleTokens)) => {
                let a = self.issue(end, Then::Onward, issued);
                let b = self.issue(self.after(end, input.size), Then::Token(a.clone()), issued);
                self.lead(&a, Then::Token(b));
                (false, Some(a))
            }
            (Then::Onward, None) if end < self.elements.len() => {
                (false, Some(self.issue(end, Then::Onward, issued)))
            }
            (Then::Onward, None) => (false, None),
        };
        let elements = if empty { String::new() } else { self.elements[at.offset..end].join(",") };
        let next = next.map_or_else(String::new, |token| format!(",\"NextToken\":\"{token}\""));
        format!("{{\"Handshakes\":[{elements}]{next}}}")
    }

    fn after(&self, offset: usize, size: usize) -> usize {
        (offset + size).min(self.elements.len())
    }

    fn issue(&mut self, offset: usize, then: Then, issued: &mut u64) -> String {
        *issued += 1;
        let token = opaque::text(opaque::mix(*issued), 64);
        self.tokens.insert(token.clone(), Continuation { offset, then });
        token
    }

    fn lead(&mut self, token: &str, then: Then) {
        if let Some(continuation) = self.tokens.get_mut(token) {
            continuation.then = then;
        }
    }
}
