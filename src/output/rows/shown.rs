//! Values and names as people are shown them, in a table, in Markdown and in a list.

use std::borrow::Cow;

use super::value::{Value, hex, real_text};
use crate::output::escape::{escape_bytes, escape_controls};

/// The value on one line, with nothing in it that a terminal would obey.
pub(super) fn shown<'a>(value: &Value<'a>) -> Cow<'a, str> {
    match *value {
        Value::Null => Cow::Borrowed(""),
        Value::Integer(integer) => Cow::Owned(integer.to_string()),
        Value::Real(real) => Cow::Owned(real_text(real)),
        Value::Text([]) | Value::Blob([]) => Cow::Borrowed("\"\""),
        Value::Text(text) => escape_bytes(text),
        Value::Blob(blob) => Cow::Owned(hex(blob)),
    }
}

/// The names of columns, likewise.
pub(super) fn shown_names(columns: &[String]) -> impl Iterator<Item = Cow<'_, str>> {
    columns.iter().map(|name| escape_controls(name))
}
