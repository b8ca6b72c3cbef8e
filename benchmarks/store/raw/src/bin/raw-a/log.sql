SELECT position, version, kind, commit_id, occurred_at, recorded_at, correlation, causation, payload,
    stream
FROM events
WHERE position > ?1
ORDER BY position
