SELECT id, version FROM streams WHERE category = ?1 AND stream = ?2
