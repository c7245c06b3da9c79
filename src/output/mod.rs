//! What people and other programs read.

mod escape;
mod log;
pub mod rows;

pub use escape::escape_controls;
pub use log::{Color, LogFormat, start_log};
