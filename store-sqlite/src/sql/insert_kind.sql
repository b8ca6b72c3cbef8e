INSERT INTO kinds (kind, version, schema) VALUES (?1, ?2, ?3)
