"""Recomputes the chain of digests of an archive from its rows, after ARCHITECTURE.md.

Usage: python3 recompute_chain.py ARCHIVE
Prints the head of the chain; exits 1 at the first link or payload that does not agree.
"""

import hashlib
import sqlite3
import sys


def field(value):
    if value is None:
        return b"\x00"
    data = value if isinstance(value, bytes) else str(value).encode()
    return b"\x01" + len(data).to_bytes(8, "big") + data


def digest(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


HEADER = """SELECT y.id, s.operation, s.owner_id, started_at, observed_at, finished_at, outcome,
    filter_action_type, filter_parent_handshake_id, caller_arn, endpoint, tool_version, pages,
    listed, added, changed, gone, quarantined, error_code, error_message
    FROM syncs y LEFT JOIN sources s ON s.source_id = y.source_id WHERE y.id = ?"""
LINES = [
    """SELECT 'child', NULL, i.id, c.parent_handshake_id, NULL, NULL, NULL, NULL, operation, owner_id
    FROM child_listings c, handshakes i, sources s WHERE seen_sync_id = ?
    AND i.handshake_id = c.handshake_id AND s.source_id = c.source_id ORDER BY i.id, c.parent_handshake_id""",
    """SELECT 'gone', observation_id, i.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM observations o, handshakes i WHERE gone_sync_id = ?
    AND i.handshake_id = o.handshake_id ORDER BY observation_id""",
    """SELECT 'listed', observation_id, i.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM observations o, handshakes i WHERE listed_sync_id = ? AND seen_sync_id < listed_sync_id
    AND i.handshake_id = o.handshake_id ORDER BY observation_id""",
    """SELECT 'quarantined', quarantine_id, id, reason, NULL, payload_sha256, NULL, NULL, NULL, NULL
    FROM quarantine WHERE sync_id = ? ORDER BY quarantine_id""",
    """SELECT 'seen', observation_id, i.id, v.version, v.state, payload_sha256, content_sha256,
    CASE WHEN listed_sync_id = seen_sync_id THEN 1 ELSE 0 END, operation, owner_id
    FROM observations o, handshakes i, handshake_versions v, sources s WHERE seen_sync_id = ?
    AND i.handshake_id = o.handshake_id AND v.version_id = o.version_id
    AND s.source_id = o.source_id ORDER BY observation_id""",
]

archive = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
for table in ("handshake_versions", "quarantine"):
    for payload, sha256 in archive.execute(f"SELECT CAST(payload AS BLOB), payload_sha256 FROM {table}"):
        if hashlib.sha256(payload).digest() != sha256:
            sys.exit(f"a payload in {table} does not have its hash")
(archive_id,) = archive.execute("SELECT archive_id FROM archive").fetchone()
head = digest(field("handshake-archive/archive/v1"), field(archive_id))
syncs = archive.execute("SELECT id, digest FROM syncs WHERE digest IS NOT NULL ORDER BY id").fetchall()
for expected, (sync, written) in enumerate(syncs, start=1):
    if sync != expected:
        sys.exit(f"sync {expected} is missing")
    parts = [field("handshake-archive/sync/v1"), field(head)]
    parts += map(field, archive.execute(HEADER, [sync]).fetchone())
    lines = [line for sql in LINES for line in archive.execute(sql, [sync])]
    parts += [field(value) for line in lines for value in line]
    head = digest(*parts, field(len(lines)))
    if head.hex() != written:
        sys.exit(f"the digest of sync {sync} is {written}; its rows give {head.hex()}")
print(len(syncs), head.hex())
