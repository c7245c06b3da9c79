-- title: What expires within some days
--
-- One row a pending handshake that expires within :days days from :now on, the soonest first.
-- What should have expired before :now is not here: see overdue in the query pending.
--
-- :days integer = 7  how many days from :now on
-- :now date = now  the moment that the question is about
SELECT id, organization_id, action, account, email, requested_at, expires_at,
       (unixepoch(expires_at) - unixepoch(:now)) / 3600 AS hours_left
FROM overview
WHERE gone_at IS NULL AND state IN ('REQUESTED', 'OPEN')
  AND expires_at >= :now
  AND expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', :now, '+' || :days || ' days')
ORDER BY expires_at, id;
