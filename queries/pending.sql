-- title: What is pending, and when it expires
--
-- One row a handshake that is REQUESTED or OPEN and that AWS still showed in the last sync that
-- asked for it. overdue is 1 where it should have expired by :now: it has ended, and the next sync
-- will tell how.
--
-- :now date = now  the moment that the question is about
SELECT id, organization_id, action, account, email, state, requested_at, expires_at,
       expires_at <= :now AS overdue
FROM overview
WHERE gone_at IS NULL AND state IN ('REQUESTED', 'OPEN')
ORDER BY expires_at, id;
