//! Kills a sync with -9 again and again, over a long history, and looks after each kill whether anything
//! was lost.
//!
//! ```text
//! cargo build && cargo run --example soak -- [KILLS] [SEED]
//! ```
//!
//! 300 kills unless told otherwise; without a seed, one is drawn and printed. The real program runs
//! against a simulated organization that lives on: invitations, answers, expiry, deletion. It is killed
//! at random moments of the whole run of a sync: while the archive is made, while pages are committed,
//! while it closes. The seed chooses what happens and the moments; how far a sync has come by then is
//! up to the machine. Every so many kills a new archive begins.
//!
//! After each kill, with plain SQLite: the file is sound, all that was ever seen recorded is still
//! there, and nothing is there that AWS did not show. Then `verify` must find nothing. After each fifth,
//! a sync completes, and the archive shows what the simulator shows. Every checkpoint taken on the way
//! must hold at the end. Exit code 1, and the archive is kept, when any of that is not so.

#![expect(clippy::print_stdout, reason = "its report is what it is for")]

mod life;
mod program;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use life::{Count, Life};
use program::Program;

/// Kills that one archive lives through.
const KILLS_A_LIFE: u64 = 30;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let kills: u64 = arguments.next().map_or(Ok(300), |text| text.parse())?;
    let seed = match arguments.next() {
        Some(text) => text.parse()?,
        None => drawn_seed()?,
    };
    let program = Program::find()?;
    println!("{kills} kills with the seed {seed}");
    let began = Instant::now();
    let mut random = Random(seed);
    let mut total = Count::default();
    while total.kills < kills {
        let last = kills.min(total.kills + KILLS_A_LIFE);
        let mut life = Life::begin(&program, random.number())?;
        let mut lived = Ok(());
        while total.kills < last && lived.is_ok() {
            lived = life.kill_a_sync(&mut total);
        }
        if let Err(error) = lived.and_then(|()| life.end(&mut total)) {
            println!("{error}\nthe archive is kept in {}", life.keep().display());
            total.repairs += 1;
        }
        println!("{total}, {:.0} s", began.elapsed().as_secs_f64());
    }
    println!("{total}");
    let flawless = total.losses == 0 && total.repairs == 0;
    Ok(if flawless { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::disallowed_methods, reason = "any number will do for a seed")]
fn drawn_seed() -> Result<u64, Box<dyn Error>> {
    Ok(u64::from(SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos()))
}

/// Numbers that look random and are the same for the same seed (splitmix64).
pub struct Random(u64);

impl Random {
    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }
}
