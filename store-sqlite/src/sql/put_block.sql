UPDATE blocks SET body = ?2 WHERE position = ?1
