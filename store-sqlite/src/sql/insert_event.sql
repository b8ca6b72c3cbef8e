INSERT INTO events (position, stream, version, kind, occurred_at, recorded_at, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
