INSERT INTO streams (category, stream, length, recent) VALUES (?1, ?2, 0, x'')
