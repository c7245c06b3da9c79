//! Any JSON value, held so that no two different values become equal.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::decimal::Decimal;

/// How deep a member that this program does not know may nest: the limit that `serde_json` sets
/// for the members it does know.
const DEEPEST: usize = 128;

/// The value of a member that this program does not know.
///
/// Written out, a number is an object `{"$decimal":"…"}` with its exact value, since RFC 8785 would
/// round it to a binary float; and a member name that begins with `$` gets a second one, so that no
/// value can pass for another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exact {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, exact.
    Number(Decimal),
    /// A string.
    String(String),
    /// An array, in its order: what its order means is not known.
    Array(Vec<Exact>),
    /// An object, by member name.
    Object(BTreeMap<String, Exact>),
}

impl Exact {
    /// Reads the JSON text of one value.
    ///
    /// # Errors
    /// Says what cannot be held: a member named twice, a nesting deeper than 128, a number whose
    /// exponent does not fit into 64 bits, an escape that is no character.
    pub fn parse(raw: &RawValue) -> Result<Self, String> {
        Self::parse_at(raw, 0)
    }

    fn parse_at(raw: &RawValue, depth: usize) -> Result<Self, String> {
        if depth > DEEPEST {
            return Err(format!("a member is nested more than {DEEPEST} deep"));
        }
        let text = raw.get();
        let read = |error: serde_json::Error| error.to_string();
        match text.as_bytes().first() {
            Some(b'n') => Ok(Self::Null),
            Some(b't') => Ok(Self::Bool(true)),
            Some(b'f') => Ok(Self::Bool(false)),
            Some(b'"') => serde_json::from_str(text).map(Self::String).map_err(read),
            Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text)
                .map_err(read)?
                .into_iter()
                .map(|item| Self::parse_at(item, depth + 1))
                .collect::<Result<_, _>>()
                .map(Self::Array),
            Some(b'{') => serde_json::from_str::<RawMembers<'_>>(text)
                .map_err(read)?
                .0
                .into_iter()
                .map(|(name, value)| Ok((name, Self::parse_at(value, depth + 1)?)))
                .collect::<Result<_, _>>()
                .map(Self::Object),
            _ => Decimal::parse(text)
                .map(Self::Number)
                .ok_or_else(|| "a number's exponent is out of range".to_owned()),
        }
    }
}

/// A member name as it is written out: `$` is kept for marks of our own.
pub fn escaped(name: &str) -> Cow<'_, str> {
    if name.starts_with('$') { Cow::Owned(format!("${name}")) } else { Cow::Borrowed(name) }
}

/// An object's members by name, each once, not looked into.
pub struct RawMembers<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> RawMembers<'a> {
    /// The JSON text of a member.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawMembers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member is named twice"));
                    }
                }
                Ok(RawMembers(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}
