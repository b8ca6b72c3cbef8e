INSERT INTO blocks (position, events, body) VALUES (?1, ?2, ?3)
