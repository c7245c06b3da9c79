//! The canonical form: it is JSON after RFC 8785, says all that the handshake says, and nothing of how
//! that was written.

use handshake_archive::handshake::parse;
use serde_json::{Map, Number, Value, json};

use super::element::{self, has_written_time, numbers_are_short};
use super::tree::Tree;

/// Holds the canonical form of an element against an implementation of RFC 8785, against the form
/// that an independent reading of the element gives, and against the same content written otherwise.
pub fn check(element: &[u8]) {
    let Some((handshake, tree)) = element::check(element) else { return };
    let form = handshake.canonical().expect("a form");
    let value = match serde_json::from_slice::<Value>(&form) {
        Ok(value) => value,
        Err(error) => {
            assert!(error.to_string().starts_with("recursion limit"), "{error}");
            return;
        }
    };
    let reference = serde_json_canonicalizer::to_vec(&value).expect("RFC 8785");
    assert_eq!(form, reference, "{} is not {}", lossy(&form), lossy(&reference));
    let Some(tree) = tree.filter(|_| numbers_are_short(&lossy(element))) else { return };
    if let Some(expected) = expect_handshake(&tree) {
        assert_eq!(sorted(value), sorted(expected));
    }
    let mut otherwise = String::new();
    backwards(&tree, Kind::Handshake).write(&mut otherwise);
    let again = parse(otherwise.as_bytes()).map_err(|why| why.reason).expect("the same content");
    assert_eq!(again.canonical().expect("a form"), form, "{otherwise}");
    assert_eq!(again.content_sha256().expect("a hash"), handshake.content_sha256().expect("one"));
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a tree is: it tells which of its lists have no order.
#[derive(Clone, Copy)]
enum Kind {
    Handshake,
    Party,
    Resource,
    Unknown,
}

impl Kind {
    /// What stands in the member of this name, if that is a list without an order.
    fn unordered(self, name: &str) -> Option<Self> {
        match (self, name) {
            (Self::Handshake, "Parties") => Some(Self::Party),
            (Self::Handshake | Self::Resource, "Resources") => Some(Self::Resource),
            _ => None,
        }
    }
}

/// The same content with every order turned round that has no meaning.
fn backwards(tree: &Tree, kind: Kind) -> Tree {
    match tree {
        Tree::Object(members) => {
            let turned = members.iter().rev().map(|(name, value)| {
                let value = match (kind.unordered(name), value) {
                    (Some(kind), Tree::Array(items)) => {
                        Tree::Array(items.iter().rev().map(|item| backwards(item, kind)).collect())
                    }
                    _ => backwards(value, Kind::Unknown),
                };
                (name.clone(), value)
            });
            Tree::Object(turned.collect())
        }
        Tree::Array(items) => {
            Tree::Array(items.iter().map(|item| backwards(item, Kind::Unknown)).collect())
        }
        other => other.clone(),
    }
}

/// The form of a handshake, after what `canonical.rs` promises; `None` where this oracle cannot tell.
fn expect_handshake(tree: &Tree) -> Option<Value> {
    if has_written_time(tree) {
        return None;
    }
    expect_object(tree, |name, value| match name {
        "Id" | "Arn" | "State" | "Action" => Some(plain(value)),
        "RequestedTimestamp" | "ExpirationTimestamp" => Some(match value {
            Tree::Number(number) => decimal(number).into(),
            _ => Value::Null,
        }),
        "Parties" => Some(expect_list(value, |party| {
            expect_object(party, |name, value| match name {
                "Id" | "Type" => Some(plain(value)),
                _ => None,
            })
        })),
        "Resources" => Some(expect_list(value, expect_resource)),
        _ => None,
    })
}

fn expect_resource(tree: &Tree) -> Option<Value> {
    expect_object(tree, |name, value| match name {
        "Type" | "Value" => Some(plain(value)),
        "Resources" => Some(expect_list(value, expect_resource)),
        _ => None,
    })
}

fn expect_object(tree: &Tree, known: impl Fn(&str, &Tree) -> Option<Value>) -> Option<Value> {
    let members = tree.members()?.iter().map(|(name, value)| match known(name, value) {
        Some(value) => (name.clone(), value),
        None => (escaped(name), exact(value)),
    });
    Some(Value::Object(members.collect()))
}

fn expect_list(tree: &Tree, item: impl Fn(&Tree) -> Option<Value>) -> Value {
    match tree {
        Tree::Array(items) => items.iter().filter_map(item).collect(),
        _ => Value::Null,
    }
}

fn plain(tree: &Tree) -> Value {
    tree.text().map_or(Value::Null, Value::from)
}

fn exact(tree: &Tree) -> Value {
    match tree {
        Tree::Null => Value::Null,
        Tree::Bool(value) => (*value).into(),
        Tree::Text(text) => text.as_str().into(),
        Tree::Number(number) => json!({"$decimal": decimal(number)}),
        Tree::Array(items) => items.iter().map(exact).collect(),
        Tree::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (escaped(name), exact(value))).collect(),
        ),
    }
}

fn escaped(name: &str) -> String {
    if name.starts_with('$') { format!("${name}") } else { name.to_owned() }
}

/// `digits e exponent`, from the shortest decimal that a binary float has.
fn decimal(number: &Number) -> String {
    let text = match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => format!("{whole}e0"),
        (None, float) => format!("{:e}", float.unwrap_or(f64::NAN)),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i64 = exponent.parse().unwrap_or_default();
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.trim_start_matches('-').is_empty() {
        return "0".to_owned();
    }
    let zeros = (digits.len() - significant.len()) as i64;
    format!("{significant}e{}", exponent - fraction.len() as i64 + zeros)
}

/// With every list that may have no order in one order: enough to compare what is in them.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let sort = |(name, value): (String, Value)| {
                let mut value = sorted(value);
                if let (true, Value::Array(items)) =
                    (matches!(name.as_str(), "Parties" | "Resources"), &mut value)
                {
                    items.sort_by_key(ToString::to_string);
                }
                (name, value)
            };
            Value::Object(members.into_iter().map(sort).collect::<Map<_, _>>())
        }
        leaf => leaf,
    }
}
