INSERT INTO streams (category, stream, version) VALUES (?1, ?2, ?3)
