//! One member of a JSON object: there, there as `null`, or not there at all.

use serde::de::{Deserialize, Deserializer};

/// What an object said of one of its members.
///
/// AWS treats `null` and a missing member alike, and so do the tables; the canonical form does
/// not, because a member that turns into `null` is a change in what AWS showed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Member<T> {
    /// The object has no such member.
    #[default]
    Missing,
    /// The member is there and is `null`.
    Null,
    /// The member has this value.
    Value(T),
}

impl<T> Member<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Missing | Self::Null => None,
        }
    }

    /// True if the object named the member, be it as `null`.
    pub fn is_named(&self) -> bool {
        !matches!(self, Self::Missing)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::<T>::deserialize(deserializer)? {
            Some(value) => Self::Value(value),
            None => Self::Null,
        })
    }
}
