SELECT positions FROM stream_chunks WHERE stream = ?1 AND version = ?2
