-- title: The state of everything at a moment in the past
--
-- One row a handshake that AWS showed as far as the archive knew at :moment, in the state that it
-- had then; the other columns are its newest. seen_at is when the sync asked that saw this content
-- first, synced_at when the last complete, unrestricted sync before :moment did. blind is 1 where no
-- period that the archive covers holds :moment: then handshakes may be missing, and others may have
-- ended already.
--
-- :moment date required  the moment that the question is about
SELECT o.id, o.action, o.account, o.email, v.state, v.version, o.requested_at, o.expires_at,
       seen.observed_at AS seen_at,
       (SELECT max(s.observed_at) FROM syncs AS s
        WHERE s.source_id = r.source_id AND s.outcome = 'complete' AND s.observed_at <= :moment
          AND s.filter_action_type IS NULL AND s.filter_parent_handshake_id IS NULL) AS synced_at,
       NOT EXISTS (SELECT 1 FROM coverage AS c
                   WHERE c.source_id = r.source_id AND c.period = 'covered'
                     AND c.from_at <= :moment AND c.until_at >= :moment) AS blind
FROM observations AS r
JOIN syncs AS seen ON seen.id = r.seen_sync_id
LEFT JOIN syncs AS gone ON gone.id = r.gone_sync_id
JOIN handshake_versions AS v USING (version_id)
JOIN overview AS o ON o.handshake_id = r.handshake_id
WHERE seen.observed_at <= :moment AND (gone.observed_at IS NULL OR gone.observed_at > :moment)
ORDER BY ifnull(o.requested_at, o.first_seen_at), o.id, r.observation_id;
