INSERT OR REPLACE INTO checkpoints (name, position, checksum, cursor, seal)
VALUES (?1, ?2, ?3, ?4, ?5)
