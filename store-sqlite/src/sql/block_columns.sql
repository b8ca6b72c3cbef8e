SELECT position, recorded_at, events, continues, body FROM
