//! AWS: the client, the page loop, and errors told apart. Gives pages, knows no SQLite.
//!
//! The SDK does credentials, endpoint, signing and retry. What AWS showed is taken from the
//! response body itself ([`crate::handshake::Page`]).

mod body;
mod client;
mod error;
mod http;
mod limit;
mod listing;
mod region;
mod retry;

pub use client::{Client, Settings};
pub use error::{Error, ErrorKind};
pub use listing::{LIST_HANDSHAKES_FOR_ORGANIZATION, Listing};
pub use retry::{DEFAULT_MAX_ATTEMPTS, RetryWords};
