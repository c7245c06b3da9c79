//! Reading a JSON object of which some members are known and any others must not be lost.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::exact::Exact;
use super::member::Member;
use super::text::Text;

/// The members of an object that this program does not know, by name.
pub type Others = BTreeMap<String, Exact>;

/// An object of AWS's model: takes the members it knows, hands back the others.
pub trait Object<'de>: Default {
    /// What the object is, for an error message: `a party`.
    const KIND: &'static str;

    /// Reads the value if `name` is a member of this kind of object; `false` if it is not.
    ///
    /// # Errors
    /// When the value has the wrong JSON type or the member was there before.
    fn take<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error>;

    /// Where members go that `take` does not know.
    fn others(&mut self) -> &mut Others;
}

/// Reads one known member into its place.
///
/// # Errors
/// When the value has the wrong JSON type, or the object names the member twice: which of the two
/// AWS meant cannot be told.
pub fn read<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    place: &mut Member<T>,
    name: &str,
    map: &mut A,
) -> Result<(), A::Error> {
    if place.is_named() {
        return Err(A::Error::custom(format_args!("the member {name} is there twice")));
    }
    *place = map.next_value()?;
    Ok(())
}

/// Reads an object of a kind.
///
/// # Errors
/// When the JSON value is no object, or one of its members cannot be read.
pub fn deserialize<'de, T: Object<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct ObjectVisitor<T>(PhantomData<T>);
    impl<'de, T: Object<'de>> Visitor<'de> for ObjectVisitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} (an object)", T::KIND)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
            let mut object = T::default();
            while let Some(name) = map.next_key::<Text<'de>>()? {
                if object.take(&name, &mut map)? {
                    continue;
                }
                let value = Exact::parse(map.next_value::<&RawValue>()?)
                    .map_err(|why| A::Error::custom(format_args!("{why} (in {})", T::KIND)))?;
                if object.others().insert(name.to_string(), value).is_some() {
                    return Err(A::Error::custom(format_args!(
                        "a member of {} is there twice",
                        T::KIND
                    )));
                }
            }
            Ok(object)
        }
    }
    deserializer.deserialize_map(ObjectVisitor(PhantomData))
}
