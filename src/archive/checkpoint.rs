//! A checkpoint: three lines that pin the chain down, to be kept where the archive is not.
//!
//! ```text
//! handshake-archive/6f0c…        the archive, by its random id
//! 42                             the sequence number of a sync
//! 5d1ad796f84ea6f0…              its digest
//! ```
//!
//! The lines are the same bytes for the same sync every time, so that a signature or a time stamp
//! over them stays valid. The form leans on that of transparency logs (origin, size, hash), without
//! their base64.

use std::fmt;

use rusqlite::{Connection, OptionalExtension};

use super::chain::{self, Link};
use super::error::Error;
use super::reader::ArchiveReader;

const ORIGIN: &str = "handshake-archive/";

/// One link of one archive's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The archive's random id, 32 hexadecimal digits in lower case.
    pub archive_id: String,
    /// The sequence number of the sync; 0 for an archive without one.
    pub sequence: i64,
    /// Its digest.
    pub digest: Link,
}

impl ArchiveReader {
    /// The checkpoint of the newest closed sync; for an archive without one, of what the chain begins
    /// with.
    ///
    /// # Errors
    /// [`Error::Sqlite`].
    pub fn checkpoint(&self) -> Result<Checkpoint, Error> {
        let checkpoint =
            Checkpoint::newest(self.connection()).map_err(Error::sqlite(self.path()))?;
        self.check_unchanged()?;
        Ok(checkpoint)
    }
}

impl Checkpoint {
    pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Self> {
        let archive_id =
            connection.query_row("SELECT archive_id FROM archive", [], |row| row.get(0))?;
        let newest: Option<(i64, String)> = connection
            .query_row(
                "SELECT id, digest FROM syncs WHERE digest IS NOT NULL ORDER BY id DESC LIMIT 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let (sequence, digest) = match newest {
            Some((sequence, text)) => (sequence, chain::read(&text, sequence)?),
            None => (0, chain::genesis(connection)?),
        };
        Ok(Self { archive_id, sequence, digest })
    }

    /// Reads the three lines; blank lines and a signature's lines after them are passed over.
    ///
    /// # Errors
    /// Says which line is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().map(str::trim_end);
        let mut line = |what: &str| lines.next().ok_or_else(|| format!("there is no {what}"));
        let archive_id = line("first line, handshake-archive/ and the archive's id")?
            .strip_prefix(ORIGIN)
            .filter(|id| id.len() == 32 && chain::is_hex(id))
            .ok_or("the first line is not handshake-archive/ and 32 lower-case hexadecimal digits")?
            .to_owned();
        let digits = line("second line, a sequence number")?;
        let sequence = digits
            .parse()
            .ok()
            // Neither +42 nor 042: the lines of a sync are the same bytes every time.
            .filter(|sequence: &i64| *sequence >= 0 && sequence.to_string() == digits)
            .ok_or("the second line is not a sequence number")?;
        let digest = chain::unhex(line("third line, a digest")?)
            .ok_or("the third line is not a digest of 64 lower-case hexadecimal digits")?;
        Ok(Self { archive_id, sequence, digest })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{ORIGIN}{}", self.archive_id)?;
        writeln!(f, "{}", self.sequence)?;
        writeln!(f, "{}", chain::hex(&self.digest))
    }
}

#[cfg(test)]
mod tests {
    use super::Checkpoint;

    const LINES: &str = "handshake-archive/0123456789abcdef0123456789abcdef\n42\n\
        5d1ad796f84ea6f0b70d156d87826770f1013429f038f2d491d5eccc25ed9d00\n";

    #[test]
    fn the_lines_are_read_back_to_the_byte() {
        let checkpoint = Checkpoint::parse(LINES).expect("a checkpoint");
        assert_eq!((checkpoint.sequence, checkpoint.to_string().as_str()), (42, LINES));
        let signed = format!("{LINES}\n-- some signature\n");
        assert_eq!(Checkpoint::parse(&signed), Ok(checkpoint.clone()));
        assert_eq!(Checkpoint::parse(&LINES.replace('\n', "\r\n")), Ok(checkpoint));
    }

    #[test]
    fn what_is_no_checkpoint_is_told_line_by_line() {
        let lines: Vec<&str> = LINES.lines().collect();
        for (text, why) in [
            (String::new(), "no first line"),
            (lines[0].to_owned(), "no second line"),
            (lines[..2].join("\n"), "no third line"),
            (LINES.replace("handshake-archive/", ""), "the first line"),
            (LINES.replace("/0123", "/012"), "the first line"),
            (LINES.replace("/0123456789a", "/0123456789A"), "the first line"),
            (LINES.replace("42", "-1"), "the second line"),
            (LINES.replace("42", "+42"), "the second line"),
            (LINES.replace("42", "042"), "the second line"),
            (LINES.replace("42", "many"), "the second line"),
            (LINES.replace("5d1a", "5D1A"), "the third line"),
            (LINES.replace("5d1a", "5d1"), "the third line"),
        ] {
            let error = Checkpoint::parse(&text).expect_err(&text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
