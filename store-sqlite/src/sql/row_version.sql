SELECT version FROM view_rows WHERE view = ?1 AND key = ?2
