INSERT INTO commits (seq, id, first_position, head, recorded_at, digest)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
