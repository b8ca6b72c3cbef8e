INSERT INTO commits (prefix, position) VALUES (?1, ?2)
