INSERT INTO meta (one, log_id, created_at, indexed, row_version, seal) VALUES (1, ?1, ?2, 0, 0, ?3)
