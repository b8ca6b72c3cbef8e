blocks WHERE position > ?1 ORDER BY position LIMIT 1
