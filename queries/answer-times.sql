-- title: How long people took to answer
--
-- One row a handshake requested at or after :from and before :until that was accepted or declined.
-- AWS tells no time of answer: it came after answered_after and by answered_by, which is whole
-- hours after the request at_least_hours and at_most_hours, rounded down.
--
-- :from date = -365d  the beginning of the period
-- :until date = now  its end, not included
SELECT o.id, o.action, o.account, o.email, o.outcome, o.requested_at,
       t.after_at AS answered_after, t.by_at AS answered_by,
       (unixepoch(t.after_at) - unixepoch(o.requested_at)) / 3600 AS at_least_hours,
       (unixepoch(t.by_at) - unixepoch(o.requested_at)) / 3600 AS at_most_hours
FROM overview AS o CROSS JOIN transitions AS t ON t.handshake_id = o.handshake_id
WHERE o.state IN ('ACCEPTED', 'DECLINED')
  AND o.requested_at >= :from AND o.requested_at < :until
  AND t.observation_id = (SELECT max(x.observation_id) FROM transitions AS x WHERE x.handshake_id = o.handshake_id)
-- The + keeps the planner from reading the handshakes in the order of their Ids.
ORDER BY o.requested_at, +o.id;
