-- title: What AWS will purge within some days
--
-- One row a handshake that has ended, that AWS still shows and that it may delete within :days days
-- from :now on. AWS deletes it 30 days after its end, of which only an interval is known: so it
-- goes after purge_after, and by purge_by at the latest. certain is 1 where purge_by is within the
-- days too. The archive keeps it in any case.
--
-- :days integer = 7  how many days from :now on
-- :now date = now  the moment that the question is about
WITH ended AS (
    SELECT o.id, o.action, o.account, o.email, o.outcome,
           strftime('%Y-%m-%dT%H:%M:%fZ', t.after_at, '+30 days') AS purge_after,
           strftime('%Y-%m-%dT%H:%M:%fZ', t.by_at, '+30 days') AS purge_by,
           strftime('%Y-%m-%dT%H:%M:%fZ', :now, '+' || :days || ' days') AS horizon
    FROM overview AS o CROSS JOIN transitions AS t ON t.handshake_id = o.handshake_id
    WHERE o.gone_at IS NULL AND o.state IN ('ACCEPTED', 'DECLINED', 'CANCELED', 'EXPIRED')
      AND t.observation_id = (SELECT max(x.observation_id) FROM transitions AS x WHERE x.handshake_id = o.handshake_id)
)
SELECT id, action, account, email, outcome, purge_after, purge_by, purge_by <= horizon AS certain
FROM ended
WHERE ifnull(purge_after, purge_by) <= horizon
ORDER BY purge_by, id;
