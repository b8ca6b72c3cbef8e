INSERT INTO events (position, stream, version, kind, recorded_at, lag, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
