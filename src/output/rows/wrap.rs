//! How wide text is on a terminal, and where it may go on in the next line.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns of a terminal that the text takes: two for most East Asian characters and emoji, none
/// for what combines with the character before. Taken character by character as they are perceived
/// (grapheme clusters), since terminals draw each into cells of its own, also where type would join
/// two into one.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(str::width).sum() }
}

/// Parts the text into lines of at most `limit` columns. The lines put together are the text again:
/// a space at which a line ends stays at its end, or begins the next line if there is no room.
///
/// A line ends after the spaces that follow a word if it has such, else anywhere between two perceived
/// characters; one that is by itself wider than the limit is parted too. A limit below 2 is one of 2,
/// so that everything has room.
pub(super) fn wrap(text: &str, limit: usize) -> Vec<&str> {
    let limit = limit.max(2);
    let mut lines = Vec::new();
    let mut start = 0;
    let mut used = 0;
    // Where the line may end, after a word, and what it uses up to there.
    let mut space = None;
    let mut in_words = false;
    for (at, piece, width) in pieces(text, limit) {
        while used + width > limit && at > start {
            let (end, taken) = space.take().filter(|_| piece != " ").unwrap_or((at, used));
            lines.push(&text[start..end]);
            start = end;
            used -= taken;
            in_words = at > start;
        }
        used += width;
        if piece != " " {
            in_words = true;
        } else if in_words {
            space = Some((at + 1, used));
        }
    }
    lines.push(&text[start..]);
    lines
}

/// The perceived characters with their places and widths.
fn pieces(text: &str, limit: usize) -> impl Iterator<Item = (usize, &str, usize)> {
    text.grapheme_indices(true).flat_map(move |(at, cluster)| {
        let width = cluster.width();
        let whole = (width <= limit).then_some((at, cluster, width));
        let parts = (width > limit).then(|| {
            cluster.char_indices().map(move |(offset, character)| {
                let part = &cluster[offset..offset + character.len_utf8()];
                (at + offset, part, character.width().unwrap_or(0))
            })
        });
        whole.into_iter().chain(parts.into_iter().flatten())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use unicode_width::UnicodeWidthStr;

    use super::{width, wrap};

    #[test]
    fn lines_end_after_a_space_where_there_is_one() {
        for (text, limit, lines) in [
            ("", 4, &[""][..]),
            ("the quick fox", 6, &["the ", "quick ", "fox"]),
            ("the quick", 3, &["the", " qu", "ick"]),
            ("a  b", 2, &["a ", " b"]),
            ("abcdefgh", 3, &["abc", "def", "gh"]),
            (" abc日", 4, &[" abc", "日"]),
            ("日本語", 5, &["日本", "語"]),
            ("e\u{301}e\u{301}e\u{301}", 2, &["e\u{301}e\u{301}", "e\u{301}"]),
            ("👩‍👩‍👧🤝", 3, &["👩‍👩‍👧", "🤝"]),
        ] {
            assert_eq!(wrap(text, limit), lines, "{text:?} in {limit}");
        }
    }

    proptest! {
        #[test]
        fn wrapping_loses_nothing_and_keeps_to_the_limit(text in any::<String>(), limit in 2_usize..12) {
            let lines = wrap(&text, limit);
            assert_eq!(lines.concat(), text);
            for line in lines {
                assert!(width(line) <= limit, "{line:?} is wider than {limit}");
            }
        }
    }

    #[test]
    fn what_unicode_says_of_widths_is_followed() {
        for text in ["plain", "日本", "ﾊﾝｶｸ", "e\u{301}", "👍🏽", "🇩🇪", "a\u{200d}b"]
        {
            assert_eq!(width(text), UnicodeWidthStr::width(text), "{text:?}");
        }
        // Two cells of a terminal, although type would join them.
        assert_eq!(width("\u{644}\u{627}"), 2);
    }

    #[test]
    fn a_long_text_is_parted_in_one_go() {
        let text = "日 x".repeat(1 << 18);
        assert_eq!(wrap(&text, 20).concat().len(), text.len());
    }
}
