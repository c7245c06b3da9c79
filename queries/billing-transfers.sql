-- title: Transfers of billing responsibility
--
-- One row a handshake with the action TRANSFER_RESPONSIBILITY, with its resources as columns, as
-- AWS wrote them: the first of each type, at whatever level it stands.
SELECT o.id, o.organization_id, o.account, o.email, o.outcome, o.state, o.requested_at, o.expires_at,
       (SELECT r.value FROM resources AS r WHERE r.handshake_id = o.handshake_id AND r.type = 'RESPONSIBILITY_TRANSFER' ORDER BY r.ordinal LIMIT 1) AS responsibility_transfer,
       (SELECT r.value FROM resources AS r WHERE r.handshake_id = o.handshake_id AND r.type = 'TRANSFER_TYPE' ORDER BY r.ordinal LIMIT 1) AS transfer_type,
       (SELECT r.value FROM resources AS r WHERE r.handshake_id = o.handshake_id AND r.type = 'TRANSFER_START_TIMESTAMP' ORDER BY r.ordinal LIMIT 1) AS transfer_start,
       (SELECT r.value FROM resources AS r WHERE r.handshake_id = o.handshake_id AND r.type = 'MANAGEMENT_ACCOUNT' ORDER BY r.ordinal LIMIT 1) AS management_account,
       o.management_name, o.management_email, o.notes, o.gone_at
FROM overview AS o
WHERE o.action = 'TRANSFER_RESPONSIBILITY'
ORDER BY ifnull(o.requested_at, o.first_seen_at), o.id;
