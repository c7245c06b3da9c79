-- title: How many, by month, action and state
--
-- One row a month of request (YYYY-MM, UTC), action and state, over everything that AWS ever
-- showed. The state is the last that was seen, also where AWS no longer shows the handshake.
SELECT substr(requested_at, 1, 7) AS month, action, state, count(*) AS handshakes
FROM handshakes
GROUP BY month, action, state
ORDER BY month, action, state;
