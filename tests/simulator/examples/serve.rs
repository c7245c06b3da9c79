//! Serves a simulated organization until standard input is closed, for trying the program by hand:
//! so many handshakes, or the API page's own example.
//!
//! ```text
//! cargo run -p handshake-archive-simulator --example serve -- 1000
//! cargo run -p handshake-archive-simulator --example serve -- example
//! ```

#![expect(clippy::disallowed_methods, reason = "the simulated clock begins at the real time")]
#![expect(clippy::print_stdout, reason = "the address is for whoever started it")]

use std::error::Error;
use std::io::{self, Read};

use handshake_archive_simulator::{Organization, Simulator};

fn main() -> Result<(), Box<dyn Error>> {
    let what = std::env::args().nth(1).unwrap_or_else(|| "100".to_owned());
    let organization = if what == "example" {
        Organization::api_page_example()
    } else {
        let mut organization =
            Organization::new("o-exampleorgid", "111111111111", chrono::Utc::now());
        organization.populate(what.parse()?);
        organization
    };
    let simulator = Simulator::start(organization);
    println!("{}", simulator.url());
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
