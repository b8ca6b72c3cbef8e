INSERT INTO blocks (position, recorded_at, events, continues, body) VALUES (?1, ?2, ?3, ?4, ?5)
