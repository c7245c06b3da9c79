-- title: What AWS has already purged
--
-- One row a handshake that AWS no longer shows, so that only this archive has it; those that a sync
-- found missing at or after :since, the newest first. AWS showed it last at last_seen_at or later,
-- and no longer by gone_by.
--
-- :since date = 1970-01-01  the beginning of the period; the default is everything
SELECT p.id, o.organization_id, p.action, o.account, o.email, o.outcome, p.requested_at,
       p.after_at AS last_seen_at, p.by_at AS gone_by
FROM purged AS p JOIN overview AS o USING (handshake_id)
WHERE p.sync_id IN (SELECT s.id FROM syncs AS s WHERE s.finished_at >= :since)
ORDER BY p.sync_id DESC, p.id;
