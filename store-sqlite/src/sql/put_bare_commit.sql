INSERT INTO bare_commits (id, recorded_at, digest) VALUES (?1, ?2, ?3)
