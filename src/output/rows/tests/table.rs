use proptest::prelude::{ProptestConfig, proptest};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::samples::{Outcome, Sample, outcome};
use super::{PIPE, is_dangerous, shown, text, written};
use crate::output::rows::{RowFormat, RowOptions, Value};

fn fitted(width: usize) -> RowOptions {
    RowOptions { terminal: true, width: Some(width), csv_safe: false }
}

/// The lines, each with the column of the terminal in which each of its perceived characters starts.
fn drawn(line: &str) -> Vec<(usize, &str)> {
    let mut column = 0;
    let mut drawn = Vec::new();
    for cluster in line.graphemes(true) {
        drawn.push((column, cluster));
        column += cluster.width();
    }
    drawn.push((column, ""));
    drawn
}

/// Checks that the bars stand below each other, and gives the cells row by row, without spaces:
/// where they are padding, and where a value's own, a drawing does not tell.
fn read(data: &str, wrapped: bool) -> Vec<Vec<String>> {
    let lines: Vec<&str> = data.lines().collect();
    let header = lines.iter().position(|line| line.contains('─')).unwrap();
    let rule = lines[header];
    let bars: Vec<usize> =
        rule.chars().enumerate().filter(|&(_, c)| c == '┼').map(|(at, _)| at).collect();
    let between = rule.replace('─', "╌");
    let mut rows = vec![vec![String::new(); bars.len() + 1]];
    for (index, line) in lines.iter().enumerate() {
        if index == header || (wrapped && index > header && *line == between) {
            rows.push(vec![String::new(); bars.len() + 1]);
            continue;
        }
        if !wrapped && index > header + 1 {
            rows.push(vec![String::new(); bars.len() + 1]);
        }
        let drawn = drawn(line);
        for &bar in &bars {
            assert!(drawn.contains(&(bar, "│")), "no bar in column {bar} of {line:?}");
        }
        for (at, cluster) in drawn {
            let column = bars.iter().filter(|&&bar| bar < at).count();
            if !bars.contains(&at) {
                rows.last_mut().unwrap()[column].push_str(&cluster.replace(' ', ""));
            }
        }
    }
    if header + 1 == lines.len() {
        rows.pop();
    }
    rows
}

fn expected(outcome: &Outcome) -> Vec<Vec<String>> {
    let header = outcome.columns.iter().map(|name| match &name[..] {
        "" => String::new(),
        name => shown(&Sample::Text(name.as_bytes().to_vec())).replace(' ', ""),
    });
    let rows = outcome
        .rows
        .iter()
        .map(|row| row.iter().map(|sample| shown(sample).replace(' ', "")).collect());
    std::iter::once(header.collect()).chain(rows).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_bars_of_a_table_stand_below_each_other_and_nothing_is_lost(outcome in outcome()) {
        let data = String::from_utf8(written(RowFormat::Table, &PIPE, &outcome)).unwrap();
        assert_eq!(data.chars().find(|&character| is_dangerous(character)), None);
        assert_eq!(read(&data, false), expected(&outcome));
    }

    #[test]
    fn a_table_keeps_to_the_width_of_its_terminal_and_loses_nothing(
        outcome in outcome(),
        width in 132_usize..180,
    ) {
        let data = String::from_utf8(written(RowFormat::Table, &fitted(width), &outcome)).unwrap();
        assert_eq!(data.chars().find(|&character| is_dangerous(character)), None);
        for line in data.lines() {
            let drawn = drawn(line).last().unwrap().0;
            assert!(drawn <= width, "a line takes {drawn} of {width} columns: {line:?}");
        }
        let wrapped = data.contains('╌') || outcome.rows.len() == 1;
        assert_eq!(read(&data, wrapped), expected(&outcome));
    }
}

#[test]
fn numbers_stand_to_the_right_and_wide_characters_take_two_columns() {
    let rows: &[&[Value<'_>]] = &[
        &[Value::Integer(1), Value::Text("日本語".as_bytes()), Value::Real(0.5), Value::Null],
        &[
            Value::Integer(-200),
            Value::Text("e\u{301}🤝".as_bytes()),
            Value::Null,
            Value::Text(b""),
        ],
        &[Value::Null, Value::Text(b"a\tb\x1b\xff"), Value::Text(b"x"), Value::Blob(b"\x00\xff")],
    ];
    let table = [
        "  id │ name           │ odd │ id",
        "─────┼────────────────┼─────┼─────",
        "   1 │ 日本語         │ 0.5 │",
        "-200 │ e\u{301}🤝            │     │ \"\"",
        "     │ a\\tb\\u{1b}\\xff │ x   │ 00ff",
        "",
    ]
    .join("\n");
    assert_eq!(text(RowFormat::Table, &PIPE, &["id", "name", "odd", "id"], rows), table);
}

#[test]
fn long_values_are_wrapped_and_the_short_columns_stay_whole() {
    let rows: &[&[Value<'_>]] = &[
        &[Value::Integer(1), Value::Text(b"the quick brown fox jumps"), Value::Text(b"OPEN")],
        &[Value::Integer(2), Value::Text(b"over"), Value::Text(b"EXPIRED")],
    ];
    let table = "\
id │ notes      │ state
───┼────────────┼────────
 1 │ the quick  │ OPEN
   │ brown fox  │
   │ jumps      │
╌╌╌┼╌╌╌╌╌╌╌╌╌╌╌╌┼╌╌╌╌╌╌╌╌
 2 │ over       │ EXPIRED
";
    let drawn = text(RowFormat::Table, &fitted(25), &["id", "notes", "state"], rows);
    assert_eq!(drawn, table);
}

#[test]
fn a_number_is_never_wrapped() {
    let long = "x".repeat(100);
    let row = [Value::Integer(i64::MIN), Value::Text(long.as_bytes())];
    for width in [20 + 3 + 8, 40] {
        let drawn = text(RowFormat::Table, &fitted(width), &["n", "text"], &[&row]);
        assert!(drawn.contains("\n-9223372036854775808 │ x"), "{drawn}");
    }
    let drawn = text(RowFormat::Table, &fitted(20 + 3 + 7), &["n", "text"], &[&row]);
    assert!(drawn.starts_with("n    = -9223372036854775808\n"), "{drawn}");
}

#[test]
fn a_terminal_too_narrow_for_the_columns_is_given_a_list() {
    let columns = ["one", "two", "three"];
    let row = [Value::Integer(1), Value::Text(b"0123456789"), Value::Text(b"0123456789")];
    let list = text(RowFormat::List, &PIPE, &columns, &[&row, &row]);
    for width in [0, 1, 24] {
        let options = fitted(width);
        assert_eq!(text(RowFormat::Table, &options, &columns, &[&row, &row]), list);
    }
    assert_ne!(text(RowFormat::Table, &fitted(25), &columns, &[&row, &row]), list);
}

#[test]
fn an_empty_result_is_its_header() {
    assert_eq!(text(RowFormat::Table, &PIPE, &["a", "bc"], &[]), "a │ bc\n──┼───\n");
}

#[test]
fn a_value_of_many_kilobytes_is_drawn_whole() {
    let long = "日x".repeat(64 << 10);
    let data = text(RowFormat::Table, &fitted(80), &["a"], &[&[Value::Text(long.as_bytes())]]);
    let drawn: String = data.lines().skip(2).collect();
    assert_eq!(drawn, long);
}
