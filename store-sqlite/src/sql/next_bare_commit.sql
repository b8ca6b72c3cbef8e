SELECT id, recorded_at, digest FROM bare_commits WHERE id > ?1 ORDER BY id LIMIT 1
