-- title: How far a request to enable all features has come
--
-- One row a handshake: first the request, with the number of its children and of those accepted;
-- then its children, which is every handshake that AWS linked to it, whatever its action is called.
-- A handshake came into its state after state_after and by state_by.
--
-- :id text required  AWS's Id of the request, h-…
WITH family AS (
    SELECT h.handshake_id, 0 AS is_child FROM handshakes AS h WHERE h.id = :id
    UNION ALL
    SELECT h.handshake_id, 1 FROM handshakes AS h
    WHERE h.parent_handshake_id = :id AND h.parent_handshake_id IS NOT NULL AND h.id <> :id
)
SELECT iif(f.is_child, 'child', 'request') AS role, o.id, o.action, o.account, o.email, o.outcome,
       o.state, o.requested_at, o.expires_at, t.after_at AS state_after, t.by_at AS state_by, o.gone_at,
       iif(f.is_child, NULL, (SELECT count(*) FROM family AS c WHERE c.is_child)) AS children,
       iif(f.is_child, NULL, (SELECT count(*) FROM family AS c CROSS JOIN handshakes AS h USING (handshake_id)
                              WHERE c.is_child AND h.state = 'ACCEPTED')) AS accepted
FROM family AS f
CROSS JOIN overview AS o USING (handshake_id)
CROSS JOIN transitions AS t ON t.handshake_id = f.handshake_id
WHERE t.observation_id = (SELECT max(x.observation_id) FROM transitions AS x WHERE x.handshake_id = f.handshake_id)
ORDER BY f.is_child, o.id;
