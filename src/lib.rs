//! Keeps every AWS Organizations handshake, which AWS deletes 30 days after it ended.

pub mod archive;
pub mod handshake;
