SELECT log_id, created_at, seal FROM meta WHERE one = 1
