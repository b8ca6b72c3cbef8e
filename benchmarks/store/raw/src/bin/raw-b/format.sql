CREATE TABLE IF NOT EXISTS streams (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    stream TEXT NOT NULL,
    -- As of the last flush.
    version INTEGER NOT NULL,
    UNIQUE (category, stream)
) STRICT;

CREATE TABLE IF NOT EXISTS kinds (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (kind, version)
) STRICT;

-- No index but the position. body: the checksum, then whether a commit begins here, its id if so,
-- correlation, causation, payload.
CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    version INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- Posting lists: the positions of a stream's events since the flush before, as distances in LEB128.
CREATE TABLE IF NOT EXISTS of_stream (
    stream INTEGER NOT NULL,
    first INTEGER NOT NULL,
    positions BLOB NOT NULL,
    PRIMARY KEY (stream, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS commits (
    id BLOB PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Up to which position the indexes are written.
CREATE TABLE IF NOT EXISTS flushed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS checkpoints (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO flushed VALUES (1, 0) ON CONFLICT DO NOTHING;
