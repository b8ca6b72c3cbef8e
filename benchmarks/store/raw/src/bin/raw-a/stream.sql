SELECT position, version, kind, commit_id, occurred_at, recorded_at, correlation, causation, payload
FROM events
WHERE stream = (SELECT id FROM streams WHERE category = ?1 AND stream = ?2)
ORDER BY version
