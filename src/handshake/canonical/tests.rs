use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::handshake::parse;

fn hash(json: &str) -> [u8; 32] {
    parse(json.as_bytes()).expect(json).content_sha256().expect("a canonical form")
}

/// A handshake as a test describes it: content, apart from how it happens to be written.
#[derive(Debug, Clone, PartialEq)]
struct Content {
    texts: BTreeMap<&'static str, Option<String>>,
    requested_ms: Option<i64>,
    parties: Option<Vec<Value>>,
    resources: Option<Vec<Value>>,
    others: BTreeMap<String, Value>,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9@.-]{0,12}",
        any::<String>(),
        Just("\u{fb33}\u{1f600}\u{80}\n\"\\".to_owned())
    ]
}

fn other_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(member_name(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn member_name() -> impl Strategy<Value = String> {
    prop_oneof!["\\$?[a-z]{1,4}", "[\u{e000}-\u{f000}\u{10000}-\u{10100}]{1,2}"]
}

fn others() -> impl Strategy<Value = BTreeMap<String, Value>> {
    prop::collection::btree_map(member_name(), other_value(), 0..3)
}

fn object(members: Vec<(&str, Option<String>)>, others: BTreeMap<String, Value>) -> Value {
    let mut map: Map<String, Value> = others.into_iter().collect();
    map.extend(members.into_iter().filter_map(|(k, v)| Some((k.to_owned(), Value::from(v?)))));
    Value::Object(map)
}

fn party() -> impl Strategy<Value = Value> {
    (prop::option::of(text()), prop::option::of(text()), others())
        .prop_map(|(id, kind, others)| object(vec![("Id", id), ("Type", kind)], others))
}

fn resource() -> impl Strategy<Value = Value> {
    let leaf = (prop::option::of(text()), prop::option::of(text()), others())
        .prop_map(|(kind, value, others)| object(vec![("Type", kind), ("Value", value)], others));
    leaf.prop_recursive(3, 10, 3, |inner| {
        (text(), text(), prop::collection::vec(inner, 0..3)).prop_map(
            |(kind, value, resources)| json!({"Type": kind, "Value": value, "Resources": resources}),
        )
    })
}

fn content() -> impl Strategy<Value = Content> {
    let texts = (prop::option::of(text()), prop::option::of(text()), prop::option::of(text()));
    (
        "h-[a-z0-9]{8,12}",
        texts,
        prop::option::of(-10_000_000_000_000_i64..10_000_000_000_000),
        prop::option::of(prop::collection::vec(party(), 0..4)),
        prop::option::of(prop::collection::vec(resource(), 0..4)),
        others(),
    )
        .prop_map(|(id, (arn, state, action), requested_ms, parties, resources, others)| {
            let texts = BTreeMap::from([
                ("Id", Some(id)),
                ("Arn", arn),
                ("State", state),
                ("Action", action),
            ]);
            Content { texts, requested_ms, parties, resources, others }
        })
}

/// One of the ways in which a number of milliseconds is written as seconds.
fn seconds(ms: i64, notation: u8) -> String {
    match notation % 5 {
        0 => format!("{ms}e-3"),
        1 => format!("{ms}.000E-3"),
        2 => {
            let sign = if ms < 0 { "-" } else { "" };
            format!("{sign}{}.{:03}", ms.unsigned_abs() / 1000, ms.unsigned_abs() % 1000)
        }
        3 => {
            let time = chrono::DateTime::from_timestamp_millis(ms).expect("in range");
            format!("\"{}\"", time.to_rfc3339())
        }
        _ => {
            let zone = chrono::FixedOffset::east_opt(5 * 3600 + 1800).expect("a zone");
            let time = chrono::DateTime::from_timestamp_millis(ms).expect("in range");
            format!("\"{}\"", time.with_timezone(&zone).to_rfc3339())
        }
    }
}

/// Shuffles by the given numbers: which of the orders does not matter, only that they differ.
fn shuffle<T>(items: &mut [T], seed: &[usize]) {
    for (i, swap) in (0..items.len()).zip(seed) {
        let last = items.len();
        items.swap(i, swap % last);
    }
}

fn write_value(value: &Value, seed: &[usize]) -> String {
    match value {
        Value::Object(map) => {
            let members = map.iter().map(|(name, value)| {
                let text = match (name.as_str(), value) {
                    ("Resources", Value::Array(items)) => write_unordered(items, seed),
                    _ => write_value(value, seed),
                };
                (name.clone(), text)
            });
            write_members(members.collect(), seed)
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| write_value(item, seed)).collect();
            format!("[{}]", items.join(" , "))
        }
        leaf => leaf.to_string(),
    }
}

fn write_unordered(items: &[Value], seed: &[usize]) -> String {
    let mut items: Vec<String> = items.iter().map(|item| write_value(item, seed)).collect();
    shuffle(&mut items, seed);
    format!("[{}]", items.join(","))
}

fn write_members(mut members: Vec<(String, String)>, seed: &[usize]) -> String {
    shuffle(&mut members, seed);
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}: {value}", Value::from(name.as_str())))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// The content as JSON text, in an order and notation that the seed picks.
fn write(content: &Content, seed: &[usize], notation: u8) -> String {
    let mut members = Vec::new();
    for (name, text) in &content.texts {
        if let Some(text) = text {
            members.push(((*name).to_owned(), Value::from(text.as_str()).to_string()));
        }
    }
    if let Some(ms) = content.requested_ms {
        members.push(("RequestedTimestamp".to_owned(), seconds(ms, notation)));
    }
    if let Some(parties) = &content.parties {
        members.push(("Parties".to_owned(), write_unordered(parties, seed)));
    }
    if let Some(resources) = &content.resources {
        members.push(("Resources".to_owned(), write_unordered(resources, seed)));
    }
    for (name, value) in &content.others {
        members.push((name.clone(), write_value(value, seed)));
    }
    write_members(members, seed)
}

fn seed() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..100, 12)
}

proptest! {
    #[test]
    fn order_notation_and_time_zone_make_no_difference(
        content in content(), a in seed(), b in seed(), notations in any::<(u8, u8)>()
    ) {
        let first = write(&content, &a, notations.0);
        let second = write(&content, &b, notations.1);
        prop_assert_eq!(hash(&first), hash(&second), "\n{}\n{}", first, second);
    }

    #[test]
    fn different_content_has_a_different_hash(a in content(), b in content(), s in seed()) {
        prop_assume!(sorted(&a) != sorted(&b));
        prop_assert_ne!(hash(&write(&a, &s, 0)), hash(&write(&b, &s, 0)));
    }

    #[test]
    fn one_change_anywhere_changes_the_hash(content in content(), s in seed(), pick in any::<prop::sample::Index>()) {
        let before = write(&content, &s, 2);
        let mut value: Value = serde_json::from_str(&before).expect("json");
        let paths = leaves(&value, String::new());
        let path = pick.get(&paths);
        let leaf = value.pointer_mut(path).expect("the path of a leaf");
        *leaf = match &*leaf {
            Value::String(text) => Value::from(format!("{text}x")),
            Value::Number(number) => Value::from(number.as_f64().map_or(0.0, |n| n / 2.0 + 1.25)),
            Value::Bool(flag) => Value::from(!*flag),
            Value::Null => Value::from("null"),
            Value::Array(_) => json!([[]]),
            Value::Object(_) => json!({"x": 1}),
        };
        let after = value.to_string();
        let (Ok(a), Ok(b)) = (parse(before.as_bytes()), parse(after.as_bytes())) else {
            return Ok(()); // The change gave a member the wrong type, which is no content at all.
        };
        prop_assert_ne!(a.content_sha256().expect("hash"), b.content_sha256().expect("hash"), "\n{}\n{}", before, after);
    }

    #[test]
    fn the_form_is_what_an_implementation_of_rfc_8785_writes(content in content(), s in seed()) {
        let text = write(&content, &s, 1);
        let canonical = parse(text.as_bytes()).expect("a handshake").canonical().expect("a form");
        let value: Value = serde_json::from_slice(&canonical).expect("canonical JSON is JSON");
        let reference = serde_json_canonicalizer::to_string(&value).expect("RFC 8785");
        prop_assert_eq!(String::from_utf8(canonical).expect("UTF-8"), reference);
    }
}

/// The paths of everything that has no member or element in it.
fn leaves(value: &Value, path: String) -> Vec<String> {
    let escape = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().flat_map(|(k, v)| leaves(v, format!("{path}/{}", escape(k)))).collect()
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().flat_map(|(i, v)| leaves(v, format!("{path}/{i}"))).collect()
        }
        _ => vec![path],
    }
}

/// The content with what has no order in one order, for comparison.
fn sorted(content: &Content) -> Content {
    fn sort(items: &mut [Value]) {
        for item in items.iter_mut() {
            if let Some(Value::Array(children)) = item.get_mut("Resources") {
                sort(children);
            }
        }
        items.sort_by_key(ToString::to_string);
    }
    let mut content = content.clone();
    for list in [&mut content.parties, &mut content.resources].into_iter().flatten() {
        sort(list);
    }
    content
}

#[test]
fn a_missing_member_an_empty_one_and_a_null_are_three_contents() {
    let hashes = [
        hash(r#"{"Id":"h-1"}"#),
        hash(r#"{"Id":"h-1","Arn":null}"#),
        hash(r#"{"Id":"h-1","Arn":""}"#),
        hash(r#"{"Id":"h-1","Resources":null}"#),
        hash(r#"{"Id":"h-1","Resources":[]}"#),
    ];
    for (i, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..i].contains(hash), "{i}");
    }
}

#[test]
fn a_repeated_party_counts_and_an_array_of_unknown_meaning_keeps_its_order() {
    let one = hash(r#"{"Id":"h-1","Parties":[{"Id":"a"}]}"#);
    let two = hash(r#"{"Id":"h-1","Parties":[{"Id":"a"},{"Id":"a"}]}"#);
    assert_ne!(one, two);
    assert_ne!(hash(r#"{"Id":"h-1","X":[1,2]}"#), hash(r#"{"Id":"h-1","X":[2,1]}"#));
}

#[test]
fn a_number_cannot_pass_for_the_object_that_stands_for_it() {
    let number = hash(r#"{"Id":"h-1","X":1}"#);
    assert_eq!(number, hash(r#"{"Id":"h-1","X":1.0}"#));
    assert_ne!(number, hash(r#"{"Id":"h-1","X":{"$decimal":"1e0"}}"#));
    assert_ne!(
        hash(r#"{"Id":"h-1","X":9007199254740993}"#),
        hash(r#"{"Id":"h-1","X":9007199254740992}"#)
    );
}

#[test]
fn the_canonical_form_of_a_known_handshake_is_this_text() {
    let handshake = parse(
        br#"{"State":"OPEN","RequestedTimestamp":1.482952459257E9,"Id":"h-1","$":5,
             "Parties":[{"Type":"EMAIL","Id":"juan@example.com"},{"Id":"o-1","Type":"ORGANIZATION"}],
             "Resources":[{"Value":"b","Type":"NOTES"},{"Type":"ACCOUNT","Value":"a","Resources":[]}]}"#,
    )
    .expect("a handshake");
    let canonical = String::from_utf8(handshake.canonical().expect("a form")).expect("UTF-8");
    assert_eq!(
        canonical,
        concat!(
            r#"{"$$":{"$decimal":"5e0"},"Id":"h-1","#,
            r#""Parties":[{"Id":"juan@example.com","Type":"EMAIL"},{"Id":"o-1","Type":"ORGANIZATION"}],"#,
            r#""RequestedTimestamp":"1482952459257e-3","#,
            r#""Resources":[{"Resources":[],"Type":"ACCOUNT","Value":"a"},{"Type":"NOTES","Value":"b"}],"#,
            r#""State":"OPEN"}"#
        )
    );
}
