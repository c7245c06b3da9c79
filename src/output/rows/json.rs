//! JSON: an array of objects, or an object a line.

use std::io::{self, Write};

use serde::Serializer as _;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::names::distinct;
use super::value::{Value, hex, real_text};
use super::{RowWriter, one_a_column};
use crate::output::escape::{is_obeyed, is_plain};

/// Writes an object for each row.
pub(super) struct Json<'w> {
    /// The names of the members: a string of JSON each, with its colon.
    members: Vec<Vec<u8>>,
    array: bool,
    begun: bool,
    /// The row that is being put together.
    line: Vec<u8>,
    out: Box<dyn Write + 'w>,
}

impl<'w> Json<'w> {
    /// One array of all objects.
    pub(super) fn array(columns: &[String], out: Box<dyn Write + 'w>) -> Self {
        Self::new(columns, true, out)
    }

    /// Objects, each on its line.
    pub(super) fn lines(columns: &[String], out: Box<dyn Write + 'w>) -> Self {
        Self::new(columns, false, out)
    }

    fn new(columns: &[String], array: bool, out: Box<dyn Write + 'w>) -> Self {
        let members = distinct(columns)
            .iter()
            .map(|name| {
                let mut member = string(name);
                member.push(b':');
                member
            })
            .collect();
        Self { members, array, begun: false, line: Vec::new(), out }
    }
}

impl RowWriter for Json<'_> {
    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        if self.members.is_empty() {
            return Ok(());
        }
        self.line.clear();
        if self.array {
            self.line.extend(if self.begun { &b",\n"[..] } else { b"[\n" });
        }
        self.begun = true;
        for (index, value) in one_a_column(values, self.members.len()).enumerate() {
            self.line.push(if index == 0 { b'{' } else { b',' });
            self.line.extend(&self.members[index]);
            put_value(&mut self.line, value);
        }
        self.line.push(b'}');
        if !self.array {
            self.line.push(b'\n');
        }
        self.out.write_all(&self.line)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.array && !self.members.is_empty() {
            self.out.write_all(if self.begun { b"\n]\n" } else { b"[]\n" })?;
        }
        self.out.flush()
    }
}

fn put_value(line: &mut Vec<u8>, value: &Value<'_>) {
    match *value {
        Value::Null => line.extend(b"null"),
        Value::Integer(integer) => line.extend(integer.to_string().bytes()),
        Value::Real(real) if real.is_finite() => line.extend(real_text(real).bytes()),
        Value::Real(real) => line.extend(string(&real_text(real))),
        Value::Blob(blob) => line.extend(string(&hex(blob))),
        Value::Text(bytes) => match str::from_utf8(bytes) {
            Ok(text) => line.extend(string(text)),
            Err(_) => {
                line.extend(b"{\"text_hex\":");
                line.extend(string(&hex(bytes)));
                line.push(b'}');
            }
        },
    }
}

fn string(text: &str) -> Vec<u8> {
    let mut serializer =
        Serializer::with_formatter(Vec::with_capacity(text.len() + 2), NothingObeyed);
    // Writing to a Vec does not fail.
    let _ = serializer.serialize_str(text);
    serializer.into_inner()
}

/// Escapes, beyond what JSON asks for, what a terminal would obey: DEL, C1 and bidi controls.
struct NothingObeyed;

impl Formatter for NothingObeyed {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        if is_plain(fragment) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(is_obeyed) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut characters = from.chars();
            if let Some(obeyed) = characters.next() {
                for unit in obeyed.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}
