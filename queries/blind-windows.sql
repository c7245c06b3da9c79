-- title: When the archive was blind
--
-- One row a window in which a handshake may have come and gone unseen: requested after from_at,
-- ended before until_at. AWS shows a handshake until 30 days after it ended, so a window opens
-- where two complete, unrestricted syncs of one source lie 30 days apart or more. ongoing is 1
-- where no such sync has followed by :now, so that the window still grows. Of what AWS had deleted
-- before the first sync the archive knows nothing.
--
-- :now date = now  the moment that the question is about
WITH windows AS (
    SELECT source_id, from_at, until_at, 0 AS ongoing FROM coverage WHERE period = 'blind'
    UNION ALL
    SELECT source_id, max(until_at), strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-30 days'), 1
    FROM coverage WHERE period = 'covered'
    GROUP BY source_id
)
SELECT s.operation, s.owner_id, w.from_at, w.until_at,
       (unixepoch(w.until_at) - unixepoch(w.from_at)) / 3600 AS hours, w.ongoing
FROM windows AS w JOIN sources AS s USING (source_id)
WHERE w.from_at < w.until_at
ORDER BY w.from_at, w.source_id;
