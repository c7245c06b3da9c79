//! The canned queries: those that are embedded in the program, and those in a user's folders.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::header::{Header, HeaderError};
use super::nearest;

/// `queries/` of the source tree.
static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/queries");

/// Where canned queries are found, by name. Their text is only read when it is asked for.
#[derive(Debug, Clone)]
pub struct Catalog {
    places: BTreeMap<String, Place>,
}

#[derive(Debug, Clone)]
enum Place {
    Embedded(&'static str),
    File(PathBuf),
}

/// The text of a query, and what it says of itself.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file, to the letter.
    pub sql: Cow<'static, str>,
    /// Read from its beginning.
    pub header: Header,
}

/// Why there is no such query.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// No query has this name.
    #[error("there is no query {name:?}")]
    Unknown {
        /// The name.
        name: String,
        /// Names that are like it, the nearest first.
        nearest: Vec<String>,
    },
    /// The name of a file cannot be the name of a query.
    #[error("{} cannot be a query: its name must be lower-case letters, digits and hyphens, and .sql", .0.display())]
    Name(PathBuf),
    /// Two queries have one name, and neither is to hide the other.
    #[error("{} has the name of {other}", .path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The other: an embedded query or a file.
        other: String,
    },
    /// A file does not say what it is.
    #[error("{file}: {source}")]
    Header {
        /// The file.
        file: String,
        /// The line, and what is wrong.
        source: HeaderError,
    },
    /// A folder or file cannot be read.
    #[error("{} could not be read", .path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Catalog {
    /// The embedded queries and those of some folders: every file there that ends in `.sql`.
    ///
    /// # Errors
    /// [`CatalogError`]: a folder cannot be read, or a file in it has no name for a query or that of
    /// another.
    pub fn open(folders: &[PathBuf]) -> Result<Self, CatalogError> {
        let embedded = EMBEDDED.files().filter_map(|file| {
            let name = query_name(file.path())?;
            Some((name.to_owned(), Place::Embedded(file.contents_utf8()?)))
        });
        let mut catalog = Self { places: embedded.collect() };
        for folder in folders {
            catalog.add(folder)?;
        }
        Ok(catalog)
    }

    fn add(&mut self, folder: &Path) -> Result<(), CatalogError> {
        let unreadable = |source| CatalogError::Io { path: folder.to_owned(), source };
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_none_or(|extension| extension != "sql") || !path.is_file() {
                continue;
            }
            let Some(name) = query_name(&path) else {
                return Err(CatalogError::Name(path));
            };
            let other = match self.places.get(name) {
                None => {
                    self.places.insert(name.to_owned(), Place::File(path));
                    continue;
                }
                Some(Place::Embedded(_)) => format!("the built-in query {name}"),
                Some(Place::File(other)) => other.display().to_string(),
            };
            return Err(CatalogError::Twice { path, other });
        }
        Ok(())
    }

    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The query of this name.
    ///
    /// # Errors
    /// [`CatalogError`]: there is none, or its file cannot be read or does not say what it is.
    pub fn get(&self, name: &str) -> Result<Source, CatalogError> {
        let place = self.places.get(name).ok_or_else(|| CatalogError::Unknown {
            name: name.to_owned(),
            nearest: nearest(name, self.names()).into_iter().map(str::to_owned).collect(),
        })?;
        let (file, sql) = match place {
            Place::Embedded(sql) => (format!("queries/{name}.sql"), Cow::Borrowed(*sql)),
            Place::File(path) => {
                let sql = fs::read_to_string(path)
                    .map_err(|source| CatalogError::Io { path: path.clone(), source })?;
                (path.display().to_string(), Cow::Owned(sql))
            }
        };
        let header = Header::parse(&sql).map_err(|source| CatalogError::Header { file, source })?;
        Ok(Source { sql, header })
    }
}

/// The name of the query in a file: its stem, if it ends in `.sql` and is lower-case with hyphens.
fn query_name(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?.strip_suffix(".sql")?;
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    name.split('-').all(is_word).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{Catalog, CatalogError, EMBEDDED};
    use std::fs;
    use std::path::Path;

    const QUERY: &str = "-- title: T\n-- D\nSELECT 1\n";

    fn with_files(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Catalog, CatalogError>) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        let catalog = Catalog::open(&[folder.path().to_owned()]);
        (folder, catalog)
    }

    #[test]
    fn every_embedded_file_is_a_query_that_says_what_it_is() {
        let catalog = Catalog::open(&[]).expect("a catalog");
        let files = EMBEDDED.files().filter(|file| file.path() != Path::new("README.md"));
        assert_eq!(catalog.names().count(), files.count());
        for name in catalog.names() {
            catalog.get(name).expect(name);
        }
    }

    #[test]
    fn queries_of_a_folder_are_found_beside_the_embedded_ones() {
        let (_folder, catalog) =
            with_files(&[("zz-my-query-2.sql", QUERY), ("notes.txt", "x"), ("sql", "x")]);
        let catalog = catalog.expect("a catalog");
        let source = catalog.get("zz-my-query-2").expect("the query");
        assert_eq!((source.sql.as_ref(), source.header.title.as_str()), (QUERY, "T"));
        assert_eq!(
            catalog.names().count(),
            Catalog::open(&[]).expect("a catalog").names().count() + 1
        );
    }

    #[test]
    fn a_name_that_is_not_there_brings_the_nearest() {
        let (_folder, catalog) = with_files(&[("zz-pending.sql", QUERY)]);
        let error = catalog.expect("a catalog").get("zz-pendign").expect_err("no such query");
        let CatalogError::Unknown { name, nearest } = error else { panic!("{error}") };
        assert_eq!((name.as_str(), nearest[0].as_str()), ("zz-pendign", "zz-pending"));
    }

    #[test]
    fn what_is_wrong_in_a_file_is_told_with_file_and_line() {
        let (folder, catalog) =
            with_files(&[("zz-broken.sql", "-- title: T\n-- D\n-- :x\nSELECT 1")]);
        let error = catalog.expect("a catalog").get("zz-broken").expect_err("broken").to_string();
        let file = folder.path().join("zz-broken.sql").display().to_string();
        assert!(error.starts_with(&format!("{file}: line 3: a parameter is")), "{error}");
    }

    #[test]
    fn no_file_hides_another_and_every_file_has_a_name() {
        for name in ["Upper.sql", "a_b.sql", "-a.sql", "a--b.sql", ".sql.sql", "a b.sql"] {
            let (_folder, catalog) = with_files(&[(name, QUERY)]);
            assert!(matches!(catalog, Err(CatalogError::Name(_))), "{name}");
        }
        let (one, _) = with_files(&[("zz-same.sql", QUERY)]);
        let (two, _) = with_files(&[("zz-same.sql", QUERY)]);
        let both = Catalog::open(&[one.path().to_owned(), two.path().to_owned()]);
        assert!(matches!(both, Err(CatalogError::Twice { .. })), "{both:?}");
        for embedded in Catalog::open(&[]).expect("a catalog").names() {
            let (_folder, catalog) = with_files(&[(&format!("{embedded}.sql"), QUERY)]);
            let error = catalog.expect_err("a shadow").to_string();
            assert!(error.ends_with(&format!("has the name of the built-in query {embedded}")));
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_with_its_name() {
        let error = Catalog::open(&["/nowhere/at/all".into()]).expect_err("no folder").to_string();
        assert_eq!(error, "/nowhere/at/all could not be read");
    }
}
