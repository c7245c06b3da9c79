-- title: Whose outcome nobody knows
--
-- One row a handshake that was pending when AWS last showed it, at last_seen_at, and that AWS no
-- longer showed by gone_by: how it ended cannot be told from here.
SELECT o.id, o.organization_id, o.action, o.account, o.email, o.state, o.requested_at, o.expires_at,
       p.after_at AS last_seen_at, p.by_at AS gone_by
FROM overview AS o CROSS JOIN purged AS p ON p.handshake_id = o.handshake_id
WHERE o.state IN ('REQUESTED', 'OPEN') AND o.gone_at IS NOT NULL
-- Without + a newer SQLite walks the index of o.id to save itself the sorting, ten times as long.
ORDER BY p.sync_id DESC, +o.id;
