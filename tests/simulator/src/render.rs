//! A handshake as AWS writes it on the wire: JSON whose members stand in no fixed order and whose
//! timestamps are epoch seconds in one of two notations.

use std::fmt::Write;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::handshake::{Handshake, Party, Resource};
use crate::opaque;

/// The text of `handshake` at `now`. Rendered once for each state and shared by every listing from then on.
pub(crate) fn handshake(handshake: &Handshake, now: DateTime<Utc>) -> Arc<str> {
    let state = handshake.state_at(now);
    let mut rendered = handshake.rendered.borrow_mut();
    if let Some((shown, text)) = rendered.as_ref()
        && *shown == state
    {
        return Arc::clone(text);
    }
    // The id decides order and notation, so a handshake that did not change keeps its bytes.
    let style = opaque::seed(&handshake.id);
    let exponent = style & 1 == 1;
    let mut members = vec![
        ("Id", quoted(&handshake.id)),
        ("Arn", quoted(&handshake.arn)),
        ("Parties", array(&handshake.parties, party)),
        ("State", quoted(state.as_str())),
        ("RequestedTimestamp", epoch_seconds(handshake.requested_at, exponent)),
        ("ExpirationTimestamp", epoch_seconds(handshake.expires_at, !exponent)),
        ("Action", quoted(handshake.action.as_str())),
        ("Resources", array(&handshake.resources, resource)),
    ];
    let turn = (style >> 8) as usize % members.len();
    members.rotate_left(turn);
    let text: Arc<str> = object(&members).into();
    *rendered = Some((state, Arc::clone(&text)));
    text
}

/// Epoch seconds to the millisecond, as `1482952459.257` or, with `exponent`, as `1.482952459257E9`.
pub(crate) fn epoch_seconds(at: DateTime<Utc>, exponent: bool) -> String {
    let millis = at.timestamp_millis();
    let (seconds, fraction) = (millis.div_euclid(1000), millis.rem_euclid(1000));
    let plain = format!("{seconds}.{fraction:03}");
    if exponent && millis > 0 {
        let digits = millis.to_string();
        let (first, rest) = digits.split_at(1);
        let power = digits.len() as i64 - 4;
        return format!("{first}.{}E{power}", without_trailing_zeros(rest));
    }
    let (whole, decimals) = plain.split_at(plain.len() - 3);
    format!("{whole}{}", without_trailing_zeros(decimals))
}

/// One decimal always stays, as in `1484318123.0`.
fn without_trailing_zeros(decimals: &str) -> &str {
    let kept = decimals.trim_end_matches('0');
    if kept.is_empty() { "0" } else { kept }
}

fn party(party: &Party) -> String {
    object(&[("Id", quoted(&party.id)), ("Type", quoted(party.kind))])
}

fn resource(it: &Resource) -> String {
    let mut members = vec![("Value", quoted(&it.value)), ("Type", quoted(it.kind))];
    if !it.nested.is_empty() {
        members.push(("Resources", array(&it.nested, resource)));
    }
    object(&members)
}

fn object(members: &[(&str, String)]) -> String {
    let mut text = String::from("{");
    for (n, (name, value)) in members.iter().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        // Writing into a String cannot fail.
        let _ = write!(text, "{comma}\"{name}\":{value}");
    }
    text.push('}');
    text
}

fn array<T>(items: &[T], render: fn(&T) -> String) -> String {
    let items: Vec<String> = items.iter().map(render).collect();
    format!("[{}]", items.join(","))
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
