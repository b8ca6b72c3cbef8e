UPDATE stream_chunks SET bundle = ?3 WHERE stream = ?1 AND version = ?2
