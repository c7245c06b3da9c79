//! Names that somebody may have meant.

/// How alike two names must be to be taken for one another, from 0 to 1.
const ALIKE: f64 = 0.55;

/// The candidates nearest to a name that is not among them, the nearest first; at most three, and
/// none that is not alike.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let mut alike: Vec<(f64, &str)> = candidates
        .into_iter()
        .map(|candidate| (likeness(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|&(likeness, _)| likeness >= ALIKE)
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    alike.dedup_by_key(|(_, candidate)| *candidate);
    alike.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// Typing errors first; a name of which only a part was remembered counts too.
fn likeness(wanted: &str, candidate: &str) -> f64 {
    let typed = strsim::normalized_damerau_levenshtein(wanted, candidate);
    let part = wanted.len() >= 3 && (candidate.contains(wanted) || wanted.contains(candidate));
    if part && candidate.len() >= 3 { typed.max(ALIKE) } else { typed }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn what_was_meant_is_offered_and_nothing_far_from_it() {
        let tables = ["handshakes", "handshake_versions", "parties", "resources", "syncs"];
        for (wanted, expected) in [
            ("handshake", &["handshakes", "handshake_versions"][..]),
            ("Partys", &["parties"]),
            ("resuorces", &["resources"]),
            ("sync", &["syncs"]),
            ("versions", &["handshake_versions"]),
            ("accounts", &[]),
            ("", &[]),
        ] {
            assert_eq!(nearest(wanted, tables), expected, "{wanted}");
        }
    }

    #[test]
    fn no_name_is_offered_twice_and_no_more_than_three_are() {
        assert_eq!(nearest("ab1", ["ab2", "ab2", "ab3", "ab4", "ab5"]), ["ab2", "ab3", "ab4"]);
    }
}
