use std::collections::HashSet;
use std::fmt;

use proptest::prelude::{ProptestConfig, proptest};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::samples::{Outcome, Sample, outcome};
use super::{PIPE, is_dangerous, text, written};
use crate::output::rows::{RowFormat, Value};

/// The members of an object in their order, repeated ones too, each value as it is spelled.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn check(outcome: &Outcome, objects: &[Members]) {
    assert_eq!(objects.len(), outcome.rows.len());
    for (Members(members), row) in objects.iter().zip(&outcome.rows) {
        let names: HashSet<&String> = members.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), row.len(), "each column has a name of its own");
        for ((name, raw), (column, sample)) in members.iter().zip(outcome.columns.iter().zip(row)) {
            assert!(name == column || name.starts_with(&format!("{column}_")));
            check_value(raw.get(), sample);
        }
    }
}

fn check_value(raw: &str, sample: &Sample) {
    let string = || serde_json::from_str::<String>(raw).unwrap();
    match sample {
        Sample::Null => assert_eq!(raw, "null"),
        Sample::Integer(integer) => assert_eq!(raw.parse(), Ok(*integer)),
        Sample::Real(real) if real.is_nan() => assert_eq!(string(), "NaN"),
        Sample::Real(real) if real.is_infinite() => {
            assert_eq!(string(), if *real > 0.0 { "Infinity" } else { "-Infinity" });
        }
        Sample::Real(real) => {
            assert!(raw.contains(['.', 'e']), "{raw} is no integer");
            assert_eq!(raw.parse::<f64>().unwrap().to_bits(), real.to_bits());
        }
        Sample::Blob(bytes) => assert_eq!(decoded(&string()), *bytes),
        Sample::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => assert_eq!(string(), text),
            Err(_) => {
                let object: serde_json::Value = serde_json::from_str(raw).unwrap();
                assert_eq!(decoded(object["text_hex"].as_str().unwrap()), *bytes);
            }
        },
    }
}

fn decoded(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn json_reads_back_as_it_was(outcome in outcome()) {
        let data = String::from_utf8(written(RowFormat::Json, &PIPE, &outcome)).unwrap();
        assert_eq!(data.chars().find(|&character| is_dangerous(character)), None);
        check(&outcome, &serde_json::from_str::<Vec<Members>>(&data).unwrap());
    }

    #[test]
    fn ndjson_reads_back_line_by_line(outcome in outcome()) {
        let data = String::from_utf8(written(RowFormat::Ndjson, &PIPE, &outcome)).unwrap();
        assert_eq!(data.chars().find(|&character| is_dangerous(character)), None);
        let objects: Vec<Members> =
            data.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        check(&outcome, &objects);
    }
}

#[test]
fn each_kind_of_value_has_its_form() {
    let row = [
        Value::Null,
        Value::Integer(9_007_199_254_740_993),
        Value::Real(-0.0),
        Value::Real(f64::INFINITY),
        Value::Text("é\u{7f}\u{9b}\u{202e}\0\n".as_bytes()),
        Value::Text(b"a\xff"),
        Value::Blob(b"\x00\xff"),
    ];
    assert_eq!(
        text(RowFormat::Ndjson, &PIPE, &["a", "b", "c", "d", "e", "f", "g"], &[&row]),
        "{\"a\":null,\"b\":9007199254740993,\"c\":-0.0,\"d\":\"Infinity\",\
         \"e\":\"é\\u007f\\u009b\\u202e\\u0000\\n\",\"f\":{\"text_hex\":\"61ff\"},\"g\":\"00ff\"}\n"
    );
}

#[test]
fn repeated_names_are_counted() {
    let row = [Value::Integer(1), Value::Integer(2), Value::Integer(3)];
    assert_eq!(
        text(RowFormat::Json, &PIPE, &["id", "id", "id_2"], &[&row, &row]),
        "[\n{\"id\":1,\"id_3\":2,\"id_2\":3},\n{\"id\":1,\"id_3\":2,\"id_2\":3}\n]\n"
    );
}

#[test]
fn an_empty_result_is_an_empty_array_or_no_line() {
    assert_eq!(text(RowFormat::Json, &PIPE, &["a"], &[]), "[]\n");
    assert_eq!(text(RowFormat::Ndjson, &PIPE, &["a"], &[]), "");
}
