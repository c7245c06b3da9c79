//! A simulated AWS Organizations endpoint on loopback: the same protocol, the same paging, the same
//! 30 days of visibility, on a clock that the test turns and with faults that the test chooses.
//!
//! The way of a request: [`Simulator`] accepts it (`connection`, `server`), reads it as an AWS call
//! (`protocol`), writes it into the log, asks the queued faults whether one strikes (`fault`), computes
//! the true answer (`listing` over a snapshot of the [`Organization`]) and sends it, or what the fault
//! makes of it (`delivery`). With TLS, a connection first shows a certificate (`tls`).
//!
//! Two operations of Organizations are served, [ListHandshakesForOrganization] and
//! [DescribeOrganization], and one of STS, [GetCallerIdentity], all on one address.
//!
//! [ListHandshakesForOrganization]: https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListHandshakesForOrganization.html
//! [DescribeOrganization]: https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html
//! [GetCallerIdentity]: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod connection;
mod delivery;
mod example;
mod fault;
mod handshake;
mod listing;
mod opaque;
mod organization;
mod populate;
mod protocol;
mod raw;
mod render;
mod replay;
mod server;
mod tls;

pub use example::API_PAGE_EXAMPLE;
pub use fault::{Fault, When};
pub use organization::{History, Organization, Visible};
pub use protocol::{Operation, Request};
pub use replay::Replay;
pub use server::Simulator;
pub use tls::CERTIFICATE;
