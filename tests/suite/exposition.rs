//! A strict reader of Prometheus' text exposition format 0.0.4, and of the naming conventions that
//! `promtool check metrics` holds a gauge to. Shares nothing with what writes the metrics.

use std::collections::{BTreeMap, BTreeSet};

/// A series: the name of its metric and its labels.
pub type Series = (String, BTreeMap<String, String>);

/// Reads every series with its value; panics at whatever is not as it should be.
#[track_caller]
pub fn read(text: &str) -> BTreeMap<Series, f64> {
    assert!(text.ends_with('\n'), "the last line ends too");
    let (mut series, mut families) = (BTreeMap::new(), BTreeSet::new());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let (name, help) = line.strip_prefix("# HELP ").unwrap().split_once(' ').unwrap();
        assert!(!help.trim().is_empty() && !help.contains('\\'), "{line}");
        assert_eq!(lines.next(), Some(format!("# TYPE {name} gauge").as_str()), "after {line}");
        check_name(name);
        assert!(families.insert(name.to_owned()), "{name} is there twice");
        let mut samples = 0;
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (labels, value) = sample(line.strip_prefix(name).expect(line));
            let value: f64 = value.parse().expect(line);
            assert!(value.is_finite(), "{line}");
            assert_eq!(series.insert((name.to_owned(), labels), value), None, "twice: {line}");
            samples += 1;
        }
        assert!(samples > 0, "{name} has no series");
    }
    series
}

fn check_name(name: &str) {
    let words: Vec<&str> = name.split('_').collect();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    assert!(words.iter().all(|word| !word.is_empty() && word.chars().all(plain)), "{name}");
    assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
    // Suffixes of counters, histograms and summaries.
    assert!(!["total", "count", "sum", "bucket", "info"].contains(words.last().unwrap()), "{name}");
    for word in words {
        // Names of types, and units that are no base units, or abbreviated.
        assert!(
            ![
                "gauge",
                "counter",
                "summary",
                "histogram",
                "metric",
                "s",
                "ms",
                "sec",
                "m",
                "h",
                "d",
                "b",
                "kb",
                "mb",
                "milliseconds",
                "minutes",
                "hours",
                "days",
                "weeks",
                "bits",
                "kilobytes",
                "megabytes",
                "percent",
            ]
            .contains(&word),
            "{word} in {name}"
        );
    }
}

/// What stands after the name: labels, if there are any, a space and the value.
fn sample(rest: &str) -> (BTreeMap<String, String>, &str) {
    let mut labels = BTreeMap::new();
    let Some(mut rest) = rest.strip_prefix('{') else {
        return (labels, rest.strip_prefix(' ').expect(rest));
    };
    loop {
        let (name, after) = rest.split_once("=\"").expect(rest);
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(!name.is_empty() && name.chars().all(plain) && !name.starts_with("__"), "{name}");
        let (value, after) = quoted(after);
        assert_eq!(labels.insert(name.to_owned(), value), None, "{name} is there twice");
        if let Some(value) = after.strip_prefix("} ") {
            return (labels, value);
        }
        rest = after.strip_prefix(',').expect(after);
    }
}

/// A value up to its closing quote, without its escapes, and what follows.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.push(match characters.next() {
                Some((_, 'n')) => '\n',
                Some((_, escaped @ ('\\' | '"'))) => escaped,
                other => panic!("{other:?} is no escape: {text}"),
            }),
            other => value.push(other),
        }
    }
    panic!("no closing quote: {text}");
}
