-- title: Which notes contain a text
--
-- One row a note that contains :text, without regard to case (A to Z); the newest handshake first.
-- % and _ stand for themselves. Notes come from whoever sent the handshake.
--
-- :text text =  what to search for; empty: every note
SELECT o.id, o.action, o.account, o.email, o.outcome, o.requested_at, r.value AS note
FROM resources AS r JOIN overview AS o USING (handshake_id)
WHERE r.type = 'NOTES' AND instr(lower(r.value), lower(:text)) > 0
ORDER BY ifnull(o.requested_at, o.first_seen_at) DESC, o.id, r.ordinal;
