//! `status`: what the archive covers, where it is blind, and what is due.

mod check;
mod prometheus;
mod text;

use std::time::Duration;

use chrono::TimeDelta;
use clap::ValueEnum;
use serde::Serialize;

use super::duration;
use super::error::{CommandError, Exit};
use super::{location, reading, report};
use crate::archive::status::Status;
use crate::archive::{ArchiveReader, Error};
use crate::cli::Global;
use crate::clock;
use crate::query::moment;
use check::{Demands, Problem};

/// Tell what the archive covers, where it is blind, and what is due
///
/// AWS shows a handshake until 30 days after it ended. So two complete syncs less than 30 days apart
/// miss none between them; a longer gap is a blind window. Failed syncs, and those restricted to an
/// action or a parent, do not count. All times are UTC.
///
/// Exits with 6, and tells why on standard error, when there is no complete sync, when the deadline
/// for the next one has passed, when there is a blind window (see --since), when the last complete
/// sync is too old (see --max-age), or when it lies in the future.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON_HELP)]
pub struct Arguments {
    /// Exit with 6 when the last complete sync of a source is older than this: 26h
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    max_age: Option<Duration>,

    /// Take only blind windows that end after this for a failure, and those that grow: 2024-01-31
    /// (midnight, UTC), 2024-01-31T10:00:00Z, -90d [default: all]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,

    /// Count a pending handshake as expiring when no more than this is left
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "7d")]
    expiring_within: Duration,

    /// Only sources of this owner (o-…), as often as there are any: for an archive that has others,
    /// of which no more syncs will come
    #[arg(long = "owner", value_name = "ID")]
    owners: Vec<String>,

    /// How it is written on standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// Metrics for Prometheus, for the textfile collector of node_exporter.
    Prometheus,
}

// No line is longer than 80 columns: a terminal that wraps one spoils the columns.
const JSON_HELP: &str = "\
Members of the JSON object (more may be added):
  archive             the path of the file
  ok                  whether every check passed: false with exit code 6
  problems            the checks that failed: check (complete-sync, clock,
                      max-age, deadline, blind-window), owner_id, message
  checked_at          when this was asked, by this machine's clock
  archive_id          the archive's random identity
  size_bytes          bytes of the file and of its -wal
  head                the newest link of the chain: sequence, digest;
                      null before the first sync has ended
  unfinished_sync     a sync that runs or was killed: sequence, started_at;
                      null if there is none
  without_source      syncs that ended before AWS had told whose list it was:
                      failed_syncs (since the last complete one of any source),
                      quarantined
  sources             an array, for each list of each owner:
    operation         what was listed: the name of the API operation
    owner_id          whose list it was; null where nothing told it
    last_complete     sequence, observed_at (when it asked), finished_at,
                      age_seconds (of observed_at), deadline_at (by when the
                      next must have ended); null if there is none
    covered           periods of which no handshake is missing: from_at,
                      until_at, syncs
    blind             periods of which some may be missing: from_at, until_at,
                      growing (true: no complete sync has come since, and
                      until_at is 30 days before checked_at)
    failed_syncs      since the last complete one: sequence, outcome (failed,
                      interrupted), started_at, finished_at, error_code,
                      error_message
    handshakes        how many were ever seen
    states            the same by newest state: state, handshakes
    versions          contents that they ever had
    pending           REQUESTED or OPEN, and AWS showed it to the last sync
    expiring          of these, with no more left than --expiring-within
    unknown_outcomes  last seen REQUESTED or OPEN, and AWS no longer shows it
    quarantined       what could not be read, each time that it came";

/// The JSON object. Members are only ever added.
#[derive(Serialize)]
struct Json<'a> {
    archive: String,
    ok: bool,
    problems: &'a [Problem],
    #[serde(flatten)]
    status: &'a Status,
}

impl Arguments {
    /// Tells how the archive stands.
    ///
    /// # Errors
    /// [`CommandError`]; with [`Exit::CheckFailed`] when all has been written and a check failed.
    pub fn run(self, global: &Global) -> Result<(), CommandError> {
        let now = (clock::system())();
        let since = match &self.since {
            Some(text) => Some(moment::time(text, now).map_err(|forms| {
                CommandError::usage(format!("--since {text} is no time")).hint(forms)
            })?),
            None => None,
        };
        let demands = Demands { max_age: self.max_age.map(delta), since, owners: &self.owners };
        let archive = open(global)?;
        let path = archive.path().to_owned();
        let within = delta(self.expiring_within);
        let mut status = archive.status(now, within).map_err(reading::error)?;
        // Whoever reads the text may take their time: the archive is closed before.
        drop(archive);
        if !self.owners.is_empty() {
            let wanted = |owner: &String| self.owners.contains(owner);
            status.sources.retain(|source| source.owner_id.as_ref().is_some_and(wanted));
        }
        let problems = check::problems(&status, &demands);
        if global.quiet && problems.is_empty() && self.format == Format::Text {
            // JSON and metrics are for programs, which would take nothing for a failure.
            return Ok(());
        }
        report::print(&match self.format {
            Format::Text => text::text(&path, &status, within),
            Format::Prometheus => prometheus::metrics(&status, &problems, within),
            Format::Json => {
                let archive = path.display().to_string();
                let ok = problems.is_empty();
                serde_json::to_string(&Json { archive, ok, problems: &problems, status: &status })
                    .map(|json| json + "\n")
                    .map_err(|error| CommandError::other("the status is no JSON", &error))?
            }
        })?;
        check::outcome(&status, &problems)
    }
}

/// A file without any sync is an archive that fails the check, also before it has a schema.
fn open(global: &Global) -> Result<ArchiveReader, CommandError> {
    ArchiveReader::open(&location::find(global)?).map_err(|error| {
        let empty = matches!(error, Error::Empty(_));
        let error = reading::error(error);
        if empty { CommandError { exit: Exit::CheckFailed, ..error } } else { error }
    })
}

/// The longest that can be reckoned with, for a longer one.
fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
