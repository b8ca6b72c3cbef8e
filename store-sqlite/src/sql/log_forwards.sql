blocks
WHERE position >= ifnull((SELECT max(position) FROM blocks WHERE position <= ?1), 0)
ORDER BY position
