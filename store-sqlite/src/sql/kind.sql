SELECT id, kind, version, schema, seal FROM kinds WHERE kind = ?1 AND version = ?2
