//! Handshake, party and resource, as the API page of `ListHandshakesForOrganization` has them.

use serde::de::{Deserialize, Deserializer, MapAccess};

use super::instant::Instant;
use super::member::Member;
use super::object::{self, Object, Others, read};
use super::text::Text;

/// One handshake as AWS showed it.
///
/// Every member but the Id may be missing or `null`. State, action and the types are open sets:
/// AWS adds values, so they are kept as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handshake<'a> {
    pub(super) id: Member<Text<'a>>,
    pub(super) arn: Member<Text<'a>>,
    pub(super) parties: Member<Vec<Party<'a>>>,
    pub(super) state: Member<Text<'a>>,
    pub(super) requested_timestamp: Member<Instant>,
    pub(super) expiration_timestamp: Member<Instant>,
    pub(super) action: Member<Text<'a>>,
    pub(super) resources: Member<Vec<Resource<'a>>>,
    pub(super) others: Others,
}

impl<'a> Handshake<'a> {
    /// The unique identifier, `h-…`; never empty in a handshake that [`super::parse`] returned.
    pub fn id(&self) -> &str {
        self.id.value().map_or("", |id| id)
    }

    /// The Amazon Resource Name. AWS shows different handshakes under one ARN: it is no key.
    pub fn arn(&self) -> Option<&str> {
        self.arn.value().map(|text| &**text)
    }

    /// `REQUESTED`, `OPEN`, `CANCELED`, `ACCEPTED`, `DECLINED`, `EXPIRED`, or what AWS adds.
    pub fn state(&self) -> Option<&str> {
        self.state.value().map(|text| &**text)
    }

    /// `INVITE`, `ENABLE_ALL_FEATURES` and so on.
    pub fn action(&self) -> Option<&str> {
        self.action.value().map(|text| &**text)
    }

    /// When the request was made.
    pub fn requested(&self) -> Option<&Instant> {
        self.requested_timestamp.value()
    }

    /// When the request expires. Never to be computed: the lifetimes differ.
    pub fn expires(&self) -> Option<&Instant> {
        self.expiration_timestamp.value()
    }

    /// The participants, in the order of the answer.
    pub fn parties(&self) -> &[Party<'a>] {
        self.parties.value().map_or(&[], |parties| parties)
    }

    /// The resources of the first level, in the order of the answer.
    pub fn resources(&self) -> &[Resource<'a>] {
        self.resources.value().map_or(&[], |resources| resources)
    }
}

/// A participant of a handshake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Party<'a> {
    pub(super) id: Member<Text<'a>>,
    pub(super) kind: Member<Text<'a>>,
    pub(super) others: Others,
}

impl Party<'_> {
    /// An account id, an organization id (with and without `o-`) or an e-mail address.
    pub fn id(&self) -> Option<&str> {
        self.id.value().map(|text| &**text)
    }

    /// `ACCOUNT`, `ORGANIZATION`, `EMAIL`, or what AWS adds.
    pub fn kind(&self) -> Option<&str> {
        self.kind.value().map(|text| &**text)
    }
}

/// Additional data of a handshake; recursive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Resource<'a> {
    pub(super) kind: Member<Text<'a>>,
    pub(super) value: Member<Text<'a>>,
    pub(super) resources: Member<Vec<Resource<'a>>>,
    pub(super) others: Others,
}

impl<'a> Resource<'a> {
    /// `ACCOUNT`, `EMAIL`, `NOTES` and so on, or what AWS adds.
    pub fn kind(&self) -> Option<&str> {
        self.kind.value().map(|text| &**text)
    }

    /// The value, whose format depends on the type.
    pub fn value(&self) -> Option<&str> {
        self.value.value().map(|text| &**text)
    }

    /// The nested resources, in the order of the answer.
    pub fn resources(&self) -> &[Resource<'a>] {
        self.resources.value().map_or(&[], |resources| resources)
    }
}

impl<'de: 'a, 'a> Object<'de> for Handshake<'a> {
    const KIND: &'static str = "a handshake";

    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "Id" => read(&mut self.id, name, map)?,
            "Arn" => read(&mut self.arn, name, map)?,
            "Parties" => read(&mut self.parties, name, map)?,
            "State" => read(&mut self.state, name, map)?,
            "RequestedTimestamp" => read(&mut self.requested_timestamp, name, map)?,
            "ExpirationTimestamp" => read(&mut self.expiration_timestamp, name, map)?,
            "Action" => read(&mut self.action, name, map)?,
            "Resources" => read(&mut self.resources, name, map)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn others(&mut self) -> &mut Others {
        &mut self.others
    }
}

impl<'de: 'a, 'a> Object<'de> for Party<'a> {
    const KIND: &'static str = "a party";

    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "Id" => read(&mut self.id, name, map)?,
            "Type" => read(&mut self.kind, name, map)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn others(&mut self) -> &mut Others {
        &mut self.others
    }
}

impl<'de: 'a, 'a> Object<'de> for Resource<'a> {
    const KIND: &'static str = "a resource";

    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "Type" => read(&mut self.kind, name, map)?,
            "Value" => read(&mut self.value, name, map)?,
            "Resources" => read(&mut self.resources, name, map)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn others(&mut self) -> &mut Others {
        &mut self.others
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Handshake<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object::deserialize(deserializer)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Party<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object::deserialize(deserializer)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Resource<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object::deserialize(deserializer)
    }
}
