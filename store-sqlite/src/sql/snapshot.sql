SELECT version, event, revision, schema, state, checksum
FROM snapshots WHERE category = ?1 AND stream = ?2
