//! The digest chain: every sync is a link, and a changed row anywhere before it shows.
//!
//! ```text
//! digest(0) = SHA-256(field("handshake-archive/archive/v1") field(archive_id))
//! digest(n) = SHA-256(field("handshake-archive/sync/v1") field(digest(n-1))
//!                     header(n) line(1) line(2) … field(number of lines))
//! ```
//!
//! `field` is one byte `0x01`, the length in bytes as eight bytes big-endian, and the bytes; an SQL
//! NULL is the single byte `0x00`. Text is UTF-8, a number is its decimal text, a BLOB its bytes, a
//! digest its 32 bytes. [`HEADER`] and [`LINES`] are the fields: columns of the archive, in the
//! order in which the statements name them, so that SQLite and SHA-256 are all it takes to
//! recompute the chain. ARCHITECTURE.md shows the same for a reader without this source.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use sha2::{Digest, Sha256};

/// A link of the chain, and its value: 32 bytes.
pub type Link = [u8; 32];

const GENESIS_DOMAIN: &str = "handshake-archive/archive/v1";
const SYNC_DOMAIN: &str = "handshake-archive/sync/v1";

/// The header of a sync: all of its row but the digest, and its source by name.
pub const HEADER: &str = "
SELECT y.id, s.operation, s.owner_id, y.started_at, y.observed_at, y.finished_at, y.outcome,
       y.filter_action_type, y.filter_parent_handshake_id, y.caller_arn, y.endpoint,
       y.tool_version, y.pages, y.listed, y.added, y.changed, y.gone, y.quarantined,
       y.error_code, y.error_message
FROM syncs AS y LEFT JOIN sources AS s USING (source_id)
WHERE y.id = ?1";

/// The change lines of a sync, a statement a kind, in the order of the kinds' names and sorted within them: under
/// which parent it saw what, what was gone, what it first saw in the unrestricted list, what it could not read, and
/// what it saw for the first time. Each but the first comes in the order of an index, so that nothing is sorted, in
/// memory or on the disk, however much a sync recorded.
pub const LINES: [&str; 5] = [
    "SELECT 'child', NULL, i.id, c.parent_handshake_id, NULL, NULL, NULL, NULL, s.operation, s.owner_id
     FROM child_listings AS c JOIN handshakes AS i USING (handshake_id)
     JOIN sources AS s USING (source_id)
     WHERE c.seen_sync_id = ?1
     ORDER BY i.id, c.parent_handshake_id",
    "SELECT 'gone', o.observation_id, i.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL
     FROM observations AS o CROSS JOIN handshakes AS i USING (handshake_id)
     WHERE o.gone_sync_id = ?1
     ORDER BY o.observation_id",
    "SELECT 'listed', o.observation_id, i.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL
     FROM observations AS o CROSS JOIN handshakes AS i USING (handshake_id)
     WHERE o.listed_sync_id = ?1 AND o.listed_sync_id > o.seen_sync_id
     ORDER BY o.observation_id",
    "SELECT 'quarantined', q.quarantine_id, q.id, q.reason, NULL, q.payload_sha256, NULL, NULL, NULL, NULL
     FROM quarantine AS q
     WHERE q.sync_id = ?1
     ORDER BY q.quarantine_id",
    "SELECT 'seen', o.observation_id, i.id, v.version, v.state, v.payload_sha256, v.content_sha256,
            o.listed_sync_id IS o.seen_sync_id, s.operation, s.owner_id
     FROM observations AS o CROSS JOIN handshakes AS i USING (handshake_id)
     CROSS JOIN handshake_versions AS v USING (version_id) CROSS JOIN sources AS s USING (source_id)
     WHERE o.seen_sync_id = ?1
     ORDER BY o.observation_id",
];

/// The digest before the first sync.
///
/// # Errors
/// Those of SQLite.
pub fn genesis(connection: &Connection) -> rusqlite::Result<Link> {
    let mut bytes = Vec::new();
    field(&mut bytes, Some(GENESIS_DOMAIN.as_bytes()));
    connection.query_row("SELECT archive_id FROM archive", [], |row| fields(&mut bytes, row))?;
    Ok(Sha256::digest(&bytes).into())
}

/// The digest of a sync, from the digest before it and what the archive holds of it.
///
/// # Errors
/// Those of SQLite; [`rusqlite::Error::QueryReturnedNoRows`] if there is no such sync.
pub fn link(connection: &Connection, before: &Link, sync_id: i64) -> rusqlite::Result<Link> {
    let mut bytes = Vec::new();
    field(&mut bytes, Some(SYNC_DOMAIN.as_bytes()));
    field(&mut bytes, Some(before));
    connection.prepare_cached(HEADER)?.query_row([sync_id], |row| fields(&mut bytes, row))?;
    let mut hasher = Sha256::new_with_prefix(&bytes);
    let mut count: u64 = 0;
    for kind in LINES {
        let mut lines = connection.prepare_cached(kind)?;
        let mut rows = lines.query([sync_id])?;
        while let Some(row) = rows.next()? {
            // A line at a time: to hand its bytes over piece by piece takes longer than to hash them.
            bytes.clear();
            fields(&mut bytes, row)?;
            hasher.update(&bytes);
            count += 1;
        }
    }
    bytes.clear();
    field(&mut bytes, Some(count.to_string().as_bytes()));
    hasher.update(&bytes);
    Ok(hasher.finalize().into())
}

fn fields(bytes: &mut Vec<u8>, row: &Row<'_>) -> rusqlite::Result<()> {
    for column in 0..row.as_ref().column_count() {
        match row.get_ref(column)? {
            ValueRef::Null => field(bytes, None),
            ValueRef::Integer(number) => field(bytes, Some(number.to_string().as_bytes())),
            ValueRef::Real(number) => field(bytes, Some(number.to_string().as_bytes())),
            ValueRef::Text(value) | ValueRef::Blob(value) => field(bytes, Some(value)),
        }
    }
    Ok(())
}

fn field(bytes: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        None => bytes.push(0),
        Some(value) => {
            bytes.push(1);
            bytes.extend_from_slice(&(value.len() as u64).to_be_bytes());
            bytes.extend_from_slice(value);
        }
    }
}

/// A digest as the archive and people write it: 64 hexadecimal digits.
pub fn hex(link: &Link) -> String {
    link.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads what [`hex`] wrote; `None` if the text is something else.
pub fn unhex(text: &str) -> Option<Link> {
    if text.len() != 64 || !is_hex(text) {
        return None;
    }
    let mut link = Link::default();
    for (byte, digits) in link.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(link)
}

/// Whether all of a text is hexadecimal digits as [`hex`] writes them, in lower case.
pub fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A digest as a row of `syncs` has it.
///
/// # Errors
/// [`rusqlite::Error::FromSqlConversionFailure`], naming the sync, if it is none.
pub fn read(text: &str, sync_id: i64) -> rusqlite::Result<Link> {
    unhex(text).ok_or_else(|| {
        let what = format!("the digest of sync {sync_id} is no digest");
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, what.into())
    })
}
