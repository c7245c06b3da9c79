//! A set of the archive's own numbers of handshakes.

use std::collections::BTreeMap;

/// A set of numbers that are dense, as they are in a sync: a bit each, in words of 64.
#[derive(Debug, Default)]
pub struct Numbers {
    /// By the number of its first bit, divided by 64.
    words: BTreeMap<i64, u64>,
    len: usize,
}

impl Numbers {
    /// Adds a number; one that is there already changes nothing.
    pub fn insert(&mut self, number: i64) {
        let word = self.words.entry(number.div_euclid(64)).or_default();
        let bit = 1 << number.rem_euclid(64);
        self.len += usize::from(*word & bit == 0);
        *word |= bit;
    }

    /// Whether the number was added.
    pub fn contains(&self, number: i64) -> bool {
        let word = self.words.get(&number.div_euclid(64)).copied().unwrap_or_default();
        word & (1 << number.rem_euclid(64)) != 0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::Numbers;

    proptest! {
        #[test]
        fn it_is_the_set_that_std_has(dense in proptest::collection::vec(-200_i64..200, 0..200), any in proptest::collection::vec(any::<i64>(), 0..20)) {
            let mut numbers = Numbers::default();
            let mut expected = BTreeSet::new();
            for number in dense.iter().chain(&any).copied() {
                numbers.insert(number);
                expected.insert(number);
            }
            prop_assert_eq!(numbers.len(), expected.len());
            for number in (-200..200).chain(any.iter().flat_map(|at| [*at, at.wrapping_add(1), at.wrapping_add(64)])) {
                prop_assert_eq!(numbers.contains(number), expected.contains(&number), "{}", number);
            }
        }
    }
}
