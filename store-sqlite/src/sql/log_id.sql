SELECT log_id FROM meta WHERE one = 1
