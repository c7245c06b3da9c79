//! Questions to an archive: canned queries, parameters, and the guard under which SQL runs.
//!
//! [`Catalog`] finds a canned query, [`Header`] reads what it says of itself, [`parameters`] makes
//! values of what a user gave, and [`Guard`] runs one statement that can read and nothing else. No
//! row is kept: each goes to the caller as SQLite gives it.

mod brake;
mod catalog;
mod error;
mod guard;
mod header;
pub mod moment;
pub mod parameters;
mod permission;
mod spot;
mod suggest;

pub use brake::{Brake, Why};
pub use catalog::{Catalog, CatalogError, Source};
pub use error::Error;
pub use guard::{Guard, MEMORY_LIMIT, Prepared, RowError, SQL_LENGTH_LIMIT, VALUE_LENGTH_LIMIT};
pub use header::{Declaration, Header, HeaderError, Kind};
pub use spot::Spot;
pub use suggest::nearest;
