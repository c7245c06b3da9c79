use comrak::nodes::{AstNode, NodeValue, TableAlignment};
use comrak::{Arena, Options, parse_document};
use proptest::prelude::{ProptestConfig, proptest};

use super::samples::{Outcome, Sample, outcome};
use super::{PIPE, is_dangerous, shown, text, written};
use crate::output::rows::{RowFormat, Value};

/// What GitHub's Markdown makes of it: the alignment of the columns, and the text of each cell.
fn read(data: &str) -> (Vec<TableAlignment>, Vec<Vec<String>>) {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.math_dollars = true;
    options.extension.math_code = true;
    let arena = Arena::new();
    let document = parse_document(&arena, data, &options);
    let blocks: Vec<_> = document.children().collect();
    assert_eq!(blocks.len(), 1, "one table and nothing else");
    let NodeValue::Table(table) = &blocks[0].data.borrow().value else { panic!("no table") };
    let rows = blocks[0].children().map(|row| row.children().map(cell).collect()).collect();
    (table.alignments.clone(), rows)
}

fn cell<'a>(cell: &'a AstNode<'a>) -> String {
    let mut content = String::new();
    for node in cell.children() {
        match &node.data.borrow().value {
            NodeValue::Text(text) => content.push_str(text),
            NodeValue::Code(code) => content.push_str(&code.literal),
            other => panic!("a value became {other:?}"),
        }
    }
    content.trim().to_owned()
}

fn expected(outcome: &Outcome) -> Vec<Vec<String>> {
    let header = outcome.columns.iter().map(|name| match &name[..] {
        "" => String::new(),
        name => shown(&Sample::Text(name.as_bytes().to_vec())).trim().to_owned(),
    });
    let rows = outcome
        .rows
        .iter()
        .map(|row| row.iter().map(|sample| shown(sample).trim().to_owned()).collect());
    std::iter::once(header.collect()).chain(rows).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_value_becomes_markup_and_all_of_it_is_there(outcome in outcome()) {
        let data = String::from_utf8(written(RowFormat::Markdown, &PIPE, &outcome)).unwrap();
        assert_eq!(data.chars().find(|&character| is_dangerous(character)), None);
        let (_, rows) = read(&data);
        assert_eq!(rows, expected(&outcome));
    }
}

#[test]
fn columns_of_numbers_are_aligned_to_the_right() {
    let rows: &[&[Value<'_>]] = &[
        &[Value::Integer(1), Value::Text(b"one"), Value::Null, Value::Integer(1)],
        &[Value::Null, Value::Text(b""), Value::Null, Value::Text(b"x")],
    ];
    let data = text(RowFormat::Markdown, &PIPE, &["n", "name", "none", "n"], rows);
    assert_eq!(
        data,
        "|   n | name | none | n   |\n\
         | --: | ---- | ---- | --- |\n\
         |   1 | one  |      |   1 |\n\
         |     | \"\"   |      | x   |\n"
    );
    let (alignments, _) = read(&data);
    assert!(matches!(
        alignments[..],
        [TableAlignment::Right, TableAlignment::None, TableAlignment::None, TableAlignment::None]
    ));
}

#[test]
fn what_could_become_a_link_is_code_and_other_markup_is_escaped() {
    for (value, cell) in [
        ("a|b", "a\\|b"),
        ("`*_~<>[]&$\\", "\\`\\*\\_\\~\\<\\>\\[\\]\\&\\$\\\\"),
        ("write person@example.com now", "write `person@example.com` now"),
        ("see https://example.com/*", "see `https://example.com/*`"),
        ("a|WWW.example.com`x", "a\\|`WWW.example.com`\\`x"),
        ("fixes #1 and gh-2 # 3", "fixes `#1` and `gh-2` # 3"),
        ("a\nb", "a\\\\nb"),
    ] {
        let data = text(RowFormat::Markdown, &PIPE, &["v"], &[&[Value::Text(value.as_bytes())]]);
        let last = data.lines().last().unwrap();
        assert_eq!(last.trim_start_matches("| ").trim_end_matches('|').trim_end(), cell);
    }
}

#[test]
fn an_empty_result_is_its_header() {
    let data = text(RowFormat::Markdown, &PIPE, &["a", "b|c"], &[]);
    assert_eq!(data, "| a   | b\\|c |\n| --- | ---- |\n");
    assert_eq!(read(&data).1, [["a", "b|c"]]);
}
