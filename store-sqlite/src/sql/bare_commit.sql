SELECT recorded_at, digest FROM bare_commits WHERE id = ?1
