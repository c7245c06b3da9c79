use csv::ReaderBuilder;
use proptest::prelude::{ProptestConfig, proptest};

use super::samples::{Outcome, Sample, outcome};
use super::{PIPE, TERMINAL, is_dangerous, text, written};
use crate::output::rows::{RowFormat, RowOptions, Value};

const SAFE: RowOptions = RowOptions { terminal: false, width: None, csv_safe: true };

/// The fields that a reader should find, the header first.
fn fields(outcome: &Outcome) -> Vec<Vec<Vec<u8>>> {
    let header = outcome.columns.iter().map(|name| name.clone().into_bytes()).collect();
    let rows = outcome.rows.iter().map(|row| row.iter().map(field).collect());
    std::iter::once(header).chain(rows).collect()
}

fn field(sample: &Sample) -> Vec<u8> {
    match sample {
        Sample::Text(bytes) => bytes.clone(),
        Sample::Blob(bytes) if bytes.is_empty() => Vec::new(),
        other => super::shown(other).into_bytes(),
    }
}

fn read_csv(data: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(data);
    reader
        .byte_records()
        .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
        .collect()
}

fn read_tsv(data: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let lines = data.strip_suffix(b"\n").unwrap().split(|&byte| byte == b'\n');
    lines.map(|line| line.split(|&byte| byte == b'\t').map(unescaped).collect()).collect()
}

fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = field.iter();
    let mut text = Vec::new();
    while let Some(&byte) = bytes.next() {
        text.push(match byte {
            b'\\' => match bytes.next() {
                Some(b't') => b'\t',
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b'\\') => b'\\',
                other => panic!("a backslash is followed by {other:?}"),
            },
            byte => byte,
        });
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn csv_reads_back_as_it_was(outcome in outcome()) {
        let data = written(RowFormat::Csv, &PIPE, &outcome);
        assert!(data.ends_with(b"\r\n"));
        assert_eq!(read_csv(&data), fields(&outcome));
    }

    #[test]
    fn tsv_reads_back_as_it_was(outcome in outcome()) {
        assert_eq!(read_tsv(&written(RowFormat::Tsv, &PIPE, &outcome)), fields(&outcome));
    }

    #[test]
    fn on_a_terminal_data_holds_nothing_to_obey(outcome in outcome()) {
        for format in [RowFormat::Csv, RowFormat::Tsv] {
            let data = String::from_utf8(written(format, &TERMINAL, &outcome)).unwrap();
            let data = data.replace("\r\n", "\n").replace('\t', "|");
            let raw = data.chars().find(|&character| is_dangerous(character));
            assert_eq!(raw, None, "{format:?} on a terminal");
            let lines = data.matches('\n').count();
            assert_eq!(lines, outcome.rows.len() + 1, "{format:?} has a line for each row");
        }
    }

    #[test]
    fn no_text_becomes_a_formula(outcome in outcome()) {
        let given = fields(&outcome);
        for (format, found) in [
            (RowFormat::Csv, read_csv(&written(RowFormat::Csv, &SAFE, &outcome))),
            (RowFormat::Tsv, read_tsv(&written(RowFormat::Tsv, &SAFE, &outcome))),
        ] {
            for (index, (found, given)) in found.iter().zip(&given).enumerate() {
                for (column, (found, given)) in found.iter().zip(given).enumerate() {
                    let number = index > 0
                        && matches!(outcome.rows[index - 1][column], Sample::Integer(_) | Sample::Real(_));
                    if number {
                        assert_eq!(found, given);
                        continue;
                    }
                    let start = String::from_utf8_lossy(found).chars().next();
                    assert!(
                        !matches!(start, Some('=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠')),
                        "{found:?} in {format:?}"
                    );
                    assert!(found == given || found == &[b"'", &given[..]].concat());
                }
            }
        }
    }
}

#[test]
fn csv_tells_null_from_empty_text() {
    let row = [Value::Null, Value::Text(b""), Value::Blob(b""), Value::Blob(b"\x00\xff")];
    let data = text(RowFormat::Csv, &PIPE, &["a", "a", "b", "c"], &[&row]);
    assert_eq!(data, "a,a,b,c\r\n,\"\",\"\",00ff\r\n");
}

#[test]
fn csv_of_one_column_has_no_empty_line_that_readers_would_skip() {
    let data = text(RowFormat::Csv, &PIPE, &["a"], &[&[Value::Null], &[Value::Text(b"x")]]);
    assert_eq!(data, "a\r\n\"\"\r\nx\r\n");
}

#[test]
fn numbers_in_csv_and_tsv_are_exact() {
    let row = [
        Value::Integer(i64::MIN),
        Value::Integer(9_007_199_254_740_993),
        Value::Real(-0.0),
        Value::Real(1.0),
        Value::Real(f64::NEG_INFINITY),
    ];
    let columns = ["a", "b", "c", "d", "e"];
    let numbers = ["-9223372036854775808", "9007199254740993", "-0.0", "1.0", "-Infinity"];
    for (format, gap, end) in [(RowFormat::Csv, ",", "\r\n"), (RowFormat::Tsv, "\t", "\n")] {
        let data = text(format, &SAFE, &columns, &[&row]);
        assert_eq!(data, format!("{}{end}{}{end}", columns.join(gap), numbers.join(gap)));
    }
}

#[test]
fn an_empty_result_is_its_header() {
    assert_eq!(text(RowFormat::Csv, &PIPE, &["a", "b,c"], &[]), "a,\"b,c\"\r\n");
    assert_eq!(text(RowFormat::Tsv, &PIPE, &["a", "b\tc"], &[]), "a\tb\\tc\n");
}

#[test]
fn a_formula_is_defused_only_when_asked() {
    let rows: &[&[Value<'_>]] = &[&[Value::Text(b"=1+1")], &[Value::Text(b"\t\"=1\"")]];
    assert_eq!(text(RowFormat::Csv, &PIPE, &["=a"], rows), "=a\r\n=1+1\r\n\"\t\"\"=1\"\"\"\r\n");
    assert_eq!(text(RowFormat::Csv, &SAFE, &["=a"], rows), "'=a\r\n'=1+1\r\n\"'\t\"\"=1\"\"\"\r\n");
}

#[test]
fn a_terminal_is_shown_controls_and_a_pipe_is_given_them() {
    let row: &[Value<'_>] = &[Value::Text(b"\x1b[2J\n\\")];
    assert_eq!(text(RowFormat::Csv, &PIPE, &["a"], &[row]), "a\r\n\"\u{1b}[2J\n\\\"\r\n");
    assert_eq!(text(RowFormat::Csv, &TERMINAL, &["a"], &[row]), "a\r\n\\u{1b}[2J\\n\\\r\n");
    assert_eq!(text(RowFormat::Tsv, &PIPE, &["a"], &[row]), "a\n\u{1b}[2J\\n\\\\\n");
    assert_eq!(text(RowFormat::Tsv, &TERMINAL, &["a"], &[row]), "a\n\\u{1b}[2J\\n\\\\\n");
}
