//! Places in a statement.

use std::fmt;

/// How much of a line is shown on either side of a place, in characters.
const AROUND: usize = 30;

/// A place in a statement where SQLite found something wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// From 1 on.
    pub line: usize,
    /// In characters, from 1 on.
    pub column: usize,
    /// The statement from there on, or a little before, within its line.
    pub excerpt: String,
}

impl Spot {
    /// The place this many bytes into a statement.
    pub fn at(sql: &str, offset: usize) -> Option<Self> {
        let (before, after) = sql.split_at_checked(offset)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let before_in_line = &before[line_start..];
        let column = before_in_line.chars().count();
        let mut excerpt: String =
            before_in_line.chars().skip(column.saturating_sub(AROUND)).collect();
        excerpt.extend(after.chars().take_while(|&c| c != '\n').take(AROUND));
        Some(Self {
            line: 1 + before.matches('\n').count(),
            column: column + 1,
            excerpt: excerpt.trim().to_owned(),
        })
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at line {}, column {}: {}", self.line, self.column, self.excerpt)
    }
}

#[cfg(test)]
mod tests {
    use super::Spot;

    #[test]
    fn a_spot_is_told_by_line_column_and_what_stands_there() {
        let sql = "-- é\nSELECT é\nFROM nowhere -- x\n";
        let offset = sql.find("nowhere").expect("the word");
        let spot = Spot::at(sql, offset).expect("a spot");
        assert_eq!(spot.to_string(), "at line 3, column 6: FROM nowhere -- x");
        assert_eq!(Spot::at(sql, 0).map(|s| (s.line, s.column)), Some((1, 1)));
        assert_eq!(Spot::at(sql, sql.len()).map(|s| (s.line, s.column)), Some((4, 1)));
        let inside_a_character = sql.find('é').expect("the letter") + 1;
        assert_eq!(Spot::at(sql, inside_a_character), None);
        assert_eq!(Spot::at(sql, sql.len() + 1), None);
    }
}
