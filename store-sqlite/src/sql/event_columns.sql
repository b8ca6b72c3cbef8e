SELECT position, stream, version, kind, recorded_at, lag, body FROM
