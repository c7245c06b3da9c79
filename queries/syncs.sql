-- title: The log of syncs
--
-- One row a sync, the newest first, also those that failed or are running. filter is the action or
-- the parent that the list was restricted to. listed counts the handshakes in the pages that were
-- kept; added, changed and gone what was news in them.
--
-- :limit integer = 50  how many
SELECT y.id, s.operation, s.owner_id, y.started_at, y.finished_at,
       unixepoch(y.finished_at) - unixepoch(y.started_at) AS seconds, y.outcome,
       coalesce(y.filter_action_type, y.filter_parent_handshake_id) AS filter,
       y.pages, y.listed, y.added, y.changed, y.gone, y.quarantined, y.error_code, y.error_message
FROM syncs AS y LEFT JOIN sources AS s USING (source_id)
ORDER BY y.id DESC
LIMIT :limit;
