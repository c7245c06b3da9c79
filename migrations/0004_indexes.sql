-- Indexes for the canned queries (queries/). The bytes are what dbstat counts on a million handshakes
-- with 1.8 contents each, 2,500 bytes a handshake in all.

-- pending, expiring, purge-due: without it they read every handshake that ever was, to find the few
-- that AWS still shows. 1 byte a handshake: those that AWS has deleted are not in it.
CREATE INDEX handshakes_shown ON handshakes (state, expires_at) WHERE gone_at IS NULL;

-- all-features: without it the children of a request are searched for among all handshakes.
-- 37 bytes a child.
CREATE INDEX handshakes_by_parent ON handshakes (parent_handshake_id) WHERE parent_handshake_id IS NOT NULL;

-- account-history: without these two it reads every party and every resource. Left out is what is the same in all
-- that an organization sends, its own Id and the address of its own management account, and of the resources what a
-- party says already, which is nearly all. A query has to say the condition in the same words.
CREATE INDEX parties_by_party_id ON parties (party_id COLLATE NOCASE) WHERE type IS NOT 'ORGANIZATION';
CREATE INDEX resources_by_value ON resources (value COLLATE NOCASE) WHERE beyond_parties = 1;

-- counts: without it a million rows are read and sorted, which takes ten times as long. 34 bytes a
-- handshake.
CREATE INDEX handshakes_by_month ON handshakes (substr(requested_at, 1, 7), action, state);
