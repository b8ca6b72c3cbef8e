INSERT INTO tags (tag, position) VALUES (?1, ?2)
