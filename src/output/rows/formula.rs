//! Text that a spreadsheet would take for a formula.

/// Whether a spreadsheet that opens a file could compute this cell rather than show it: when it
/// begins with `=`, `+`, `-`, `@`, one of their full-width forms, a tab, a line feed or a carriage
/// return (OWASP, "CSV Injection"). White space and control characters before a sign do not hide
/// it, since spreadsheets drop them.
pub(super) fn is_formula(text: &[u8]) -> bool {
    if matches!(text.first(), Some(b'\t' | b'\n' | b'\r')) {
        return true;
    }
    let readable = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let sign = readable.chars().find(|&character| {
        !(character.is_whitespace()
            || character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'))
    });
    matches!(sign, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'))
}

#[cfg(test)]
mod tests {
    use super::is_formula;

    #[test]
    fn what_a_spreadsheet_would_compute_is_recognized() {
        for text in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\tplain",
            "\rplain",
            "\nplain",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            " =1",
            "\u{a0}=1",
            "\u{feff}=1",
            "\0=1",
        ] {
            assert!(is_formula(text.as_bytes()), "{text:?}");
        }
        for text in ["", "plain", "1+1", "a=1", "'=1", " plain", "person@example.com", "\u{2212}1"]
        {
            assert!(!is_formula(text.as_bytes()), "{text:?}");
        }
        assert!(is_formula(b"=\xff"));
        assert!(!is_formula(b"\xff=1"));
    }
}
