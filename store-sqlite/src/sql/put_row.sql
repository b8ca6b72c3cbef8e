INSERT OR REPLACE INTO view_rows (view, key, version, value) VALUES (?1, ?2, ?3, ?4)
