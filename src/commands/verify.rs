//! `verify`: check that nothing in the archive was altered.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::{CommandError, Exit};
use super::location;
use super::reading;
use super::report::{self, TextOrJson};
use crate::archive::{Archive, Check, Checkpoint, Finding, Verification, chain};
use crate::cli::Global;
use crate::output::escape_controls;

/// Findings that are kept of each check; all are counted.
const KEPT: u64 = 100;

/// No checkpoint is longer, not even one with a signature under it.
const LONGEST_CHECKPOINT: u64 = 1024 * 1024;

/// Check that nothing in the archive was altered
///
/// Recomputes every hash, every link of the chain and every row of the tables for SQL, and runs
/// SQLite's own checks. Exit code 6 on any damage, and on an archive with nothing to verify. Who cut
/// the newest syncs off, or rewrote the whole chain, is found only by a checkpoint kept elsewhere.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Also hold this checkpoint against the chain; may be given more than once
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,

    /// If only the tables for SQL are damaged, rebuild them from evidence
    #[arg(long)]
    rebuild: bool,

    /// How the report is written on standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: TextOrJson,
}

impl Arguments {
    /// Verifies, reports, and rebuilds if that was asked for.
    ///
    /// # Errors
    /// [`CommandError`]; [`Exit::CheckFailed`] on damage, and where there is nothing to verify.
    pub fn run(self, global: &Global) -> Result<(), CommandError> {
        let checkpoints = self
            .checkpoint
            .iter()
            .map(|path| read_checkpoint(path))
            .collect::<Result<Vec<_>, _>>()?;
        let mut report = Report::make(global, &checkpoints)?;
        if self.rebuild && report.rebuild(global)? {
            report = Report::make(global, &checkpoints)?;
        }
        if !(global.quiet && report.is_good()) {
            report::print(&match self.format {
                TextOrJson::Text => report.text(),
                TextOrJson::Json => report.json()?,
            })?;
        }
        report.judge()
    }
}

fn read_checkpoint(path: &Path) -> Result<Checkpoint, CommandError> {
    let name = path.display();
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(LONGEST_CHECKPOINT).read_to_string(&mut text))
        .map_err(|error| {
        CommandError::other(format!("the checkpoint {name} could not be read"), &error)
    })?;
    Checkpoint::parse(&text).map_err(|why| CommandError {
        message: format!("{name} is not a checkpoint: {why}"),
        causes: Vec::new(),
        hint: Some("a checkpoint is what `handshake-archive checkpoint` prints".to_owned()),
        exit: Exit::Other,
    })
}

/// What was verified and what was found.
struct Report {
    verification: Verification,
    findings: Vec<Finding>,
    gaps: Vec<(String, String)>,
}

impl Report {
    fn make(global: &Global, checkpoints: &[Checkpoint]) -> Result<Self, CommandError> {
        let reader = reading::open(global)?;
        let mut findings: Vec<Finding> = Vec::new();
        let mut keep = |finding: Finding| {
            let same = findings.iter().filter(|other| other.check == finding.check).count() as u64;
            if same < KEPT {
                findings.push(finding);
            }
        };
        let verification = reader.verify(checkpoints, &mut keep).map_err(reading::error)?;
        // Where the file itself is damaged, what it says of gaps is worth nothing.
        let gaps = if verification.is_sound() {
            reader.blind_windows().map_err(reading::error)?
        } else {
            Vec::new()
        };
        Ok(Self { verification, findings, gaps })
    }

    fn is_good(&self) -> bool {
        self.verification.is_sound() && !self.verification.is_empty()
    }

    /// Rebuilds the tables for SQL if they need it and evidence is sound; tells whether it did.
    fn rebuild(&self, global: &Global) -> Result<bool, CommandError> {
        if self.verification.is_sound() || !self.verification.is_evidence_sound() {
            return Ok(false);
        }
        Archive::open(&location::find(global)?)?.rebuild_projection()?;
        tracing::warn!("the tables for SQL were damaged and have been rebuilt from evidence");
        Ok(true)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        for Check { name, asked, checked, bad } in &self.verification.checks {
            let found = if *bad == 0 { "ok".to_owned() } else { format!("{bad} BAD") };
            let _ = writeln!(text, "{name:<13} {checked:>9} checked  {found:<8} {asked}");
            for finding in self.findings.iter().filter(|finding| finding.check == *name) {
                let Finding { place, what, .. } = finding;
                let _ = writeln!(text, "  {}: {}", escape_controls(place), escape_controls(what));
            }
            if *bad > KEPT {
                let _ = writeln!(text, "  and {} more", bad - KEPT);
            }
        }
        for (from, until) in &self.gaps {
            let _ = writeln!(text, "gap, no damage: blind from {from} to {until}");
        }
        match &self.verification.head {
            Some((sequence, digest)) => {
                let _ = writeln!(text, "head: sync {sequence}, digest {}", chain::hex(digest));
            }
            None if self.verification.has_links() => {
                text.push_str("head: none that the rows agree with\n");
            }
            None => text.push_str("head: none; no sync has ended, so no link seals anything yet\n"),
        }
        text
    }

    fn json(&self) -> Result<String, CommandError> {
        let json = Json {
            sound: self.is_good(),
            checks: self.verification.checks.iter().map(JsonCheck::from).collect(),
            findings: self.findings.iter().map(JsonFinding::from).collect(),
            gaps: self.gaps.iter().map(|(from, until)| JsonGap { from, until }).collect(),
            sequence: self.verification.head.as_ref().map(|(sequence, _)| *sequence),
            digest: self.verification.head.as_ref().map(|(_, digest)| chain::hex(digest)),
        };
        serde_json::to_string(&json)
            .map(|json| json + "\n")
            .map_err(|error| CommandError::other("the report could not be written", &error))
    }

    fn judge(&self) -> Result<(), CommandError> {
        let failed = |message: String, hint: &str| {
            Err(CommandError {
                message,
                causes: Vec::new(),
                hint: Some(hint.to_owned()),
                exit: Exit::CheckFailed,
            })
        };
        let bad: u64 = self.verification.checks.iter().map(|check| check.bad).sum();
        if !self.verification.is_evidence_sound() {
            return failed(
                format!("the archive is not as it was written: {bad} findings"),
                "keep a copy of the file as it is; compare it with the newest backup that verifies",
            );
        }
        if bad > 0 {
            return failed(
                format!("the tables for SQL are not what evidence gives: {bad} findings"),
                "evidence is sound: `verify --rebuild` rebuilds the tables from it",
            );
        }
        if self.verification.is_empty() {
            return failed(
                "there is nothing to verify: no sync has recorded anything".to_owned(),
                "run a sync",
            );
        }
        Ok(())
    }
}

/// The report for programs. Members are only ever added.
#[derive(Serialize)]
struct Json<'a> {
    /// No check found anything, and there was something to check.
    sound: bool,
    checks: Vec<JsonCheck<'a>>,
    /// At most 100 a check; `bad` counts all.
    findings: Vec<JsonFinding<'a>>,
    /// Blind windows, which are no damage.
    gaps: Vec<JsonGap<'a>>,
    /// Of the newest closed sync, if the whole chain agrees; else null.
    sequence: Option<i64>,
    digest: Option<String>,
}

#[derive(Serialize)]
struct JsonCheck<'a> {
    name: &'a str,
    asked: &'a str,
    checked: u64,
    bad: u64,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    check: &'a str,
    place: &'a str,
    what: &'a str,
}

#[derive(Serialize)]
struct JsonGap<'a> {
    /// UTC.
    from: &'a str,
    until: &'a str,
}

impl<'a> From<&'a Check> for JsonCheck<'a> {
    fn from(check: &'a Check) -> Self {
        Self { name: check.name, asked: check.asked, checked: check.checked, bad: check.bad }
    }
}

impl<'a> From<&'a Finding> for JsonFinding<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self { check: finding.check, place: &finding.place, what: &finding.what }
    }
}
