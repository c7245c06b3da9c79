//! Payloads and versions against their hashes.

use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

use super::Checking;
use crate::handshake;

/// The name of the check of payloads.
pub const PAYLOADS: &str = "payloads";

/// Each payload, read or not, against its hash.
pub fn payloads(checking: &mut Checking<'_>) -> rusqlite::Result<()> {
    for (table, sql) in [
        (
            "handshake_versions",
            "SELECT version_id, payload, payload_sha256 FROM handshake_versions",
        ),
        ("quarantine", "SELECT quarantine_id, payload, payload_sha256 FROM quarantine"),
    ] {
        let mut statement = checking.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            checking.checked(1);
            let payload = bytes(row.get_ref(1)?);
            let found: [u8; 32] = Sha256::digest(payload).into();
            if bytes(row.get_ref(2)?) != found {
                let id: i64 = row.get(0)?;
                checking.bad(format!("{table}, row {id}"), "the payload does not have its SHA-256");
            }
        }
    }
    Ok(())
}

/// Each version against its payload.
pub fn versions(checking: &mut Checking<'_>) -> rusqlite::Result<()> {
    let mut statement = checking.connection.prepare(
        "SELECT v.version_id, i.id, v.version, v.state, v.payload, v.content_sha256, v.handshake_id,
                EXISTS (SELECT 1 FROM observations AS o
                        WHERE o.handshake_id = v.handshake_id AND o.version_id = v.version_id)
         FROM handshake_versions AS v LEFT JOIN handshakes AS i USING (handshake_id)
         ORDER BY v.handshake_id, v.version",
    )?;
    // The handshake of the row before, and the number of its version.
    let mut previous = (0, 0);
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        checking.checked(1);
        let version_id: i64 = row.get(0)?;
        let place = || format!("handshake_versions, row {version_id}");
        let (version, handshake_id): (i64, i64) = (row.get(2)?, row.get(6)?);
        let before = if previous.0 == handshake_id { previous.1 } else { 0 };
        previous = (handshake_id, version);
        if version != before + 1 {
            checking.bad(place(), format!("the version number {version} follows {before}"));
        }
        if !row.get::<_, bool>(7)? {
            checking.bad(place(), "no sync ever saw this version");
        }
        let handshake = match handshake::parse(bytes(row.get_ref(4)?)) {
            Ok(handshake) => handshake,
            Err(unreadable) => {
                checking
                    .bad(place(), format!("the payload is no handshake: {}", unreadable.reason));
                continue;
            }
        };
        let id: Option<String> = row.get(1)?;
        if id.as_deref() != Some(handshake.id()) {
            checking.bad(
                place(),
                format!("the payload's Id is {}, not that of handshakes", handshake.id()),
            );
        }
        let state: Option<String> = row.get(3)?;
        if state.as_deref() != handshake.state() {
            checking.bad(place(), "the state is not the payload's");
        }
        let content = handshake.content_sha256().ok();
        if content.as_ref().map(<[u8; 32]>::as_slice) != Some(bytes(row.get_ref(5)?)) {
            checking.bad(place(), "the content does not have its SHA-256");
        }
    }
    Ok(())
}

/// The bytes of a text or blob; none for anything else, which then has no hash.
fn bytes(value: ValueRef<'_>) -> &[u8] {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => &[],
    }
}
