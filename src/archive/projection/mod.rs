//! The tables for SQL: the newest content of every handshake, derived from evidence alone.
//!
//! Two ways lead there. Recording projects each content as it arrives ([`Projector`]). [`derive`] walks
//! evidence and gives the rows that each handshake ought to have, which `verify` compares with those
//! that are there, and a rebuild writes ([`rebuild`]). What a content says in which column is told in
//! one place, [`content::Content`]; that the two ways agree, a property test holds.
//!
//! "Newest" is the order of arrival, which no clock can turn round.

mod content;
mod derived;
mod rebuild;
mod recording;
mod rows;

pub use derived::{RebuildError, derive};
pub use rebuild::rebuild;
pub use recording::{Changed, Projector, link_parent, mark_gone};
pub use rows::Below;
