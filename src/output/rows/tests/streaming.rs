use std::io::{self, Write};

use super::{PIPE, Seen, names, text};
use crate::output::rows::{RowFormat, Value, row_writer};

const STREAMING: [RowFormat; 5] =
    [RowFormat::Csv, RowFormat::Tsv, RowFormat::Json, RowFormat::Ndjson, RowFormat::List];

const ALL: [RowFormat; 7] = [
    RowFormat::Table,
    RowFormat::Csv,
    RowFormat::Tsv,
    RowFormat::Json,
    RowFormat::Ndjson,
    RowFormat::Markdown,
    RowFormat::List,
];

/// Counts what it is given, and keeps the last piece only.
#[derive(Default)]
struct Counting {
    writes: usize,
    last: Vec<u8>,
}

impl Write for &mut Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        self.last = bytes.to_vec();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_format_that_streams_holds_no_row_back() {
    for format in STREAMING {
        let seen = Seen::default();
        let mut writer = row_writer(format, &names(&["a", "b"]), &PIPE, Box::new(seen.clone()));
        for row in 0..1_000 {
            let text = format!("row-{row}-");
            writer.row(&[Value::Integer(row), Value::Text(text.as_bytes())]).unwrap();
            let out = std::mem::take(&mut *seen.0.borrow_mut());
            let out = String::from_utf8(out).unwrap();
            assert!(out.contains(&text), "{format:?} held {text} back");
            assert!(!out.contains(&format!("row-{}-", row - 1)), "{format:?} held a row back");
        }
    }
}

#[test]
fn each_row_is_one_write() {
    for format in STREAMING {
        let mut counting = Counting::default();
        let mut writer = row_writer(format, &names(&["a"]), &PIPE, Box::new(&mut counting));
        for row in 0..100 {
            writer.row(&[Value::Integer(row)]).unwrap();
        }
        drop(writer);
        assert!(counting.writes <= 101, "{format:?} made {} writes of 100 rows", counting.writes);
        assert!(counting.last.windows(2).any(|pair| pair == b"99"), "{format:?}");
    }
}

#[test]
fn nothing_is_written_before_the_first_row() {
    for format in ALL {
        let seen = Seen::default();
        drop(row_writer(format, &names(&["a"]), &PIPE, Box::new(seen.clone())));
        assert_eq!(seen.bytes(), b"", "{format:?}");
    }
}

#[test]
fn a_result_cut_off_does_not_pass_for_a_whole_one() {
    for format in [RowFormat::Table, RowFormat::Markdown, RowFormat::Json] {
        let seen = Seen::default();
        let mut writer = row_writer(format, &names(&["a"]), &PIPE, Box::new(seen.clone()));
        writer.row(&[Value::Integer(1)]).unwrap();
        drop(writer);
        let out = seen.bytes();
        assert!(out.is_empty() || serde_json::from_slice::<serde_json::Value>(&out).is_err());
    }
}

#[test]
fn a_row_of_another_length_keeps_to_the_columns() {
    let rows: &[&[Value<'_>]] =
        &[&[Value::Integer(1)], &[Value::Integer(1), Value::Integer(2), Value::Integer(3)]];
    let csv = text(RowFormat::Csv, &PIPE, &["a", "b"], rows);
    assert_eq!(csv, "a,b\r\n1,\r\n1,2\r\n");
    for format in ALL {
        assert!(!text(format, &PIPE, &["a", "b"], rows).contains('3'), "{format:?}");
    }
}

#[test]
fn a_result_without_columns_is_nothing() {
    for format in ALL {
        assert_eq!(text(format, &PIPE, &[], &[&[], &[Value::Null]]), "", "{format:?}");
    }
}

#[test]
fn an_output_that_fails_is_told() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in ALL {
        let mut writer = row_writer(format, &names(&["a"]), &PIPE, Box::new(Full));
        let result = writer.row(&[Value::Null]).and_then(|()| writer.finish());
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::StorageFull, "{format:?}");
    }
}
