//! Warnings, errors and, on request, what the program is doing: lines on standard error.

use std::fmt;
use std::io::{self, IsTerminal};

use clap::ValueEnum;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, Layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use super::escape::escape_controls;

/// How lines on standard error are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// When lines on standard error are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set (no-color.org).
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Starts the log. `verbosity` 0 shows warnings and errors, 1 what the program does, 2 details, 3
/// all of that and what the AWS SDK does, which can hold personal data.
///
/// # Errors
/// When a log has been started before.
pub fn start_log(
    format: LogFormat,
    color: Color,
    no_color: bool,
    verbosity: u8,
) -> Result<(), TryInitError> {
    let (own, others) = match verbosity {
        0 => (LevelFilter::WARN, LevelFilter::OFF),
        1 => (LevelFilter::INFO, LevelFilter::OFF),
        2 => (LevelFilter::DEBUG, LevelFilter::WARN),
        _ => (LevelFilter::TRACE, LevelFilter::DEBUG),
    };
    let filter = Targets::new().with_default(others).with_target("handshake_archive", own);
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Json => {
            let layer = Layer::new().json().flatten_event(true).with_writer(io::stderr);
            registry.with(layer).try_init()
        }
        LogFormat::Text => {
            let coloured = match color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => !no_color && io::stderr().is_terminal(),
            };
            let layer = Layer::new().event_format(Lines { coloured }).with_writer(io::stderr);
            registry.with(layer).try_init()
        }
    }
}

/// The level, the message, and each further field on a line of its own.
struct Lines {
    coloured: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (word, colour) = match *event.metadata().level() {
            Level::ERROR => ("error", "31"),
            Level::WARN => ("warning", "33"),
            Level::INFO => ("info", "34"),
            Level::DEBUG => ("debug", "35"),
            Level::TRACE => ("trace", "36"),
        };
        if self.coloured {
            write!(writer, "\u{1b}[1;{colour}m{word}:\u{1b}[0m ")?;
        } else {
            write!(writer, "{word}: ")?;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        writeln!(writer, "{}", escape_controls(&fields.message))?;
        for (name, value) in fields.others {
            writeln!(writer, "  {name}: {}", escape_controls(&value))?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, String)>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            // The shell tells people; the JSON lines are for those who only read these.
            "exit_code" => {}
            name => self.others.push((name, value.to_owned())),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
