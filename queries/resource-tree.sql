-- title: The resources of one handshake, as a tree
--
-- One row a resource, in the order of AWS's answer; path names its type after those it is nested in.
--
-- :id text required  AWS's Id of the handshake, h-…
SELECT ordinal, depth, path, type, value
FROM resource_tree
WHERE id = :id
ORDER BY ordinal;
