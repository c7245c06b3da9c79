//! The comment at the top of a canned query, and values for the parameters that it declares.

use chrono::{DateTime, Utc};
use handshake_archive::query::parameters::{self, Bound, Given};
use handshake_archive::query::{Declaration, Header, Kind, moment};

/// Holds a header against the text that it was read from. What follows a NUL are the values that
/// somebody gives, one a line.
pub fn check(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    let (sql, values) = input.split_once('\0').unwrap_or((&input, ""));
    let header = match Header::parse(sql) {
        Ok(header) => header,
        Err(error) => {
            assert!((1..=sql.lines().count().max(2)).contains(&error.line), "{error}");
            assert!(!error.what.is_empty());
            return;
        }
    };
    assert!(Header::begins(sql));
    let comment: Vec<&str> = sql.lines().map_while(|line| line.strip_prefix("--")).collect();
    let says = |text: &str| comment.iter().any(|line| line.contains(text));
    assert!(!header.title.is_empty() && comment[0].contains(&header.title));
    assert!(!header.description.is_empty() && header.description.lines().all(says));
    for declared in &header.parameters {
        assert!(says(&format!(":{} {} ", declared.name, declared.kind.name())), "{declared}");
        assert!(!declared.meaning.is_empty() && says(&declared.meaning), "{declared}");
        assert!(declared.default.as_deref().is_none_or(says), "{declared}");
    }
    let declared_lines = comment.iter().filter(|line| line.trim().starts_with(':')).count();
    assert_eq!(header.parameters.len(), declared_lines, "one line, one parameter");
    assert_eq!(Header::parse(&print(&header)), Ok(header.clone()));
    bind(&header.parameters, values);
}

/// The header, written anew.
fn print(header: &Header) -> String {
    let mut text = format!("-- title: {}\n", header.title);
    for line in header.description.split('\n') {
        text += &format!("-- {line}\n");
    }
    for Declaration { name, kind, default, meaning } in &header.parameters {
        let value = match default {
            None => "required".to_owned(),
            Some(default) => format!("= {default}"),
        };
        text += &format!("-- :{name} {} {value}  {meaning}\n", kind.name());
    }
    text + "SELECT 1\n"
}

fn bind(declarations: &[Declaration], values: &str) {
    let given: Vec<Given> = values.lines().filter_map(|line| Given::parse(line).ok()).collect();
    let now = now();
    let bound = match parameters::declared(declarations, &given, now) {
        Ok(bound) => bound,
        Err(error) => {
            assert!(!error.what.is_empty() && !error.takes.is_empty());
            return;
        }
    };
    assert_eq!(bound.len(), declarations.len());
    for (declared, (name, value)) in declarations.iter().zip(bound) {
        assert_eq!(declared.name, name);
        let given = values.lines().filter(|line| Given::parse(line).is_ok()).find_map(|line| {
            let (given, value) = line.split_once('=')?;
            let given = given.strip_prefix(':').unwrap_or(given);
            (given.split(':').next() == Some(&name)).then_some(value)
        });
        let text = given.or(declared.default.as_deref()).expect("a value or a default");
        match (declared.kind, value) {
            (Kind::Text, Bound::Text(value)) => assert_eq!(value, text),
            (Kind::Integer, Bound::Integer(number)) => assert_eq!(text.parse(), Ok(number)),
            (Kind::Date, Bound::Text(time)) => check_time(text, &time, now),
            (kind, value) => panic!("{value:?} is not of the type {}", kind.name()),
        }
    }
}

/// A bound time is in the archive's text form and, read again, stays what it is.
fn check_time(text: &str, time: &str, now: DateTime<Utc>) {
    let is_form = time.len() == 24
        && time.bytes().zip("0000-00-00T00:00:00.000Z".bytes()).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            mark => byte == mark,
        });
    assert!(is_form, "{text:?} became {time:?}");
    assert_eq!(moment::read(time, now).as_deref(), Ok(time), "{text:?}");
    if let Some(whole) = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()) {
        let read = DateTime::parse_from_rfc3339(time).expect("RFC 3339");
        assert_eq!((read.to_utc() - now).num_seconds(), whole * 86_400, "{text:?}");
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_718_452_800_500).expect("a time")
}
