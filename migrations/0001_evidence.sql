-- Evidence: what AWS showed, append-only, and the only source of truth. Everything else in this
-- file can be derived from it. All times are UTC, YYYY-MM-DDTHH:MM:SS.sssZ.

PRAGMA application_id = 1213415762; -- "HSAR"

CREATE TABLE archive (
    -- The identity of this archive: one row, written when the file was created.
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    archive_id TEXT NOT NULL -- 32 random hexadecimal digits; the chain of digests begins with it
) STRICT;

INSERT INTO archive (only, archive_id) VALUES (1, lower(hex(randomblob(16))));

CREATE TABLE sources (
    -- What was listed: an operation, asked for one owner.
    source_id INTEGER PRIMARY KEY,
    operation TEXT NOT NULL, -- ListHandshakesForOrganization
    owner_id  TEXT           -- the organization's id, o-…; NULL where neither DescribeOrganization nor an ARN told it
) STRICT;

CREATE UNIQUE INDEX sources_by_owner ON sources (operation, ifnull(owner_id, ''));

CREATE TABLE syncs (
    -- One row an attempt, failed ones too. A row is closed once, when its digest is set.
    id                         INTEGER PRIMARY KEY, -- the sequence: 1, 2, 3, …
    source_id                  INTEGER REFERENCES sources, -- NULL until the first page has arrived
    started_at                 TEXT NOT NULL,
    observed_at                TEXT,    -- when the first page was asked for: what AWS showed is from then or later
    finished_at                TEXT,    -- what AWS showed is from then or earlier; of a killed sync: when the next one found it
    outcome                    TEXT NOT NULL CHECK (outcome IN ('running', 'complete', 'failed', 'interrupted')),
    filter_action_type         TEXT,    -- the list was restricted to this action; NULL: it was not
    filter_parent_handshake_id TEXT,    -- the list was restricted to the children of this handshake; NULL: it was not
    caller_arn                 TEXT,    -- who asked, from sts:GetCallerIdentity; NULL where that was refused
    endpoint                   TEXT,    -- scheme, host and port that answered
    tool_version               TEXT NOT NULL,
    pages                      INTEGER NOT NULL DEFAULT 0, -- answers kept
    listed                     INTEGER NOT NULL DEFAULT 0, -- different handshakes in them
    added                      INTEGER NOT NULL DEFAULT 0, -- of those, never in this archive before
    changed                    INTEGER NOT NULL DEFAULT 0, -- of those, known, with other content than before or back after having been gone
    gone                       INTEGER NOT NULL DEFAULT 0, -- handshakes that AWS showed before and no longer shows
    quarantined                INTEGER NOT NULL DEFAULT 0, -- elements that could not be read as a handshake
    error_code                 TEXT,    -- why it failed: AWS's error code or one of this program's
    error_message              TEXT,
    digest                     TEXT     -- SHA-256 in hex over the digest before, this row and its changes; NULL while running
) STRICT;

CREATE TABLE handshake_versions (
    -- Each different content that a handshake ever had.
    version_id     INTEGER PRIMARY KEY,
    handshake_id   INTEGER NOT NULL REFERENCES handshakes, -- the archive's own number for the handshake that the payload's Id names
    version        INTEGER NOT NULL, -- 1, 2, 3, … within the handshake, in the order of first sight
    state          TEXT,             -- the payload's State
    payload        TEXT NOT NULL,    -- the JSON text of the handshake, to the byte as it stood in AWS's answer
    payload_sha256 BLOB NOT NULL CHECK (length(payload_sha256) = 32),
    content_sha256 BLOB NOT NULL CHECK (length(content_sha256) = 32), -- of the canonical form (RFC 8785), in which order and notation make no difference
    UNIQUE (handshake_id, version)
) STRICT;

CREATE TABLE observations (
    -- Runs: from one sync on, AWS showed this content of this handshake, until another sync saw otherwise.
    observation_id INTEGER PRIMARY KEY, -- in the order of arrival
    source_id      INTEGER NOT NULL REFERENCES sources,
    handshake_id   INTEGER NOT NULL REFERENCES handshakes,
    version_id     INTEGER NOT NULL REFERENCES handshake_versions,
    seen_sync_id   INTEGER NOT NULL REFERENCES syncs, -- the sync that saw it first
    listed_sync_id INTEGER REFERENCES syncs, -- the sync that first saw it in a list not restricted to a parent; NULL: only ever seen under its parent
    gone_sync_id   INTEGER REFERENCES syncs  -- the sync that saw other content, or no longer saw the handshake; NULL while it stands
) STRICT;

-- At most one run of a handshake stands; a sync finds it here for every element that it lists.
CREATE UNIQUE INDEX observations_standing ON observations (source_id, handshake_id) WHERE gone_sync_id IS NULL;
-- The history of one handshake.
CREATE INDEX observations_by_handshake ON observations (handshake_id, observation_id);
-- What one sync changed: the chain needs it, and so does everyone who asks what is new.
CREATE INDEX observations_by_seen_sync ON observations (seen_sync_id);
CREATE INDEX observations_by_gone_sync ON observations (gone_sync_id) WHERE gone_sync_id IS NOT NULL;
CREATE INDEX observations_by_listed_sync ON observations (listed_sync_id) WHERE listed_sync_id > seen_sync_id;

CREATE TABLE child_listings (
    -- AWS listed this handshake as a child of that one (ParentHandshakeId filter), first in this sync.
    source_id           INTEGER NOT NULL REFERENCES sources,
    handshake_id        INTEGER NOT NULL REFERENCES handshakes,
    parent_handshake_id TEXT NOT NULL, -- AWS's Id of the parent, h-…, as it was asked for
    seen_sync_id        INTEGER NOT NULL REFERENCES syncs,
    PRIMARY KEY (handshake_id, source_id, parent_handshake_id)
) STRICT, WITHOUT ROWID;

-- What one sync changed.
CREATE INDEX child_listings_by_sync ON child_listings (seen_sync_id);

CREATE TABLE quarantine (
    -- What arrived and could not be read as a handshake, verbatim: elements of a list, and whole answers.
    quarantine_id  INTEGER PRIMARY KEY,
    sync_id        INTEGER NOT NULL REFERENCES syncs,
    id             TEXT,          -- the handshake's Id, where at least that could be read
    reason         TEXT NOT NULL,
    payload        BLOB NOT NULL, -- the bytes as they came, which need not be UTF-8
    payload_sha256 BLOB NOT NULL CHECK (length(payload_sha256) = 32)
) STRICT;

CREATE INDEX quarantine_by_sync ON quarantine (sync_id);

-- Append-only. A sync is closed once; a run ends once and enters the unrestricted list once.

CREATE TRIGGER archive_is_permanent BEFORE UPDATE ON archive
BEGIN SELECT raise(ABORT, 'archive: evidence is append-only'); END;
CREATE TRIGGER archive_stays BEFORE DELETE ON archive
BEGIN SELECT raise(ABORT, 'archive: evidence is append-only'); END;

CREATE TRIGGER sources_are_permanent BEFORE UPDATE ON sources
BEGIN SELECT raise(ABORT, 'sources: evidence is append-only'); END;
CREATE TRIGGER sources_stay BEFORE DELETE ON sources
BEGIN SELECT raise(ABORT, 'sources: evidence is append-only'); END;

CREATE TRIGGER syncs_close_once BEFORE UPDATE ON syncs
WHEN OLD.digest IS NOT NULL
  OR NEW.id IS NOT OLD.id
  OR NEW.started_at IS NOT OLD.started_at
  OR (OLD.observed_at IS NOT NULL AND NEW.observed_at IS NOT OLD.observed_at)
  OR (OLD.source_id IS NOT NULL AND NEW.source_id IS NOT OLD.source_id)
BEGIN SELECT raise(ABORT, 'syncs: evidence is append-only'); END;
CREATE TRIGGER syncs_stay BEFORE DELETE ON syncs
BEGIN SELECT raise(ABORT, 'syncs: evidence is append-only'); END;

CREATE TRIGGER handshake_versions_are_permanent BEFORE UPDATE ON handshake_versions
BEGIN SELECT raise(ABORT, 'handshake_versions: evidence is append-only'); END;
CREATE TRIGGER handshake_versions_stay BEFORE DELETE ON handshake_versions
BEGIN SELECT raise(ABORT, 'handshake_versions: evidence is append-only'); END;

CREATE TRIGGER observations_end_once BEFORE UPDATE ON observations
WHEN NEW.observation_id IS NOT OLD.observation_id
  OR NEW.source_id IS NOT OLD.source_id
  OR NEW.handshake_id IS NOT OLD.handshake_id
  OR NEW.version_id IS NOT OLD.version_id
  OR NEW.seen_sync_id IS NOT OLD.seen_sync_id
  OR (OLD.listed_sync_id IS NOT NULL AND NEW.listed_sync_id IS NOT OLD.listed_sync_id)
  OR OLD.gone_sync_id IS NOT NULL
BEGIN SELECT raise(ABORT, 'observations: evidence is append-only'); END;
CREATE TRIGGER observations_stay BEFORE DELETE ON observations
BEGIN SELECT raise(ABORT, 'observations: evidence is append-only'); END;

CREATE TRIGGER child_listings_are_permanent BEFORE UPDATE ON child_listings
BEGIN SELECT raise(ABORT, 'child_listings: evidence is append-only'); END;
CREATE TRIGGER child_listings_stay BEFORE DELETE ON child_listings
BEGIN SELECT raise(ABORT, 'child_listings: evidence is append-only'); END;

CREATE TRIGGER quarantine_is_permanent BEFORE UPDATE ON quarantine
BEGIN SELECT raise(ABORT, 'quarantine: evidence is append-only'); END;
CREATE TRIGGER quarantine_stays BEFORE DELETE ON quarantine
BEGIN SELECT raise(ABORT, 'quarantine: evidence is append-only'); END;
