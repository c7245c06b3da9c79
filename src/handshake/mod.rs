//! The domain: handshakes, parties and resources, from the bytes of a response body.
//!
//! [`Page`] finds the elements of a list in a body, [`parse`] reads one of them as a [`Handshake`],
//! and [`Handshake::content_sha256`] tells whether two sightings show the same content. The source
//! of the model is the API page of `ListHandshakesForOrganization`. No I/O here.

mod canonical;
mod decimal;
mod exact;
mod filter;
mod identity;
mod instant;
mod member;
mod model;
mod object;
mod page;
mod parse;
mod text;

pub use filter::{ACTION_TYPES, Filter, is_handshake_id};
pub use identity::{Arn, organization_id, parent_handshake_id};
pub use instant::Instant;
pub use model::{Handshake, Party, Resource};
pub use page::{Hashes, Page, PageError, Reading};
pub use parse::{Unreadable, parse};
