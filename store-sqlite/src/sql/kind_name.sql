SELECT kind, version FROM kinds WHERE id = ?1
