SELECT 1 FROM erased_streams WHERE stream = ?1
