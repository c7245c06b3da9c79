//! The simulator as a client sees it: every answer is read from a TCP socket by a client of this folder's own.

mod client;
mod clock;
mod faults;
mod paging;
mod protocol;
