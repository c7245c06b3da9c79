-- Views that people would otherwise write.

CREATE VIEW last_sightings AS
-- For each run, the last sync that is known to have seen it, and when that one asked. A complete
-- sync has seen every run that it did not end and for which its list answers. Not one that it could
-- only quarantine: that was shown, but in which state cannot be told.
SELECT r.observation_id, r.handshake_id, r.source_id, r.last_seen_sync_id, last.observed_at AS last_seen_at
FROM (
    SELECT o.observation_id, o.handshake_id, o.source_id, (
               SELECT s.id FROM syncs AS s
               WHERE s.source_id = o.source_id
                 AND s.id >= o.seen_sync_id AND (o.gone_sync_id IS NULL OR s.id < max(o.gone_sync_id, o.seen_sync_id + 1))
                 AND (s.id = o.seen_sync_id
                      OR (s.outcome = 'complete' AND s.filter_parent_handshake_id IS NULL
                          AND (s.filter_action_type IS NULL
                               OR (s.filter_action_type = h.action AND o.listed_sync_id <= s.id)))
                      OR (s.outcome = 'complete' AND EXISTS (
                          SELECT 1 FROM child_listings AS c
                          WHERE c.source_id = o.source_id AND c.handshake_id = o.handshake_id
                            AND c.parent_handshake_id = s.filter_parent_handshake_id AND c.seen_sync_id <= s.id)))
                 AND (s.id = o.seen_sync_id
                      OR NOT EXISTS (SELECT 1 FROM quarantine AS q
                                     WHERE q.sync_id = s.id AND (q.id IS NULL OR q.id = h.id)))
               ORDER BY s.id DESC LIMIT 1
           ) AS last_seen_sync_id
    FROM observations AS o JOIN handshakes AS h USING (handshake_id)
) AS r
JOIN syncs AS last ON last.id = r.last_seen_sync_id;

CREATE VIEW transitions AS
-- Each change of state: the handshake left from_state after after_at and was in to_state by by_at.
-- AWS tells no time of change, so it is known as the interval between two syncs. The first row of
-- a handshake has no from_state; it began when it was requested. by_at is NULL while that sync runs.
-- Without a window function, so that a question about one handshake or one sync reads no others.
SELECT h.handshake_id, h.id, o.source_id, o.observation_id,
       before_version.state AS from_state,
       v.state AS to_state,
       CASE WHEN before.observation_id IS NULL THEN h.requested_at ELSE (
           SELECT l.last_seen_at FROM last_sightings AS l WHERE l.observation_id = before.observation_id)
       END AS after_at,
       seen.finished_at AS by_at,
       o.seen_sync_id AS sync_id
FROM observations AS o
JOIN handshakes AS h USING (handshake_id)
JOIN handshake_versions AS v USING (version_id)
JOIN syncs AS seen ON seen.id = o.seen_sync_id
LEFT JOIN observations AS before ON before.observation_id = (
    SELECT max(x.observation_id) FROM observations AS x
    WHERE x.handshake_id = o.handshake_id AND x.source_id = o.source_id AND x.observation_id < o.observation_id)
LEFT JOIN handshake_versions AS before_version ON before_version.version_id = before.version_id
WHERE before.observation_id IS NULL OR before_version.state IS NOT v.state;

CREATE VIEW overview AS
-- One row a handshake, flattened: to whom it went, from whom it came, and what became of it.
-- outcome: accepted, declined, canceled, expired; pending; unknown, where AWS stopped
-- showing a handshake that was pending; unrecognized, where the state is one that AWS added.
SELECT h.handshake_id, h.id, h.organization_id, h.action, h.state,
       CASE WHEN h.state IN ('ACCEPTED', 'DECLINED', 'CANCELED', 'EXPIRED') THEN lower(h.state)
            WHEN h.state IN ('REQUESTED', 'OPEN') THEN iif(h.gone_at IS NULL, 'pending', 'unknown')
            ELSE 'unrecognized' END AS outcome,
       h.requested_at, h.expires_at,
       h.account, h.email,
       (SELECT r.value FROM resources AS r WHERE r.handshake_id = h.handshake_id AND r.type = 'NOTES' ORDER BY r.ordinal LIMIT 1) AS notes,
       -- AWS calls these MASTER_, MANAGEMENT_ or OWNER_, depending on the year of the text.
       (SELECT r.value FROM resources AS r WHERE r.handshake_id = h.handshake_id AND r.type IN ('MASTER_NAME', 'MANAGEMENT_NAME', 'OWNER_NAME') ORDER BY r.ordinal LIMIT 1) AS management_name,
       (SELECT r.value FROM resources AS r WHERE r.handshake_id = h.handshake_id AND r.type IN ('MASTER_EMAIL', 'MANAGEMENT_EMAIL', 'OWNER_EMAIL') ORDER BY r.ordinal LIMIT 1) AS management_email,
       h.parent_handshake_id, h.first_seen_at, h.changed_at, h.gone_at
FROM handshakes AS h;

CREATE VIEW invitations AS
-- One row an invitation (action INVITE): who was invited, by whom, and what became of it.
SELECT handshake_id, id, organization_id, state, outcome, requested_at, expires_at,
       account AS invited_account, email AS invited_email, notes,
       management_name, management_email, first_seen_at, changed_at, gone_at
FROM overview
WHERE action = 'INVITE';

CREATE VIEW resource_tree AS
-- The resources with their path from the root, as ORGANIZATION/MASTER_EMAIL. Each path is looked up
-- from the node upwards, so that a question about one handshake reads no others.
SELECT h.id, r.handshake_id, r.ordinal, r.parent_ordinal, r.depth, r.type, r.value, (
           WITH RECURSIVE upwards (parent_ordinal, path) AS (
               SELECT r.parent_ordinal, ifnull(r.type, '?')
               UNION ALL
               SELECT p.parent_ordinal, ifnull(p.type, '?') || '/' || u.path
               FROM upwards AS u JOIN resources AS p
                 ON p.handshake_id = r.handshake_id AND p.ordinal = u.parent_ordinal
           )
           SELECT u.path FROM upwards AS u WHERE u.parent_ordinal IS NULL
       ) AS path
FROM resources AS r JOIN handshakes AS h USING (handshake_id);

CREATE VIEW purged AS
-- Handshakes that AWS no longer shows: only this archive has them. Gone after after_at, by by_at.
SELECT h.handshake_id, h.id, h.action, h.state, h.requested_at, h.expires_at,
       (SELECT l.last_seen_at FROM last_sightings AS l WHERE l.observation_id = o.observation_id) AS after_at,
       gone.finished_at AS by_at, o.gone_sync_id AS sync_id
FROM observations AS o
JOIN handshakes AS h USING (handshake_id)
JOIN syncs AS gone ON gone.id = o.gone_sync_id
WHERE h.gone_at IS NOT NULL
  AND o.observation_id = (SELECT max(x.observation_id) FROM observations AS x WHERE x.handshake_id = o.handshake_id);

CREATE VIEW coverage AS
-- What the archive knows of each source. covered: every handshake that was pending at any moment
-- from from_at until until_at is in the archive. blind: one that was requested after from_at and
-- ended before until_at may be missing. AWS shows a handshake until 30 days after it ended, so
-- two complete, unfiltered syncs less than 30 days apart miss none between them. Where the clock was
-- set back so far that a sync reaches nothing of what the one before it reached, a period begins.
WITH complete AS (
    SELECT s.source_id, s.id, s.observed_at,
           strftime('%Y-%m-%dT%H:%M:%fZ', s.finished_at, '-30 days') AS reaches_back_to,
           lag(s.observed_at) OVER (PARTITION BY s.source_id ORDER BY s.id) AS before_observed_at,
           lag(strftime('%Y-%m-%dT%H:%M:%fZ', s.finished_at, '-30 days'))
               OVER (PARTITION BY s.source_id ORDER BY s.id) AS before_reaches_back_to
    FROM syncs AS s
    WHERE s.outcome = 'complete' AND s.filter_action_type IS NULL AND s.filter_parent_handshake_id IS NULL
), numbered AS (
    SELECT *, sum(before_observed_at IS NULL OR before_observed_at < reaches_back_to
                  OR observed_at < before_reaches_back_to)
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
