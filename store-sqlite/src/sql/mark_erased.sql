INSERT OR IGNORE INTO erased_streams (stream) VALUES (?1)
