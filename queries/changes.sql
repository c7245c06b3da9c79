-- title: What the last sync changed
--
-- One row a handshake that a sync found otherwise than before. change is new; changed, also where
-- other things than the state did; back, where AWS had stopped showing it; gone, where AWS no longer
-- shows it.
--
-- :sync integer = 0  the number of the sync; 0: the last one that has ended
WITH asked (id) AS (
    SELECT CASE CAST(:sync AS INTEGER)
               WHEN 0 THEN (SELECT max(s.id) FROM syncs AS s WHERE s.outcome <> 'running')
               ELSE CAST(:sync AS INTEGER) END
), changes AS (
    SELECT r.observation_id, r.handshake_id,
           CASE WHEN b.observation_id IS NULL THEN 'new'
                WHEN b.gone_sync_id < r.seen_sync_id THEN 'back'
                ELSE 'changed' END AS change,
           b.version_id AS from_version_id, r.version_id AS to_version_id
    FROM asked AS a CROSS JOIN observations AS r ON r.seen_sync_id = a.id
    LEFT JOIN observations AS b ON b.observation_id = (
        SELECT max(x.observation_id) FROM observations AS x
        WHERE x.handshake_id = r.handshake_id AND x.source_id = r.source_id AND x.observation_id < r.observation_id)
    UNION ALL
    SELECT r.observation_id, r.handshake_id, 'gone', r.version_id, NULL
    FROM asked AS a CROSS JOIN observations AS r ON r.gone_sync_id = a.id
    WHERE NOT EXISTS (
        SELECT 1 FROM observations AS x
        WHERE x.handshake_id = r.handshake_id AND x.source_id = r.source_id
          -- The + makes it look at the runs of the handshake, not at all that the sync saw.
          AND x.observation_id > r.observation_id AND +x.seen_sync_id = a.id)
)
SELECT a.id AS sync_id, c.change, o.id, o.action, o.account, o.email,
       f.state AS from_state, t.state AS to_state
FROM asked AS a CROSS JOIN changes AS c CROSS JOIN overview AS o USING (handshake_id)
LEFT JOIN handshake_versions AS f ON f.version_id = c.from_version_id
LEFT JOIN handshake_versions AS t ON t.version_id = c.to_version_id
ORDER BY c.change, o.id, c.observation_id;
