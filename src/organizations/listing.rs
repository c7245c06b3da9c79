//! The page loop.

use std::collections::HashSet;

use aws_sdk_organizations::operation::list_handshakes_for_organization::ListHandshakesForOrganizationError;
use aws_sdk_organizations::types::{ActionType, HandshakeFilter};
use sha2::{Digest, Sha256};

use super::client::Client;
use super::error::{Error, ErrorKind};
use crate::handshake::{Filter, Page};

/// The operation's name, as the API and the archive write it.
pub const LIST_HANDSHAKES_FOR_ORGANIZATION: &str = "ListHandshakesForOrganization";

/// A list that is being read, page by page.
#[derive(Debug)]
pub struct Listing<'a> {
    client: &'a Client,
    filter: Filter,
    page_size: u8,
    position: Position,
    /// Hashes of the tokens so far: 32 bytes a page, however long AWS makes them.
    tokens: HashSet<[u8; 32]>,
}

#[derive(Debug)]
enum Position {
    Start,
    At(String),
    /// The newest token came before: to follow it would be to walk in a circle.
    Circle,
    End,
}

impl Client {
    /// Begins to list the handshakes of the organization, `page_size` (1 to 20) at a time.
    pub fn list(&self, filter: Filter, page_size: u8) -> Listing<'_> {
        Listing {
            client: self,
            filter,
            page_size,
            position: Position::Start,
            tokens: HashSet::new(),
        }
    }
}

impl Listing<'_> {
    /// Fetches the next page; `None` after the last one.
    ///
    /// A page may be empty and not be the last: only a null or empty token ends the list (API page,
    /// Note). A token that came before in this list is an error at once: the SDK's paginator would
    /// take it for the end, and a circle of two would never end.
    ///
    /// # Errors
    /// [`Error`], after all attempts. The list is then at its end: what failed is not repeated here.
    pub async fn next(&mut self) -> Result<Option<Page>, Error> {
        let token = match std::mem::replace(&mut self.position, Position::End) {
            Position::Start => None,
            Position::At(token) => Some(token),
            Position::End => return Ok(None),
            Position::Circle => {
                return Err(Error {
                    call: LIST_HANDSHAKES_FOR_ORGANIZATION,
                    kind: ErrorKind::TokenRepeated,
                });
            }
        };
        let page = self
            .fetch(token)
            .await
            .map_err(|kind| Error { call: LIST_HANDSHAKES_FOR_ORGANIZATION, kind })?;
        if let Some(token) = page.next_token() {
            // The page itself is good and is kept; the error comes in place of the next one.
            self.position = if self.tokens.insert(Sha256::digest(token).into()) {
                Position::At(token.to_owned())
            } else {
                Position::Circle
            };
        }
        Ok(Some(page))
    }

    async fn fetch(&self, token: Option<String>) -> Result<Page, ErrorKind> {
        let filter = match &self.filter {
            Filter::None => None,
            Filter::ActionType(action) => {
                Some(HandshakeFilter::builder().action_type(ActionType::from(action.as_str())))
            }
            Filter::ParentHandshakeId(parent) => {
                Some(HandshakeFilter::builder().parent_handshake_id(parent))
            }
        };
        let result = self
            .client
            .organizations
            .list_handshakes_for_organization()
            .set_filter(filter.map(|filter| filter.build()))
            .set_next_token(token)
            .max_results(i32::from(self.page_size))
            .send()
            .await;
        let (reason, body) = match self.client.answers.take_page() {
            Some(Ok(page)) => return Ok(page),
            Some(Err((error, body))) => (error.to_string(), body),
            None => ("the answer has no body".to_owned(), Vec::new()),
        };
        match result {
            Err(error) => match ErrorKind::from_sdk(&error, invalid_input_reason) {
                ErrorKind::Unreadable { status: 200, .. } if !body.is_empty() => {
                    Err(ErrorKind::Unreadable { status: 200, reason, body })
                }
                kind => Err(kind),
            },
            Ok(_) => Err(ErrorKind::Unreadable { status: 200, reason, body }),
        }
    }
}

fn invalid_input_reason(error: &ListHandshakesForOrganizationError) -> Option<String> {
    match error {
        ListHandshakesForOrganizationError::InvalidInputException(invalid) => {
            invalid.reason.as_ref().map(|reason| reason.as_str().to_owned())
        }
        _ => None,
    }
}
