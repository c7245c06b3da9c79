//! `show`: what the archive knows of one handshake.

use std::fmt::Write as _;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::{CommandError, Exit};
use super::{reading, report};
use crate::archive::{ArchiveReader, Recorded, Run};
use crate::cli::Global;
use crate::output::escape_controls;
use crate::query::nearest;

/// Show what the archive knows of one handshake
///
/// AWS tells no time of change: a change is known to lie after one time and by another. All times
/// are UTC.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// AWS's Id of the handshake, with or without its h-
    id: String,

    /// Show every content that AWS ever showed, from when to when, and the syncs that saw it
    #[arg(long, conflicts_with = "tree")]
    history: bool,

    /// Show parties and resources as a tree
    #[arg(long)]
    tree: bool,

    /// How it is written on standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// The newest content, to the letter as AWS sent it; with --history a JSON array.
    Json,
}

impl Arguments {
    /// Shows the handshake.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn run(self, global: &Global) -> Result<(), CommandError> {
        if self.tree && self.format == Format::Json {
            return Err(CommandError::usage("--tree is for people: there is no JSON of it")
                .hint("show the resources as AWS sent them with --format json alone"));
        }
        let archive = reading::open(global)?;
        let found = archive.handshake(&self.id).map_err(reading::error)?;
        let Some(handshake) = found else {
            return Err(missing(&archive, &self.id)?);
        };
        // Whoever reads the text may take their time: the archive is closed before.
        drop(archive);
        match (self.format, self.history) {
            (Format::Text, false) if self.tree => report::print(&tree(&handshake)),
            (Format::Text, false) => report::print(&facts(&handshake)),
            (Format::Text, true) => report::print(&history(&handshake)),
            (Format::Json, false) => report::print(&(handshake.payload + "\n")),
            (Format::Json, true) => report::print(&history_json(&handshake)?),
        }
    }
}

/// What there is instead of the handshake.
fn missing(archive: &ArchiveReader, id: &str) -> Result<CommandError, CommandError> {
    let message = format!("the archive has no handshake {id}");
    if let Some(reason) = archive.quarantined(id).map_err(reading::error)? {
        return Ok(CommandError {
            message,
            causes: vec![format!("what AWS sent under this Id could not be read: {reason}")],
            hint: Some(
                "it is kept verbatim: query --sql \"SELECT * FROM quarantine WHERE id = :id\" -p id=…"
                    .to_owned(),
            ),
            exit: Exit::Other,
        });
    }
    let ids = archive.ids().map_err(reading::error)?;
    let hint = match nearest(id, ids.iter().map(String::as_str)).as_slice() {
        [] if ids.is_empty() => "no sync has recorded a handshake yet".to_owned(),
        [] => "query --sql \"SELECT id, action, state FROM handshakes\" lists them".to_owned(),
        alike => format!("did you mean {}?", alike.join(", ")),
    };
    Ok(CommandError { message, causes: Vec::new(), hint: Some(hint), exit: Exit::Other })
}

/// A text of AWS's, for people; a dash where there is none.
fn text(value: Option<&str>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| escape_controls(value).into_owned())
}

/// A type and what is of it.
fn labelled(kind: Option<&str>, value: Option<&str>) -> String {
    match value {
        None => text(kind),
        Some(value) => format!("{} {}", text(kind), escape_controls(value)),
    }
}

fn facts(handshake: &Recorded) -> String {
    let mut facts = vec![
        ("state", text(handshake.state.as_deref())),
        ("action", text(handshake.action.as_deref())),
        ("organization", text(handshake.organization_id.as_deref())),
        ("requested", text(handshake.requested_at.as_deref())),
        ("expires", text(handshake.expires_at.as_deref())),
        ("parent", text(handshake.parent_handshake_id.as_deref())),
        ("arn", text(handshake.arn.as_deref())),
    ];
    let parties = handshake.parties.iter();
    facts.extend(
        parties.map(|party| ("party", labelled(party.kind.as_deref(), party.id.as_deref()))),
    );
    facts.extend(handshake.resources.iter().map(|resource| {
        // As deep as the tree can be, the eye cannot.
        let indent = "  ".repeat(usize::try_from(resource.depth.clamp(0, 20)).unwrap_or(0));
        let label = labelled(resource.kind.as_deref(), resource.value.as_deref());
        ("resource", format!("{indent}{label}"))
    }));
    facts.push(("first seen", text(Some(&handshake.first_seen_at))));
    facts.push((
        "changed",
        format!("{} (version {})", text(Some(&handshake.changed_at)), handshake.version),
    ));
    facts.push((
        "gone",
        match &handshake.gone_at {
            None => "no: AWS shows it".to_owned(),
            Some(gone_at) => match handshake.runs.last() {
                Some(run) => ended(run),
                None => text(Some(gone_at)),
            },
        },
    ));
    let mut shown = format!("{}\n", escape_controls(&handshake.id));
    let mut before = "";
    for (name, value) in facts {
        let label = if name == before { "" } else { name };
        let _ = writeln!(shown, "  {label:<13} {value}");
        before = name;
    }
    shown
}

fn history(handshake: &Recorded) -> String {
    let mut shown = format!("{}\n", escape_controls(&handshake.id));
    for (position, run) in handshake.runs.iter().enumerate() {
        let _ = writeln!(shown, "  version {}  {}", run.version, text(run.state.as_deref()));
        let after = match (&run.after_at, position) {
            (Some(after), 0) => format!("after {after}, when it was requested"),
            (Some(after), _) => format!("after {after}"),
            (None, _) => "at an unknown time".to_owned(),
        };
        let by = match &run.by_at {
            Some(by) => format!("by {by} (sync {})", run.sync_id),
            None => format!("seen by sync {}, which has not ended", run.sync_id),
        };
        let _ = writeln!(shown, "    began  {after}, {by}");
        let _ = writeln!(
            shown,
            "    {}",
            match run.gone_sync_id {
                None => format!(
                    "stands, last seen {} (sync {})",
                    text(run.last_seen_at.as_deref()),
                    run.last_seen_sync_id
                ),
                Some(_) => format!("ended  {}", ended(run)),
            }
        );
    }
    shown
}

/// When a run that ended did.
fn ended(run: &Run) -> String {
    let by = match (&run.gone_by_at, run.gone_sync_id) {
        (Some(by), Some(sync)) => format!("by {by} (sync {sync})"),
        (None, Some(sync)) => format!("seen by sync {sync}, which has not ended"),
        (_, None) => "and it stands".to_owned(),
    };
    format!("after {}, {by}", text(run.last_seen_at.as_deref()))
}

/// A run for programs. Members are only ever added.
#[derive(Serialize)]
struct JsonRun<'a> {
    /// 1 for the first content.
    version: i64,
    state: Option<&'a str>,
    after_at: Option<&'a str>,
    by_at: Option<&'a str>,
    sync_id: i64,
    last_seen_at: Option<&'a str>,
    last_seen_sync_id: i64,
    gone_by_at: Option<&'a str>,
    gone_sync_id: Option<i64>,
    /// As AWS sent it.
    payload: &'a RawValue,
}

fn history_json(handshake: &Recorded) -> Result<String, CommandError> {
    let run = |run: &Run| -> serde_json::Result<String> {
        serde_json::to_string(&JsonRun {
            version: run.version,
            state: run.state.as_deref(),
            after_at: run.after_at.as_deref(),
            by_at: run.by_at.as_deref(),
            sync_id: run.sync_id,
            last_seen_at: run.last_seen_at.as_deref(),
            last_seen_sync_id: run.last_seen_sync_id,
            gone_by_at: run.gone_by_at.as_deref(),
            gone_sync_id: run.gone_sync_id,
            payload: serde_json::from_str(&run.payload)?,
        })
    };
    let runs: Vec<String> = handshake
        .runs
        .iter()
        .map(run)
        .collect::<Result<_, _>>()
        .map_err(|error| CommandError::other("the history could not be written", &error))?;
    Ok(format!("[{}]\n", runs.join(",\n")))
}

fn tree(handshake: &Recorded) -> String {
    let mut nodes = vec![(0, "parties".to_owned())];
    let parties = handshake.parties.iter();
    nodes.extend(parties.map(|party| (1, labelled(party.kind.as_deref(), party.id.as_deref()))));
    nodes.push((0, "resources".to_owned()));
    nodes.extend(handshake.resources.iter().map(|resource| {
        let label = labelled(resource.kind.as_deref(), resource.value.as_deref());
        (usize::try_from(resource.depth).unwrap_or(0) + 1, label)
    }));
    let mut lines = Vec::with_capacity(nodes.len());
    // From the last node up, it is known which of the levels above go on below.
    let mut goes_on: Vec<bool> = Vec::new();
    for (depth, label) in nodes.iter().rev() {
        goes_on.resize(depth + 1, false);
        let mut line = String::new();
        for &level in &goes_on[..*depth] {
            line.push_str(if level { "│   " } else { "    " });
        }
        line.push_str(if goes_on[*depth] { "├── " } else { "└── " });
        line.push_str(label);
        lines.push(line);
        goes_on[*depth] = true;
    }
    lines.push(escape_controls(&handshake.id).into_owned());
    lines.reverse();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::tree;
    use crate::archive::{Party, Recorded, Resource};

    #[test]
    fn the_tree_draws_every_level_to_its_end() {
        let resource = |depth, kind: &str, value: Option<&str>| Resource {
            depth,
            kind: Some(kind.to_owned()),
            value: value.map(str::to_owned),
        };
        let handshake = Recorded {
            id: "h-1".to_owned(),
            arn: None,
            organization_id: None,
            action: None,
            state: None,
            requested_at: None,
            expires_at: None,
            parent_handshake_id: None,
            version: 1,
            first_seen_at: String::new(),
            changed_at: String::new(),
            gone_at: None,
            parties: vec![
                Party { kind: Some("ORGANIZATION".to_owned()), id: Some("o-1".to_owned()) },
                Party { kind: None, id: Some("a\u{1b}[2Jb".to_owned()) },
            ],
            resources: vec![
                resource(0, "A", Some("1")),
                resource(1, "B", None),
                resource(2, "C", Some("3")),
                resource(1, "D", Some("4")),
                resource(0, "E", Some("5")),
                resource(1, "F", Some("6")),
            ],
            payload: String::new(),
            runs: Vec::new(),
        };
        let expected = "\
h-1
├── parties
│   ├── ORGANIZATION o-1
│   └── - a\\u{1b}[2Jb
└── resources
    ├── A 1
    │   ├── B
    │   │   └── C 3
    │   └── D 4
    └── E 5
        └── F 6
";
        assert_eq!(tree(&handshake), expected);
    }
}
