//! The files of `queries/`, and a small reader of their headers.

use std::fs;
use std::path::PathBuf;

/// A parameter as the header declares it.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// With its colon.
    pub name: String,
    /// `text`, `integer` or `date`.
    pub kind: String,
    /// `None`: it is required.
    pub default: Option<String>,
    /// What it means.
    pub meaning: String,
}

/// A file of `queries/`.
#[derive(Debug)]
pub struct QueryFile {
    /// Its name without `.sql`.
    pub name: String,
    /// All of it.
    pub sql: String,
}

/// Every file, by name.
pub fn all() -> Vec<QueryFile> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("queries");
    let mut files: Vec<QueryFile> = fs::read_dir(folder)
        .expect("the folder queries/")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.file_name().is_some_and(|name| name != "README.md"))
        .map(|path| {
            assert!(
                path.extension().is_some_and(|it| it == "sql"),
                "{} is no query",
                path.display()
            );
            let name = path.file_stem().expect("a name").to_str().expect("UTF-8").to_owned();
            QueryFile { name, sql: fs::read_to_string(&path).expect("text") }
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// The file of that name.
pub fn named(name: &str) -> QueryFile {
    all().into_iter().find(|file| file.name == name).unwrap_or_else(|| panic!("no query {name}"))
}

impl QueryFile {
    /// The lines of the header, without their dashes: those before the statement.
    fn header(&self) -> impl Iterator<Item = &str> {
        self.sql.lines().map_while(|line| line.strip_prefix("--")).map(str::trim_start)
    }

    /// The statement without the header.
    pub fn statement(&self) -> String {
        let lines = self.sql.lines().skip(self.header().count());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The title.
    pub fn title(&self) -> &str {
        let first = self.header().next().unwrap_or_default();
        first.strip_prefix("title: ").unwrap_or_default()
    }

    /// The paragraph, as one line.
    pub fn paragraph(&self) -> String {
        let mut lines = self.header().skip(1);
        assert_eq!(lines.next(), Some(""), "{}: a blank line after the title", self.name);
        let text: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
        text.join(" ")
    }

    /// The declared parameters.
    pub fn parameters(&self) -> Vec<Parameter> {
        let lines = self.header().skip(2).skip_while(|line| !line.is_empty()).skip(1);
        lines.map(|line| self.parameter(line)).collect()
    }

    fn parameter(&self, line: &str) -> Parameter {
        let wrong = || panic!("{}: no parameter: {line}", self.name);
        let Some((name, rest)) = line.split_once(' ') else { wrong() };
        let Some((kind, rest)) = rest.split_once(' ') else { wrong() };
        let (default, meaning) = if let Some(meaning) = rest.strip_prefix("required  ") {
            (None, meaning)
        } else if let Some(meaning) = rest.strip_prefix("=  ") {
            (Some(String::new()), meaning)
        } else if let Some(rest) = rest.strip_prefix("= ") {
            let Some((default, meaning)) = rest.split_once("  ") else { wrong() };
            (Some(default.to_owned()), meaning)
        } else {
            wrong()
        };
        Parameter {
            name: name.to_owned(),
            kind: kind.to_owned(),
            default,
            meaning: meaning.to_owned(),
        }
    }
}
