INSERT INTO bare_commits (id, recorded_at, digest, seal) VALUES (?1, ?2, ?3, ?4)
