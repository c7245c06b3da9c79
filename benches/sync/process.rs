//! Whole processes: how long they take, and how much memory.

use std::error::Error;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started or fails.
pub fn run(command: &mut Command) -> Result<Duration, Box<dyn Error>> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let began = Instant::now();
    let status = command.status()?;
    let time = began.elapsed();
    if !status.success() {
        return Err(format!("{command:?} ended with {status}").into());
    }
    Ok(time)
}

/// The most memory that a process had resident, in MiB, read from /proc while it runs.
///
/// # Errors
/// When it cannot be started or fails.
pub fn peak_memory(command: &mut Command) -> Result<f64, Box<dyn Error>> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak: u64 = 0;
    // A process that has ended and was not yet waited for has no such line.
    while let Some(kibibytes) = fs::read_to_string(&status).ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("VmHWM:"))?.to_owned();
        line.split_whitespace().nth(1)?.parse().ok()
    }) {
        peak = peak.max(kibibytes);
        std::thread::sleep(Duration::from_millis(1));
    }
    let ended = child.wait()?;
    if !ended.success() {
        return Err(format!("{command:?} ended with {ended}").into());
    }
    Ok(peak as f64 / 1024.0)
}
