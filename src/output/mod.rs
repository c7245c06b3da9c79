//! What people and other programs read.

mod escape;
mod log;
mod rows;

pub use escape::escape_controls;
pub use log::{Color, LogFormat, start_log};
pub use rows::{RowFormat, RowOptions, RowWriter, Value, row_writer};
