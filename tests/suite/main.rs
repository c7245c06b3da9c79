//! Scenarios: what the program promises, over the real wire protocol against the simulated endpoint.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod backup;
mod bad_input;
mod canned_queries;
mod chain;
mod children;
mod contention;
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
mod notes;
mod odd_data;
mod page_example;
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
mod verify;
mod volume;
