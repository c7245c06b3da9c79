//! Values for the parameters of a statement: given by a user, or the defaults. They are bound, never
//! spliced into SQL.
//!
//! A canned query declares the type of each parameter. In other SQL a value is bound as text, since
//! the Ids of accounts look like numbers and are none; `name:integer=7` and `name:date=-30d` give
//! another type. (A column has SQLite convert the text; an expression such as `count(*) > :n` does
//! not.)

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use rusqlite::ToSql;
use rusqlite::types::ToSqlOutput;

use super::header::{Declaration, Kind};
use super::moment;

/// `name=value` or `name:type=value`, as a user gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    name: String,
    kind: Option<Kind>,
    value: String,
}

/// A value as it is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// TEXT; a date too.
    Text(String),
    /// INTEGER.
    Integer(i64),
}

impl ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Text(text) => text.to_sql(),
            Self::Integer(number) => number.to_sql(),
        }
    }
}

/// Why the values do not fit the parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ParameterError {
    /// What is wrong.
    pub what: String,
    /// What the query takes, on one line.
    pub takes: String,
}

impl Given {
    /// Reads `name=value` or `name:type=value`. The name may carry its colon.
    ///
    /// # Errors
    /// Says how a parameter is given.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = "a parameter is given as name=value, or name:type=value (text, integer, date)";
        let (name, value) = text.split_once('=').ok_or(form)?;
        let name = name.strip_prefix(':').unwrap_or(name);
        let (name, kind) = match name.split_once(':') {
            None => (name, None),
            Some((name, kind)) => (name, Some(Kind::named(kind).ok_or(form)?)),
        };
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !is_name {
            return Err(form.to_owned());
        }
        Ok(Self { name: name.to_owned(), kind, value: value.to_owned() })
    }
}

/// Reads a value of a type. `now` is what dates count from.
///
/// # Errors
/// Says what a value of the type looks like.
pub fn read(kind: Kind, text: &str, now: DateTime<Utc>) -> Result<Bound, String> {
    match kind {
        Kind::Text => Ok(Bound::Text(text.to_owned())),
        Kind::Integer => text.parse().map(Bound::Integer).map_err(|_| {
            format!("{text:?} is no integer: a whole number such as 7 or -7, of 64 bits")
        }),
        Kind::Date => moment::read(text, now)
            .map(Bound::Text)
            .map_err(|forms| format!("{text:?} is no date: {forms}")),
    }
}

/// The values of a canned query's parameters, by name.
///
/// # Errors
/// [`ParameterError`]: one is not declared, is given twice, is not of its type, or is required and
/// missing.
pub fn declared(
    declarations: &[Declaration],
    given: &[Given],
    now: DateTime<Utc>,
) -> Result<Vec<(String, Bound)>, ParameterError> {
    let wrong = |what| ParameterError { what, takes: takes_declared(declarations) };
    let names: Vec<&str> = declarations.iter().map(|declared| declared.name.as_str()).collect();
    check_names(given, &names).map_err(wrong)?;
    let mut values = Vec::with_capacity(declarations.len());
    for declared in declarations {
        let name = &declared.name;
        let value = match given.iter().find(|given| given.name == *name) {
            Some(Given { kind: Some(kind), .. }) if *kind != declared.kind => Err(format!(
                "the parameter :{name} is of the type {}, not {}",
                declared.kind.name(),
                kind.name()
            )),
            Some(given) => read(declared.kind, &given.value, now)
                .map_err(|what| format!("the parameter :{name}: {what}")),
            None => declared.default(now).and_then(|default| {
                default.ok_or_else(|| format!("the parameter :{name} is missing"))
            }),
        };
        values.push((name.clone(), value.map_err(wrong)?));
    }
    Ok(values)
}

/// The values of the parameters that SQLite found in a statement, by name.
///
/// # Errors
/// [`ParameterError`]: one is not in the statement, is given twice, is not of the type that was
/// given with it, or is missing.
pub fn found(
    names: &[&str],
    given: &[Given],
    now: DateTime<Utc>,
) -> Result<Vec<(String, Bound)>, ParameterError> {
    let wrong = |what| ParameterError { what, takes: takes(names.iter().map(|n| format!(":{n}"))) };
    check_names(given, names).map_err(wrong)?;
    let mut values = Vec::with_capacity(names.len());
    for name in names {
        let Some(given) = given.iter().find(|given| given.name == *name) else {
            return Err(wrong(format!("the parameter :{name} is missing")));
        };
        let value = read(given.kind.unwrap_or(Kind::Text), &given.value, now)
            .map_err(|what| wrong(format!("the parameter :{name}: {what}")))?;
        values.push(((*name).to_owned(), value));
    }
    Ok(values)
}

fn check_names(given: &[Given], names: &[&str]) -> Result<(), String> {
    for (position, one) in given.iter().enumerate() {
        if !names.contains(&one.name.as_str()) {
            let mut what = format!("the query has no parameter :{}", one.name);
            if let Some(nearest) = super::nearest(&one.name, names.iter().copied()).first() {
                // Writing to a String cannot fail.
                let _ = write!(what, "; did you mean :{nearest}?");
            }
            return Err(what);
        }
        if given[..position].iter().any(|other| other.name == one.name) {
            return Err(format!("the parameter :{} is given twice", one.name));
        }
    }
    Ok(())
}

fn takes_declared(declarations: &[Declaration]) -> String {
    takes(declarations.iter().map(|declared| format!("{declared} ({})", declared.meaning)))
}

fn takes(parameters: impl Iterator<Item = String>) -> String {
    let list: Vec<String> = parameters.collect();
    if list.is_empty() {
        return "the query takes no parameters".to_owned();
    }
    format!("the query takes {}", list.join("; "))
}

#[cfg(test)]
mod tests {
    use super::{Bound, Given, declared, found, read};
    use crate::query::header::{Declaration, Kind};
    use chrono::{DateTime, Utc};

    fn now() -> DateTime<Utc> {
        "2024-06-15T12:00:00.5Z".parse().expect("a time")
    }

    fn given(texts: &[&str]) -> Vec<Given> {
        texts.iter().map(|text| Given::parse(text).expect(text)).collect()
    }

    fn text(text: &str) -> Bound {
        Bound::Text(text.to_owned())
    }

    fn declarations() -> Vec<Declaration> {
        let declaration = |name: &str, kind, default: Option<&str>| Declaration {
            name: name.to_owned(),
            kind,
            default: default.map(str::to_owned),
            meaning: "a meaning".to_owned(),
        };
        vec![
            declaration("id", Kind::Text, None),
            declaration("days", Kind::Integer, Some("7")),
            declaration("since", Kind::Date, Some("-30d")),
        ]
    }

    fn values(pairs: &[(&str, Bound)]) -> Vec<(String, Bound)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn a_value_is_read_by_its_declared_type_and_what_is_not_given_by_its_default() {
        assert_eq!(
            declared(&declarations(), &given(&["id=h-1"]), now()),
            Ok(values(&[
                ("id", text("h-1")),
                ("days", Bound::Integer(7)),
                ("since", text("2024-05-16T12:00:00.500Z")),
            ]))
        );
        assert_eq!(
            declared(
                &declarations(),
                &given(&["since=2024-01-31", ":days=-1", "id:text=a=b "]),
                now()
            ),
            Ok(values(&[
                ("id", text("a=b ")),
                ("days", Bound::Integer(-1)),
                ("since", text("2024-01-31T00:00:00.000Z")),
            ]))
        );
    }

    #[test]
    fn what_does_not_fit_is_told_with_what_the_query_takes() {
        for (texts, what) in [
            (&[][..], "the parameter :id is missing"),
            (&["id=1", "dais=3"], "no parameter :dais; did you mean :days?"),
            (&["id=1", "ID=2"], "no parameter :ID; did you mean :id?"),
            (&["id=1", "zzz=3"], "no parameter :zzz"),
            (&["id=1", "id=1"], "the parameter :id is given twice"),
            (&["id=1", "days=a week"], "the parameter :days: \"a week\" is no integer"),
            (&["id=1", "days="], "is no integer"),
            (&["id=1", "days=1.0"], "is no integer"),
            (&["id=1", "days=9223372036854775808"], "is no integer"),
            (&["id=1", "since=soon"], "the parameter :since: \"soon\" is no date"),
            (&["id=1", "days:date=now"], "the parameter :days is of the type integer, not date"),
        ] {
            let error = declared(&declarations(), &given(texts), now()).expect_err(what);
            assert!(error.what.contains(what), "{error}");
            assert_eq!(
                error.takes,
                "the query takes :id text required (a meaning); :days integer = 7 (a meaning); :since date = -30d (a meaning)"
            );
        }
        let error = declared(&[], &given(&["a=1"]), now()).expect_err("no parameters");
        assert_eq!(error.takes, "the query takes no parameters");
    }

    #[test]
    fn other_sql_takes_text_unless_a_type_is_given() {
        assert_eq!(
            found(
                &["account", "n", "since"],
                &given(&["account=012345678901", "n:integer=3", "since:date=today"]),
                now()
            ),
            Ok(values(&[
                ("account", text("012345678901")),
                ("n", Bound::Integer(3)),
                ("since", text("2024-06-15T00:00:00.000Z")),
            ]))
        );
        for (texts, what) in [
            (&[][..], "the parameter :n is missing"),
            (&["n=1", "m=1"], "no parameter :m"),
            (&["n=1", "n=2"], "given twice"),
            (&["n:integer=x"], "is no integer"),
        ] {
            let error = found(&["n"], &given(texts), now()).expect_err(what);
            assert!(error.what.contains(what), "{error}");
            assert_eq!(error.takes, "the query takes :n");
        }
    }

    #[test]
    fn a_parameter_is_given_as_a_name_and_a_value() {
        for wrong in ["", "name", "=value", ":=v", "a b=v", "a:number=1", "a:=1", "a-b=1", "::a=1"]
        {
            assert!(Given::parse(wrong).is_err(), "{wrong}");
        }
        for right in ["a=", "a==", "_1=x", "é=x", "a:integer=7"] {
            assert!(Given::parse(right).is_ok(), "{right}");
        }
    }

    #[test]
    fn sql_in_a_value_stays_a_value() {
        let injection = "x' OR 1=1; DROP TABLE handshakes; --";
        assert_eq!(read(Kind::Text, injection, now()), Ok(text(injection)));
    }
}
