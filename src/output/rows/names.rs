//! Names for the members of a JSON object, of which readers keep one of each.

use std::collections::{HashMap, HashSet};

/// The names of columns, each once: the second `id` is `id_2`, the third `id_3`, and a name that a
/// column of the result has already is passed over.
pub(super) fn distinct(columns: &[String]) -> Vec<String> {
    let mut taken: HashSet<String> = columns.iter().cloned().collect();
    let mut occurrences: HashMap<&str, usize> = HashMap::new();
    let mut names = Vec::with_capacity(columns.len());
    for column in columns {
        let occurrence = occurrences.entry(column).or_insert(0);
        *occurrence += 1;
        let mut name = column.clone();
        if *occurrence > 1 {
            name = format!("{column}_{occurrence}");
            while !taken.insert(name.clone()) {
                *occurrence += 1;
                name = format!("{column}_{occurrence}");
            }
        }
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::distinct;

    #[test]
    fn a_repeated_name_is_counted_and_never_becomes_another_columns_name() {
        for (columns, names) in [
            (&["a", "b"][..], &["a", "b"][..]),
            (&["a", "a", "a"], &["a", "a_2", "a_3"]),
            (&["a", "a", "a_2"], &["a", "a_3", "a_2"]),
            (&["a_2", "a", "a", "a_2", "a"], &["a_2", "a", "a_3", "a_2_2", "a_4"]),
            (&["", ""], &["", "_2"]),
        ] {
            let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
            assert_eq!(distinct(&columns), names);
        }
    }
}
