//! Scenarios: what the program promises, over the real wire protocol against the simulated endpoint.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod backup;
mod bad_input;
mod canned_queries;
mod chain;
mod children;
mod contention;
mod corpus;
mod disk;
mod exposition;
mod faults;
mod fixture;
mod guard;
mod harness;
mod install;
mod interruption;
mod lifecycle;
mod memory;
mod model;
mod notes;
mod odd_data;
#[path = "../fuzz/oracles/mod.rs"]
mod oracles;
mod page_example;
mod panics;
mod process;
mod query;
mod read_only;
mod readme;
mod rebuild;
mod recorded;
mod refusals;
mod show;
mod signals;
mod status;
mod upgrade;
mod verify;
mod volume;
