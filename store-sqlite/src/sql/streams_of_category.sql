SELECT stream FROM streams WHERE category = ?1 AND stream > ?2 ORDER BY stream LIMIT ?3
