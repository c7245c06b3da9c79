use proptest::prelude::{ProptestConfig, proptest};
use unicode_width::UnicodeWidthStr;

use super::samples::{Sample, outcome};
use super::{PIPE, is_dangerous, shown, text, written};
use crate::output::rows::{RowFormat, Value};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_list_has_a_line_for_each_column_and_all_of_its_value(outcome in outcome()) {
        let data = String::from_utf8(written(RowFormat::List, &PIPE, &outcome)).unwrap();
        assert_eq!(data.chars().find(|&character| is_dangerous(character)), None);
        let mut lines = data.lines();
        for (index, row) in outcome.rows.iter().enumerate() {
            if index > 0 {
                assert_eq!(lines.next(), Some(""));
            }
            for (name, sample) in outcome.columns.iter().zip(row) {
                let name = match &name[..] {
                    "" => String::new(),
                    name => shown(&Sample::Text(name.as_bytes().to_vec())),
                };
                let rest = lines.next().unwrap().strip_prefix(&name[..]).unwrap();
                let value = rest.trim_start_matches(' ').strip_prefix('=').unwrap();
                let expected = match &shown(sample)[..] {
                    "" => String::new(),
                    value => format!(" {value}"),
                };
                assert_eq!(value, expected);
            }
        }
        assert_eq!(lines.next(), None);
    }
}

#[test]
fn rows_are_blocks_and_the_equals_signs_stand_below_each_other() {
    let rows: &[&[Value<'_>]] = &[
        &[Value::Integer(1), Value::Text(b"a\nb"), Value::Null],
        &[Value::Real(0.5), Value::Text(b""), Value::Blob(b"\xff")],
    ];
    let data = text(RowFormat::List, &PIPE, &["id", "日本", "id"], rows);
    assert_eq!(data, "id   = 1\n日本 = a\\nb\nid   =\n\nid   = 0.5\n日本 = \"\"\nid   = ff\n");
    let at = |line: &str| line.split('=').next().unwrap().width();
    assert!(data.lines().filter(|line| !line.is_empty()).all(|line| at(line) == 5));
}

#[test]
fn an_empty_result_is_nothing() {
    assert_eq!(text(RowFormat::List, &PIPE, &["a"], &[]), "");
}
