SELECT position, stream, version, kind, occurred_at, recorded_at, body FROM
