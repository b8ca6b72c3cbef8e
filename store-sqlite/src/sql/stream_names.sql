SELECT category, stream FROM streams WHERE id = ?1
