//! Text from strangers on its way to a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Replaces what a terminal would obey rather than show: control characters (C0, DEL, C1) and the
/// characters that turn the direction of text round. A line feed becomes `\n`, a carriage return
/// `\r`, a tab `\t`, any other its `\u{…}`.
///
/// This is for reading, not for reading back: a backslash stays as it is, so a text in which
/// somebody wrote `\n` looks like one with a line feed.
pub fn escape_controls(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    push_escaped(&mut escaped, text);
    Cow::Owned(escaped)
}

/// As [`escape_controls`], for bytes that ought to be UTF-8. Each byte that is not becomes its
/// `\x…` in two lower-case hexadecimal digits.
pub fn escape_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(bytes) {
        return escape_controls(text);
    }
    let mut escaped = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        push_escaped(&mut escaped, chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String does not fail.
            let _ = write!(escaped, "\\x{byte:02x}");
        }
    }
    Cow::Owned(escaped)
}

/// Whether it is printable ASCII, as most values are: told without decoding a character.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether a terminal, or the layout of a page, obeys this character rather than show it.
pub(super) fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}' | '\u{2029}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
}

fn push_escaped(escaped: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => escaped.extend(character.escape_default()),
            _ if is_obeyed(character) => escaped.extend(character.escape_unicode()),
            _ => escaped.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{escape_bytes, escape_controls};

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        for (text, shown) in [
            ("plain", "plain"),
            ("Zoë 🤝", "Zoë 🤝"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\r\n\tb", "a\\r\\n\\tb"),
            ("\0", "\\u{0}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}txt", "\\u{202e}txt"),
            ("\u{206a}", "\\u{206a}"),
            ("\u{7f}", "\\u{7f}"),
        ] {
            assert_eq!(escape_controls(text), shown);
            assert_eq!(escape_bytes(text.as_bytes()), shown);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_and_the_text_around_them_stays() {
        for (bytes, shown) in [
            (&b"\xff"[..], "\\xff"),
            (b"a\xc3b", "a\\xc3b"),
            (b"\xed\xa0\x80\n", "\\xed\\xa0\\x80\\n"),
            ("é\u{1b}".as_bytes(), "é\\u{1b}"),
        ] {
            assert_eq!(escape_bytes(bytes), shown);
        }
    }
}
