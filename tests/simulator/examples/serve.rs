//! Serves a simulated organization until the process is ended, for trying the program by hand:
//!
//! ```text
//! cargo run -p handshake-archive-simulator --example serve -- 1000
//! ```

#![expect(clippy::disallowed_methods, reason = "the simulated clock begins at the real time")]
#![expect(clippy::print_stdout, reason = "the address is for whoever started it")]

use std::io::{self, Read};

use handshake_archive_simulator::{Organization, Simulator};

fn main() -> io::Result<()> {
    let count = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100);
    let now = chrono::Utc::now();
    let mut organization = Organization::new("o-exampleorgid", "111111111111", now);
    organization.populate(count);
    let simulator = Simulator::start(organization);
    println!("{}", simulator.url());
    // Until standard input is closed.
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
