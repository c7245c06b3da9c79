-- title: The whole history of one account or e-mail address
--
-- One row a change of state of a handshake that names the account or address: among its parties,
-- or else in a resource for accounts and addresses. It left from_state after after_at and was in
-- to_state by by_at; the first row of a handshake has no from_state and begins with the request.
-- gone_at says since when AWS no longer shows it. An address is compared without regard to case
-- (A to Z), an account id with its leading zeros. The address of an organization's own management
-- account (MASTER_EMAIL, OWNER_EMAIL) is not searched for: it stands in all that it ever sent.
--
-- :account text required  an account id of 12 digits, or an e-mail address
WITH asked (account) AS (
    -- A program that takes the digits for a number has dropped the zeros.
    SELECT iif(typeof(:account) = 'integer', printf('%012d', :account), :account)
), named (handshake_id, found_in) AS (
    SELECT p.handshake_id, 'party'
    FROM asked AS a CROSS JOIN parties AS p ON p.party_id = a.account COLLATE NOCASE
    WHERE p.type IS NOT 'ORGANIZATION'
    UNION
    SELECT r.handshake_id, 'resource'
    FROM asked AS a CROSS JOIN resources AS r ON r.value = a.account COLLATE NOCASE
    WHERE r.beyond_parties = 1
), found AS (
    SELECT handshake_id, min(found_in) AS found_in FROM named GROUP BY handshake_id
)
SELECT h.id, h.action, f.found_in, t.from_state, t.to_state, t.after_at, t.by_at, h.expires_at, h.gone_at
FROM found AS f
CROSS JOIN handshakes AS h USING (handshake_id)
CROSS JOIN transitions AS t ON t.handshake_id = f.handshake_id
ORDER BY ifnull(h.requested_at, h.first_seen_at), h.id, t.observation_id;
