//! A sync against what the work itself costs: whole processes, release build, loopback, no latency.
//!
//! ```text
//! cargo bench --bench sync                      # 1,000, 10,000 and 50,000 handshakes
//! cargo bench --bench sync -- 10000             # one size
//! cargo bench --bench sync -- 50000 --into PATH # into a copy of an archive that holds others
//! ```
//!
//! In each round everything is run once, one after the other, so that a slow minute of the machine strikes
//! all alike; the ratio is that of the medians. With the AWS CLI and sqlite-utils on PATH (`pip install awscli
//! sqlite-utils`), the pipe that people use otherwise is measured too.

#![expect(clippy::print_stdout, reason = "the result is the output")]

mod floor;
mod process;
mod sdk;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use chrono::{DateTime, Utc};
use handshake_archive_simulator::{Organization, Replay};
use process::{peak_memory, run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_handshake-archive");
const SIZES: [usize; 3] = [1_000, 10_000, 50_000];
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor", url, path] => floor::run(url, path, false),
        ["indexed-floor", url, path] => floor::run(url, path, true),
        ["sdk", url] => sdk::run(url).map(|_| ()),
        [count, "--into", archive] => into(count.parse()?, Path::new(archive)),
        ref sizes => {
            let sizes = sizes.iter().map(|size| size.parse()).collect::<Result<Vec<_>, _>>()?;
            let sizes = if sizes.is_empty() { SIZES.to_vec() } else { sizes };
            sizes.into_iter().try_for_each(measure)
        }
    }
}

/// An organization with so many handshakes; another name gives other handshakes.
fn organization(name: &str, count: usize) -> Organization {
    let now = DateTime::from_timestamp(1_772_366_400, 0).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let mut organization = Organization::new(name, "111111111111", now);
    organization.populate(count);
    organization
}

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sync(&self, archive: &Path, url: &str) -> Command {
        let mut command = self.with_credentials(Command::new(PROGRAM));
        command.arg("--archive").arg(archive).args(["sync", "--quiet", "--endpoint-url", url]);
        command
    }

    fn role(&self, arguments: &[&str]) -> Result<Command, Box<dyn Error>> {
        let mut command = self.with_credentials(Command::new(std::env::current_exe()?));
        command.args(arguments);
        Ok(command)
    }

    fn with_credentials(&self, mut command: Command) -> Command {
        command
            .env("HOME", self.folder.path())
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// The pipe that people use otherwise; none where its programs are not there.
    fn pipe(&self, url: &str) -> Option<Command> {
        let there = |name| {
            let path = std::env::var_os("PATH")?;
            std::env::split_paths(&path).any(|folder| folder.join(name).is_file()).then_some(())
        };
        there("aws").and(there("sqlite-utils"))?;
        let mut command = self.with_credentials(Command::new("sh"));
        command.arg("-c").arg(format!(
            "aws organizations list-handshakes-for-organization --endpoint-url {url} --query Handshakes --output json \
             | sqlite-utils upsert '{}' handshakes - --pk Id",
            self.path("pipe.db").display()
        ));
        Some(command)
    }
}

fn measure(count: usize) -> Result<(), Box<dyn Error>> {
    let bench = Bench { folder: tempfile::tempdir()? };
    let mut before = organization("o-benchmark1", count);
    let unchanged = Replay::start(&before);
    let pending: Vec<String> = before
        .visible()
        .into_iter()
        .filter(|handshake| handshake.state == "OPEN")
        .map(|handshake| handshake.id)
        .collect();
    let hundredth = count.div_ceil(100);
    pending.iter().take(hundredth).for_each(|id| before.accept(id));
    let changed = Replay::start(&before);

    let [mut floor, mut indexed, mut first, mut again, mut some, mut sdk] =
        [const { Vec::new() }; 6];
    for _ in 0..ROUNDS {
        let (floor_db, archive) = (bench.path("floor.db"), bench.path("archive.db"));
        for old in fs::read_dir(bench.folder.path())? {
            let old = old?.path();
            if old.is_file() {
                fs::remove_file(old)?;
            }
        }
        let (url, floor_db) = (unchanged.url(), floor_db.display().to_string());
        let indexed_db = bench.path("indexed.db").display().to_string();
        floor.push(run(&mut bench.role(&["floor", &url, &floor_db])?)?);
        indexed.push(run(&mut bench.role(&["indexed-floor", &url, &indexed_db])?)?);
        first.push(run(&mut bench.sync(&archive, &url))?);
        again.push(run(&mut bench.sync(&archive, &url))?);
        some.push(run(&mut bench.sync(&archive, &changed.url()))?);
        sdk.push(run(&mut bench.role(&["sdk", &url])?)?);
    }
    let peak = peak_memory(&mut bench.sync(&bench.path("memory.db"), &unchanged.url()))?;
    let [floor, indexed, first, again, some, sdk] =
        [floor, indexed, first, again, some, sdk].map(median);
    println!("\n{count} handshakes, {} pages, median of {ROUNDS}", unchanged.pages());
    println!("  floor                    {}", milliseconds(floor));
    println!(
        "  floor with indexes       {}  {:.2} x floor",
        milliseconds(indexed),
        ratio(indexed, floor)
    );
    println!("  SDK alone                {}", milliseconds(sdk));
    println!(
        "  first sync               {}  {:.2} x floor",
        milliseconds(first),
        ratio(first, floor)
    );
    println!(
        "  unchanged sync           {}  {:.2} x floor, {:.2} x SDK alone",
        milliseconds(again),
        ratio(again, floor),
        ratio(again, sdk)
    );
    println!(
        "  sync with 1 % changed    {}  {:.2} x floor",
        milliseconds(some),
        ratio(some, floor)
    );
    println!("  a handshake, first sync  {:.1} us", first.as_secs_f64() * 1e6 / count as f64);
    println!("  peak memory              {peak:.1} MiB");
    if let Some(mut pipe) = bench.pipe(&unchanged.url()) {
        let pipe = run(&mut pipe)?;
        println!(
            "  AWS CLI | sqlite-utils   {}  {:.1} x first sync",
            milliseconds(pipe),
            ratio(pipe, first)
        );
    }
    Ok(())
}

/// First syncs of organizations that the archive does not know, into a copy of it and into a new one.
fn into(count: usize, archive: &Path) -> Result<(), Box<dyn Error>> {
    // Beside the original: a copy may be too large for the folder of temporary files.
    let parent = archive.parent().filter(|parent| !parent.as_os_str().is_empty());
    let bench = Bench { folder: tempfile::tempdir_in(parent.unwrap_or(Path::new(".")))? };
    let copy = bench.path("copy.db");
    fs::copy(archive, &copy)?;
    let [mut small, mut large, mut new] = [const { Vec::new() }; 3];
    let few = Replay::start(&organization("o-benchmarks", SIZES[0]));
    for round in 0..ROUNDS {
        small.push(run(&mut bench.sync(&bench.path(&format!("small{round}.db")), &few.url()))?);
        let replay = Replay::start(&organization(&format!("o-benchmark{round}"), count));
        new.push(run(&mut bench.sync(&bench.path(&format!("new{round}.db")), &replay.url()))?);
        large.push(run(&mut bench.sync(&copy, &replay.url()))?);
    }
    let (small, large, new) = (median(small), median(large), median(new));
    let each = |time: Duration, count: usize| time / u32::try_from(count).unwrap_or(u32::MAX);
    println!("{count} handshakes, median of {ROUNDS}");
    println!("  into a new archive       {}", milliseconds(new));
    println!("  into {}  {}  {:.2} x", archive.display(), milliseconds(large), ratio(large, new));
    println!(
        "  a handshake there        {:.1} us, {:.2} x one of {} into a new archive",
        each(large, count).as_secs_f64() * 1e6,
        ratio(each(large, count), each(small, SIZES[0])),
        SIZES[0]
    );
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

fn milliseconds(time: Duration) -> String {
    format!("{:>8.1} ms", time.as_secs_f64() * 1e3)
}
