//! Every format, read back by something that did not write it.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use super::{RowFormat, RowOptions, Value, row_writer};
use samples::{Outcome, Sample};

mod delimited;
mod help;
mod json;
mod list;
mod markdown;
mod samples;
mod streaming;
mod table;

/// An output that others can look into while it is written.
#[derive(Clone, Default)]
struct Seen(Rc<RefCell<Vec<u8>>>);

impl Seen {
    fn bytes(&self) -> Vec<u8> {
        self.0.borrow().clone()
    }
}

impl Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const PIPE: RowOptions = RowOptions { terminal: false, width: None, csv_safe: false };
const TERMINAL: RowOptions = RowOptions { terminal: true, width: Some(80), csv_safe: false };

fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().map(ToString::to_string).collect()
}

/// The result in this format, as bytes.
fn written(format: RowFormat, options: &RowOptions, outcome: &Outcome) -> Vec<u8> {
    let seen = Seen::default();
    let mut writer = row_writer(format, &outcome.columns, options, Box::new(seen.clone()));
    for row in &outcome.rows {
        let values: Vec<Value<'_>> = row.iter().map(Sample::value).collect();
        writer.row(&values).unwrap();
    }
    writer.finish().unwrap();
    seen.bytes()
}

/// The result of a few rows in this format, as text.
fn text(
    format: RowFormat,
    options: &RowOptions,
    columns: &[&str],
    rows: &[&[Value<'_>]],
) -> String {
    let seen = Seen::default();
    let mut writer = row_writer(format, &names(columns), options, Box::new(seen.clone()));
    for row in rows {
        writer.row(row).unwrap();
    }
    writer.finish().unwrap();
    String::from_utf8(seen.bytes()).unwrap()
}

/// What no terminal may be sent, ends of lines apart. Written down by code point, apart from what
/// the formats use.
fn is_dangerous(character: char) -> bool {
    matches!(u32::from(character),
        0..=9 | 0xb..=0x1f | 0x7f..=0x9f | 0x61c | 0x200e..=0x200f | 0x2028..=0x202e | 0x2066..=0x206f)
}

/// A value as people should be shown it.
fn shown(sample: &Sample) -> String {
    match sample {
        Sample::Null => String::new(),
        Sample::Integer(integer) => format!("{integer}"),
        Sample::Real(real) if real.is_nan() => "NaN".to_owned(),
        Sample::Real(real) if real.is_infinite() => format!("{real}").replace("inf", "Infinity"),
        Sample::Real(real) => format!("{real:?}"),
        Sample::Text(bytes) | Sample::Blob(bytes) if bytes.is_empty() => "\"\"".to_owned(),
        Sample::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Sample::Text(bytes) => {
            let mut shown = String::new();
            for chunk in bytes.utf8_chunks() {
                for character in chunk.valid().chars() {
                    match character {
                        '\n' => shown.push_str("\\n"),
                        '\r' => shown.push_str("\\r"),
                        '\t' => shown.push_str("\\t"),
                        _ if is_dangerous(character) => {
                            shown.push_str(&format!("\\u{{{:x}}}", u32::from(character)));
                        }
                        _ => shown.push(character),
                    }
                }
                for byte in chunk.invalid() {
                    shown.push_str(&format!("\\x{byte:02x}"));
                }
            }
            shown
        }
    }
}
