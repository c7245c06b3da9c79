//! `sync`: take a snapshot of every handshake that AWS shows.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::duration;
use super::error::{CommandError, Exit};
use super::location;
use super::report::{self, TextOrJson};
use super::signals::Signals;
use crate::archive::{self, Archive, SyncRecord};
use crate::cli::Global;
use crate::clock;
use crate::handshake::{ACTION_TYPES, Filter, is_handshake_id};
use crate::organizations::{RetryWords, Settings};
use crate::output::escape_controls;
use crate::sync::{self, End, Event, Plan};

/// Take a snapshot of every handshake that AWS shows
///
/// Credentials, profiles, regions and endpoints are found as by the AWS CLI. The caller needs
/// organizations:ListHandshakesForOrganization; organizations:DescribeOrganization is welcome.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The AWS profile [default: AWS_PROFILE, else the default profile]
    #[arg(long)]
    profile: Option<String>,

    /// The AWS region [default: AWS_REGION, else the profile's, else that of the partition]
    #[arg(long)]
    region: Option<String>,

    /// Send all calls, those to STS too, to this endpoint
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    endpoint_url: Option<String>,

    /// Only handshakes of this action. What other handshakes became is then not recorded, and the
    /// sync counts for no coverage
    #[arg(long, value_name = "ACTION", value_parser = PossibleValuesParser::new(ACTION_TYPES))]
    action_type: Option<String>,

    /// Only the children of this handshake, likewise
    #[arg(long, value_name = "ID", value_parser = handshake_id, conflicts_with = "action_type")]
    parent_handshake_id: Option<String>,

    /// Handshakes a page
    #[arg(long, value_name = "1..20", default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=20))]
    max_results: u8,

    /// The longest that one attempt of one call may take: 500ms, 30s, 5m
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::parse)]
    timeout: Duration,

    /// The longest that the whole run may take
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = duration::parse)]
    deadline: Duration,

    /// Attempts of one call [default: AWS_MAX_ATTEMPTS, else the profile's max_attempts, else 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    max_attempts: Option<u32>,

    /// How the summary is written on standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: TextOrJson,
}

fn endpoint_url(text: &str) -> Result<String, String> {
    let host = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    match host {
        Some(host) if !host.is_empty() && !host.starts_with('/') => Ok(text.to_owned()),
        _ => {
            Err("an endpoint is http:// or https:// and a host, as http://127.0.0.1:4566"
                .to_owned())
        }
    }
}

fn handshake_id(text: &str) -> Result<String, String> {
    if is_handshake_id(text) {
        return Ok(text.to_owned());
    }
    Err("the Id of a handshake is h- and 8 to 32 lower-case letters or digits".to_owned())
}

impl Arguments {
    /// Runs the sync and prints its summary.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn run(self, global: &Global) -> Result<(), CommandError> {
        let path = location::of_archive(global)?;
        let open = move || {
            let archive = Archive::open(&path)?;
            tracing::info!(archive = %archive.path().display(), "syncing");
            Ok(archive)
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CommandError::other("the runtime could not be started", &error))?;
        let result = runtime.block_on(self.sync(open, global));
        // A name that is still being looked up would be waited for, beyond any deadline.
        runtime.shutdown_background();
        result
    }

    async fn sync(
        self,
        open: impl FnOnce() -> Result<Archive, archive::Error> + Send + 'static,
        global: &Global,
    ) -> Result<(), CommandError> {
        let mut signals = Signals::listen()
            .map_err(|error| CommandError::other("signals could not be listened to", &error))?;
        let (settings, plan) = (self.settings(), self.plan());
        let mut stopped_by = None;
        let mut progress = Progress::start(global);
        let report = {
            let stop = async { stopped_by = Some(signals.next().await) };
            sync::run(&settings, open, &plan, stop, &mut |event| progress.tell(event)).await
        };
        progress.end();
        let report = report?;
        if report.record.quarantined > 0 {
            tracing::warn!(
                "{} of the elements that AWS sent could not be read as a handshake; they are kept verbatim in the table quarantine",
                report.record.quarantined
            );
        }
        let printed = if global.quiet {
            Ok(())
        } else {
            self.summary(&report.record).and_then(|summary| report::print(&summary))
        };
        let sequence = report.record.sequence;
        if let (Err(error), false) = (&printed, matches!(report.end, End::Complete)) {
            // What ended the sync goes before what kept its summary from being read.
            tracing::warn!("{}: {}", error.message, error.causes.join(": "));
        }
        match report.end {
            End::Complete => printed,
            End::Failed(error) => Err(error.into()),
            End::DeadlineExceeded(deadline) => Err(CommandError {
                message: format!("the list had not ended when the deadline of {deadline:?} passed"),
                causes: Vec::new(),
                hint: Some(
                    "run the sync again, or raise --deadline: what was fetched is kept".to_owned(),
                ),
                exit: Exit::TryAgain,
            }),
            End::Stopped => Err(CommandError {
                message: format!("sync {sequence} was stopped by a signal"),
                causes: Vec::new(),
                hint: Some("run the sync again: what was fetched is kept".to_owned()),
                exit: stopped_by.unwrap_or(Exit::Other),
            }),
        }
    }

    fn settings(&self) -> Settings {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Settings {
            profile: self.profile.clone(),
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            attempt_timeout: self.timeout,
            max_attempts: self.max_attempts,
            retry_environment: RetryWords {
                max_attempts: variable("AWS_MAX_ATTEMPTS"),
                mode: variable("AWS_RETRY_MODE"),
            },
            ca_bundle: variable("AWS_CA_BUNDLE").map(PathBuf::from),
            role_arn: variable("AWS_ROLE_ARN"),
            credentials: None,
        }
    }

    fn plan(&self) -> Plan {
        let filter = match (&self.action_type, &self.parent_handshake_id) {
            (Some(action), _) => Filter::ActionType(action.clone()),
            (None, Some(parent)) => Filter::ParentHandshakeId(parent.clone()),
            (None, None) => Filter::None,
        };
        Plan {
            filter,
            page_size: self.max_results,
            deadline: self.deadline,
            clock: clock::system(),
        }
    }

    fn summary(&self, record: &SyncRecord) -> Result<String, CommandError> {
        match self.format {
            TextOrJson::Text => Ok(text(record)),
            TextOrJson::Json => serde_json::to_string(&Json::from(record))
                .map(|json| json + "\n")
                .map_err(|error| CommandError::other("the summary could not be written", &error)),
        }
    }
}

fn text(record: &SyncRecord) -> String {
    let organization = match &record.organization_id {
        Some(id) => format!(" of {}", escape_controls(id)),
        None => String::new(),
    };
    let mut text = format!("sync {}{organization}: {}\n", record.sequence, record.outcome);
    let SyncRecord { pages, listed, added, changed, gone, quarantined, digest, .. } = record;
    let page = if *pages == 1 { "page" } else { "pages" };
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "  {listed} listed on {pages} {page}, {added} added, {changed} changed, {gone} gone, {quarantined} quarantined\n  \
         digest {digest}"
    );
    text
}

/// The summary for programs. Members are only ever added.
#[derive(Serialize)]
struct Json<'a> {
    /// 1 for the archive's first sync.
    sequence: i64,
    /// `complete`, `failed` or `interrupted`.
    outcome: &'a str,
    organization_id: Option<&'a str>,
    pages: i64,
    listed: i64,
    added: i64,
    changed: i64,
    gone: i64,
    quarantined: i64,
    started_at: &'a str,
    finished_at: &'a str,
    digest: &'a str,
    /// Why it did not complete; null if it did.
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
}

impl<'a> From<&'a SyncRecord> for Json<'a> {
    fn from(record: &'a SyncRecord) -> Self {
        Self {
            sequence: record.sequence,
            outcome: &record.outcome,
            organization_id: record.organization_id.as_deref(),
            pages: record.pages,
            listed: record.listed,
            added: record.added,
            changed: record.changed,
            gone: record.gone,
            quarantined: record.quarantined,
            started_at: &record.started_at,
            finished_at: &record.finished_at,
            digest: &record.digest,
            error_code: record.error_code.as_deref(),
            error_message: record.error_message.as_deref(),
        }
    }
}

/// Progress on a terminal, after a quarter of a second; warnings anywhere.
struct Progress {
    bar: ProgressBar,
    hidden: bool,
    began: std::time::Instant,
}

/// A run that is over sooner shows no progress.
const PATIENCE: Duration = Duration::from_millis(250);

impl Progress {
    fn start(global: &Global) -> Self {
        let hidden = global.quiet || !io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { bar, hidden, began: std::time::Instant::now() }
    }

    fn tell(&mut self, event: Event) {
        match event {
            Event::Warning(text) => self.bar.suspend(|| tracing::warn!("{text}")),
            Event::Page { pages, elements } => {
                if !self.hidden && self.bar.is_hidden() && self.began.elapsed() >= PATIENCE {
                    self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
                    self.bar.set_style(ProgressStyle::default_spinner());
                }
                self.bar.set_message(format!("{elements} handshakes on {pages} pages"));
                self.bar.tick();
            }
        }
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
