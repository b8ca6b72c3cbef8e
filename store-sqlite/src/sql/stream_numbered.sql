SELECT length, recent FROM streams WHERE id = ?1
