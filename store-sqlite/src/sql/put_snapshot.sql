INSERT INTO snapshots (category, stream, version, event, revision, schema, state, checksum)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (category, stream) DO UPDATE SET
    version = excluded.version,
    event = excluded.event,
    revision = excluded.revision,
    schema = excluded.schema,
    state = excluded.state,
    checksum = excluded.checksum
WHERE snapshots.version <= excluded.version OR snapshots.version > ?9
