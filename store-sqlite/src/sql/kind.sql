SELECT id, schema FROM kinds WHERE kind = ?1 AND version = ?2
