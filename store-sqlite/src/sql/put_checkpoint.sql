INSERT OR REPLACE INTO checkpoints (name, position, checksum, cursor) VALUES (?1, ?2, ?3, ?4)
