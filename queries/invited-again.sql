-- title: Who was invited more than once
--
-- One row an account or e-mail address to which more than one invitation went, with what became of
-- them. An address is in lower case (A to Z). Somebody who was invited once by account and once
-- by address is not found: AWS does not tell which address belongs to which account.
WITH invited AS (
    SELECT lower(i.invited_account) AS invited, i.outcome, i.requested_at FROM invitations AS i
    WHERE i.invited_account IS NOT NULL
    UNION ALL
    SELECT lower(i.invited_email), i.outcome, i.requested_at FROM invitations AS i
    WHERE i.invited_email IS NOT NULL
)
SELECT invited, count(*) AS invitations,
       sum(outcome = 'accepted') AS accepted,
       sum(outcome = 'declined') AS declined,
       sum(outcome = 'canceled') AS canceled,
       sum(outcome = 'expired') AS expired,
       sum(outcome = 'pending') AS pending,
       sum(outcome = 'unknown') AS unknown,
       min(requested_at) AS first_requested_at,
       max(requested_at) AS last_requested_at
FROM invited
GROUP BY invited
HAVING count(*) > 1
ORDER BY invitations DESC, invited;
