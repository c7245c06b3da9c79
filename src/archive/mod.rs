//! The archive: one SQLite file that keeps what AWS showed.
//!
//! [`Archive::open`] opens it for writing, under a lock that allows one sync at a time;
//! [`ArchiveReader::open`] opens it to be read, at any time and without changing anything.
//! [`SyncRecorder`] writes evidence (append-only rows and a chain of digests) and, in the same
//! transactions, the projection (tables for SQL). `migrations/` holds the schema, with a comment on
//! every table and column that needs one. Knows nothing of AWS's protocol.

mod absence;
mod backfill;
mod backup;
pub mod chain;
mod checkpoint;
mod error;
mod evidence;
mod history;
mod leftover;
mod lock;
mod migrations;
mod numbers;
mod open;
mod place;
mod projection;
mod reader;
mod recorder;
pub mod status;
mod sync_record;
mod syncs;
mod timestamp;
mod verify;

pub use checkpoint::Checkpoint;
pub use error::Error;
pub(crate) use error::{is_disk_full, is_without_locks};
pub use history::{Party, Recorded, Resource, Run};
pub use open::Archive;
pub use reader::ArchiveReader;
pub use recorder::SyncRecorder;
pub use sync_record::{Attempt, ChildrenAnswer, Identity, Outcome, Scope, SyncRecord};
pub use timestamp::{Timestamp, timestamp};
pub use verify::{Check, Finding, Verification};
