//! What is held against the parsers, whatever bytes they are given: by the fuzz targets, and by the
//! test suite for every input of the corpus. Each `check` panics where a promise is broken.

pub mod canonical;
pub mod checkpoint;
mod element;
pub mod page;
pub mod query_header;
mod tree;
