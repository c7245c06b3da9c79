//! The canonical form of a handshake's content, and its hash.
//!
//! It is a JSON text after RFC 8785 in which two sightings of the same content are the same bytes:
//! parties and sibling resources are sorted, and a time is its exact number of seconds. Everything
//! else that AWS showed is in it, members that this program does not know too, so any change of
//! content changes it. [`super::exact`] says how unknown members are written.
//!
//! The form has no JSON numbers. What then remains of RFC 8785 is that members stand in the order
//! of their names' UTF-16 code units and that strings are escaped as ECMAScript does, which is how
//! `serde_json` writes them; the tests hold the result against an implementation of the RFC.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use sha2::{Digest, Sha256};

use super::exact::{Exact, escaped};
use super::instant::Instant;
use super::member::Member;
use super::model::{Handshake, Party, Resource};
use super::object::Others;
use super::text::Text;

impl Handshake<'_> {
    /// The canonical form, UTF-8.
    ///
    /// # Errors
    /// Those of the JSON writer. It has none for this input; they are passed on, not hidden.
    pub fn canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut sorted = self.clone();
        if let Member::Value(parties) = &mut sorted.parties {
            parties.sort_unstable();
        }
        sort_siblings(&mut sorted.resources);
        serde_json::to_vec(&sorted)
    }

    /// SHA-256 of the canonical form.
    ///
    /// # Errors
    /// As [`Handshake::canonical`].
    pub fn content_sha256(&self) -> Result<[u8; 32], serde_json::Error> {
        Ok(Sha256::digest(self.canonical()?).into())
    }
}

/// Sorts the resources of every level, the deepest first, so that what compares equal is equal.
fn sort_siblings(resources: &mut Member<Vec<Resource<'_>>>) {
    if let Member::Value(siblings) = resources {
        for resource in siblings.iter_mut() {
            sort_siblings(&mut resource.resources);
        }
        siblings.sort_unstable();
    }
}

impl Serialize for Handshake<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = ObjectWriter::new(&self.others);
        object.member("Id", &self.id, Value::Text);
        object.member("Arn", &self.arn, Value::Text);
        object.member("Parties", &self.parties, |parties| Value::Parties(parties));
        object.member("State", &self.state, Value::Text);
        object.member("RequestedTimestamp", &self.requested_timestamp, Value::Instant);
        object.member("ExpirationTimestamp", &self.expiration_timestamp, Value::Instant);
        object.member("Action", &self.action, Value::Text);
        object.member("Resources", &self.resources, |resources| Value::Resources(resources));
        object.write(serializer)
    }
}

impl Serialize for Party<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = ObjectWriter::new(&self.others);
        object.member("Id", &self.id, Value::Text);
        object.member("Type", &self.kind, Value::Text);
        object.write(serializer)
    }
}

impl Serialize for Resource<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = ObjectWriter::new(&self.others);
        object.member("Type", &self.kind, Value::Text);
        object.member("Value", &self.value, Value::Text);
        object.member("Resources", &self.resources, |resources| Value::Resources(resources));
        object.write(serializer)
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::String(value) => serializer.serialize_str(value),
            Self::Array(items) => items.serialize(serializer),
            Self::Number(number) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("$decimal", &number.to_string())?;
                map.end()
            }
            Self::Object(members) => ObjectWriter::new(members).write(serializer),
        }
    }
}

/// The value of one member on its way out.
enum Value<'a> {
    Null,
    Text(&'a Text<'a>),
    Instant(&'a Instant),
    Parties(&'a [Party<'a>]),
    Resources(&'a [Resource<'a>]),
    Other(&'a Exact),
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Instant(instant) => serializer.collect_str(instant.seconds()),
            Self::Parties(parties) => parties.serialize(serializer),
            Self::Resources(resources) => resources.serialize(serializer),
            Self::Other(value) => value.serialize(serializer),
        }
    }
}

/// Writes an object with its members in the order of RFC 8785.
struct ObjectWriter<'a> {
    members: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> ObjectWriter<'a> {
    fn new(others: &'a Others) -> Self {
        let others = others.iter().map(|(name, value)| (escaped(name), Value::Other(value)));
        Self { members: others.collect() }
    }

    fn member<T>(
        &mut self,
        name: &'static str,
        member: &'a Member<T>,
        value: impl FnOnce(&'a T) -> Value<'a>,
    ) {
        match member {
            Member::Missing => {}
            Member::Null => self.members.push((name.into(), Value::Null)),
            Member::Value(there) => self.members.push((name.into(), value(there))),
        }
    }

    fn write<S: Serializer>(mut self, serializer: S) -> Result<S::Ok, S::Error> {
        self.members.sort_unstable_by(|(a, _), (b, _)| {
            if a.is_ascii() && b.is_ascii() {
                a.cmp(b)
            } else {
                a.encode_utf16().cmp(b.encode_utf16())
            }
        });
        let mut map = serializer.serialize_map(Some(self.members.len()))?;
        for (name, value) in &self.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests;
