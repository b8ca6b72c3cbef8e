INSERT INTO stream_chunks (stream, version, positions) VALUES (?1, ?2, ?3)
