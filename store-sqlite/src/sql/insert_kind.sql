INSERT INTO kinds (kind, version, schema, seal) VALUES (?1, ?2, ?3, ?4)
