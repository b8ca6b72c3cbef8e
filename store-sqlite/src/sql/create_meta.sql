INSERT INTO meta (one, log_id, created_at) VALUES (1, ?1, ?2)
