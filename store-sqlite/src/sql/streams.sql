SELECT id, length FROM streams ORDER BY id
