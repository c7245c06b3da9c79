//! Keeps every AWS Organizations handshake, which AWS deletes 30 days after it ended.
//!
//! Data takes one way:
//!
//! ```text
//! organizations ─▶ handshake ─▶ sync ─▶ archive (evidence ─▶ projection) ─▶ query ─▶ output
//! ```
//!
//! - [`organizations`] asks AWS and gives pages: response bodies, taken apart no further than their
//!   elements. Knows no SQLite.
//! - [`handshake`] is the domain: it reads an element of a page, and tells whether two of them show
//!   the same content. No I/O.
//! - [`archive`] is the SQLite file: evidence that is only ever added to, chained by digests, and the
//!   tables for SQL that are derived from it. Knows no AWS.
//! - [`mod@sync`] is the use case: pages in, archive out.
//! - [`query`] runs canned and other SQL, under a guard that lets it read and nothing else.
//! - [`output`] writes rows and the log, and shows what strangers wrote instead of letting it act.
//! - [`commands`] has one file a subcommand, [`cli`] the flags that all of them share. Only these
//!   print, exit and read the environment.
//! - [`clock`] is the one place that asks for the time.

pub mod archive;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod handshake;
pub mod organizations;
pub mod output;
pub mod query;
pub mod sync;
