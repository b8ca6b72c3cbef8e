SELECT version, positions, bundle FROM stream_chunks
WHERE stream = ?1 AND version <= ?2 ORDER BY version DESC LIMIT 1
