//! What a canned query says of itself, in the comment at its top.
//!
//! ```sql
//! -- title: What is pending, and when it expires
//! --
//! -- A paragraph that says what a row is. May span
//! -- several lines.
//! --
//! -- :days integer = 7  how many days from :now on
//! -- :now date = now  the moment that the question is about
//! -- :id text required  AWS's Id of the handshake
//! SELECT …
//! ```
//!
//! A parameter is its name with a colon; its type; `=` and a default, or `required`; two spaces; and
//! what it means. A default ends at the two spaces; none after `=` is the empty text. The header ends
//! with the first line that is not a comment.

use std::collections::HashSet;
use std::fmt;

use chrono::{DateTime, Utc};

use super::parameters::{self, Bound};

/// The beginning of the first line of a canned query.
const TITLE: &str = "-- title:";

/// What a canned query says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// One line.
    pub title: String,
    /// What a row is; paragraphs are separated by an empty line.
    pub description: String,
    /// In the order of the file.
    pub parameters: Vec<Declaration>,
}

/// A parameter of a canned query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Without its colon.
    pub name: String,
    /// How its values are read.
    pub kind: Kind,
    /// What it is where nobody gives it; `None` where somebody must.
    pub default: Option<String>,
    /// For people.
    pub meaning: String,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bound as it is given.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A point in time, bound as the archive's text form `YYYY-MM-DDTHH:MM:SS.sssZ`.
    Date,
}

/// Why a header cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct HeaderError {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl Kind {
    /// The type of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Text, Self::Integer, Self::Date].into_iter().find(|kind| kind.name() == name)
    }

    /// Its name, in headers and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Date => "date",
        }
    }
}

impl fmt::Display for Declaration {
    /// `:days integer = 7`, as in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ":{} {}", self.name, self.kind.name())?;
        match self.default.as_deref() {
            None => f.write_str(" required"),
            Some("") => f.write_str(" = ''"),
            Some(default) => write!(f, " = {default}"),
        }
    }
}

impl Header {
    /// Whether a file begins as a canned query does.
    pub fn begins(sql: &str) -> bool {
        sql.starts_with(TITLE)
    }

    /// Reads the comment at the top of a canned query.
    ///
    /// # Errors
    /// [`HeaderError`], naming the line.
    pub fn parse(sql: &str) -> Result<Self, HeaderError> {
        let mut lines =
            sql.lines().enumerate().map(|(index, line)| (index + 1, line.trim_end())).peekable();
        let title = match lines.next().and_then(|(_, line)| line.strip_prefix(TITLE)) {
            Some(title) if !title.trim().is_empty() => title.trim().to_owned(),
            _ => return Err(wrong(1, "the first line must be `-- title: ` and a title")),
        };
        let mut description = Vec::new();
        let mut parameters: Vec<Declaration> = Vec::new();
        let mut names = HashSet::new();
        let mut last = 1;
        // The first line that is no comment, and be it empty, ends the header.
        while let Some((number, text)) = comment(lines.peek()) {
            lines.next();
            last = number;
            if text.starts_with(':') {
                let declaration =
                    Declaration::parse(text).map_err(|what| HeaderError { line: number, what })?;
                if !names.insert(declaration.name.clone()) {
                    return Err(wrong(number, format!(":{} is declared twice", declaration.name)));
                }
                parameters.push(declaration);
            } else if parameters.is_empty() {
                description.push(text);
            } else if !text.is_empty() {
                let what = "after a parameter come only parameters, each on one line";
                return Err(wrong(number, what));
            }
        }
        let description = description.join("\n").trim().to_owned();
        if description.is_empty() {
            return Err(wrong(2, "a paragraph must say what a row is"));
        }
        if lines.all(|(_, line)| line.is_empty() || line.trim_start().starts_with("--")) {
            return Err(wrong(last, "after the comment must come a statement"));
        }
        Ok(Self { title, description, parameters })
    }
}

impl Declaration {
    /// Reads `:days integer = 7  how many days`.
    fn parse(line: &str) -> Result<Self, String> {
        let form =
            "a parameter is `:name type = default  meaning` or `:name type required  meaning`";
        let (name, rest) = line[1..].split_once(' ').ok_or(form)?;
        if !is_name(name) {
            return Err(format!(
                "{name:?} is no name of a parameter: lower-case letters, digits and underscores, a letter first"
            ));
        }
        let (kind, rest) = rest.split_once(' ').ok_or(form)?;
        let kind = Kind::named(kind)
            .ok_or_else(|| format!("{kind:?} is no type: text, integer or date"))?;
        let (value, meaning) = rest
            .split_once("  ")
            .ok_or_else(|| format!("{form}; before the meaning come two spaces"))?;
        let default = match value.strip_prefix('=') {
            Some(default) => Some(default.trim().to_owned()),
            None if value == "required" => None,
            None => return Err(form.to_owned()),
        };
        let meaning = meaning.trim();
        if meaning.is_empty() {
            return Err(format!("{form}; the meaning of :{name} is missing"));
        }
        let declaration =
            Self { name: name.to_owned(), kind, default, meaning: meaning.to_owned() };
        // Whatever the time is, it tells whether the default is of the type.
        declaration.default(DateTime::UNIX_EPOCH)?;
        Ok(declaration)
    }

    /// The default as it is bound; `None` where somebody must give a value.
    ///
    /// # Errors
    /// When it is not of the type.
    pub fn default(&self, now: DateTime<Utc>) -> Result<Option<Bound>, String> {
        self.default
            .as_deref()
            .map(|default| parameters::read(self.kind, default, now))
            .transpose()
            .map_err(|what| format!("the default of :{}: {what}", self.name))
    }
}

/// The text of a line that is a comment and nothing else.
fn comment<'a>(line: Option<&(usize, &'a str)>) -> Option<(usize, &'a str)> {
    let &(number, line) = line?;
    Some((number, line.strip_prefix("--")?.trim()))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn wrong(line: usize, what: impl Into<String>) -> HeaderError {
    HeaderError { line, what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::{Declaration, Header, Kind};

    const EXAMPLE: &str = "\
-- title: What is pending, and when it expires
--
-- A paragraph that says what a row is. May span
-- several lines.
--
-- :days integer = 7  how many days from :now on
-- :now date = now  the moment  that the question is about
-- :id text required  AWS's Id of the handshake
-- :note text =   any, if empty
-- :phrase text = two words  a default with a space

-- A comment of the statement.
SELECT 1 -- :not a parameter
";

    fn declared(name: &str, kind: Kind, default: Option<&str>, meaning: &str) -> Declaration {
        Declaration {
            name: name.to_owned(),
            kind,
            default: default.map(str::to_owned),
            meaning: meaning.to_owned(),
        }
    }

    #[test]
    fn a_header_says_title_description_and_parameters() {
        for text in [EXAMPLE.to_owned(), EXAMPLE.replace('\n', "\r\n")] {
            let header = Header::parse(&text).expect("a header");
            assert_eq!(header.title, "What is pending, and when it expires");
            assert_eq!(
                header.description,
                "A paragraph that says what a row is. May span\nseveral lines."
            );
            assert_eq!(
                header.parameters,
                [
                    declared("days", Kind::Integer, Some("7"), "how many days from :now on"),
                    declared(
                        "now",
                        Kind::Date,
                        Some("now"),
                        "the moment  that the question is about"
                    ),
                    declared("id", Kind::Text, None, "AWS's Id of the handshake"),
                    declared("note", Kind::Text, Some(""), "any, if empty"),
                    declared("phrase", Kind::Text, Some("two words"), "a default with a space"),
                ]
            );
        }
    }

    #[test]
    fn a_declaration_reads_as_it_stands_in_the_file() {
        let shown: Vec<String> = Header::parse(EXAMPLE)
            .expect("a header")
            .parameters
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            shown,
            [
                ":days integer = 7",
                ":now date = now",
                ":id text required",
                ":note text = ''",
                ":phrase text = two words"
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let with = |line: &str| format!("-- title: T\n--\n-- D\n-- {line}\nSELECT 1");
        for (sql, line, what) in [
            (String::new(), 1, "title"),
            ("SELECT 1".to_owned(), 1, "title"),
            ("-- title:  \n-- D\nSELECT 1".to_owned(), 1, "title"),
            ("--title: T\n-- D\nSELECT 1".to_owned(), 1, "title"),
            ("-- title: T\nSELECT 1".to_owned(), 2, "paragraph"),
            ("-- title: T\n-- D\n\n  \n".to_owned(), 2, "statement"),
            (with(":days"), 4, "a parameter is"),
            (with(":days integer"), 4, "a parameter is"),
            (with(":days integer 7  meaning"), 4, "a parameter is"),
            (with(":days integer = 7 meaning"), 4, "two spaces"),
            (with(":days integer = 7"), 4, "two spaces"),
            (with(":days number = 7  meaning"), 4, "no type"),
            (with(":Days integer = 7  meaning"), 4, "no name"),
            (with(":7 integer = 7  meaning"), 4, "no name"),
            (with(": integer = 7  meaning"), 4, "no name"),
            (with(":days integer = seven  meaning"), 4, "the default of :days"),
            (with(":since date = soon  meaning"), 4, "the default of :since"),
            (with(":a text = x  meaning\n-- more of it"), 5, "only parameters"),
            (with(":a text = x  meaning\n-- :a text = y  meaning"), 5, "declared twice"),
        ] {
            let error = Header::parse(&sql).expect_err(&sql);
            assert_eq!(error.line, line, "{sql}: {error}");
            assert!(error.what.contains(what), "{sql}: {error}");
        }
    }
}
