//! Every file of `queries/`: its form, its rows, its plan.

mod example;
mod expected;
mod form;
mod plan;
mod query_file;
mod rows;
mod run;
