//! Values such as strangers and SQL can come up with.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use crate::output::rows::Value;

/// The columns and rows of a query.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Sample>>,
}

/// A value that owns its bytes.
#[derive(Debug, Clone)]
pub(super) enum Sample {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl Sample {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(integer) => Value::Integer(*integer),
            Self::Real(real) => Value::Real(*real),
            Self::Text(bytes) => Value::Text(bytes),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

const ODDITIES: &[&str] = &[
    "a",
    "plain text",
    " ",
    "\0",
    "\n",
    "\r\n",
    "\t",
    "\\",
    "\\N",
    "\"",
    "'",
    ",",
    ";",
    "|",
    "`",
    "``",
    "*b*",
    "_i_",
    "~~s~~",
    "<b>",
    "<!--",
    "[x](http://evil.example)",
    "![x](y)",
    "&lt;",
    "&#x202e;",
    "$x$",
    "https://evil.example/?a=b",
    "www.evil.example",
    "person@example.com",
    "#1",
    "=1+1",
    "\u{1b}[31m",
    "\u{1b}]0;title\u{7}",
    "\u{9b}2J",
    "\u{7f}",
    "\u{202e}",
    "\u{2066}",
    "\u{2028}",
    "\u{feff}",
    "日本語",
    "ﾊﾝｶｸ",
    "e\u{301}",
    "🤝",
    "👍🏽",
    "👩‍👩‍👧",
    "🇩🇪",
    "null",
    "\"\"",
];

pub(super) fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => vec(select(ODDITIES), 0..8).prop_map(|words| words.concat()),
        1 => any::<String>(),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        16 => words().prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 0..12),
        1 => (words(), words()).prop_map(|(one, other)| {
            [one.as_bytes(), b"\xff\xed\xa0\x80", other.as_bytes()].concat()
        }),
        1 => select(ODDITIES).prop_map(|word| word.repeat((64 << 10) / word.len() + 1).into_bytes()),
    ]
}

pub(super) fn sample() -> impl Strategy<Value = Sample> {
    prop_oneof![
        1 => Just(Sample::Null),
        1 => any::<i64>().prop_map(Sample::Integer),
        1 => any::<u64>().prop_map(|bits| Sample::Real(f64::from_bits(bits))),
        1 => select(&[0.0, -0.0, 1.0, 0.1, 1e16, f64::INFINITY, f64::NEG_INFINITY, f64::NAN][..])
            .prop_map(Sample::Real),
        6 => bytes().prop_map(Sample::Text),
        1 => bytes().prop_map(Sample::Blob),
    ]
}

/// Results of one to five columns and up to five rows.
pub(super) fn outcome() -> impl Strategy<Value = Outcome> {
    vec(words(), 1..6).prop_flat_map(|columns| {
        vec(vec(sample(), columns.len()), 0..6)
            .prop_map(move |rows| Outcome { columns: columns.clone(), rows })
    })
}
