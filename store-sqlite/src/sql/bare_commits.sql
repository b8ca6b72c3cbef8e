SELECT id, recorded_at, digest, seal FROM bare_commits ORDER BY id
