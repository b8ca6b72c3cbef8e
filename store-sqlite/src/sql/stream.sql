SELECT id, length, recent FROM streams WHERE category = ?1 AND stream = ?2
