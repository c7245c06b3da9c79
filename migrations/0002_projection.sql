-- Projection: the newest content of every handshake in tables for SQL. Written in the same
-- transaction as the evidence, derived from it alone, and rebuildable at any time. No REFERENCES: for each row
-- they would cost a look-up, and verify holds every row against evidence.

CREATE TABLE organizations (
    -- Each organization that a handshake named.
    organization_id       TEXT PRIMARY KEY, -- o-…, with the prefix that AWS leaves out in places
    partition             TEXT, -- aws, aws-cn, aws-us-gov, …; from the newest ARN
    management_account_id TEXT, -- from the newest ARN
    first_seen_at         TEXT NOT NULL -- observed_at of the first sync that saw a handshake of it
) STRICT, WITHOUT ROWID;

CREATE TABLE handshakes (
    -- Each handshake that AWS ever showed, with its newest content. SELECT * FROM handshakes JOIN parties USING (handshake_id)
    handshake_id        INTEGER PRIMARY KEY, -- the archive's own number, the same in every table: the key to join by
    id                  TEXT NOT NULL UNIQUE, -- AWS's Id, h-…
    arn                 TEXT, -- AWS gives one ARN to more than one handshake: no key
    organization_id     TEXT, -- from the ARN, else from the party or resource of type ORGANIZATION
    action              TEXT, -- INVITE, ENABLE_ALL_FEATURES, APPROVE_ALL_FEATURES, ADD_ORGANIZATIONS_SERVICE_LINKED_ROLE, TRANSFER_RESPONSIBILITY, …
    state               TEXT, -- pending: REQUESTED, OPEN; ended: CANCELED, ACCEPTED, DECLINED, EXPIRED; …
    account             TEXT, -- to whom it went: the first party of type ACCOUNT, else the first resource of that type on the first level
    email               TEXT, -- likewise, of type EMAIL
    requested_at        TEXT, -- RequestedTimestamp; NULL where AWS gave none or none that the calendar holds
    expires_at          TEXT, -- ExpirationTimestamp, likewise
    parent_handshake_id TEXT, -- AWS's Id of the parent, h-…: from the PARENT_HANDSHAKE resource, else from the list that it was seen in
    version             INTEGER NOT NULL, -- which of its contents this is: handshake_versions.version
    first_seen_at       TEXT NOT NULL, -- observed_at of the first sync that saw the handshake
    changed_at          TEXT NOT NULL, -- observed_at of the sync that brought this content
    gone_at             TEXT -- observed_at of the sync that no longer saw it; NULL while AWS shows it
) STRICT;

CREATE TABLE parties (
    -- The participants of a handshake, in the order of AWS's answer.
    handshake_id INTEGER NOT NULL,
    position     INTEGER NOT NULL, -- 0, 1, …
    type         TEXT, -- ACCOUNT, ORGANIZATION, EMAIL, …
    party_id     TEXT, -- an account id, an organization id (with and without o-) or an e-mail address, as AWS wrote it
    PRIMARY KEY (handshake_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE resources (
    -- The additional data of a handshake: a tree, one row a node, numbered in pre-order.
    handshake_id   INTEGER NOT NULL,
    ordinal        INTEGER NOT NULL, -- 0, 1, …
    parent_ordinal INTEGER, -- the node that this one is nested in; NULL on the first level
    depth          INTEGER NOT NULL, -- 0 on the first level
    type           TEXT, -- ACCOUNT, ORGANIZATION, EMAIL, NOTES, MASTER_EMAIL, PARENT_HANDSHAKE, …
    value          TEXT, -- as AWS wrote it; NOTES come from strangers
    beyond_parties INTEGER NOT NULL, -- 1: names an account or address (ACCOUNT, EMAIL, MANAGEMENT_ACCOUNT, MANAGEMENT_EMAIL) that no party names; else 0
    PRIMARY KEY (handshake_id, ordinal)
) STRICT, WITHOUT ROWID;

-- By its number evidence knows a handshake. The rest of the row may be written anew; the number and the Id stay.

CREATE TRIGGER handshakes_keep_their_numbers BEFORE UPDATE OF handshake_id, id ON handshakes
BEGIN SELECT raise(ABORT, 'handshakes: the number and the Id of a handshake are permanent'); END;
CREATE TRIGGER handshakes_stay BEFORE DELETE ON handshakes
BEGIN SELECT raise(ABORT, 'handshakes: a handshake is permanent'); END;
