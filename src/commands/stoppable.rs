//! Work that a signal or a time limit ends at once, whatever it is doing.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::error::CommandError;
use crate::query::{self, Brake};

/// How often it is looked whether the brake was pulled.
const TICK: Duration = Duration::from_millis(25);

/// How long work may take to end in order once the brake was pulled.
const PATIENCE: Duration = Duration::from_millis(250);

/// Does work on a thread of its own, which is handed a brake to look at.
///
/// The brake is pulled by the time limit and by SIGHUP, SIGINT and SIGTERM. Work that does not see
/// it in time is left alone: the process is about to end. That is so while one instruction of SQLite
/// goes on and on (`instr` in two long texts), and while nobody takes what is written.
/// An archive that it has open then keeps its empty `-wal` and `-shm` until the next program closes it.
///
/// # Errors
/// Those of the work, or that it was stopped.
pub fn run<T: Send + 'static>(
    limit: Option<Duration>,
    work: impl FnOnce(&Brake) -> Result<T, CommandError> + Send + 'static,
) -> Result<T, CommandError> {
    let signal = Arc::new(AtomicUsize::new(0));
    for (number, value) in [(SIGHUP, 1), (SIGINT, 2), (SIGTERM, 15)] {
        signal_hook::flag::register_usize(number, signal.clone(), value)
            .map_err(|error| CommandError::other("signals could not be listened to", &error))?;
    }
    let brake = Brake::new(signal, limit);
    let (tell, answer) = mpsc::channel();
    let pedal = brake.clone();
    thread::Builder::new()
        .spawn(move || {
            // Nobody listens any more when the work was left alone.
            let _ = tell.send(work(&pedal));
        })
        .map_err(|error| CommandError::other("a thread could not be started", &error))?;
    let mut pulled_at = None;
    loop {
        match answer.recv_timeout(TICK) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) => {}
            Err(error @ RecvTimeoutError::Disconnected) => {
                return Err(CommandError::other("the work ended without a result", &error));
            }
        }
        if let Some(why) = brake.pulled() {
            let pulled_at = *pulled_at.get_or_insert_with(Instant::now);
            if pulled_at.elapsed() >= PATIENCE {
                return Err(query::Error::from(why).into());
            }
        }
    }
}
