-- title: Every change of state since a date
--
-- One row a change that a sync found at or after :since: the handshake left from_state after
-- after_at and was in to_state by by_at. Without from_state, the handshake is new. by_at is empty
-- while that sync still runs.
--
-- :since date = -7d  the beginning of the period
SELECT t.id, o.action, o.account, o.email, t.from_state, t.to_state, t.after_at, t.by_at, t.sync_id
FROM transitions AS t JOIN overview AS o USING (handshake_id)
WHERE t.sync_id IN (SELECT s.id FROM syncs AS s WHERE s.finished_at >= :since OR s.finished_at IS NULL)
ORDER BY t.sync_id, t.id, t.observation_id;
