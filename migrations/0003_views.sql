-- Views that people would otherwise write.

CREATE VIEW transitions AS
-- Each change of state: the handshake left from_state after after_at and was in to_state by by_at.
-- AWS tells no time of change, so it is known as the interval between two syncs. The first row of
-- a handshake has no from_state; it began when it was requested. by_at is NULL while that sync runs.
WITH runs AS (
    SELECT o.handshake_id, o.source_id, o.observation_id, o.seen_sync_id, o.listed_sync_id, v.state,
           lag(o.observation_id) OVER w AS before_id,
           lag(v.state) OVER w AS before_state,
           lag(o.seen_sync_id) OVER w AS before_seen_sync_id,
           lag(o.gone_sync_id) OVER w AS before_gone_sync_id,
           lag(o.listed_sync_id) OVER w AS before_listed_sync_id
    FROM observations AS o JOIN handshake_versions AS v USING (version_id)
    WINDOW w AS (PARTITION BY o.handshake_id, o.source_id ORDER BY o.observation_id)
)
SELECT h.handshake_id, h.id, r.source_id,
       r.before_state AS from_state,
       r.state AS to_state,
       CASE WHEN r.before_id IS NULL THEN h.requested_at ELSE (
           SELECT s.observed_at FROM syncs AS s
           WHERE s.source_id = r.source_id
             AND s.id >= r.before_seen_sync_id AND s.id < max(r.before_gone_sync_id, r.before_seen_sync_id + 1)
             AND (s.id = r.before_seen_sync_id
                  OR (s.outcome = 'complete' AND s.filter_parent_handshake_id IS NULL
                      AND ((s.filter_action_type IS NULL)
                           OR (s.filter_action_type = h.action AND r.before_listed_sync_id <= s.id)))
                  OR (s.outcome = 'complete' AND EXISTS (
                      SELECT 1 FROM child_listings AS c
                      WHERE c.source_id = r.source_id AND c.handshake_id = r.handshake_id
                        AND c.parent_handshake_id = s.filter_parent_handshake_id AND c.seen_sync_id <= s.id)))
           ORDER BY s.id DESC LIMIT 1)
       END AS after_at,
       seen.finished_at AS by_at,
       r.seen_sync_id AS sync_id
FROM runs AS r
JOIN handshakes AS h USING (handshake_id)
JOIN syncs AS seen ON seen.id = r.seen_sync_id
WHERE r.before_id IS NULL OR r.before_state IS NOT r.state;

CREATE VIEW invitations AS
-- One row an invitation (action INVITE): who was invited, by whom, and what became of it.
SELECT h.handshake_id, h.id, h.organization_id, h.state, h.requested_at, h.expires_at,
       coalesce(
           (SELECT p.party_id FROM parties AS p WHERE p.handshake_id = h.handshake_id AND p.type = 'ACCOUNT' ORDER BY p.position LIMIT 1),
           (SELECT r.value FROM resources AS r WHERE r.handshake_id = h.handshake_id AND r.type = 'ACCOUNT' AND r.depth = 0 ORDER BY r.ordinal LIMIT 1)
       ) AS invited_account,
       coalesce(
           (SELECT p.party_id FROM parties AS p WHERE p.handshake_id = h.handshake_id AND p.type = 'EMAIL' ORDER BY p.position LIMIT 1),
           (SELECT r.value FROM resources AS r WHERE r.handshake_id = h.handshake_id AND r.type = 'EMAIL' AND r.depth = 0 ORDER BY r.ordinal LIMIT 1)
       ) AS invited_email,
       (SELECT r.value FROM resources AS r WHERE r.handshake_id = h.handshake_id AND r.type = 'NOTES' ORDER BY r.ordinal LIMIT 1) AS notes,
       -- AWS calls these MASTER_, MANAGEMENT_ or OWNER_, depending on the year of the text.
       (SELECT r.value FROM resources AS r WHERE r.handshake_id = h.handshake_id AND r.type IN ('MASTER_NAME', 'MANAGEMENT_NAME', 'OWNER_NAME') ORDER BY r.ordinal LIMIT 1) AS management_name,
       (SELECT r.value FROM resources AS r WHERE r.handshake_id = h.handshake_id AND r.type IN ('MASTER_EMAIL', 'MANAGEMENT_EMAIL', 'OWNER_EMAIL') ORDER BY r.ordinal LIMIT 1) AS management_email,
       h.first_seen_at, h.changed_at, h.gone_at
FROM handshakes AS h
WHERE h.action = 'INVITE';

CREATE VIEW resource_tree AS
-- The resources with their path from the root, as ORGANIZATION/MASTER_EMAIL.
WITH RECURSIVE tree AS (
    SELECT r.handshake_id, r.ordinal, r.parent_ordinal, r.depth, r.type, r.value, ifnull(r.type, '?') AS path
    FROM resources AS r WHERE r.parent_ordinal IS NULL
    UNION ALL
    SELECT r.handshake_id, r.ordinal, r.parent_ordinal, r.depth, r.type, r.value, t.path || '/' || ifnull(r.type, '?')
    FROM tree AS t JOIN resources AS r ON r.handshake_id = t.handshake_id AND r.parent_ordinal = t.ordinal
)
SELECT h.id, t.* FROM tree AS t JOIN handshakes AS h USING (handshake_id);

CREATE VIEW purged AS
-- Handshakes that AWS no longer shows: only this archive has them. Gone after after_at, by by_at.
SELECT h.handshake_id, h.id, h.action, h.state, h.requested_at, h.expires_at,
       last.observed_at AS after_at, gone.finished_at AS by_at, o.gone_sync_id AS sync_id
FROM handshakes AS h
JOIN observations AS o ON o.observation_id = (
    SELECT max(x.observation_id) FROM observations AS x WHERE x.handshake_id = h.handshake_id)
JOIN syncs AS gone ON gone.id = o.gone_sync_id
JOIN syncs AS last ON last.id = (
    SELECT max(s.id) FROM syncs AS s
    WHERE s.source_id = o.source_id AND s.id < o.gone_sync_id
      AND (s.id = o.seen_sync_id
           OR (s.id > o.seen_sync_id AND s.outcome = 'complete'
               AND s.filter_action_type IS NULL AND s.filter_parent_handshake_id IS NULL)))
WHERE h.gone_at IS NOT NULL;

CREATE VIEW coverage AS
-- What the archive knows of each source. covered: every handshake that AWS showed at any moment
-- from from_at until until_at is in the archive. blind: one that was requested after from_at and
-- deleted before until_at may be missing. AWS shows a handshake until 30 days after it ended, so
-- two complete, unfiltered syncs less than 30 days apart miss none between them.
WITH complete AS (
    SELECT s.source_id, s.id, s.observed_at,
           strftime('%Y-%m-%dT%H:%M:%fZ', s.finished_at, '-30 days') AS reaches_back_to,
           lag(s.observed_at) OVER (PARTITION BY s.source_id ORDER BY s.id) AS before_observed_at
    FROM syncs AS s
    WHERE s.outcome = 'complete' AND s.filter_action_type IS NULL AND s.filter_parent_handshake_id IS NULL
), numbered AS (
    SELECT *, sum(before_observed_at IS NULL OR before_observed_at < reaches_back_to)
                  OVER (PARTITION BY source_id ORDER BY id) AS stretch
    FROM complete
), periods AS (
    SELECT source_id, 'covered' AS period, min(reaches_back_to) AS from_at, max(observed_at) AS until_at, count(*) AS syncs
    FROM numbered GROUP BY source_id, stretch
    UNION ALL
    SELECT source_id, 'blind', before_observed_at, reaches_back_to, 0
    FROM complete WHERE before_observed_at < reaches_back_to
)
SELECT p.source_id, s.operation, s.owner_id, p.period, p.from_at, p.until_at, p.syncs
FROM periods AS p JOIN sources AS s USING (source_id)
ORDER BY p.source_id, p.from_at;
