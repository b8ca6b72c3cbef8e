INSERT OR REPLACE INTO view_rows (view, key, version, value, seal) VALUES (?1, ?2, ?3, ?4, ?5)
