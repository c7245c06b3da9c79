//! Memory does not grow with what AWS lists.

use std::fs;

use handshake_archive_simulator::Simulator;

use crate::harness::{Sandbox, organization};
use crate::process::Started;

/// The most memory that a first sync of so many handshakes had resident, in KiB.
fn peak(count: usize) -> u64 {
    let sandbox = Sandbox::new();
    let mut organization = organization();
    organization.populate(count);
    let simulator = Simulator::start(organization);
    // GNU time is not everywhere; the shell's own child is read from /proc when it has ended its
    // work but not yet been waited for: a zombie has no memory, so the peak is polled while it runs.
    let child = Started::of(&mut sandbox.sync_command(&simulator));
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while let Some(line) = fs::read_to_string(&status)
        .ok()
        .and_then(|text| text.lines().find(|line| line.starts_with("VmHWM:")).map(str::to_owned))
    {
        let kibibytes = line.split_whitespace().nth(1).and_then(|number| number.parse().ok());
        peak = peak.max(kibibytes.unwrap());
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert_eq!(child.wait().expect(0).summary()["added"], count);
    peak
}

#[test]
fn ten_times_the_handshakes_take_no_more_than_1_3_times_the_memory() {
    let (one_thousand, ten_thousand) = (peak(1_000), peak(10_000));
    println!("peak memory: {one_thousand} KiB at 1,000 handshakes, {ten_thousand} KiB at 10,000");
    assert!(
        ten_thousand * 10 <= one_thousand * 13,
        "{one_thousand} KiB at 1,000 handshakes, {ten_thousand} KiB at 10,000"
    );
}
