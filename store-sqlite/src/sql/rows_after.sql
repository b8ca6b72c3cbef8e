SELECT key, version, value, seal FROM view_rows WHERE view = ?1 AND key > ?2 ORDER BY key
