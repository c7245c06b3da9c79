-- title: What became of every invitation in a period
--
-- One row an invitation requested at or after :from and before :until; one to which AWS gave no
-- time of request counts from when it was first seen. outcome is accepted, declined, canceled,
-- expired; pending; unknown, where AWS stopped showing it while it was pending; unrecognized, where
-- its state is new to this program. It ended after ended_after and by ended_by: AWS tells no time.
-- Invitations that came and went in a blind window are missing: see the query blind-windows.
--
-- :from date = -365d  the beginning of the period
-- :until date = now  its end, not included
WITH asked AS (
    SELECT o.*, ifnull(o.requested_at, o.first_seen_at) AS began FROM overview AS o
    WHERE o.action = 'INVITE'
      AND ifnull(o.requested_at, o.first_seen_at) >= :from
      AND ifnull(o.requested_at, o.first_seen_at) < :until
), bounds AS (
    SELECT a.*, t.after_at AS ended_after, t.by_at AS ended_by
    FROM asked AS a CROSS JOIN transitions AS t ON t.handshake_id = a.handshake_id
    WHERE a.state IN ('ACCEPTED', 'DECLINED', 'CANCELED', 'EXPIRED')
      AND t.observation_id = (SELECT max(x.observation_id) FROM transitions AS x WHERE x.handshake_id = a.handshake_id)
    UNION ALL
    SELECT a.*, p.after_at, p.by_at
    FROM asked AS a CROSS JOIN purged AS p ON p.handshake_id = a.handshake_id
    WHERE a.outcome = 'unknown'
    UNION ALL
    SELECT a.*, NULL, NULL FROM asked AS a WHERE a.outcome IN ('pending', 'unrecognized')
)
SELECT id, organization_id, account, email, requested_at, expires_at, outcome,
       ended_after, ended_by, gone_at
FROM bounds
ORDER BY began, id;
