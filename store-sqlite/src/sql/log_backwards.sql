blocks WHERE position <= ?1 ORDER BY position DESC
