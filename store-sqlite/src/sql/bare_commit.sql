SELECT id, recorded_at, digest, seal FROM bare_commits WHERE id = ?1
