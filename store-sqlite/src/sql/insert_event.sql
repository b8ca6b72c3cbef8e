INSERT INTO events (
    position, stream, version, kind, commit_seq, occurred_at, correlation, causation, checksum,
    tags, metadata, payload, payload_digest
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
