//! Every file of `queries/`: its form, its rows, its plan.

mod example;
mod expected;
mod form;
mod plan;
pub mod query_file;
mod rows;
pub mod run;
